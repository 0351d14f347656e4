"""The clock of an objection to a change: from when it was raised until it is answered.

It blocks all approval, so it is not to lie: those who approve are told, then the administrators.
"""

import uuid

from django.db import transaction

from governance.enums import AdjustmentState, Permission
from governance.models import AdjustmentChallenge, AdjustmentChallengeAnswer, Pipeline
from reviews.models import SLAClock
from reviews.selectors import clock_terms
from reviews.services import clocks, own_policies

REASON = "Objections to a change are answered within three days."
SLUG, TARGET = "objection", "P3D"
# A change that has ended so needs no answer any more.
OVER = (AdjustmentState.WITHDRAWN, AdjustmentState.REJECTED)


def subject_of(challenge_id: uuid.UUID) -> str:
    """Return what the clock of an objection is known by."""
    return f"objection:{challenge_id}"


@transaction.atomic
def follow(*, challenge_id: uuid.UUID) -> SLAClock:
    """Start the clock of an objection, and stop it where that was answered or its change ended.

    However often and in whichever order it is asked for, the clock is as the record says: each act
    on a change holds its pipeline, as this does.
    """
    row = AdjustmentChallenge.objects.select_related("adjustment").get(pk=challenge_id)
    home = Pipeline.objects.select_for_update(of=("self",)).get(pk=row.adjustment.pipeline_id)
    row.adjustment.refresh_from_db()
    clock = SLAClock.objects.filter(subject=subject_of(row.pk)).first() or _start(row, home)
    answer = AdjustmentChallengeAnswer.objects.filter(challenge=row).first()
    if answer is not None:
        clocks.signed(subject=clock.subject, actor=answer.actor, now=answer.at)
    elif row.adjustment.state in OVER:
        clocks.signed(subject=clock.subject, actor=None, now=row.adjustment.changed_at)
    return clock


def _start(row: AdjustmentChallenge, home: Pipeline) -> SLAClock:
    slug = own_policies.ensure(
        SLUG, target=TARGET, permission=Permission.APPROVE, reason=REASON, now=row.at
    )
    law = clock_terms.law_of(slug, version_id=home.live_id, queue="")
    assert law is not None
    return clocks.request_signoff(
        subject=subject_of(row.pk), pipeline_id=home.pk, law=law, actor=row.actor, now=row.at
    )
