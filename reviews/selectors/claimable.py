"""What a person may claim: the items of a lane that are theirs to take, and their skills."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.models import Skill, User
from reviews.enums import AssignmentState
from reviews.models import Assignment, ReviewItem
from reviews.models.assignments import FINAL_FOR_PERSON

DAY = timedelta(days=1)


def skills_of(user: User, now: datetime) -> frozenset[str]:
    """Return the names of a person's skills that have not expired."""
    valid = Q(expires=None) | Q(expires__gte=now.date())
    return frozenset(Skill.objects.filter(valid, user=user).values_list("name", flat=True))


def claimable(lane: uuid.UUID, actor: User, now: datetime) -> "QuerySet[ReviewItem]":
    """Return the items of a lane that `actor` may claim, the most urgent first."""
    mine = Assignment.objects.filter(item=OuterRef("pk"), reviewer=actor).filter(
        Q(state__in=FINAL_FOR_PERSON) | Q(state=AssignmentState.RELEASED, ended_at__gt=now - DAY)
    )
    return (
        ReviewItem.objects.filter(~Exists(mine), lane=lane, open_slots__gt=0)
        .exclude(prediction__sender=actor)
        .order_by("urgent_at", "pk")
    )
