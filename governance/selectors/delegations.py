"""What people lend one another: which of it counts now, and who stands in for whom."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from governance.domain.principal import Principal
from governance.models import Delegation, Membership, Role, User
from governance.selectors import audit


def in_force() -> "QuerySet[Delegation]":
    """Return what is lent now, by the clock of the database, by who holds the role themselves.

    It counts while the holder sees no pipeline that the giver does not: what is lent is never more
    than the giver has.
    """
    role = Role.objects.filter(slug=OuterRef("role"), group__user=OuterRef("giver"))
    shared = Membership.objects.filter(
        user=OuterRef(OuterRef("giver")), pipeline=OuterRef("pipeline")
    )
    beyond = Membership.objects.filter(~Exists(shared), user=OuterRef("holder"))
    return Delegation.objects.filter(
        Exists(role), Q(giver__is_superuser=True) | ~Exists(beyond),
        since__lte=Now(), until__gt=Now(), end=None, giver__is_active=True,
    )  # fmt: skip


def to(user: User) -> "QuerySet[Delegation]":
    """Return what is lent to somebody now."""
    return in_force().filter(holder=user)


def roles_of(user: User) -> set[str]:
    """Return the roles that somebody holds now, their own and lent ones."""
    own = Role.objects.filter(group__user=user).values_list("slug", flat=True)
    return {*own, *to(user).values_list("role", flat=True)}


def at(moment: datetime) -> "QuerySet[Delegation]":
    """Return what was lent at a moment, whatever it came to."""
    rows = Delegation.objects.select_related("giver", "holder").order_by("since", "pk")
    open_then = Q(end=None) | Q(end__at__gt=moment)
    return rows.filter(open_then, since__lte=moment, until__gt=moment)


def concerning(user: User) -> "QuerySet[Delegation]":
    """Return what somebody lent or was lent, the newest first."""
    rows = Delegation.objects.select_related("giver", "holder", "end")
    return rows.filter(Q(giver=user) | Q(holder=user)).order_by("-pk")


def within(principal: Principal) -> "QuerySet[Delegation]":
    """Return the delegations of people within reach."""
    people = audit.people(principal, User.objects.all()).values("pk")
    rows = Delegation.objects.select_related("giver", "holder", "end")
    return rows.filter(Q(giver__in=people) | Q(holder__in=people))
