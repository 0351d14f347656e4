"""Lending what a role permits, while one is away: for a time, to one person, and no further."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from governance.domain.times import rfc3339
from governance.enums import Permission, UserKind
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Delegation, DelegationEnd, Membership, Role, User
from governance.selectors import delegations, persons
from governance.services import ledger

LONGEST = timedelta(days=90)


@transaction.atomic
def give(
    *, actor: User, holder: str, role: str, until: datetime, reason: str, now: datetime
) -> Delegation:
    """Lend somebody what a role of one's own permits, but for reviewing, until a time.

    What one was lent oneself is not lent on. The holder may not see more than the giver. Where
    duties are separated, the two count as one person.
    """
    giver = User.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    if giver.kind != UserKind.HUMAN:
        raise NotPermitted("People lend what they may do; a service does not.")
    held = Role.objects.filter(slug=role, group__user=giver).first()
    if held is None:
        raise InvalidInput.at("/role", "Lend a role that you hold yourself.", code="unknown")
    if not set(held.permissions) - {Permission.REVIEW}:
        detail = "Reviewing is not lent: items are given to somebody else."
        raise InvalidInput.at("/role", detail, code="reviewing")
    taker = _holder(giver, holder)
    if not now < until <= now + LONGEST:
        detail = f"It ends within {LONGEST.days} days, at a time to come."
        raise InvalidInput.at("/until", detail, code="range")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why.", code="required")
    if delegations.in_force().filter(giver=giver, holder=taker, role=role).exists():
        raise Conflict("This role is lent to them already: end that first.")
    row = Delegation(
        giver=giver, holder=taker, role=role, since=now, until=until, reason=reason.strip()
    )
    row.save()
    ledger.append(
        stream=f"user:{giver.pk}", action="delegation.given", actor=actor, now=now,
        reason=row.reason,
        detail={
            "delegation": str(row.pk), "holder": taker.pk, "role": role, "until": rfc3339(until),
        },
    )  # fmt: skip
    return row


@transaction.atomic
def end(*, actor: User, delegation_id: uuid.UUID, now: datetime) -> DelegationEnd:
    """End a delegation before its time: by who gave it, who holds it, or an administrator."""
    row = Delegation.objects.filter(pk=delegation_id).first()
    if row is None or not (actor.is_superuser or actor.pk in (row.giver_id, row.holder_id)):
        raise NotFound("There is no such delegation.")
    User.objects.select_for_update(of=("self",)).get(pk=row.giver_id)
    if DelegationEnd.objects.filter(delegation=row).exists() or row.until <= now:
        raise Conflict("This delegation is over.")
    made = DelegationEnd(delegation=row, actor=actor, at=now)
    made.save()
    ledger.append(
        stream=f"user:{row.giver_id}", action="delegation.ended", actor=actor, now=now,
        detail={"delegation": str(row.pk), "end": str(made.pk)},
    )  # fmt: skip
    return made


def _holder(giver: User, username: str) -> User:
    people = User.objects.filter(username=username, is_active=True, kind=UserKind.HUMAN)
    taker: User | None = people.first()
    if taker is None:
        raise InvalidInput.at("/holder", f"There is no active person {username!r}.", code="unknown")
    if persons.person_of(taker) == persons.person_of(giver):
        raise InvalidInput.at("/holder", "Lend it to another person.", code="own")
    seen = Membership.objects.filter(user=giver).values("pipeline")
    beyond = Membership.objects.filter(user=taker).exclude(pipeline__in=seen)
    if not giver.is_superuser and beyond.exists():
        detail = "They see a pipeline that you do not: lend it to somebody who sees no more."
        raise InvalidInput.at("/holder", detail, code="beyond")
    return taker
