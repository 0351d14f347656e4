"""Signals: what a resolution taught, made by itself, the same however often, and never changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from feedback.models import FeedbackSignal
from feedback.selectors.invariants import signals_follow_from_decisions
from feedback.selectors.signals import taught
from feedback.services import signals
from governance.db import append_only
from governance.domain.invariants import Span
from governance.models import AuditEvent
from governance.selectors import principals
from reviews.models import Resolution, ReviewItem
from reviews.services import decisions, reopenings, resolutions
from tests import factories
from tests.api.answers import good
from tests.factories import NOW
from tests.feedback.conftest import House


def sweep() -> int:
    return signals.sweep(now=timezone.now)


def kinds() -> list[str]:
    return sorted(FeedbackSignal.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("label", "kind", "statement"),
    [
        ("card_arrival", "accepted", "People accepted card_arrival."),
        ("balance", "corrected", "People put balance in place of card_arrival."),
    ],
)
def test_a_resolution_teaches_its_outcome(
    house: House, label: str, kind: str, statement: str
) -> None:
    resolution = house.resolved(label)
    assert sweep() == 1
    signal = FeedbackSignal.objects.get()
    assert (signal.kind, signal.statement) == (kind, statement)
    assert signal.decisions == resolution.decided_on
    assert signal.scenario_type == "cards"
    assert signal.confidence_band == "0.5-0.6"
    assert signal.resolved_at == resolution.resolved_at
    assert signal.reason_codes == ([] if kind == "accepted" else ["model_error"])


def test_disagreement_and_a_rejection_by_the_adjudicator_are_taught_both(house: House) -> None:
    factories.an_item(house.bot, "high")
    for label in ("balance", "card_linking"):
        person = factories.a_person()
        held = factories.claim(person)
        assert held is not None
        factories.decide(person, held, label)
    item = ReviewItem.objects.get()
    lead = factories.a_person(roles=("lead",))
    resolutions.adjudicate(
        principal=principals.of_person(lead), actor=lead, item_id=item.pk, answer=None,
        rationale="Neither", now=NOW,
    )  # fmt: skip
    sweep()
    found = FeedbackSignal.objects.filter(item=item)
    assert sorted(found.values_list("kind", flat=True)) == ["ambiguous", "rejected"]
    assert found.get(kind="ambiguous").statement == "2 people gave 2 different answers."


def test_an_error_that_only_a_draw_brought_to_people_is_a_near_miss(db: None) -> None:
    tiers = factories.pipeline_document()["tiers"]
    tiers["low"]["monitor_rate"] = 1.0
    factories.a_pipeline(tiers=tiers)
    bot, reviewer = factories.a_service(), factories.a_person()
    for label in ("card_arrival", "balance"):
        factories.an_item(bot, "low")
        held = factories.claim(reviewer)
        assert held is not None
        factories.decide(reviewer, held, label)
    sweep()
    assert kinds() == ["accepted", "corrected", "near_miss"]
    said = FeedbackSignal.objects.get(kind="near_miss").statement
    assert "the monitor sample brought card_arrival to people" in said


def test_answers_that_the_pipeline_does_not_name_are_not_repeated(db: None) -> None:
    question = {"kind": "text", "prompt": "What is the name?"}
    factories.a_pipeline(question=question)
    bot, reviewer = factories.a_service(), factories.a_person()
    factories.an_item(bot, output={"text": "Jane Roe"})
    held = factories.claim(reviewer)
    assert held is not None
    factories.decide(
        reviewer, held, answer={"text": "John Doe"}, verdict="correct", reason_codes=["model_error"]
    )
    sweep()
    said = FeedbackSignal.objects.get().statement
    assert said == "People put another answer in 1 of its fields in place of the prediction."


def test_sweeping_again_makes_nothing_twice(house: House) -> None:
    for _ in range(3):
        house.resolved()
    assert sweep() == 3
    assert sweep() == 0
    house.resolved("balance", now=NOW + timedelta(minutes=5))
    assert sweep() == 1
    assert FeedbackSignal.objects.count() == 4


def test_one_event_for_a_batch_commits_to_all_its_signals(house: House) -> None:
    house.resolved()
    house.resolved("balance")
    sweep()
    event = AuditEvent.objects.get(action="signals.distilled")
    assert event.actor is None
    assert event.detail["pipelines"] == {"intents": 2}
    assert (event.detail["resolutions"], event.detail["signals"]) == (2, 2)
    assert len(event.detail["root"]) == 64


def test_a_backlog_is_worked_off_in_batches(house: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(signals, "BATCH", 2)
    for _ in range(5):
        house.resolved()
    assert sweep() == 5
    assert AuditEvent.objects.filter(action="signals.distilled").count() == 3


def test_what_was_taken_back_stays_on_record_and_stands_no_more(house: House, api: Any) -> None:
    resolution = house.resolved("balance")
    sweep()
    caller = api(house.bot)
    (shown,) = good(caller.get("/signals"))["results"]
    assert shown["stands"] is True
    undone = decisions.undo(
        decision_id=resolution.decided_on[0], actor=house.reviewer, now=NOW + timedelta(minutes=1)
    )
    assert good(caller.get("/signals"))["results"] == []
    (old,) = good(caller.get("/signals?stands=false"))["results"]
    assert old == shown | {"stands": False}
    factories.decide(house.reviewer, undone.claim, now=NOW + timedelta(minutes=2))
    sweep()
    (new,) = good(caller.get("/signals"))["results"]
    assert new["kind"] == "accepted"
    assert FeedbackSignal.objects.count() == 2


def test_the_list_is_filtered_and_shows_only_what_is_within_reach(house: House, api: Any) -> None:
    house.resolved()
    house.resolved("balance", scenario_type="money")
    sweep()
    caller = api(house.bot)
    for query, count in (
        ("", 2),
        ("?kind=corrected", 1),
        ("?scenario_type=money", 1),
        ("?confidence_band=0.5-0.6", 2),
        ("?confidence_band=0.9-1.0", 0),
        ("?pipeline=intents", 2),
        ("?pipeline=other", 0),
    ):
        assert len(good(caller.get(f"/signals{query}"))["results"]) == count, query
    assert good(api(House("other").bot).get("/signals"))["results"] == []


def test_who_is_blind_to_a_reopened_item_is_not_told_what_it_taught(house: House, api: Any) -> None:
    house.agreed(("balance", "balance"))
    sweep()
    item = ReviewItem.objects.get()
    lead = factories.a_person(roles=("lead", "reviewer"))
    reopenings.reopen(
        principal=principals.of_person(lead), actor=lead, item_id=item.pk, reason="Wrong", now=NOW
    )
    signal = FeedbackSignal.objects.get()
    blind = api(factories.a_person())
    assert good(blind.get("/signals?stands=false"))["results"] == []
    assert blind.get(f"/lineage?from=signal:{signal.pk}").status_code == 404
    assert api(house.bot).get(f"/lineage?from=signal:{signal.pk}").status_code == 200


def test_signals_made_anew_are_the_same(house: House) -> None:
    house.resolved("balance")
    house.agreed(("balance", "balance"))
    sweep()
    kept = {(s.pk, s.kind, s.statement, tuple(s.decisions)) for s in FeedbackSignal.objects.all()}
    made = {
        (s.id, s.kind.value, s.statement, tuple(s.decisions))
        for _, found in taught(Resolution.objects.all())
        for s in found
    }
    assert made == kept


def test_the_audit_names_signals_that_are_not_what_was_taught(house: House) -> None:
    house.resolved("balance")
    house.agreed(("balance", "balance"))
    span = Span(NOW + timedelta(days=1))
    missing = list(signals_follow_from_decisions(span))
    assert len(missing) == 2
    assert "has no such signal" in missing[0]
    sweep()
    assert list(signals_follow_from_decisions(span)) == []
    append_only.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE feedback_feedbacksignal SET statement = 'Nothing.'")
    assert all("is not what resolution" in said for said in signals_follow_from_decisions(span))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE feedback_feedbacksignal SET kind = 'near_miss'")
    assert len(list(signals_follow_from_decisions(span))) == 2
