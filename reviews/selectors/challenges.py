"""Challenges that a principal may see, whom they name, and what they say of outcomes."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import NotFound
from governance.models import User
from governance.selectors import audit, persons
from reviews.enums import ChallengeState, ClockStatus
from reviews.models import Challenge, ChallengeOutcome, Decision, Resolution, SLAClock
from reviews.selectors import restrictions
from reviews.selectors.blindness import exposed

MAY_OPEN = (Permission.REVIEW, Permission.ADJUDICATE, Permission.APPROVE, Permission.AUDIT)
BY_PERSONS = Q(undoes=None, undone_by=None)


def visible(principal: Principal) -> "QuerySet[Challenge]":
    """Return the challenges within reach; not those of items that are blind to the principal."""
    rows = audit.within(Challenge.objects.all(), principal, "item__pipeline")
    rows = restrictions.shown(principal, exposed(principal, rows), "item__prediction__")
    return rows.select_related(
        "item__prediction", "item__pipeline", "resolution", "opened_by", "outcome__judge",
        "outcome__resolution",
    )  # fmt: skip


def one(principal: Principal, challenge_id: uuid.UUID) -> Challenge:
    """Return one challenge; NotFound when there is none within reach."""
    row = visible(principal).filter(pk=challenge_id).first()
    if row is None:
        raise NotFound("There is no such challenge.")
    return row


def awaiting(principal: Principal) -> "QuerySet[Challenge]":
    """Return the challenges within reach that nobody has judged."""
    return visible(principal).filter(outcome__isnull=True)


def deadlines(keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Return by when open challenges are to be judged, by their ids, as far as clocks run."""
    subjects = {f"challenge:{key}": key for key in keys}
    rows = SLAClock.objects.filter(
        subject__in=subjects, status=ClockStatus.RUNNING, due_at__isnull=False
    )
    return {subjects[subject]: due for subject, due in rows.values_list("subject", "due_at") if due}


def of_resolution(resolution_id: uuid.UUID | None) -> "QuerySet[Challenge]":
    """Return the open challenge of a resolution, if there is one."""
    return Challenge.objects.filter(resolution=resolution_id, outcome__isnull=True)


def open_resolutions() -> "QuerySet[Resolution]":
    """Return the resolutions that are challenged now: they count for nobody and against nobody."""
    rows = Challenge.objects.filter(resolution=OuterRef("pk"), outcome__isnull=True)
    return Resolution.objects.filter(Exists(rows))


def overturned_resolutions() -> "QuerySet[Resolution]":
    """Return the resolutions that a challenge took the place of."""
    rows = ChallengeOutcome.objects.filter(
        challenge__resolution=OuterRef("pk"), state=ChallengeState.OVERTURNED
    )
    return Resolution.objects.filter(Exists(rows))


def challenger(user_id: int, row: Challenge) -> str | None:
    """Return who opened a challenge as `user_id` is told: None while they stay unnamed."""
    if row.anonymous and row.opened_by_id != user_id:
        return None
    return str(row.opened_by.username)


def challenged(row: Resolution) -> list[User]:
    """Return whose decisions a resolution rests on, and who settled it, each once."""
    rests_on = Decision.objects.filter(pk__in=row.decided_on).values("reviewer")
    return list(User.objects.filter(Q(pk=row.actor_id) | Q(pk__in=rests_on)).order_by("pk"))


def refuses(user: User, row: Challenge) -> str:
    """Return why this person does not judge a challenge, or nothing when they may.

    Persons count, not accounts: neither who opened it, nor who decided on the item.
    """
    if _among(user, [row.opened_by]):
        return "You opened this challenge: somebody else judges it."
    decided = Decision.objects.filter(BY_PERSONS, item=row.item_id).values("reviewer")
    settled = Resolution.objects.filter(item=row.item_id).values("actor")
    if _among(user, User.objects.filter(Q(pk__in=decided) | Q(pk__in=settled))):
        return "You decided on this item yourself: somebody else judges the challenge."
    return ""


def _among(user: User, people: Iterable[User]) -> bool:
    return bool(persons.linked(user) & {persons.person_of(each) for each in people})
