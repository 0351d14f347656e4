"""The clock of the second signature: whoever rolls back alone is signed after within a day."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.enums import Permission, SignedThing
from governance.models import AdjustmentActivation, Pipeline, Signature
from governance.selectors import policies
from reviews.models import SLAClock
from reviews.selectors import clock_terms
from reviews.services import clocks, own_policies

REASON = "Roll-backs are signed by a second person within a day."
SLUG = "sign-off"


def subject_of(adjustment_id: uuid.UUID) -> str:
    """Return what the clock of an adjustment is known by."""
    return f"adjustment:{adjustment_id}"


@transaction.atomic
def start(*, activation_id: uuid.UUID, now: datetime) -> SLAClock:
    """Start the clock of a roll-back, from when it was done; once, however often it is asked for.

    A second signature that was quicker than the promise stops it where it was given.
    """
    rolled = AdjustmentActivation.objects.select_related("pipeline").get(pk=activation_id)
    Pipeline.objects.select_for_update(of=("self",)).get(pk=rolled.pipeline_id)
    subject = subject_of(rolled.adjustment_id)
    started = SLAClock.objects.filter(subject=subject).first()
    if started is not None:
        return started
    law = clock_terms.law_of(
        _policy_of(rolled.pipeline, now), version_id=rolled.pipeline.live_id, queue=""
    )
    assert law is not None
    row = clocks.request_signoff(
        subject=subject, pipeline_id=rolled.pipeline_id, law=law, actor=None, now=rolled.at
    )
    signed = Signature.objects.filter(
        adjustment=rolled.adjustment_id, thing=SignedThing.ROLL_BACK
    ).first()
    if signed is not None:
        _stop(signed)
    return row


def _policy_of(pipeline: Pipeline, now: datetime) -> str:
    """Return the SLA policy by which a pipeline signs off: its own, or the one made for it."""
    document = policies.document(pipeline.live_id)
    named = [entry["policy"] for entry in document.get("slas", ()) if entry["default"]]
    named += [tier["sla"] for tier in document["tiers"].values() if tier["sla"]]
    for slug in named:
        found = policies.current_sla(slug)
        if found and policies.document(found[0])["targets"].get("signoff"):
            return str(slug)
    return own_policies.ensure(
        SLUG, target="P1D", permission=Permission.APPROVE, reason=REASON, now=now
    )


@transaction.atomic
def end(*, signature_id: uuid.UUID) -> None:
    """Stop the clock of a roll-back at its second signature."""
    row = Signature.objects.select_related("adjustment").get(pk=signature_id)
    Pipeline.objects.select_for_update(of=("self",)).get(pk=row.adjustment.pipeline_id)
    _stop(row)


def _stop(row: Signature) -> None:
    clocks.signed(subject=subject_of(row.adjustment_id), actor=row.signer, now=row.at)
