"""O3: what is past its time goes and nothing else, and the going is on record."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, models, transaction

from governance.domain import retention as law
from governance.domain.documents import InvalidDocuments
from governance.domain.invariants import Span
from governance.exceptions import InvalidInput
from governance.models import AuditEvent, Redaction, RetentionRule
from governance.selectors import principals, redactions
from governance.selectors import retention as kept
from governance.services import configuration, holds, retention
from reviews.models import Decision, Notification, Prediction, ReviewItem, ShadowRoute
from reviews.selectors import intake_invariants
from reviews.services import notifications, purging
from tests import factories
from tests.factories import NOW
from tests.privacy.conftest import PRIVACY, Scene, about, decided

DAY = timedelta(days=1)


def purge(after: int) -> int:
    return purging.purge(now=NOW + after * DAY)


def test_o3_a_class_cannot_be_kept_for_less_than_the_floor(scene: Scene) -> None:
    said = {"actor": scene.officer, "reason": "For a test", "now": NOW}
    with pytest.raises(InvalidInput, match="183 days"):
        retention.keep_for(record_class="decisions", days=182, **said)
    with pytest.raises(law.BelowFloor):
        law.checked(182)
    assert RetentionRule.objects.count() == 0
    retention.keep_for(record_class="decisions", days=183, **said)
    assert kept.days()["decisions"] == 183
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(RetentionRule).update(days=182)
    with pytest.raises(InvalidInput, match="A class is one of"):
        retention.keep_for(record_class="other", days=200, **said)


@pytest.mark.django_db
def test_o3_a_pipeline_cannot_keep_predictions_for_less_either() -> None:
    with pytest.raises((InvalidInput, InvalidDocuments)) as caught:
        configuration.apply(
            sources=[factories.pipeline_document(privacy=PRIVACY | {"retain_days": 182})],
            actor=None, reason="For a test", now=NOW,
        )  # fmt: skip
    assert "/privacy/retain_days" in str(getattr(caught.value, "faults", caught.value))


def test_o3_a_purge_takes_what_is_past_its_time_and_nothing_else(scene: Scene) -> None:
    old = decided(scene, "c-1")
    (young,) = factories.send(scene.bot, about("c-2"), now=NOW + 10 * DAY)
    open_one = factories.an_item(scene.bot, **about("c-3"))
    assert purge(364) == 0
    assert purge(366) == 1
    assert purge(366) == 0

    rows = {row.pk: row for row in Prediction.objects.all()}
    assert rows[old.prediction_id].input == {"erased": True}
    assert rows[old.prediction_id].subject_ref == "c-1"
    assert rows[young.pk].input != {"erased": True}
    assert rows[open_one.prediction_id].input != {"erased": True}
    assert Decision.objects.get().rationale == "c-1 said so."
    (event,) = AuditEvent.objects.filter(action="retention.purged")
    assert event.detail["rows"] == 1
    assert event.detail["class"] == "predictions"
    assert Redaction.objects.get(model="reviews.prediction").event == event.pk
    span = Span(NOW + 400 * DAY)
    assert list(intake_invariants.predictions_are_there_once(span)) == []
    assert list(redactions.untrue(span)) == []


def test_decisions_keep_their_text_for_seven_years(scene: Scene) -> None:
    decided(scene, "c-1")
    purge(2556)
    assert Decision.objects.get().rationale != ""
    purge(2558)
    decision = Decision.objects.get()
    assert (decision.rationale, decision.salt, decision.verdict) == ("", "", "accept")


def test_a_pipeline_that_declares_no_personal_data_keeps_its_predictions(db: None) -> None:
    factories.a_pipeline()
    (row,) = factories.send(factories.a_service(), factories.a_payload("low"))
    assert purge(36_000) == 0
    assert Prediction.objects.get(pk=row.pk).input == row.input


@pytest.mark.parametrize("what", [{"subject": "c-1"}, {"pipeline": "intents"}])
def test_o3_what_a_legal_hold_covers_is_not_purged_until_it_is_lifted(
    scene: Scene, what: dict[str, str]
) -> None:
    decided(scene, "c-1")
    principal = principals.of_person(scene.officer)
    hold = holds.place(principal=principal, actor=scene.officer, reason="A case", now=NOW, **what)
    assert purge(400) == 0
    assert purging.due(now=NOW + 400 * DAY)[-1][1] == 0
    holds.lift(principal=principal, actor=scene.officer, hold_id=hold.pk, reason="Closed", now=NOW)
    assert purge(400) == 1


def test_shadow_routes_and_notices_are_deleted_whole(scene: Scene) -> None:
    configuration.put(
        pipeline_id=scene.pipeline.pk, source=factories.pipeline_document(privacy=PRIVACY),
        mode="shadow", actor=None, reason="For a test", now=NOW, read=scene.pipeline.live,
    )  # fmt: skip
    factories.send(scene.bot, about("c-1"))
    notifications.announce(
        person_id=scene.reviewer.pk, kind="assigned", source="a:1", item=None, detail={}, now=NOW
    )
    Notification.objects.update(mailed_at=NOW)
    assert ShadowRoute.objects.count() == 1
    purge(395)
    assert (ShadowRoute.objects.count(), Notification.objects.count()) == (1, 1)
    purge(397)
    assert (ShadowRoute.objects.count(), Notification.objects.count()) == (0, 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(Prediction).update(tier="low")


def test_a_purge_goes_on_where_it_stopped_and_a_dry_run_takes_nothing(scene: Scene) -> None:
    for number in range(3):
        decided(scene, f"c-{number}")
    later = NOW + 366 * DAY
    counts = {(e.model.__name__, n) for e, n in purging.due(now=later)}
    assert ("Prediction", 3) in counts
    purging_at_once = purging.AT_ONCE
    try:
        purging.AT_ONCE = 2
        over = lambda: 100.0 if Redaction.objects.exists() else 0.0  # noqa: E731
        assert purging.purge(now=later, until=over) == 2
        assert purging.purge(now=later) == 1
    finally:
        purging.AT_ONCE = purging_at_once
    assert all(row.input == {"erased": True} for row in Prediction.objects.all())
    assert ReviewItem.objects.filter(status="resolved").count() == 3
