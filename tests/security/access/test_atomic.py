"""No act without its event: where the ledger cannot be written, nothing is (O4, T7)."""

import pytest
from django.db import connection, transaction

from tests import factories
from tests.conftest import Api
from tests.demo.acts import Snapshot, everything
from tests.security.access.routes import CALLS
from tests.world import World

QUESTIONS = {("POST", "calendars/<slug:slug>/preview")}
# In the world of the matrix nobody paused the item, and nothing is left to dispose of.
DONE_ALREADY = {
    ("POST", "items/<uuid:item_id>/resume"),
    ("POST", "adjustments/<uuid:adjustment_id>/dispositions"),
}
# A job is asked for, and the act is its own.
ASKED_FOR = {
    ("POST", "audit/packs"),
    ("POST", "datasets/<slug:slug>/versions"),
    ("POST", "pipelines/<slug:slug>/thresholds"),
}
ACTS = [
    key for key in CALLS if key[0] != "GET" and key not in QUESTIONS and CALLS[key].status < 400
]
SQLITE = """
CREATE TRIGGER ledger_is_full BEFORE INSERT ON governance_auditevent
BEGIN SELECT RAISE(ABORT, 'The ledger is full.'); END
"""
POSTGRESQL = """
CREATE FUNCTION ledger_is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'The ledger is full.'; END $$;
CREATE TRIGGER ledger_is_full BEFORE INSERT ON governance_auditevent
FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_full()
"""


def fill_the_ledger() -> None:
    """Let the database refuse every event, until the test is taken back."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE)


def on_record(key: tuple[str, str]) -> Snapshot:
    """Return every row but those of tokens, which note their own use, and of a job asked for."""
    work = ("governance.Job", "governance.OutboxMessage") if key in ASKED_FOR else ()
    left_out = ("governance.ApiToken", *work)
    return {label: rows for label, rows in everything().items() if label not in left_out}


@pytest.mark.parametrize("key", ACTS, ids=" ".join)
def test_o4_an_act_whose_event_cannot_be_written_leaves_nothing(
    world: World, key: tuple[str, str]
) -> None:
    method, wanted = key[0], CALLS[key]
    caller = Api(factories.a_token(getattr(world, wanted.who), wanted.scopes[0]))
    address, body = wanted.address(world), wanted.body(world) if wanted.body else None
    fill_the_ledger()
    before, mark = on_record(key), transaction.savepoint()
    answer = caller(method, address, body, **wanted.headers)
    silent = key in DONE_ALREADY | ASKED_FOR
    assert answer.status_code == (wanted.status if silent else 500), answer.content
    if transaction.get_rollback():
        transaction.savepoint_rollback(mark)
        transaction.set_rollback(False)
    assert on_record(key) == before
