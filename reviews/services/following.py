"""Calendars that were edited: running clocks follow what changed on days to come, and nothing else.

A tick finds the edits, notes each once in the ledger, and promises the work; what is to be done
follows from the history of the calendar alone, so that it may be done any number of times, in any
order and late. A clock follows from the instant of the edit on, whenever it is found.
"""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from governance.domain.calendar_edits import differs
from governance.enums import PolicyKind
from governance.models import AuditEvent, Calendar
from governance.selectors import policies
from governance.services import dispatch, ledger
from reviews.domain import following
from reviews.domain.clocks import Event
from reviews.domain.following import Differs, Edit
from reviews.enums import ClockEventKind
from reviews.models import ReviewItem, SLAClock
from reviews.models.clocks import OPEN
from reviews.selectors import clocks
from reviews.services import retargeting
from reviews.services.clocks import Held
from reviews.services.retargeting import Cause, Changed

logger = logging.getLogger(__name__)
ACTION = "calendar.followed"
TASK = "reviews.follow_calendar"
REASON = "calendar"
# An item that arrives while a calendar is edited may commit after its clocks were looked for. They
# are looked for once more, when no such transaction can be left.
SETTLED = timedelta(minutes=2)
# For how long it is seen to that they were.
REMEMBERED = timedelta(days=1)

Moves = Mapping[uuid.UUID, Sequence[Edit]]


def note_edits(*, now: datetime) -> int:
    """Note the calendars that were edited since the last look; returns how many.

    It reads calendars and their edits, which are few, and no clock unless there is a new edit.
    """
    found, edits = 0, _last_edits()
    noted = _last_noted(edits)
    for slug, edit in edits.items():
        event = noted.get(_stream(slug))
        if event is None or event.detail["edit"] < edit:
            found += _noted(slug, now)
        elif SETTLED < now - event.at < REMEMBERED and event.detail["moves"]:
            dispatch.enqueue(TASK, now=now, dedupe=f"calendar:{edit}:again", calendar=slug)
    return found


def _last_edits() -> dict[str, int]:
    """Return the number, in its history, of the last edit of each calendar that was ever edited."""
    slugs = dict(Calendar.objects.values_list("pk", "slug"))
    found: dict[str, int] = {}
    last: dict[int, uuid.UUID] = {}
    rows = Calendar.history.filter(id__in=slugs).order_by("history_id")
    for pk, number, version in rows.values_list("id", "history_id", "current_id"):
        if last.setdefault(pk, version) != version:
            last[pk], found[slugs[pk]] = version, number
    return found


def _last_noted(slugs: Mapping[str, int]) -> dict[str, AuditEvent]:
    streams = [_stream(slug) for slug in slugs]
    events = AuditEvent.objects.filter(stream__in=streams, action=ACTION).order_by("sequence")
    return {event.stream: event for event in events}


def _stream(slug: str) -> str:
    return f"{PolicyKind.CALENDAR}:{slug}"


def _noted(slug: str, now: datetime) -> bool:
    """Note the last edit of one calendar. One that cannot be worked out keeps no other from it."""
    try:
        return _note(slug, now)
    except Exception:
        logger.exception("The edit of the calendar %s cannot be followed", slug)
        return False


@transaction.atomic
def _note(slug: str, now: datetime) -> bool:
    row = Calendar.objects.select_for_update(of=("self",)).filter(slug=slug).first()
    edit = _last_edits().get(slug)
    event = _last_noted({slug: 0}).get(_stream(slug))
    if row is None or edit is None or (event is not None and event.detail["edit"] >= edit):
        return False
    moves = moves_of(row)
    ledger.append(
        stream=_stream(slug),
        action=ACTION,
        actor=None,
        now=now,
        detail={
            "edit": edit,
            "version": str(row.current_id),
            "moves": {str(version): str(steps[-1].version) for version, steps in moves.items()},
            "clocks": _running_by(moves).count() if moves else 0,
        },
    )
    if moves:
        dispatch.enqueue(TASK, now=now, dedupe=f"calendar:{edit}", calendar=slug)
    return True


def moves_of(row: Calendar) -> Moves:
    """Return which edits the clocks of each version of a calendar follow, one after the other."""
    edits: list[Edit] = []
    rows = row.history.order_by("history_id")
    for version, at in rows.values_list("current_id", "history_date"):
        if not edits or edits[-1].version != version:
            edits.append(Edit(version, at))
    return following.moves(edits, _compared)


def _compared(before: Edit, after: Edit) -> Differs:
    old, new = (policies.business_calendar(edit.version) for edit in (before, after))
    return differs(old, new, today=after.at.astimezone(new.zone).date())


def _running_by(moves: Moves) -> "QuerySet[SLAClock]":
    return SLAClock.objects.filter(status__in=OPEN, calendar_version__in=list(moves))


def follow(*, slug: str, now: Callable[[], datetime]) -> Changed:
    """Let the running clocks of a calendar follow its edits as far as they may."""
    row = Calendar.objects.filter(slug=slug).first()
    moves = moves_of(row) if row else {}
    if row is None or not moves:
        return Changed()
    cause = Cause(None, "", {"calendar": slug, "version": str(row.current_id)})
    change = partial(_follow, moves)
    return retargeting.change_all(_running_by(moves), change, cause=cause, now=now)


def _follow(moves: Moves, held: Held, item: ReviewItem | None, now: datetime) -> None:
    """Let one clock run by other hours since the instant of each edit.

    What happened to it by itself is found by the sweep, under the hours that held at the time.
    """
    for step in moves[held.row.calendar_version_id]:
        known = held.state.terms
        target = None if known.target is None else known.target // clocks.MICROSECOND
        terms = clocks.terms(known.policy_version, step.version, target)
        held.stand_still(min(step.at, now), now=now)
        at = held.moment(min(step.at, now))
        detail = clocks.described(terms) | {"before": clocks.described(known)}
        held.take(
            Event(ClockEventKind.RETARGET, at, max(at, now), REASON, detail=detail, terms=terms)
        )
