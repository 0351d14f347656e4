"""The clock of a challenge: from when an outcome is doubted until somebody has judged the doubt."""

import uuid

from django.db import transaction

from governance.enums import Permission
from reviews.models import Challenge, ChallengeOutcome, ReviewItem, SLAClock
from reviews.selectors import clock_terms
from reviews.services import clocks, own_policies

REASON = "Challenges are judged within three days."
SLUG, TARGET = "challenge", "P3D"


def subject_of(challenge_id: uuid.UUID) -> str:
    """Return what the clock of a challenge is known by."""
    return f"challenge:{challenge_id}"


@transaction.atomic
def start(*, challenge_id: uuid.UUID) -> SLAClock:
    """Start the clock of a challenge, from when it was opened; once, however often it is asked for.

    A judgement that was quicker than the promise stops it where it was given. Who judges holds the
    item too, so that one of the two always sees the other.
    """
    row = Challenge.objects.select_related("item__pipeline").get(pk=challenge_id)
    ReviewItem.objects.select_for_update(of=("self",)).get(pk=row.item_id)
    subject, pipeline = subject_of(row.pk), row.item.pipeline
    started = SLAClock.objects.filter(subject=subject).first()
    if started is not None:
        return started
    slug = own_policies.ensure(
        SLUG, target=TARGET, permission=Permission.ADJUDICATE, reason=REASON, now=row.opened_at
    )
    law = clock_terms.law_of(slug, version_id=pipeline.live_id, queue="")
    assert law is not None
    # Without an actor: who challenged may be unnamed.
    made = clocks.request_signoff(
        subject=subject, pipeline_id=pipeline.pk, law=law, actor=None, now=row.opened_at
    )
    outcome = ChallengeOutcome.objects.filter(challenge=row).first()
    if outcome is not None:
        end(outcome)
    return made


def end(outcome: ChallengeOutcome) -> None:
    """Stop the clock of a challenge at its judgement; the caller holds the item."""
    subject = subject_of(outcome.challenge_id)
    clocks.signed(subject=subject, actor=outcome.judge, now=outcome.at)
