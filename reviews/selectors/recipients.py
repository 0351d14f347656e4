"""Who can be told, and how: people by name or by role, who work on a pipeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from governance.domain.documents.clocks import ADMINISTRATORS
from governance.enums import Permission, UserKind
from governance.models import Role, User
from reviews.domain.wishes import AT_ONCE, EMAIL, INBOX, Wishes
from reviews.models import NotificationPreference


@dataclass(frozen=True)
class Recipient:
    """One person who can be told, and how they want it."""

    person_id: int
    email: str
    wishes: Wishes

    def by_mail(self, kind: str) -> bool:
        """Return whether a kind of notification is mailed to them: wanted, and possible."""
        return mail_is_sent() and bool(self.email) and self.wishes.wants(kind, EMAIL)

    def wants(self, kind: str) -> bool:
        """Return whether they want to know of a kind at all."""
        return self.wishes.wants(kind, INBOX) or self.by_mail(kind)


def mail_is_sent() -> bool:
    """Return whether this installation has a mail server at all."""
    return bool(settings.SENDS_MAIL)


def recipients(people: Iterable[int]) -> dict[int, Recipient]:
    """Return those of these people who can be told anything, by id; all others are left out."""
    rows = User.objects.filter(pk__in=set(people), is_active=True, kind=UserKind.HUMAN)
    kept = NotificationPreference.objects.in_bulk([row.pk for row in rows])
    return {
        row.pk: Recipient(row.pk, row.email, wishes(row, kept.get(row.pk)))
        for row in sorted(rows, key=lambda row: row.pk)
    }


def wishes(user: User, kept: NotificationPreference | None) -> Wishes:
    """Return how a person wants to be told; without preferences by every way, at once."""
    zone = ZoneInfo(user.timezone)
    if kept is None:
        return Wishes(zone, digest=AT_ONCE)
    begins, ends = kept.quiet_from, kept.quiet_until
    quiet = (begins, ends) if begins is not None and ends is not None else None
    return Wishes(zone, kept.channels, kept.digest, quiet)


def reachable(pipeline_id: int, notify: Sequence[str]) -> list[int]:
    """Return the ids of the active people that a level names, each once.

    `role:SLUG` and `user:NAME` name who works on the pipeline; `administrators`, who administers
    by now.
    """
    roles = [name.removeprefix("role:") for name in notify if name.startswith("role:")]
    names = [name.removeprefix("user:") for name in notify if name.startswith("user:")]
    wanted = Q(username__in=names) | Q(groups__role__slug__in=roles)
    if ADMINISTRATORS in notify:
        wanted |= Q(is_superuser=True)
    return list(_working_on(pipeline_id).filter(wanted).values_list("pk", flat=True))


def owners(pipeline_id: int) -> list[int]:
    """Return who is told when nobody else can be: its adjudicators, else the administrators."""
    roles = [
        role.group_id for role in Role.objects.all() if Permission.ADJUDICATE in role.permissions
    ]
    found = _working_on(pipeline_id).filter(groups__in=roles).values_list("pk", flat=True)
    administrators = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return list(found) or list(administrators.values_list("pk", flat=True))


def _working_on(pipeline_id: int) -> "QuerySet[User]":
    people: QuerySet[User] = User.objects.filter(is_active=True, kind=UserKind.HUMAN)
    here = Q(is_superuser=True) | Q(memberships__pipeline=pipeline_id)
    return people.filter(here).distinct().order_by("pk")
