"""Builders of changes that people sign, each state reached through services."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from governance.enums import AdjustmentKind, Meaning
from governance.models import Adjustment, Pipeline, Stop, User
from governance.selectors import principals
from governance.services import activations, adjustments, signatures, stops
from governance.services.adjustments import Proposal
from tests import factories

CAREFUL = "confidence < 0.9"


def approvers(count: int = 2, pipelines: tuple[str, ...] = ("intents",)) -> list[User]:
    """Return people who may sign, activate and roll back."""
    return [
        factories.a_person(roles=("approver",), pipelines=pipelines, skills=())
        for _ in range(count)
    ]


def more_review(**changes: Any) -> dict[str, Any]:
    """Return a whole document that sends more to people: what is at least 0.9 alone is approved."""
    document = factories.pipeline_document(**changes)
    document["routing"]["rules"][1]["when"] = CAREFUL
    document["routing"]["rules"][2]["when"] = "confidence >= 0.9"
    return document


def draft(
    author: User,
    change: dict[str, Any] | None = None,
    *,
    kind: str = AdjustmentKind.CONFIG,
    pipeline: str = "intents",
    now: datetime | None = None,
    **said: Any,
) -> Adjustment:
    """Return a draft; a change of the configuration unless told otherwise."""
    return adjustments.propose(
        principal=principals.of_person(author),
        actor=author,
        pipeline=pipeline,
        kind=kind,
        proposal=Proposal(
            more_review() if change is None else change, said.pop("summary", "Review more"), **said
        ),
        now=now or timezone.now(),
    )


def of_model(author: User, version: str, **more: Any) -> Adjustment:
    """Return a draft that brings a model into force."""
    change = {"name": "intents", "version": version}
    return draft(author, change, kind=AdjustmentKind.MODEL_VERSION, **more)


def override(author: User, path: str, value: Any, **more: Any) -> Adjustment:
    """Return a draft that sets one value."""
    return draft(author, {"set": {path: value}}, kind=AdjustmentKind.OVERRIDE, **more)


def submit(row: Adjustment, *, now: datetime | None = None) -> Adjustment:
    return adjustments.submit(
        principal=principals.of_person(row.author), actor=row.author, adjustment_id=row.pk,
        now=now or timezone.now(),
    )  # fmt: skip


def sign(
    row: Adjustment,
    *signers: User,
    meaning: str = Meaning.APPROVAL,
    now: datetime | None = None,
    proven: timedelta | None = timedelta(0),
) -> Adjustment:
    """Sign as each of `signers`, who gave their password `proven` ago."""
    at = now or timezone.now()
    for signer in signers:
        row = signatures.sign(
            principal=principals.of_person(signer), actor=signer, adjustment_id=row.pk,
            meaning=meaning, proven_at=None if proven is None else at - proven, now=at,
        )  # fmt: skip
    return row


def activate(row: Adjustment, actor: User, *, now: datetime | None = None) -> Adjustment:
    return activations.activate(
        principal=principals.of_person(actor), actor=actor, adjustment_id=row.pk,
        now=now or timezone.now(),
    )  # fmt: skip


def in_force(row: Adjustment, *signers: User, now: datetime | None = None) -> Adjustment:
    """Submit a draft, have it signed and activate it."""
    sign(submit(row, now=now), *signers, now=now)
    return activate(row, signers[0], now=now)


def roll_back(
    row: Adjustment, actor: User, reason: str = "It does harm", *, now: datetime | None = None
) -> Adjustment:
    return activations.roll_back(
        principal=principals.of_person(actor), actor=actor, adjustment_id=row.pk, reason=reason,
        now=now or timezone.now(),
    )  # fmt: skip


def stop(actor: User, pipeline: str = "intents", **place: str) -> Stop:
    """Press the switch."""
    return stops.stop(
        principal=principals.of_person(actor), actor=actor, pipeline=pipeline,
        place=stops.Place(**place), reason="It does harm", now=timezone.now,
    )  # fmt: skip


def resume(row: Stop, *people: User) -> Stop:
    for person in people:
        stops.resume(
            principal=principals.of_person(person), actor=person, stop_id=row.pk,
            reason="It was mended", now=timezone.now(),
        )  # fmt: skip
    return row


def the_pipeline(slug: str = "intents") -> Pipeline:
    return Pipeline.objects.select_related("live").get(slug=slug)
