"""What a person has been told: their inbox, how much of it is unread, and the letters of it.

An item of a pipeline that is out of reach, or one that is restricted, is not shown any more,
whatever was told of it before.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from governance.domain.times import parse_rfc3339
from governance.models import Membership, Pipeline, User
from governance.selectors import incidents, principals
from reviews.domain.lifecycle import ENDED
from reviews.enums import ClockKind, ItemStatus, NotificationKind, PauseReason
from reviews.models import Notification, NotificationPreference, ReviewItem
from reviews.selectors import restrictions

PAGE = 50
# Beyond this the count says "99+".
MOST_COUNTED = 100
DONE = {
    "raise_priority": _("Its priority was raised."),
    "open_backup_queue": _("It was moved to the backup queue."),
    "add_reviewer": _("One more reviewer was asked for."),
    "reassign": _("It was given to somebody else."),
}
# What clocks measure that is no item: its name, and its page by its id.
PAGES = {
    "incident": (_("An incident"), "/admin/governance/incident/{}/change/"),
    "challenge": (_("A challenge"), "/challenges/{}"),
    "objection": (_("An objection to a change"), "/changes"),
    "adjustment": (_("A change that was rolled back"), "/changes/{}"),
}


@dataclass(frozen=True)
class Line:
    """One of the items that a digest names."""

    item: ReviewItem
    kind: str
    late: timedelta | None
    late_by_the_clock: timedelta | None


@dataclass(frozen=True)
class About:
    """What is no item, in words, and the page of it; no page for who may not see it."""

    words: str
    page: str = ""


@dataclass(frozen=True)
class Entry:
    """A notification as it is read: its figures as lengths and times, its words as labels."""

    row: Notification
    lines: Sequence[Line] = ()
    pipelines: Sequence[tuple[str, int]] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    about: About | None = None

    @property
    def item(self) -> ReviewItem | None:
        """The item it is about."""
        return self.row.item

    @property
    def kind(self) -> str:
        """What kind it is."""
        return self.row.kind

    @property
    def clock(self) -> str:
        """Which clock it is about, in words."""
        kind = self.detail.get("clock")
        return str(ClockKind(kind).label) if kind in ClockKind.values else ""

    @property
    def subject(self) -> str:
        """What it is about that is no item."""
        return self.about.words if self.about else str(self.detail.get("subject", ""))

    @property
    def page(self) -> str:
        """The address of what it is about that is no item, if it has a page for this reader."""
        return self.about.page if self.about else ""

    @property
    def lesson(self) -> str:
        """The id of the lesson it is about."""
        return str(self.detail.get("lesson", ""))

    @property
    def target(self) -> timedelta:
        """The target of the clock."""
        return self._length("target_s") or timedelta(0)

    @property
    def share(self) -> float:
        """How much of the target is used up, of a warning."""
        return float(self.detail.get("share") or 0)

    @property
    def level(self) -> int:
        """Which level of the ladder fired."""
        return int(self.detail.get("level", 1))

    @property
    def levels(self) -> int:
        """How many levels the ladder has."""
        return int(self.detail.get("levels", 1))

    @property
    def loop(self) -> int:
        """How often the ladder has begun."""
        return int(self.detail.get("loop", 1))

    @property
    def late(self) -> timedelta | None:
        """How late it was, in business time."""
        return self._length("overdue_s")

    @property
    def late_by_the_clock(self) -> timedelta | None:
        """How late it was, by the clock on the wall."""
        return self._length("overdue_wall_s")

    @property
    def notable(self) -> bool:
        """Whether it was late by enough to say so."""
        return (self.late_by_the_clock or timedelta(0)) >= timedelta(minutes=1)

    @property
    def due_at(self) -> datetime | None:
        """When it was to be due, of a warning."""
        return self._time("due_at")

    @property
    def since(self) -> datetime | None:
        """When the pause began that has ended."""
        return self._time("since")

    @property
    def reason(self) -> str:
        """Why it was paused, in words."""
        reason = self.detail.get("reason")
        return str(PauseReason(reason).label) if reason in PauseReason.values else ""

    @property
    def actions(self) -> list[str]:
        """What a level did besides telling people, in sentences."""
        return [str(DONE[name]) for name in self.detail.get("actions", ()) if name in DONE]

    @property
    def ended(self) -> str:
        """What has become of the item, if it has come to its end."""
        item = self.item
        if item is None or ItemStatus(item.status) not in ENDED:
            return ""
        return str(item.get_status_display())

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """What a digest stands for, by kind."""
        counts = self.detail.get("kinds", {})
        return [(str(kind.label), counts[kind]) for kind in NotificationKind if kind in counts]

    def _length(self, name: str) -> timedelta | None:
        seconds = self.detail.get(name)
        return None if seconds is None else timedelta(seconds=seconds)

    def _time(self, name: str) -> datetime | None:
        text = self.detail.get(name)
        return parse_rfc3339(text) if text else None


def unread(user: User) -> int:
    """Return how many notifications a person has not read, up to MOST_COUNTED.

    One query, beside the one that asks whether any erasure waits.
    """
    return _of(user).filter(read_at=None)[:MOST_COUNTED].count()


def page(user: User, start: int) -> list[Entry]:
    """Return PAGE entries of the inbox and one more: the unread before the read, the newest first.

    Each of the two is read by an index of its own.
    """
    rows, new = _of(user), _of(user).filter(read_at=None)
    stop = start + PAGE + 1
    count = new.count()
    found = list(_shown(new)[start:stop]) if start < count else []
    first = max(start - count, 0)
    rest = stop - max(start, count)
    if rest > 0:
        found += _shown(rows.filter(read_at__isnull=False))[first : first + rest]
    return entries(user, found)


def one(user: User, notification_id: uuid.UUID) -> Notification | None:
    """Return a notification of this person."""
    return _of(user).filter(pk=notification_id).select_related("item").first()


def letter(user: User, ids: Sequence[str]) -> list[Entry]:
    """Return what a letter to a person is about, the oldest first."""
    return entries(user, list(_shown(_of(user).filter(pk__in=ids)).order_by("created_at", "pk")))


def entries(user: User, rows: Sequence[Notification]) -> list[Entry]:
    """Return rows as they are read, with what their digests name, in two queries for all."""
    named = {line["item"] for row in rows for line in row.detail.get("worst", ())} - {None}
    items = {
        str(item.pk): item
        for item in _reached(user, ReviewItem.objects.filter(pk__in=named)).select_related(
            "prediction", "pipeline"
        )
    }
    counted = {int(pk) for row in rows for pk in row.detail.get("pipelines", {})}
    names = dict(Pipeline.objects.filter(pk__in=counted).values_list("pk", "name"))
    known = _subjects(user, rows)
    return [_entry(row, items, names, known) for row in rows]


def _subjects(user: User, rows: Sequence[Notification]) -> dict[str, About]:
    """Return what the clocks of these rows measure that is no item, by its subject.

    An incident that has come out of reach keeps its title to itself.
    """
    subjects = {str(row.detail.get("subject", "")) for row in rows if not row.item_id}
    found: dict[str, About] = {}
    for subject in subjects:
        kind, _colon, key = subject.partition(":")
        if kind in PAGES and _is_id(key):
            words, page = PAGES[kind]
            found[subject] = About(str(words), page.format(key))
    return found | _incidents(user, [s for s in found if s.startswith("incident:")])


def _incidents(user: User, subjects: Sequence[str]) -> dict[str, About]:
    if not subjects:
        return {}
    reads = principals.reads_records(user)
    words, page = PAGES["incident"]
    keys = [subject.removeprefix("incident:") for subject in subjects]
    rows = incidents.visible(principals.of_person(user)).filter(pk__in=keys)
    titles = {f"incident:{pk}": title for pk, title in rows.values_list("pk", "title")}
    return {
        subject: About(titles[subject], page.format(key) if reads else "")
        if subject in titles
        else About(str(words))
        for subject, key in zip(subjects, keys, strict=True)
    }


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _entry(
    row: Notification,
    items: Mapping[str, ReviewItem],
    names: Mapping[int, str],
    known: Mapping[str, About],
) -> Entry:
    lines = [
        Line(items[line["item"]], line["kind"], _s(line["overdue_s"]), _s(line["overdue_wall_s"]))
        for line in row.detail.get("worst", ())
        if line["item"] in items
    ]
    counts = row.detail.get("pipelines", {})
    pipelines = [(names[int(pk)], count) for pk, count in counts.items() if int(pk) in names]
    about = known.get(str(row.detail.get("subject", "")))
    return Entry(row, lines, sorted(pipelines), row.detail, about)


def _s(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def preference(user: User) -> NotificationPreference | None:
    """Return what a person has chosen, if they have."""
    return NotificationPreference.objects.filter(pk=user.pk).first()


def _of(user: User) -> "QuerySet[Notification]":
    rows = Notification.objects.filter(person=user)
    if user.is_superuser:
        return rows
    reached = Membership.objects.filter(user=user, pipeline=OuterRef("item__pipeline"))
    rows = rows.filter(Q(item=None) | Exists(reached))
    return _unrestricted(user, rows, "item__prediction__")


def _reached(user: User, items: "QuerySet[ReviewItem]") -> "QuerySet[ReviewItem]":
    if user.is_superuser:
        return items
    items = items.filter(pipeline__memberships__user=user)
    return _unrestricted(user, items, "prediction__")


def _unrestricted(user: User, rows: "QuerySet[Any]", path: str) -> "QuerySet[Any]":
    restricted = restrictions.in_force()
    if not restricted or restrictions.sees(principals.of_person(user)):
        return rows
    return restrictions.apart(rows, path, restricted)


def _shown(rows: "QuerySet[Notification]") -> "QuerySet[Notification]":
    return rows.select_related("item__prediction", "item__pipeline").order_by("-created_at", "-pk")
