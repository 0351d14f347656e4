"""`recompute_clocks` makes every column from the events, to the bit, and mends what is open."""

import io
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.forms.models import model_to_dict

from governance.db import append_only
from governance.models import AuditEvent, Heartbeat, OutboxMessage
from governance.services import dispatch
from reviews import tasks
from reviews.models import Acknowledgement, ClockEvent, Escalation, ReviewItem, SLAClock
from reviews.selectors import auditing, clock_terms, replays
from reviews.services import clocks, recomputing
from tests.reviews.clocks.office import Office, at, ladder, policy

pytestmark = pytest.mark.django_db
LEVELS = ladder("PT0S", "PT1H")


def recompute(*options: str) -> tuple[int, str]:
    """Return the exit code of the command, and all that it says."""
    said = io.StringIO()
    try:
        call_command("recompute_clocks", *options, stdout=said)
    except CommandError as error:
        return error.returncode, f"{said.getvalue()}{error}"
    return 0, said.getvalue()


def columns(row: SLAClock) -> dict[str, Any]:
    return model_to_dict(SLAClock.objects.get(pk=row.pk))


@pytest.fixture
def office() -> Office:
    """Return an office with an item whose clock has warned, is breached and has escalated."""
    made = Office(policy(at_risk=[0.5], ladder=LEVELS)).start("24 Nov 10:00")
    made.sweep("24 Nov 12:30")
    made.sweep("24 Nov 14:01")
    return made


def test_nothing_has_drifted_where_only_services_wrote(office: Office) -> None:
    assert office.events() == ["start", "warn", "breach", "escalate"]
    assert recompute() == (0, "2 clocks replayed, 0 had drifted.\n")


# These are held to one another by constraints.
HELD = {"status", "outcome", "paused_at", "maintenance_id", "stopped_at"}


def test_each_column_that_says_something_else_is_named(office: Office) -> None:
    row, instant = office.clock(), timedelta(microseconds=1)
    others: dict[str, Any] = {
        "warned": 0.25, "loop": 7, "level": 7, "policy_version_id": row.calendar_version_id,
        "calendar_version_id": row.policy_version_id, "breached_at": at("24 Nov 13:59"),
        "acked_at": at("24 Nov 14:00"), "events_count": 9,
    }  # fmt: skip
    names = {*replays.clocks.columns(office.state()), "events_count"} - HELD
    for name in sorted(names):
        stored = getattr(row, name)
        other = others[name] if name in others else stored + instant
        SLAClock.objects.filter(pk=row.pk).update(**{name: other})
        code, said = recompute()
        assert code == 1, name
        assert f": {name} is " in said
        assert f", not {stored}" in said
        SLAClock.objects.filter(pk=row.pk).update(**{name: stored})
    assert recompute()[0] == 0


def test_what_has_drifted_is_mended_and_on_record(office: Office) -> None:
    before = columns(office.clock())
    SLAClock.objects.filter(pk=office.clock().pk).update(
        warned=0, next_at=None, due_at=at("25 Nov 10:00"), events_count=9
    )
    ReviewItem.objects.update(due_at=None)
    assert recompute()[1].endswith("1 had drifted; --write mends those that are open.")

    code, said = recompute("--write")

    assert code == 0
    assert "(mended: due_at, events_count, item.due_at, next_at, warned)" in said
    assert columns(office.clock()) == before
    assert office.due() == at("24 Nov 14:00")
    event = AuditEvent.objects.get(action="sla.recomputed")
    assert event.stream == f"item:{office.item.pk}"
    assert event.detail["clock"] == str(office.clock().pk)
    assert event.detail["columns"] == ["due_at", "events_count", "item.due_at", "next_at", "warned"]
    assert recompute() == (0, "2 clocks replayed, 0 had drifted.\n")


def test_mending_what_is_right_changes_nothing(office: Office) -> None:
    before, events = columns(office.clock()), AuditEvent.objects.count()
    assert recomputing.mend(clock_id=office.clock().pk, now=at("24 Nov 15:00")) == []
    assert (columns(office.clock()), AuditEvent.objects.count()) == (before, events)


def test_row_36_what_is_closed_is_told_and_never_written_anew(office: Office) -> None:
    office.decide(office.ann, "24 Nov 14:30")
    SLAClock.objects.filter(kind="decide").update(due_at=at("24 Nov 15:00"))
    stored = columns(office.clock())

    code, said = recompute("--write")

    assert code == 1
    assert "due_at is" in said
    assert "1 had drifted, 1 stay so: what is closed or recorded is not mended." in said
    assert columns(office.clock()) == stored


def test_row_36_an_item_follows_its_closed_clock_and_not_the_other_way_round(
    office: Office,
) -> None:
    office.decide(office.ann, "24 Nov 14:30")
    stored = columns(office.clock())
    ReviewItem.objects.update(due_at=at("24 Nov 18:00"))

    assert recompute("--write")[0] == 0

    assert columns(office.clock()) == stored
    assert office.due() == at("24 Nov 14:00")


def test_levels_and_their_events_are_held_against_each_other(office: Office) -> None:
    append_only.remove(connection)
    (level,) = Escalation.objects.all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_escalation SET level = 2")
    code, said = recompute("--write")
    assert code == 1
    assert f"clock {level.clock_id}: escalations is " in said
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reviews_escalation")
    assert "escalations is [], not " in recompute()[1]


def test_an_acknowledgement_without_its_event_is_found(office: Office) -> None:
    level = Escalation.objects.get()
    Acknowledgement.objects.create(
        escalation=level, actor=office.lea, how="explicit", at=at("24 Nov 14:30")
    )
    code, said = recompute()
    assert code == 1
    assert f"acknowledgements is ['{level.pk}'], not []" in said


def test_a_level_out_of_its_turn_is_found(office: Office) -> None:
    append_only.remove(connection)
    detail = ClockEvent.objects.get(kind="escalate").detail
    changed = ClockEvent(detail=detail | {"level": 2})
    field = ClockEvent._meta.get_field("detail")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reviews_clockevent SET detail = %s WHERE kind = 'escalate'",
            [field.get_db_prep_save(changed.detail, connection)],
        )
        cursor.execute("UPDATE reviews_escalation SET level = 2")
    assert "ladder is (1, 2), not (1, 1)" in recompute()[1]


def test_events_that_make_no_sense_are_told_and_stop_nobody(office: Office) -> None:
    append_only.remove(connection)
    office.start("24 Nov 11:00")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reviews_clockevent WHERE seq = 1 AND kind = 'start'")
    code, said = recompute("--write")
    assert code == 1
    assert said.count("that cannot be replayed") == 4
    assert "4 clocks replayed, 4 had drifted, 4 stay so" in said


def test_only_a_pipeline_or_an_item_is_looked_at(office: Office) -> None:
    other = office.item
    office.start("24 Nov 11:00")
    assert recompute("--item", str(other.pk))[1] == "2 clocks replayed, 0 had drifted.\n"
    assert recompute("--pipeline", "intents")[1] == "4 clocks replayed, 0 had drifted.\n"
    with pytest.raises(CommandError, match="no pipeline 'other'"):
        call_command("recompute_clocks", "--pipeline", "other")
    with pytest.raises(CommandError, match="--item: 'x' is no id of an item"):
        call_command("recompute_clocks", "--item", "x")


def test_clocks_are_read_in_chunks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "CHUNK", 2)
    for minute in range(3):
        office.start(f"24 Nov 11:{minute:02}")
    assert [chunk.clocks for chunk in replays.every()] == [2, 2, 2, 2]
    assert [chunk.clocks for chunk in replays.recent(at("24 Nov 09:00"))] == [2, 2, 2, 2]


def test_a_clock_that_an_act_moves_meanwhile_has_not_drifted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is read, then an act commits, then the events are read."""
    read, moved = replays.clocks.events_of, []

    def events_of(keys: Any) -> Any:
        if not moved:
            moved.append(True)
            office.pause("24 Nov 15:00")
        return read(keys)

    monkeypatch.setattr(replays.clocks, "events_of", events_of)
    assert recompute()[0] == 0
    assert moved


def test_the_report_of_the_night_is_promised_once_a_day(office: Office) -> None:
    for hour in ("01:00", "02:00", "23:59"):
        recomputing.promise_report(now=at(f"25 Nov {hour}"))
    (promise,) = OutboxMessage.objects.filter(task="reviews.report_clocks")
    assert promise.arguments == {"day": "2026-11-25"}
    recomputing.promise_report(now=at("26 Nov 01:30"))
    assert OutboxMessage.objects.filter(task="reviews.report_clocks").count() == 2


def test_the_report_of_the_night_is_in_the_ledger_and_raises_an_alarm(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    SLAClock.objects.filter(pk=office.clock().pk).update(warned=0.25)
    with caplog.at_level(logging.ERROR):
        assert tasks.report_clocks(day="2026-11-25") == 1
        assert tasks.report_clocks(day="2026-11-25") == 0
    assert f"Drifted: clock {office.clock().pk}: warned is 0.25, not 0.5" in caplog.text
    event = AuditEvent.objects.get(action=replays.REPLAYED)
    assert event.detail == {"clocks": 2, "drifted": 1, "named": [str(office.clock().pk)]}


def test_a_drift_that_the_report_named_is_a_finding_until_it_is_mended(office: Office) -> None:
    now = at("24 Nov 14:01")
    SLAClock.objects.filter(pk=office.clock().pk).update(warned=0.25)
    assert auditing.findings(now) == []
    recomputing.report(day="2026-11-24", now=lambda: now)
    (finding,) = auditing.findings(now)
    assert (finding.name, finding.count) == ("drifted", 1)
    assert finding.examples == (str(office.clock().pk),)
    recompute("--write")
    assert auditing.findings(now) == []


def test_the_report_leaves_out_what_stopped_long_ago(office: Office) -> None:
    office.decide(office.ann, "24 Nov 14:30")
    office.start("24 Nov 15:00")
    recomputing.report(day="2026-11-25", now=lambda: at("25 Nov 01:00"))
    recomputing.report(day="2026-11-28", now=lambda: at("28 Nov 01:00"))
    events = AuditEvent.objects.filter(action=replays.REPLAYED).order_by("at")
    assert [event.detail["clocks"] for event in events] == [4, 2]


def test_the_report_is_long_work_and_the_watch_is_not() -> None:
    assert dispatch.is_long("reviews.report_clocks")
    assert not dispatch.is_long("reviews.audit_clocks")
    assert not dispatch.is_long("reviews.recompute_clocks")


def test_the_watch_logs_each_finding_and_beats(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    SLAClock.objects.filter(pk=office.clock().pk).update(next_at=at("24 Nov 10:00"))
    with caplog.at_level(logging.ERROR):
        assert tasks.audit_clocks() >= 1
    assert "Clocks: clocks with a level of the ladder that should have fired: 1" in caplog.text
    assert str(office.clock().pk) in caplog.text
    assert Heartbeat.objects.filter(name="clock audit").exists()


def test_a_clock_without_an_item_is_mended_too() -> None:
    made = Office(policy())
    made.start("24 Nov 10:00")
    law = clock_terms.law_of("quick", version_id=made.item.config_version_id, queue="general")
    assert law is not None
    row = clocks.request_signoff(
        subject="change:1", pipeline_id=made.item.pipeline_id, law=law, actor=None,
        now=at("24 Nov 10:00"),
    )  # fmt: skip
    SLAClock.objects.filter(pk=row.pk).update(warned=0.5)
    assert recompute("--write")[0] == 0
    assert AuditEvent.objects.get(action="sla.recomputed").stream == "signoff:change:1"
