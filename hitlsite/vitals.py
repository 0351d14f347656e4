"""The vital signs of an installation: database, broker, sweeper, outbox and ledger.

Each sign is measured by itself, in seconds at most, and never raises.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min

from governance.models import Heartbeat, OutboxMessage
from governance.selectors import clock, proving
from governance.services import heartbeats
from hitlsite import broker
from reviews.selectors import auditing

SWEEPER_SILENCE = 60
BEATS = ("worker", "sweep")
OUTBOX_LAG = 60
# What is written is sealed within so many seconds.
UNSEALED = 60


@dataclass(frozen=True, slots=True)
class Sign:
    """One measured sign; `figures` are numbers, in seconds where they are times."""

    name: str
    well: bool
    detail: str
    figures: dict[str, float] = field(default_factory=dict)


def all_signs() -> list[Sign]:
    """Return every sign; without a database those that live in it are not well."""
    first = _measured("database", _database)
    rest: tuple[tuple[str, Callable[[], Sign]], ...] = (
        ("sweeper", _sweeper),
        ("outbox", _outbox),
        ("clocks", _clocks),
        ("ledger", _ledger),
    )
    signs = [first, _broker()]
    if not first.well:
        return signs + [Sign(name, well=False, detail="not known") for name, _ in rest]
    return signs + [_measured(name, measure) for name, measure in rest]


def figures_of_clocks(signs: Sequence[Sign]) -> dict[str, float]:
    """Return how the clocks are doing; nothing where these signs say that there is no database."""
    if not all(sign.well for sign in signs if sign.name == "database"):
        return {}
    try:
        return auditing.figures(clock.now())
    except DatabaseError:
        return {}


def heartbeats_missed(signs: Sequence[Sign]) -> int | None:
    """Return how often HEARTBEAT_URL was not reached; None without a database."""
    if not all(sign.well for sign in signs if sign.name == "database"):
        return None
    try:
        row = Heartbeat.objects.filter(name=heartbeats.MISSED).first()
    except DatabaseError:
        return None
    return row.times if row else 0


def _measured(name: str, measure: Callable[[], Sign]) -> Sign:
    try:
        return measure()
    except DatabaseError as error:
        return Sign(name, well=False, detail=f"database lost: {type(error).__name__}")


def _database() -> Sign:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Sign("database", well=True, detail=connection.vendor)


def _broker() -> Sign:
    address = settings.BROKER.redis_url
    if address is None:
        return Sign("broker", well=True, detail="a folder of files: slow, for trials only")
    try:
        with broker.connect(address) as client:
            client.ping()
            policy = broker.eviction_policy(client)
    except redis.RedisError as error:
        return Sign("broker", well=False, detail=f"does not answer: {type(error).__name__}")
    kept = policy == broker.KEEPS_ALL
    return Sign("broker", well=kept, detail="answers" if kept else f"evicts messages: {policy}")


def _sweeper() -> Sign:
    """Tell when the worker and the sweep of the clocks last beat; the one that is later counts."""
    now = clock.now()
    beats = dict(Heartbeat.objects.filter(name__in=BEATS).values_list("name", "beat_at"))
    silent = [name for name in BEATS if name not in beats]
    if silent:
        return Sign("sweeper", well=False, detail=f"has never run: {', '.join(silent)}")
    ages = {name: _seconds(now, beats[name]) for name in BEATS}
    age = max(ages.values())
    well = age <= SWEEPER_SILENCE
    figures = {"age": age} | {f"{name}_age": each for name, each in ages.items()}
    return Sign("sweeper", well=well, detail=f"last ran {age:.0f} s ago", figures=figures)


def _clocks() -> Sign:
    """Tell of clocks on which the sweep should have acted and has not, and of what hinders it."""
    found = auditing.findings(clock.now())
    figures = dict.fromkeys(auditing.NAMES, 0.0) | {each.name: float(each.count) for each in found}
    detail = "; ".join(map(str, found)) or "as they should be"
    return Sign("clocks", well=not found, detail=detail, figures=figures)


def _ledger() -> Sign:
    """Tell how long events have waited for their seal, and how far copies outside reach."""
    now = clock.now()
    state = proving.state()
    age = _seconds(now, state.oldest_unsealed) if state.oldest_unsealed else 0.0
    copied = _seconds(now, state.anchored_at) if state.anchored_at else 0.0
    figures = {
        "unsealed": float(state.unsealed), "unsealed_age": age,
        "size": float(state.size), "anchored": float(state.anchored), "anchor_age": copied,
    }  # fmt: skip
    detail = f"{state.size} sealed, {state.anchored} copied outside, {state.unsealed} waiting"
    return Sign("ledger", well=age <= UNSEALED, detail=detail, figures=figures)


def _outbox() -> Sign:
    now = clock.now()
    # Two questions, each of which an index answers: most messages are done.
    found = OutboxMessage.objects.filter(done_at=None, dead_at=None).aggregate(
        oldest=Min("next_at"), waiting=Count("pk")
    )
    dead = OutboxMessage.objects.filter(dead_at__isnull=False, discarded_at=None).count()
    lag = _seconds(now, found["oldest"]) if found["oldest"] else 0.0
    figures = {"lag": lag, "waiting": found["waiting"], "dead": dead}
    detail = f"{found['waiting']} waiting, {dead} dead, {lag:.0f} s behind"
    return Sign("outbox", well=lag <= OUTBOX_LAG and not dead, detail=detail, figures=figures)


def _seconds(now: datetime, then: datetime) -> float:
    return max(0.0, (now - then).total_seconds())
