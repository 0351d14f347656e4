"""The audit finds what is broken, and says nothing where nothing is."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from governance.db import append_only
from tests import world as worlds

pytestmark = pytest.mark.django_db


def audit() -> str:
    said = io.StringIO()
    try:
        call_command("audit_invariants", stdout=said)
    except CommandError as error:
        said.write(str(error))
    return said.getvalue()


def test_a_world_made_by_services_breaks_nothing() -> None:
    worlds.build()
    assert "VIOLATED" not in audit()
    said = io.StringIO()
    call_command("recompute_clocks", stdout=said)
    assert said.getvalue().endswith("0 had drifted.\n")


BREAKS: dict[str, str] = {
    "I1": "UPDATE reviews_prediction SET tier = 'other'",
    "I2": "UPDATE governance_auditevent SET action = 'other' WHERE sequence = 1",
    "I3": "UPDATE reviews_clockevent SET kind = 'ack' WHERE kind = 'escalate'",
    "I4": "UPDATE reviews_slaclock SET warned = 0.5 WHERE kind = 'decide'",
    "I5": "UPDATE governance_outboxmessage SET attempts = 9, done_at = NULL",
    "I6": "UPDATE reviews_reviewitem SET slots = slots + 1",
    "I7": "UPDATE reviews_prediction SET sender_id = "
    "(SELECT MIN(reviewer_id) FROM reviews_decision)",
    "I8": "UPDATE feedback_datasetentry SET content = '{}'",
    "I9": "UPDATE governance_idempotencykey SET body = 'x', status = NULL",
    "I10": 'UPDATE reviews_prediction SET trace = \'[{"result": "error"}]\'',
    "I11": "UPDATE governance_outboxmessage SET done_at = NULL, next_at = created_at",
    "I12": "UPDATE governance_outboxmessage SET last_error = 'password = \"hunter2\"'",
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_invariant_can_fail(name: str) -> None:
    worlds.build()
    append_only.remove(connection)
    with connection.cursor() as cursor:
        changed = BREAKS[name]
        if name == "I9" and connection.vendor == "postgresql":
            changed = changed.replace("'x'", "'x'::bytea")
        cursor.execute(changed)
        assert cursor.rowcount, "nothing was broken"
        if name == "I11":
            long_ago = timezone.now() - timedelta(hours=1)
            cursor.execute(
                "UPDATE governance_outboxmessage SET next_at = %s",
                [connection.ops.adapt_datetimefield_value(long_ago)],
            )
    said = audit()
    assert f"{name} VIOLATED" in said, said
    assert "checks fail" in said


def test_drift_is_named_and_mended() -> None:
    worlds.build()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_slaclock SET warned = 0.5 WHERE kind = 'decide'")
    with pytest.raises(CommandError, match="had drifted; --write mends them"):
        call_command("recompute_clocks", stdout=io.StringIO())
    call_command("recompute_clocks", "--write", stdout=io.StringIO())
    call_command("recompute_clocks", stdout=io.StringIO())


def test_clocks_that_no_sweep_has_seen_make_the_site_degraded(client: Any) -> None:
    worlds.build()
    with connection.cursor() as cursor:
        past = connection.ops.adapt_datetimefield_value(timezone.now() - timedelta(minutes=10))
        cursor.execute(
            "UPDATE reviews_slaclock SET due_at = %s, next_at = %s WHERE breached_at IS NULL "
            "AND status = 'running' AND kind = 'decide'",
            [past, past],
        )
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no sweep has seen it" in answer.json()["checks"]["clocks"]["detail"]
