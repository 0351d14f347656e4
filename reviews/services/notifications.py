"""Telling people: a row in the inbox for each, once, whatever is delivered again.

A row says when its mail is due; `reviews.services.mail` takes it from there. What would be more
than twenty for one person in one call becomes a digest: one row that stands for all of it and takes
more for a few minutes, so that the batches of one sweep end up in the same.
"""

import heapq
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from governance.domain.times import parse_rfc3339, rfc3339
from governance.models import User
from reviews.domain.wishes import INBOX, URGENT
from reviews.enums import NotificationKind
from reviews.models import Notification, ReviewItem
from reviews.selectors import notices, recipients
from reviews.selectors.notices import Notice
from reviews.selectors.recipients import Recipient

DIGEST_FROM = 21
# The mail of a digest waits for what follows, and no longer than the second.
DIGEST_WAITS = timedelta(seconds=30)
DIGEST_TAKES = timedelta(minutes=5)
WORST = 10


@transaction.atomic
def tell(*, event_ids: Sequence[str], now: datetime) -> int:
    """Tell people what happened to clocks; returns how many notices that made.

    A level of a ladder tells whom it named. A warning, a breach and the end of a pause tell who
    holds the item. Where nobody does, a warning tells the first level of the ladder, a breach
    leaves it to the ladder, and where there is none both tell the owners of the pipeline. The same
    call again tells nobody anything.
    """
    by_person: dict[int, list[Notice]] = defaultdict(list)
    for notice in notices.of_events(event_ids):
        by_person[notice.person_id].append(notice)
    if not by_person:
        return 0
    # One call at a time for one person, and always in one order, so that none waits for another.
    people = User.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    list(people.filter(pk__in=by_person).values_list("pk"))
    readers, batch = recipients.recipients(by_person), min(event_ids)
    return sum(_tell_one(reader, by_person[pk], batch, now) for pk, reader in readers.items())


@transaction.atomic
def announce(
    *,
    person_id: int,
    kind: str,
    source: str,
    item: ReviewItem | None,
    detail: Mapping[str, Any],
    now: datetime,
) -> int:
    """Tell one person one thing, once for each source; returns how many notices that made."""
    reader = recipients.recipients([person_id]).get(person_id)
    if reader is None:
        return 0
    notice = Notice(person_id, kind, source, item.pk if item else None, detail=detail)
    return _write(reader, _new(reader, [notice]), now)


@transaction.atomic
def mark_read(
    *,
    person: User,
    ids: Sequence[uuid.UUID] | None,
    now: datetime,
    until: datetime | None = None,
) -> int:
    """Mark notifications of a person as read, or all up to `until`; returns how many that were."""
    rows = Notification.objects.filter(person=person, read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    if until is not None:
        rows = rows.filter(created_at__lte=until)
    return rows.update(read_at=now)


def _tell_one(reader: Recipient, found: Sequence[Notice], batch: str, now: datetime) -> int:
    new = _new(reader, found)
    if not new or _counted(reader, new, batch):
        return 0
    digest = _open_digest(reader)
    if len(new) < DIGEST_FROM and (digest is None or not _takes_more(digest, now)):
        return _write(reader, new, now)
    if digest is not None and digest.mail_due_at is None and not _takes_more(digest, now):
        # No mail ever closes it.
        Notification.objects.filter(pk=digest.pk).update(mailed_at=now)
        digest = None
    return _gather(reader, digest, new, batch, now)


def _new(reader: Recipient, found: Sequence[Notice]) -> list[Notice]:
    """Return what this person wants to know and has no row of."""
    wanted = [notice for notice in found if reader.wants(notice.kind)]
    rows = Notification.objects.filter(
        person=reader.person_id, source__in=[notice.source for notice in wanted]
    )
    known = set(rows.values_list("source", flat=True))
    # A source may come twice: the pause of two clocks of an item.
    return list({n.source: n for n in wanted if n.source not in known}.values())


def _write(reader: Recipient, new: Sequence[Notice], now: datetime) -> int:
    rows = [_row(reader, notice, now) for notice in new]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _row(reader: Recipient, notice: Notice, now: datetime) -> Notification:
    due = reader.wishes.mail_at(now, urgent=notice.kind in URGENT)
    return Notification(
        person_id=reader.person_id,
        kind=notice.kind,
        source=notice.source,
        item_id=notice.item_id,
        escalation_id=notice.escalation_id,
        detail=dict(notice.detail),
        created_at=now,
        # What is for the mail alone is kept, and never counts as unread.
        read_at=None if reader.wishes.wants(notice.kind, INBOX) else now,
        mail_due_at=due if reader.by_mail(notice.kind) else None,
    )


def _counted(reader: Recipient, new: Sequence[Notice], batch: str) -> bool:
    """Return whether a digest stands for a batch already. It was moved to the top since then."""
    since = min(parse_rfc3339(notice.detail["written_at"]) for notice in new)
    rows = Notification.objects.filter(
        person=reader.person_id, created_at__gte=since, kind=NotificationKind.DIGEST
    )
    return any(batch in detail["batches"] for detail in rows.values_list("detail", flat=True))


def _open_digest(reader: Recipient) -> Notification | None:
    mine = Notification.objects.filter(person=reader.person_id, kind=NotificationKind.DIGEST)
    return mine.filter(mailed_at=None).select_for_update(of=("self",)).first()


def _takes_more(digest: Notification, now: datetime) -> bool:
    return now < parse_rfc3339(digest.detail["since"]) + DIGEST_TAKES


def _gather(
    reader: Recipient, digest: Notification | None, new: Sequence[Notice], batch: str, now: datetime
) -> int:
    """Let one row stand for all of `new`, besides what it stands for already."""
    if digest is None:
        digest = Notification(
            person_id=reader.person_id,
            kind=NotificationKind.DIGEST,
            source=f"digest:{batch}",
            count=0,
            detail={"since": rfc3339(now), "batches": []},
        )
    before = digest.detail
    kinds = Counter(before.get("kinds", {})) + Counter(str(notice.kind) for notice in new)
    digest.detail = {
        "since": before["since"],
        "batches": [*before["batches"], batch],
        "kinds": kinds,
        "pipelines": Counter(before.get("pipelines", {}))
        + Counter(str(notice.detail["pipeline"]) for notice in new),
        "worst": _worst([*before.get("worst", []), *map(_line, new)]),
    }
    digest.count += len(new)
    digest.created_at = now
    if any(reader.wishes.wants(notice.kind, INBOX) for notice in new):
        digest.read_at = None
    elif digest._state.adding:
        digest.read_at = now
    if any(reader.by_mail(kind) for kind in kinds):
        until = parse_rfc3339(before["since"]) + DIGEST_TAKES
        at = max(now, min(now + DIGEST_WAITS, until))
        urgent = not kinds.keys().isdisjoint(URGENT)
        digest.mail_due_at = reader.wishes.mail_at(at, urgent=urgent)
    digest.save()
    return len(new)


def _line(notice: Notice) -> dict[str, Any]:
    told = {name: notice.detail.get(name) for name in ("clock", "overdue_s", "overdue_wall_s")}
    return told | {
        "item": str(notice.item_id) if notice.item_id else None,
        "kind": str(notice.kind),
    }


def _worst(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return heapq.nlargest(WORST, lines, key=lambda line: line["overdue_wall_s"] or 0)
