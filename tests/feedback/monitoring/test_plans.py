"""O13, R8: approvals by rule are watched, and more errors than promised open one incident."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.models import MonitoredAudit, MonitoringAlarm, MonitoringPlan, MonitoringWindow
from feedback.selectors import monitoring as selector
from feedback.services import monitoring
from governance.enums import PolicyMode
from governance.exceptions import InvalidInput, NotPermitted
from governance.models import AuditEvent, Incident, Pipeline, Stop, User
from governance.selectors import principals
from governance.services import configuration, policies
from tests import factories, governed

pytestmark = pytest.mark.django_db


class Plant:
    """A pipeline of which all that a rule approves is looked at, and a clock."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.document = factories.pipeline_document()
        self.document["tiers"]["low"]["monitor_rate"] = 1.0
        factories.a_pipeline()
        self.publish("First")
        self.bot = factories.a_service()
        self.reviewer = factories.a_person("maria")
        (self.officer,) = governed.approvers(1)

    def publish(self, guideline: str) -> None:
        self.now += timedelta(seconds=5)
        document = self.document | {"guideline": guideline}
        configuration.apply(sources=[document], actor=None, reason="x", now=self.now)

    def plan(self, **changes: Any) -> MonitoringPlan:
        said: dict[str, Any] = {
            "pipeline": "intents", "tier": "low", "target": 0.02, "cadence": 7, "stop": False,
            "owner": self.officer.username, "reason": "It was promised", "now": self.now,
        }  # fmt: skip
        return monitoring.plan(
            principal=principals.of_person(self.officer), actor=self.officer, **said | changes
        )

    def audit(self, count: int, *, wrong: bool) -> None:
        """Let people look at so many that a rule would have approved."""
        label = "balance" if wrong else "card_arrival"
        for _ in range(count):
            self.now += timedelta(seconds=5)
            factories.an_item(self.bot, "low", now=self.now)
            held = factories.claim(self.reviewer, now=self.now)
            assert held is not None
            factories.decide(self.reviewer, held, label, now=self.now)

    def watch(self) -> int:
        self.now += timedelta(seconds=5)
        return monitoring.watch_all(now=self.now)


@pytest.fixture
def plant(db: None) -> Plant:
    return Plant()


def test_o13_an_alarm_opens_one_incident_however_often_it_is_looked_at(plant: Plant) -> None:
    plan = plant.plan()
    plant.audit(14, wrong=True)
    assert plant.watch() == 14
    plant.audit(3, wrong=True)
    assert plant.watch() == 3
    assert plant.watch() == 0
    (incident,) = Incident.objects.all()
    assert (incident.opened_by, incident.pipeline.slug) == (plant.officer, "intents")
    assert "At most 2.0% was promised" in incident.text
    alarm = MonitoringAlarm.objects.get()
    assert (alarm.window.plan, alarm.incident) == (plan, incident)
    assert alarm.errors == alarm.audits <= 14
    assert not Stop.objects.exists()
    assert AuditEvent.objects.filter(action="monitoring.alarmed").count() == 1


def test_o13_an_alarm_stops_approvals_by_rule_where_the_plan_says_so(plant: Plant) -> None:
    plant.plan(stop=True)
    plant.audit(14, wrong=True)
    plant.watch()
    (stop,) = Stop.objects.all()
    assert (stop.tier, stop.actor) == ("low", plant.officer)
    plant.now += timedelta(seconds=5)
    (row,) = factories.send(plant.bot, factories.a_payload("low"), now=plant.now)
    assert (row.disposition, row.sampled) == ("in_review", "")


def test_o13_a_second_alarm_of_a_window_is_refused_by_the_database(plant: Plant) -> None:
    plant.plan()
    plant.audit(14, wrong=True)
    plant.watch()
    alarm = MonitoringAlarm.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        MonitoringAlarm(
            window=alarm.window, incident=alarm.incident, audits=1, errors=1, at=plant.now
        ).save()


def test_o13_as_many_errors_as_were_promised_open_nothing(plant: Plant) -> None:
    plant.plan(target=0.1)
    plant.audit(27, wrong=False)
    plant.audit(3, wrong=True)
    plant.watch()
    (window,) = MonitoringWindow.objects.all()
    assert (window.audits, window.errors) == (30, 3)
    assert not Incident.objects.exists()


def test_o13_a_plan_needs_who_approves_a_share_a_tier_of_rules_and_a_reason(plant: Plant) -> None:
    for pointer, changes in (
        ("/target", {"target": 0.0}), ("/target", {"target": 1.0}), ("/tier", {"tier": "mid"}),
        ("/owner", {"owner": "nobody"}), ("/reason", {"reason": " "}), ("/cadence", {"cadence": 0}),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refusal:
            plant.plan(**changes)
        assert refusal.value.faults[0].pointer == pointer
    with pytest.raises(NotPermitted):
        monitoring.plan(
            principal=principals.of_person(plant.reviewer), actor=plant.reviewer,
            pipeline="intents", tier="", target=0.1, cadence=7, stop=False, owner="maria",
            reason="x", now=plant.now,
        )  # fmt: skip
    assert not MonitoringPlan.objects.exists()


def test_o13_a_plan_of_which_no_audit_comes_asks_for_attention(plant: Plant) -> None:
    plan = plant.plan(cadence=7)
    root = principals.of_person(factories.an_administrator())
    assert selector.silent(root, now=plant.now + timedelta(days=6)) == []
    assert selector.silent(root, now=plant.now + timedelta(days=7)) == [plan]


def test_a_newer_plan_takes_the_place_of_the_one_before(plant: Plant) -> None:
    plant.plan()
    newer = plant.plan(target=0.5)
    plant.audit(2, wrong=True)
    plant.watch()
    assert {row.plan for row in MonitoredAudit.objects.all()} == {newer}
    plant.plan(ends=True)
    plant.audit(1, wrong=True)
    assert plant.watch() == 0


def test_r8_each_activation_has_evidence_of_its_own_also_when_the_first_comes_back(
    plant: Plant,
) -> None:
    plant.plan()
    plant.audit(5, wrong=True)
    plant.watch()
    first = Pipeline.objects.get(slug="intents").live
    plant.publish("Second")
    plant.audit(4, wrong=True)
    plant.watch()
    plant.now += timedelta(seconds=5)
    assert first is not None
    policies.reinstate(
        pipeline_id=Pipeline.objects.get(slug="intents").pk, version_id=first.pk,
        mode=PolicyMode.LIVE, actor=plant.officer, reason="Back", now=plant.now,
    )  # fmt: skip
    plant.audit(3, wrong=True)
    plant.watch()
    windows = MonitoringWindow.objects.order_by("opened_at")
    assert [(window.audits, window.errors) for window in windows] == [(5, 5), (4, 4), (3, 3)]
    assert len({window.activation for window in windows}) == 3
    assert not Incident.objects.exists(), "twelve errors in one window would have alarmed"


def test_r8_an_outcome_counts_for_what_was_in_force_when_it_was_routed(plant: Plant) -> None:
    plant.plan()
    plant.now += timedelta(seconds=5)
    factories.an_item(plant.bot, "low", now=plant.now)
    plant.publish("Second")
    held = factories.claim(plant.reviewer, now=plant.now)
    assert held is not None
    factories.decide(plant.reviewer, held, "balance", now=plant.now)
    plant.audit(1, wrong=False)
    plant.watch()
    told = [(row.window.activation, row.wrong) for row in MonitoredAudit.objects.order_by("pk")]
    assert len({activation for activation, _ in told}) == 2
    assert [wrong for _, wrong in told] == [True, False]


def test_r8_the_figures_of_a_window_are_what_its_audits_give(plant: Plant) -> None:
    plant.plan()
    for wrong in (True, False, False, True, False):
        plant.audit(1, wrong=wrong)
        plant.watch()
    (window,) = MonitoringWindow.objects.all()
    assert selector.recomputed(window) == selector.watch_of(window)


def test_who_approves_makes_a_plan_in_the_admin_and_reads_what_it_says(
    plant: Plant, client: Any
) -> None:
    root: User = factories.an_administrator("chief")
    client.force_login(root)
    sent = {
        "pipeline": "intents", "metric": "audited_error", "tier": "low", "target": "0.02",
        "cadence": "7", "owner": "chief", "reason": "It was promised",
    }  # fmt: skip
    done = client.post("/admin/feedback/monitoringplan/add/", sent)
    assert done.status_code == 302, done.content.decode()[:2000]
    plan = MonitoringPlan.objects.get()
    plant.now = plan.made_at
    plant.audit(14, wrong=True)
    plant.watch()
    page = client.get(f"/admin/feedback/monitoringplan/{plan.pk}/change/").content.decode()
    assert "14 of 14 audits of what a rule approves were wrong: more than the 2.0%" in page
