"""O13: what else is watched: late reviews, disagreement, and what production says later."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from feedback.models import MonitoredAudit, MonitoringAlarm, MonitoringPlan, MonitoringWindow
from feedback.selectors import monitoring as selector
from governance.exceptions import InvalidInput
from governance.models import Incident, Stop
from governance.selectors import principals
from reviews.models import Prediction, SLAClock
from reviews.services import outcomes, sweeping
from tests import factories
from tests.feedback.monitoring.test_plans import Plant

Sees = Callable[[Plant, int, bool], None]


@pytest.fixture
def plant(db: None) -> Plant:
    made = Plant()
    made.document["tiers"]["high"] |= {"max_decisions": 3, "agreement_min": 0.6}
    made.publish("With a third one to settle it")
    return made


def reviewed(plant: Plant, count: int, late: bool) -> None:
    """Let a review be settled at once, or let its time run out before it is."""
    for _ in range(count):
        plant.now += timedelta(seconds=5)
        item = factories.an_item(plant.bot, now=plant.now)
        if late:
            due = SLAClock.objects.get(item=item, kind="decide").due_at
            assert due is not None
            plant.now = due + timedelta(seconds=1)
            sweeping.sweep(now=lambda: plant.now)
        else:
            held = factories.claim(plant.reviewer, now=plant.now)
            assert held is not None
            factories.decide(plant.reviewer, held, now=plant.now)


def answered(plant: Plant, count: int, differently: bool) -> None:
    """Let two people answer, alike or not; a third settles what they differ in."""
    for _ in range(count):
        plant.now += timedelta(seconds=5)
        factories.an_item(plant.bot, "high", now=plant.now)
        labels = ("card_arrival", "balance", "balance") if differently else ("balance",) * 2
        for label in labels:
            person = factories.a_person()
            held = factories.claim(person, now=plant.now)
            assert held is not None
            factories.decide(person, held, label, now=plant.now)


def reported(plant: Plant, count: int, contradicted: bool) -> None:
    """Let a rule approve, and production say later what was true; every second in plain words."""
    for number in range(count):
        plant.now += timedelta(seconds=5)
        (row,) = factories.send(plant.bot, factories.a_payload("low"), now=plant.now)
        said: dict[str, Any] = {"correct": not contradicted}
        if number % 2:
            said = {"label": "balance" if contradicted else row.output["label"]}
        outcomes.record(
            principal=principals.of_person(plant.bot), actor=plant.bot, prediction_id=row.pk,
            outcome=said, observed_at=plant.now, cost=None, now=plant.now,
        )  # fmt: skip


METRICS: list[tuple[str, Sees, str]] = [
    ("overdue", reviewed, "Of {n} reviews in intents, {n} were late."),
    ("disagreement", answered, "Of {n} reviews by several people in intents, {n} were answered"),
    ("reported_outcomes", reported, "Of {n} outcomes reported later in intents, {n} contradict"),
]


@pytest.mark.parametrize(("metric", "sees", "words"), METRICS, ids=[m for m, _, _ in METRICS])
def test_o13_each_metric_alarms_once_when_more_is_bad_than_promised(
    plant: Plant, metric: str, sees: Sees, words: str
) -> None:
    plan = plant.plan(metric=metric, tier="")
    sees(plant, 14, True)
    assert plant.watch() == 14
    sees(plant, 2, True)
    assert plant.watch() == 2
    assert plant.watch() == 0
    incident = Incident.objects.get()
    alarm = MonitoringAlarm.objects.get()
    assert (alarm.window.plan, alarm.incident) == (plan, incident)
    assert incident.text.startswith(words.format(n=alarm.audits))
    assert "At most 2.0% was promised" in incident.text
    assert not Stop.objects.exists()


@pytest.mark.parametrize(("metric", "sees", "words"), METRICS, ids=[m for m, _, _ in METRICS])
def test_o13_as_much_as_was_promised_opens_nothing(
    plant: Plant, metric: str, sees: Sees, words: str
) -> None:
    plant.plan(metric=metric, tier="", target=0.2)
    sees(plant, 8, False)
    sees(plant, 2, True)
    plant.watch()
    windows = MonitoringWindow.objects.all()
    assert [(window.audits, window.errors) for window in windows] == [(10, 2)]
    assert not Incident.objects.exists()
    assert [selector.recomputed(row) for row in windows] == list(map(selector.watch_of, windows))


def test_o13_a_review_is_late_from_when_its_time_has_run_out_and_counted_once(
    plant: Plant,
) -> None:
    plant.plan(metric="overdue", tier="")
    reviewed(plant, 1, True)
    assert plant.watch() == 1
    row = MonitoredAudit.objects.get()
    assert (row.wrong, row.resolution) == (True, None)
    held = factories.claim(plant.reviewer, now=plant.now)
    assert held is not None
    factories.decide(plant.reviewer, held, now=plant.now)
    assert plant.watch() == 0


def test_o13_what_one_person_answers_and_what_production_leaves_open_is_not_counted(
    plant: Plant,
) -> None:
    plant.plan(metric="disagreement", tier="")
    plant.plan(metric="reported_outcomes", tier="")
    reviewed(plant, 1, False)
    row = Prediction.objects.get()
    outcomes.record(
        principal=principals.of_person(plant.bot), actor=plant.bot, prediction_id=row.pk,
        outcome={"refund": True, "correct": "perhaps"}, observed_at=plant.now, cost=None,
        now=plant.now,
    )  # fmt: skip
    assert plant.watch() == 0


def test_o13_what_people_settled_is_what_production_contradicts(plant: Plant) -> None:
    plant.plan(metric="reported_outcomes", tier="")
    plant.now += timedelta(seconds=5)
    item = factories.an_item(plant.bot, now=plant.now)
    held = factories.claim(plant.reviewer, now=plant.now)
    assert held is not None
    factories.decide(plant.reviewer, held, "balance", now=plant.now)
    outcomes.record(
        principal=principals.of_person(plant.bot), actor=plant.bot,
        prediction_id=item.prediction_id, outcome={"label": "balance"}, observed_at=plant.now,
        cost=None, now=plant.now,
    )  # fmt: skip
    assert plant.watch() == 1
    assert not MonitoredAudit.objects.get().wrong


def test_o13_each_metric_has_a_plan_in_force_of_its_own(plant: Plant) -> None:
    late, errors = plant.plan(metric="overdue", tier=""), plant.plan()
    assert set(selector.in_force()) == {late, errors}
    newer = plant.plan(metric="overdue", tier="", target=0.3)
    assert set(selector.in_force()) == {newer, errors}
    plant.plan(ends=True)
    assert set(selector.in_force()) == {newer}


def test_o13_an_alarm_of_reported_outcomes_stops_approvals_by_rule(plant: Plant) -> None:
    plant.plan(metric="reported_outcomes", tier="low", stop=True)
    reported(plant, 14, True)
    plant.watch()
    assert [stop.tier for stop in Stop.objects.all()] == ["low"]


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/metric", {"metric": "mood"}),
        ("/stop", {"metric": "overdue", "tier": "", "stop": True}),
        ("/stop", {"metric": "disagreement", "tier": "", "stop": True}),
        ("/tier", {"metric": "disagreement", "tier": "mid"}),
        ("/tier", {"metric": "overdue", "tier": "none"}),
    ],
)
def test_o13_what_does_not_fit_a_metric_is_refused_by_name(
    plant: Plant, pointer: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        plant.plan(**changes)
    assert refusal.value.faults[0].pointer == pointer
    assert not MonitoringPlan.objects.exists()


def test_o13_the_database_lets_only_errors_stop_anything(plant: Plant) -> None:
    row = plant.plan()
    copy = {
        field.attname: getattr(row, field.attname) for field in row._meta.fields
        if field.name not in ("id", "number")
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        MonitoringPlan(**(copy | {"number": 2, "metric": "overdue", "stops": True})).save()
