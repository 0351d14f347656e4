"""What a person may claim: the items of a lane that are theirs to take, and their skills."""

import functools
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.models import Skill, User
from reviews.enums import AssignmentState
from reviews.models import Assignment, Prediction, ReviewItem
from reviews.models.assignments import FINAL_FOR_PERSON
from reviews.selectors.restrictions import Restriction, apart

DAY = timedelta(days=1)
PREDICTION = "SELECT * FROM reviews_prediction WHERE id = %s"
# Stand for the values of a claim while its statement is composed.
ANY_LANE = uuid.UUID(int=1)
ANY_ACTOR = 2**31 - 2
ANY_TIME = datetime(1970, 1, 2, tzinfo=UTC)


def skills_of(user: User, now: datetime) -> frozenset[str]:
    """Return the names of a person's skills that have not expired."""
    valid = Q(expires=None) | Q(expires__gte=now.date())
    return frozenset(Skill.objects.filter(valid, user=user).values_list("name", flat=True))


def claimable(
    lane: uuid.UUID, actor: User, now: datetime, restricted: tuple[Restriction, ...] = ()
) -> "QuerySet[ReviewItem]":
    """Return the items of a lane that `actor` may claim, the most urgent first.

    What is restricted is for nobody to claim, whoever may see it.
    """
    mine = Assignment.objects.filter(item=OuterRef("pk"), reviewer=actor).filter(
        Q(state__in=FINAL_FOR_PERSON) | Q(state=AssignmentState.RELEASED, ended_at__gt=now - DAY)
    )
    rows = ReviewItem.objects.filter(~Exists(mine), lane=lane, open_slots__gt=0).exclude(
        prediction__sender=actor
    )
    return apart(rows, "prediction__", restricted).order_by("urgent_at", "pk")


def lock_most_urgent(
    lane: uuid.UUID, actor: User, now: datetime, restricted: tuple[Restriction, ...] = ()
) -> ReviewItem | None:
    """Lock and return the first of `claimable` that nobody else has locked, with its prediction.

    On PostgreSQL it is one statement with SKIP LOCKED. SQLite has one writer at a time: whoever is
    in a transaction holds everything.
    """
    if restricted:
        # Whom they are about differs from claim to claim, so it cannot be composed once.
        rows = claimable(lane, actor, now, restricted).select_related("prediction")
        return rows.select_for_update(skip_locked=True, of=("self",)).first()
    statement, places = _statement(connection.vendor)
    values = _adapted(lane, actor.pk, now - DAY)
    for item in ReviewItem.objects.raw(statement, [values.get(place, place) for place in places]):
        item.prediction = Prediction.objects.raw(PREDICTION, [_key(item.prediction_id)])[0]
        return item
    return None


def _key(value: uuid.UUID) -> Any:
    return ReviewItem._meta.get_field("id").get_db_prep_value(value, connection)


def _adapted(lane: uuid.UUID, actor_id: int, since: datetime) -> Mapping[Any, Any]:
    """Return what stands for the values of a claim, with the values, as the database takes them."""
    time = connection.ops.adapt_datetimefield_value
    return {
        _key(ANY_LANE): _key(lane),
        ANY_ACTOR: actor_id,
        time(ANY_TIME - DAY): time(since),
    }


@functools.cache
def _statement(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that locks the head of a lane, and its parameters, composed once."""
    rows = claimable(ANY_LANE, User(pk=ANY_ACTOR), ANY_TIME)
    head = rows.select_for_update(skip_locked=True, of=("self",))[:1]
    return head.query.sql_with_params()
