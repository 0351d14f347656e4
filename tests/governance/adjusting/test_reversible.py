"""What "reversible" means: R1 to R5 and R8. R6 is told where reviews are."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from governance.exceptions import Conflict, Stale
from governance.models import (
    Adjustment,
    AdjustmentActivation,
    AuditEvent,
    PolicyActivation,
    PolicyVersion,
    User,
)
from governance.models.base import AppendOnlyError
from governance.selectors import effective
from governance.services import changes
from reviews.models import Prediction
from tests import factories, governed

pytestmark = pytest.mark.django_db
SLICE, RULE = "/routing/random_slice", "/routing/rules/unsure/when"


@pytest.fixture
def bot() -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def people(bot: User) -> list[User]:
    return governed.approvers()


def now_in_force() -> str:
    return effective.of(governed.the_pipeline()).digest


def tier_of(bot: User, confidence: float) -> str:
    (row,) = factories.send(bot, factories.a_payload(confidence=confidence))
    return row.tier


def test_r1_the_inverse_is_there_before_anybody_signs_and_was_tried(bot: User) -> None:
    before = now_in_force()
    versions, events = PolicyVersion.objects.count(), AuditEvent.objects.count()
    row = governed.submit(governed.draft(bot))
    assert [step["path"] for step in row.inverse] == [
        "/routing/rules/unsure/when", "/routing/rules/confident/when",
    ]  # fmt: skip
    assert now_in_force() == before
    assert PolicyVersion.objects.count() == versions
    # Its own submission, and nothing of the rehearsal.
    assert AuditEvent.objects.count() == events + 2


def test_r1_what_does_not_come_back_byte_for_byte_is_not_submitted(
    bot: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = governed.draft(bot)
    monkeypatch.setattr(changes.patches, "inverse", lambda steps: list(steps)[:1])
    with pytest.raises((Conflict, LookupError)):
        governed.submit(row)


@pytest.mark.parametrize("kind", ["config", "override", "model_version"])
def test_r1_a_roll_back_ends_at_the_digest_of_before(
    bot: User, people: list[User], kind: str
) -> None:
    made = {
        "config": governed.draft,
        "override": lambda who: governed.override(who, SLICE, 0.25),
        "model_version": lambda who: governed.of_model(who, "4"),
    }[kind](bot)
    before = now_in_force()
    row = governed.in_force(made, *people)
    assert now_in_force() != before
    governed.roll_back(row, people[1])
    assert now_in_force() == before
    seen = list(AdjustmentActivation.objects.order_by("number"))
    assert [each.act for each in seen] == ["activate", "roll_back"]
    assert (seen[0].digest_before, seen[1].digest) == (before, before)


@pytest.mark.parametrize("first", [{}, {"n/a ~": {"meaning": "Not there."}}])
def test_r1_a_change_of_the_glossary_is_taken_back_to_the_digest_of_before(
    bot: User, people: list[User], first: dict[str, Any]
) -> None:
    factories.apply(factories.pipeline_document(glossary=first))
    before = now_in_force()
    changed = {"n/a ~": {"meaning": "Absent."}, "card": {"meaning": "Plastic."}}
    row = governed.in_force(governed.draft(bot, governed.more_review(glossary=changed)), *people)
    assert now_in_force() != before
    governed.roll_back(row, people[1])
    assert now_in_force() == before


def test_r2_the_next_prediction_is_routed_by_what_was_before(bot: User, people: list[User]) -> None:
    assert tier_of(bot, 0.85) == "low"
    row = governed.in_force(governed.draft(bot), *people)
    assert tier_of(bot, 0.85) == "mid"
    governed.roll_back(row, people[0])
    assert tier_of(bot, 0.85) == "low"


def test_r3_there_and_back_is_three_activations_and_one_artefact(
    bot: User, people: list[User]
) -> None:
    first = governed.the_pipeline().live
    assert first is not None
    row = governed.in_force(governed.draft(bot), *people)
    governed.roll_back(row, people[0])
    versions = PolicyActivation.objects.order_by("pk").values_list("version", flat=True)
    assert [key == first.pk for key in versions] == [True, False, True]
    assert PolicyVersion.objects.filter(kind="pipeline", digest=first.digest).count() == 1
    numbers = AdjustmentActivation.objects.order_by("pk").values_list("number", flat=True)
    assert list(numbers) == [1, 2]


def test_r4_what_was_in_force_cannot_be_thrown_away(bot: User, people: list[User]) -> None:
    row = governed.in_force(governed.draft(bot), *people)
    governed.roll_back(row, people[0])
    for version in PolicyVersion.objects.filter(kind="pipeline"):
        with pytest.raises((AppendOnlyError, ProtectedError)):
            version.delete()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM governance_policyversion")


def test_r5_what_a_later_change_builds_on_is_not_rolled_back_and_the_later_is_named(
    bot: User, people: list[User]
) -> None:
    one = governed.in_force(governed.override(bot, SLICE, 0.1), *people)
    two = governed.in_force(governed.override(bot, SLICE, 0.2), *people)
    one.refresh_from_db()
    assert (one.state, one.superseded_by_id) == ("superseded", two.pk)
    with pytest.raises(Conflict) as refused:
        governed.roll_back(one, people[0])
    assert refused.value.extra["depending"] == [str(two.pk)]
    governed.roll_back(two, people[0])
    one.refresh_from_db()
    assert one.state == "active"
    governed.roll_back(one, people[0])
    assert governed.the_pipeline().live.document["routing"]["random_slice"] == 0


def test_r5_independent_changes_are_rolled_back_alone(bot: User, people: list[User]) -> None:
    one = governed.in_force(governed.override(bot, SLICE, 0.1), *people)
    governed.in_force(governed.override(bot, RULE, "confidence < 0.7"), *people)
    governed.roll_back(one, people[0])
    document = governed.the_pipeline().live.document
    assert document["routing"]["random_slice"] == 0
    assert document["routing"]["rules"][1]["when"] == "confidence < 0.7"


def test_r5_what_was_changed_past_all_signatures_is_named(bot: User, people: list[User]) -> None:
    row = governed.in_force(governed.override(bot, SLICE, 0.1), *people)
    document = factories.pipeline_document()
    document["routing"]["random_slice"] = 0.3
    factories.apply(document)
    with pytest.raises(Conflict) as refused:
        governed.roll_back(row, people[0])
    assert refused.value.extra["paths"] == [SLICE]


def test_r7_nothing_that_people_said_is_touched(bot: User, people: list[User]) -> None:
    item = factories.an_item(bot)
    reviewer = factories.a_person()
    held = factories.claim(reviewer)
    assert held is not None
    said = factories.decide(reviewer, held)
    before = {f: getattr(said.decision, f.attname) for f in said.decision._meta.concrete_fields}
    row = governed.in_force(governed.draft(bot), *people)
    governed.roll_back(row, people[0])
    said.decision.refresh_from_db()
    after = {f: getattr(said.decision, f.attname) for f in said.decision._meta.concrete_fields}
    assert after == before
    assert Prediction.objects.get(pk=item.prediction_id).config_version_id


def test_activation_compares_before_it_swaps(bot: User, people: list[User]) -> None:
    row = governed.sign(governed.submit(governed.draft(bot)), *people)
    factories.apply(factories.pipeline_document(name="Another name"))
    live = governed.the_pipeline().live_id
    with pytest.raises(Stale):
        governed.activate(row, people[0])
    row.refresh_from_db()
    assert row.state == "stale"
    assert governed.the_pipeline().live_id == live


def test_an_override_goes_stale_by_its_own_values_alone(bot: User, people: list[User]) -> None:
    one = governed.sign(governed.submit(governed.override(bot, SLICE, 0.1)), *people)
    two = governed.sign(governed.submit(governed.override(bot, SLICE, 0.2)), *people)
    factories.apply(factories.pipeline_document(name="Another name"))
    assert governed.activate(one, people[0]).state == "active"
    with pytest.raises(Stale, match=SLICE):
        governed.activate(two, people[0])


def test_a_model_goes_stale_when_another_came_meanwhile(bot: User, people: list[User]) -> None:
    one = governed.sign(governed.submit(governed.of_model(bot, "4")), *people)
    two = governed.sign(governed.submit(governed.of_model(bot, "5")), *people)
    governed.activate(one, people[0])
    assert effective.of(governed.the_pipeline()).model == {"name": "intents", "version": "4"}
    with pytest.raises(Stale):
        governed.activate(two, people[0])


def test_the_working_rows_follow_unless_somebody_has_a_draft_there(
    bot: User, people: list[User]
) -> None:
    row = governed.in_force(governed.override(bot, SLICE, 0.1), *people)
    pipeline = governed.the_pipeline()
    assert pipeline.random_slice == 0.1
    pipeline.name = "A draft"
    pipeline.because(None, "For a test").save()
    governed.roll_back(row, people[0])
    pipeline = governed.the_pipeline()
    assert (pipeline.name, pipeline.random_slice) == ("A draft", 0.1)
    assert pipeline.live.document["routing"]["random_slice"] == 0


def test_what_cannot_be_told_apart_in_the_ledger_does_not_happen(
    bot: User, people: list[User]
) -> None:
    row = governed.in_force(governed.draft(bot), *people)
    governed.roll_back(row, people[0])
    governed.sign(row, people[1])
    events = AuditEvent.objects.filter(stream=f"adjustment:{row.pk}").order_by("sequence")
    assert [event.action.split(".")[1] for event in events] == [
        "proposed", "submitted", "signed", "signed", "activated", "rolled_back",
        "roll_back_signed",
    ]  # fmt: skip
    assert Adjustment.objects.get(pk=row.pk).state == "rolled_back"


def test_effective_over_http(bot: User, people: list[User], api: Any) -> None:
    row = governed.in_force(governed.override(bot, SLICE, 0.1), *people)
    told = api(bot, "govern").get("/pipelines/intents/effective").json()
    assert told["config_version"] == 2
    assert told["overrides"] == [{"adjustment": str(row.pk), "path": SLICE, "value": 0.1}]
    assert told["digest"] == now_in_force()
