"""The auditor finds what should have happened to clocks and has not, and what keeps it from it."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.db import append_only
from governance.models import Calendar, Pipeline, PolicyVersion, SLAPolicy
from governance.selectors import policies, soundness
from reviews.models import SLAClock
from reviews.selectors import auditing, clocks
from reviews.services import assignments
from tests import factories
from tests.reviews.clocks.office import B, Office, at, ladder, policy

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
CLAIM = {"claim": "PT1H", "decide": "PT4H"}


def found(now: datetime, **where: Any) -> dict[str, int]:
    """Return what the auditor finds, as counts."""
    return {each.name: each.count for each in auditing.findings(now, **where)}


def test_nothing_is_found_while_the_sweep_does_its_work() -> None:
    office = Office(policy(targets=CLAIM, at_risk=[0.5], ladder=ladder("PT0S", "PT1H")))
    office.start("24 Nov 10:00")
    for minute in range(0, 600, 30):
        now = at("24 Nov 10:00") + timedelta(minutes=minute)
        office.sweep(f"24 Nov 10:{minute}")
        assert found(now) == {}, now


def test_a_breach_is_missed_two_periods_after_the_due_instant() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    due = at("24 Nov 14:00")
    assert found(due + 30 * SECOND) == {}
    assert found(due + 31 * SECOND) == {"breach_unseen": 1}
    (finding,) = auditing.findings(due + 31 * SECOND)
    assert finding.examples == (str(office.clock().pk),)
    assert str(finding) == "clocks that are late and no sweep has seen: 1"
    office.sweep("24 Nov 14:01")
    assert found(at("24 Nov 14:02")) == {}


def test_a_breach_whose_event_is_lost_is_missed_though_its_column_is_there() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.sweep("24 Nov 14:01")
    append_only.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reviews_clockevent WHERE kind = 'breach'")
    assert found(at("24 Nov 14:02")) == {"breach_unwritten": 1}


def test_a_late_clock_that_no_sweep_would_ever_look_at_is_found() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    SLAClock.objects.filter(pk=office.clock().pk).update(next_at=None)
    assert office.sweep("24 Nov 15:00").clocks == 0
    assert found(at("24 Nov 15:00")) == {"breach_unseen": 1}


def test_a_level_of_the_ladder_has_five_minutes() -> None:
    office = Office(policy(ladder=ladder("PT0S", "PT1H"))).start("24 Nov 10:00")
    office.sweep("24 Nov 14:00:30")
    planned = at("24 Nov 15:00:30")
    assert found(planned + timedelta(minutes=5)) == {}
    assert found(planned + timedelta(minutes=5) + SECOND) == {"ladder_late": 1}


def test_a_warning_and_the_end_of_a_pause_have_two_periods() -> None:
    office = Office(policy(at_risk=[0.5], max_pause_days=1)).start("24 Nov 10:00")
    warned = at("24 Nov 12:00")
    assert found(warned + 30 * SECOND) == {}
    assert found(warned + 31 * SECOND) == {"sweep_overdue": 1}
    office.pause("24 Nov 11:00")
    ends = at("25 Nov 11:00")
    assert found(ends + 30 * SECOND) == {}
    # The clocks to claim and to decide are both paused.
    assert found(ends + 31 * SECOND) == {"sweep_overdue": 2}


def test_a_lease_that_has_lapsed_is_found() -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.claim(office.ann, "24 Nov 10:00")
    lapses = at("24 Nov 10:00") + settings.LEASE
    assert found(lapses + 30 * SECOND) == {}
    assert found(lapses + 31 * SECOND) == {"lease_lapsed": 1}
    assignments.expire_leases(now=lapses + 32 * SECOND)
    assert found(lapses + 33 * SECOND) == {}


def got_in(model: type[Calendar | SLAPolicy | Pipeline], slug: str, **changes: Any) -> None:
    """Change the document in force past the door."""
    append_only.remove(connection)
    row = model.objects.get(slug=slug)
    version = row.live if isinstance(row, Pipeline) else row.current
    assert version is not None
    field = PolicyVersion._meta.get_field("document")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE governance_policyversion SET document = %s WHERE number = %s AND slug = %s",
            [
                field.get_db_prep_save(version.document | changes, connection),
                version.number,
                slug,
            ],
        )
    forget()


def forget() -> None:
    """Let this process read versions anew, as one that has just started does."""
    for kept in (
        policies.version, policies.business_calendar, auditing.soundness._faults,
        clocks.terms,
    ):  # fmt: skip
        kept.cache_clear()


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Any:
    yield
    forget()


def test_row_39_a_calendar_without_hours_that_got_in_is_found_and_harms_nobody(
    client: Any,
) -> None:
    office = Office(policy(), B | {"slug": "other"}, policy("slow", calendar="other"))
    got_in(Calendar, "b", windows={}, exceptions=[])
    office.start("24 Nov 10:00")
    assert (office.clock().due_at, office.clock().next_at) == (None, None)
    now = at("24 Nov 18:00")
    assert office.sweep("24 Nov 18:00").clocks == 0

    wrong = {each.name: each for each in auditing.findings(now)}

    assert wrong["never_due"].examples == (str(office.clock().pk),)
    assert wrong["configuration_unsound"].examples == (
        "Calendar b: /windows: A calendar needs at least one window.",
    )
    assert client.get("/readyz").status_code == 503
    assert "countersign_clocks_never_due 1.0" in client.get("/metrics").content.decode()

    office.pause("24 Nov 18:30")
    assert found(at("24 Nov 19:00"))["pause_endless"] == 2
    office.resume("24 Nov 19:30")
    office.decide(office.ann, "24 Nov 20:00")
    assert office.clock().outcome == "met"


def test_row_39_a_calendar_whose_hours_are_over_is_found() -> None:
    once = {"date": "2026-11-24", "windows": ["09:00-12:00"]}
    office = Office(
        B | {"slug": "once", "windows": {}, "exceptions": [once]}, policy(calendar="once")
    )
    office.start("24 Nov 10:00")
    assert found(at("24 Nov 11:00")) == {"never_due": 1}
    wrong = auditing.findings(at("24 Nov 12:00"))
    assert [each.examples for each in wrong if each.name == "configuration_unsound"] == [
        ("Calendar once: It has no hours any more.",)
    ]


def test_a_calendar_that_nobody_uses_may_run_out_of_hours() -> None:
    once = {"date": "2026-11-24", "windows": ["09:00-12:00"]}
    Office(policy(), B | {"slug": "once", "windows": {}, "exceptions": [once]})
    assert soundness.unsound(at("25 Nov 12:00")) == []


LADDER = {
    "levels": [{"delay": "PT0S", "basis": "wall", "notify": [], "actions": []}],
    "repeat": 0, "ack_timeout": "PT1H", "catch_up": "rebase", "final": "auto_approve",
}  # fmt: skip
DEFAULTS = [{"policy": "quick", "when": "", "default": True}] * 2


@pytest.mark.parametrize(
    ("model", "slug", "changes", "told"),
    [
        (SLAPolicy, "quick", {"targets": {"decide": "PT0S"}}, "must be longer than zero"),
        (SLAPolicy, "quick", {"ladder": LADDER}, "it never ends in an approval"),
        (SLAPolicy, "quick", {"calendar": "gone"}, "There is no calendar 'gone'"),
        (SLAPolicy, "quick", {"at_risk": "often"}, "at_risk"),
        (Pipeline, "intents", {"slas": DEFAULTS}, "Exactly one entry of slas is the default"),
        (Pipeline, "intents", {"queues": []}, ""),
        (Calendar, "b", {"timezone": "Mars/Olympus"}, "is not an IANA zone"),
        (Calendar, "b", {"windows": {"mon": ["9 to 5"]}}, "windows/mon/0"),
        (Calendar, "b", {"windows": 7}, ""),
    ],
)
def test_what_todays_rules_would_refuse_is_found(
    model: Any, slug: str, changes: dict[str, Any], told: str
) -> None:
    Office(policy())
    now = at("24 Nov 10:00")
    assert soundness.unsound(now) == []
    got_in(model, slug, **changes)
    wrong = soundness.unsound(now)
    assert wrong
    assert {(each.kind, each.slug) for each in wrong} == {(model.__name__, slug)}
    assert any(told in each.detail for each in wrong), wrong
    assert found(now) == {"configuration_unsound": len(wrong)}


def test_who_sees_some_pipelines_is_told_of_their_clocks_alone() -> None:
    office = Office(policy())
    factories.apply(factories.pipeline_document(slug="other"))
    office.start("24 Nov 10:00")
    got_in(SLAPolicy, "quick", targets={"decide": "PT0S"})
    now = at("24 Nov 15:00")
    mine, other = (Pipeline.objects.get(slug=slug).pk for slug in ("intents", "other"))
    assert found(now) == {"breach_unseen": 1, "configuration_unsound": 1}
    assert found(now, within=[mine]) == {"breach_unseen": 1}
    assert found(now, within=[other]) == found(now, within=[]) == {}


def test_the_watch_asks_as_much_however_many_clocks_run() -> None:
    office = Office(policy(targets=CLAIM))
    now = at("24 Nov 10:30")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert auditing.findings(now) == []
        return len(captured)

    office.start("24 Nov 10:00")
    queries()
    few = queries()
    for _ in range(20):
        office.start("24 Nov 10:00")
    assert queries() == few <= 20


def test_the_figures_of_no_clocks_are_nothing() -> None:
    assert set(auditing.figures(at("24 Nov 10:00")).values()) == {0.0}
    assert json.dumps(auditing.figures(at("24 Nov 10:00")))
