"""`audit_invariants` says nothing of a sound record, and each of I1 to I14 can fail."""

import io
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from governance.db import append_only
from governance.models import AuditEvent, Job, OutboxMessage, User
from governance.selectors import principals
from governance.services import ledger
from governance.services.dispatch import enqueue
from hitlsite import invariants
from reviews.models import Assignment, Decision
from reviews.services import reopenings
from tests import factories
from tests import world as worlds

pytestmark = pytest.mark.django_db

PAST = "1 hour ago"
FAR = "in a month"


def audit(*options: str) -> tuple[int, str]:
    """Return the exit code of the command, and all that it says."""
    said = io.StringIO()
    try:
        call_command("audit_invariants", *options, stdout=said)
    except CommandError as error:
        return error.returncode, f"{said.getvalue()}{error}"
    return 0, said.getvalue()


def change(statement: str) -> None:
    """Change records past every wall."""
    append_only.remove(connection)
    now = timezone.now()
    moments = {PAST: now - timedelta(hours=1), FAR: now + timedelta(days=30)}
    given = []
    for name, moment in moments.items():
        given += [connection.ops.adapt_datetimefield_value(moment)] * statement.count(f":{name}:")
        statement = statement.replace(f":{name}:", "%s")
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        assert cursor.rowcount, "nothing was broken"


def test_a_world_made_by_services_breaks_nothing() -> None:
    worlds.build()
    code, said = audit()
    assert code == 0, said
    assert [line.split(" ok: ")[0] for line in said.splitlines()] == [f"I{n}" for n in range(1, 15)]


# How an invariant is broken, and what is then said.
BREAKS: list[tuple[str, str, str]] = [
    ("I1", "UPDATE reviews_prediction SET tier = 'other'", "are not those that it took"),
    ("I1", "UPDATE reviews_prediction SET intake = id", "took 1 predictions and 0 are there"),
    ("I1", "UPDATE reviews_prediction SET intake = id", "a call that is not in the ledger"),
    ("I1", "UPDATE reviews_prediction SET disposition = 'in_review'", "and has no item"),
    ("I2", "UPDATE governance_auditevent SET action = 'other' WHERE action = 'item.claimed'",
     "is not what its digest says"),
    ("I2", "UPDATE governance_auditevent SET sequence = 9 WHERE action = 'decision.undone'",
     "events from 1 to 9"),
    ("I2", "DELETE FROM governance_auditevent WHERE action = 'decision.made'",
     "is in the ledger 0 times"),
    ("I2", "DELETE FROM governance_auditevent WHERE action = 'decision.undone'",
     "is in the ledger 0 times"),
    ("I2", "DELETE FROM reviews_decision WHERE undoes_id IS NOT NULL", "which is not there"),
    ("I3", (f"UPDATE reviews_slaclock SET due_at = :{PAST}: WHERE breached_at IS NULL "
           "AND status = 'running' AND kind = 'decide'"), "is late and has no breach"),
    ("I3", "DELETE FROM reviews_clockevent WHERE kind = 'breach'", "is late and has no breach"),
    ("I3", (f"UPDATE reviews_slaclock SET next_at = :{PAST}: WHERE breached_at IS NOT NULL "
           "AND status = 'running'"), "should have fired"),
    ("I4", "UPDATE reviews_slaclock SET warned = 0.5 WHERE kind = 'decide'", "warned is 0.5, not"),
    ("I4", f"UPDATE reviews_slaclock SET due_at = :{PAST}: WHERE status = 'stopped'", "due_at is"),
    ("I4", f"UPDATE reviews_reviewitem SET due_at = :{PAST}:", "item.due_at is"),
    ("I4", "UPDATE reviews_slaclock SET outcome = 'missed' WHERE outcome = 'met'", "says missed"),
    ("I4", "UPDATE reviews_slaclock SET outcome = '' WHERE outcome = 'met'", "says nothing"),
    ("I4", "UPDATE reviews_clockevent SET kind = 'ack' WHERE kind = 'escalate'", "escalations"),
    ("I4", "UPDATE reviews_escalation SET level = 2", "escalations is"),
    ("I4", "DELETE FROM reviews_acknowledgement", "acknowledgements is"),
    ("I4", "DELETE FROM reviews_clockevent WHERE seq = 1", "cannot be replayed"),
    ("I4", "DELETE FROM reviews_clockevent", "cannot be replayed"),
    ("I4", ("UPDATE reviews_reviewitem SET status = 'expired', open_slots = 0 "
           "WHERE status = 'pending'"), "has ended"),
    ("I4", ("UPDATE reviews_slaclock SET status = 'cancelled', next_at = NULL "
           "WHERE kind = 'decide' AND status = 'running'"), "its clock to decide is not"),
    ("I5", f"UPDATE governance_outboxmessage SET attempts = 9, done_at = NULL, next_at = :{PAST}:",
     "was tried 9 times and is not dead"),
    ("I5", f"UPDATE governance_outboxmessage SET done_at = NULL, next_at = :{FAR}:",
     "is out of reach until"),
    ("I5", "DELETE FROM governance_outboxmessage WHERE task = 'reviews.tell'",
     "nobody was promised to be told"),
    ("I5", (f"UPDATE reviews_notification SET mail_due_at = created_at, mailed_at = :{PAST}: "
           "WHERE source = 'world'"), "in letters for 0"),
    ("I6", "UPDATE reviews_reviewitem SET slots = slots + 1", "slots, "),
    ("I6", "UPDATE reviews_reviewitem SET status = 'awaiting_others' WHERE status = 'pending'",
     "is awaiting_others with 0 claims"),
    ("I6", "UPDATE reviews_reviewitem SET open_slots = 0", "is open and waits for nobody"),
    ("I6", (f"UPDATE reviews_reviewitem SET open_slots = 0, paused_at = :{PAST}:, "
           "pause_reason = 'legal_hold' WHERE status = 'pending'"), "do not agree on whether"),
    ("I6", (f"UPDATE reviews_assignment SET claimed_at = '2020-01-01', "
           f"lease_expires_at = :{PAST}: WHERE state = 'claimed'"), "without a valid lease"),
    ("I6", ("UPDATE reviews_reviewitem SET status = 'withdrawn', open_slots = 0 "
           "WHERE status = 'in_review'"), "which has ended"),
    ("I7", ("UPDATE reviews_prediction SET sender_id = "
           "(SELECT MIN(reviewer_id) FROM reviews_decision)"), "by who sent the prediction"),
    ("I7", ("UPDATE reviews_decision SET undoes_id = NULL, assignment_id = "
           "(SELECT id FROM reviews_assignment WHERE state = 'claimed' LIMIT 1) "
           "WHERE undoes_id IS NOT NULL"),
     "decisions of person"),
    ("I7", "UPDATE reviews_reviewitem SET slots = 0, open_slots = 0", "1 decisions for 0 slots"),
    ("I7", "UPDATE reviews_resolution SET kind = 'adjudicated'", "a decision of its own author"),
    ("I8", "UPDATE feedback_datasetentry SET content = '{}'", "is not what its digest says"),
    ("I8", "DELETE FROM feedback_datasetentry", "has 0 rows and was sealed with"),
    ("I8", "UPDATE feedback_datasetfile SET sha256 = 'x' WHERE format = 'jsonl'",
     "is not what was sealed"),
    ("I8", "UPDATE feedback_datasetfile SET size = 7 WHERE format = 'parquet'",
     "was sealed with 7"),
    ("I9", "UPDATE governance_idempotencykey SET status = 201", "has half an answer"),
    ("I10", "UPDATE reviews_prediction SET trace = '[{\"rule\": \"x\", \"result\": \"error\"}]'",
     "though a rule failed"),
    ("I10", "UPDATE reviews_prediction SET disposition = 'auto_approved'", "waits for people"),
    ("I11", f"UPDATE governance_outboxmessage SET done_at = NULL, next_at = :{PAST}:",
     "waits since"),
    ("I11", f"UPDATE reviews_slaclock SET next_at = :{PAST}: WHERE next_at IS NOT NULL",
     "waits for a sweep since"),
    ("I11", (f"UPDATE reviews_assignment SET claimed_at = '2020-01-01', "
            f"lease_expires_at = :{PAST}: WHERE state = 'claimed'"), "past its lease"),
    ("I13", "UPDATE reviews_prediction SET input = '{\"text\": \"back again\"}'",
     "was redacted and still holds what it held"),
    ("I13", "UPDATE feedback_datasetentry SET content = 'back again'",
     "was redacted and still holds what it held"),
    ("I14", ("UPDATE feedback_datasetentry SET external_id = (SELECT MIN(external_id) FROM "
             "feedback_datasetentry WHERE prediction_id IS NOT NULL) "
             "WHERE prediction_id IS NULL AND position = 0"),
     "is in training data as well"),
]  # fmt: skip


@pytest.mark.parametrize("name", sorted({name for name, _, _ in BREAKS}))
def test_each_invariant_can_fail(name: str) -> None:
    worlds.build()
    for statement, told in [(s, t) for each, s, t in BREAKS if each == name]:
        with transaction.atomic():
            change(statement)
            code, said = audit()
            transaction.set_rollback(True)
        assert code == 1, statement
        broken = [line for line in said.splitlines() if line.startswith(f"{name} VIOLATED: ")]
        assert any(told in line for line in broken), f"{statement}: {said}"
        assert f"{name} ok" not in said
        assert said.splitlines()[-1].startswith("Violated: ")
    assert audit()[0] == 0


def test_every_invariant_is_broken_by_a_test() -> None:
    broken = {name for name, _, _ in BREAKS} | {"I12"}
    assert {invariant.name for invariant in invariants.ALL} == broken


# What a constraint holds can be broken only without it; SQLite cannot drop these in a transaction.
TWICE: list[tuple[str, str, str, str]] = [
    ("I1", "reviews_prediction", "DROP INDEX prediction_external_id_uniq", "is there 2 times"),
    ("I3", "reviews_escalation",
     "ALTER TABLE reviews_escalation DROP CONSTRAINT escalation_once", "fired 2 times"),
    ("I3", "reviews_clockevent", "DROP INDEX clockevent_breach_once", "has 2 events breach"),
    ("I5", "governance_outboxmessage",
     "ALTER TABLE governance_outboxmessage DROP CONSTRAINT outboxmessage_dedupe_uniq",
     "was promised 2 times"),
    ("I9", "governance_idempotencykey",
     "ALTER TABLE governance_idempotencykey DROP CONSTRAINT idempotencykey_uniq",
     "is there 2 times"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "table", "drop", "told"), TWICE)
def test_what_is_there_twice_is_found_without_its_constraint(
    name: str, table: str, drop: str, told: str
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite holds these constraints in the table itself.")
    worlds.build()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(drop)
        if table == "reviews_clockevent":
            cursor.execute("ALTER TABLE reviews_clockevent DROP CONSTRAINT clockevent_seq_uniq")
            cursor.execute("DROP INDEX clockevent_warning_once")
        cursor.execute(f"CREATE TEMP TABLE again ON COMMIT DROP AS SELECT * FROM {table}")
        cursor.execute("UPDATE again SET id = gen_random_uuid()")
        cursor.execute(f"INSERT INTO {table} SELECT * FROM again")
    code, said = audit()
    assert code == 1
    assert any(
        line.startswith(f"{name} VIOLATED: ") and told in line for line in said.splitlines()
    ), said


SECRETS = (
    "OperationalError: connection to postgres://app:hunter22@db/x failed",
    "401 for Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
    "refused hitl_1234567890123456789012345",
    "SMTP login: password='hunter22'",
    "-----BEGIN RSA PRIVATE KEY-----",
    f"bad signature under {settings.SECRET_KEY}",
)


def test_i12_an_error_that_holds_a_secret_is_found_and_not_repeated() -> None:
    worlds.build()
    for text in SECRETS:
        OutboxMessage.objects.update(last_error=text)
        code, said = audit()
        assert code == 1, text
        assert "I12 VIOLATED: the error of message" in said
        assert text not in said
    OutboxMessage.objects.update(last_error="")
    Job.objects.update(problem={"detail": SECRETS[0]})
    assert "I12 VIOLATED: the problem of job" in audit()[1]


def test_i12_an_error_that_names_no_secret_is_fine() -> None:
    worlds.build()
    OutboxMessage.objects.update(
        last_error="ConnectionRefusedError at https://example.org:8080/x: no password was sent"
    )
    assert audit()[0] == 0


def test_i5_a_notification_in_two_letters_is_found() -> None:
    worlds.build()
    key, now = str(AuditEvent.objects.values_list("pk", flat=True)[0]), timezone.now()
    for number in range(2):
        enqueue("reviews.send_mail", now=now, dedupe=f"mail:{number}", notifications=[key], more=0)
    assert "is in two letters" in audit()[1]


def test_what_is_older_than_since_is_not_looked_at() -> None:
    worlds.build()
    change("UPDATE governance_auditevent SET action = 'other' WHERE action = 'item.claimed'")
    assert audit("--since", "2020-01-01T00:00:00Z")[0] == 1
    later = timezone.now() + timedelta(minutes=5)
    code, said = audit("--since", later.isoformat())
    assert code == 0, said


def test_a_time_that_is_none_is_refused_in_one_line() -> None:
    with pytest.raises(CommandError, match="--since"):
        call_command("audit_invariants", "--since", "yesterday")


def test_many_violations_are_counted_and_some_are_named() -> None:
    bot = _a_site()
    factories.send(bot, *[factories.a_payload("low") for _ in range(3)])
    for _ in range(25):
        factories.send(bot, factories.a_payload("low"))
    change("UPDATE reviews_prediction SET tier = 'other'")
    said = audit()[1]
    assert said.count("I1 VIOLATED: ") == 21
    assert "I1 VIOLATED: and 6 times more" in said


def test_a_record_that_makes_no_sense_is_a_violation_and_no_crash() -> None:
    worlds.build()
    change("UPDATE governance_auditevent SET detail = '{}' WHERE action = 'predictions.received'")
    code, said = audit()
    assert code == 1
    assert "I1 VIOLATED: predictions_are_there_once could not read what is on record" in said
    assert "I12 ok" in said


def _a_site() -> User:
    factories.a_pipeline()
    return factories.a_service()


def test_a_second_cycle_breaks_nothing() -> None:
    bot = _a_site()
    lea = factories.a_person("lea", roles=("lead",))
    now = timezone.now()
    item = factories.an_item(bot, now=now)
    for name in ("ann", "ben"):
        person = factories.a_person(name)
        held = factories.claim(person, now=now)
        assert held is not None
        factories.decide(person, held, now=now)
        if name == "ann":
            reopenings.reopen(
                principal=principals.of_person(lea), actor=lea, item_id=item.pk, reason="Appeal",
                now=now + timedelta(seconds=5),
            )  # fmt: skip
    assert Decision.objects.count() == Assignment.objects.count() == 2
    code, said = audit()
    assert code == 0, said


def test_what_was_removed_with_an_example_is_not_missed() -> None:
    bot = _a_site()
    factories.an_item(bot, now=timezone.now())
    change("DELETE FROM reviews_clockevent")
    change("DELETE FROM reviews_slaclock")
    change("DELETE FROM reviews_reviewitem")
    change("DELETE FROM reviews_prediction")
    call = AuditEvent.objects.get(action="predictions.received")
    detail = call.detail | {"pipelines": {"gone": 1}}
    change(f"DELETE FROM governance_auditevent WHERE stream = '{call.stream}'")
    change("DELETE FROM governance_unsealedevent")
    again = ledger.composed(
        stream=call.stream, action=call.action, actor=bot, now=call.at, detail=detail,
        event_id=call.pk,
    )  # fmt: skip
    again.save()
    code, said = audit()
    assert code == 0, said
