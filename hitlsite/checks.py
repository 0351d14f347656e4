"""System checks. All of them look outside the process, so they run only with `check --deploy`."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError, connection

from feedback.db import plan_wall, seals
from governance.db import (
    adjustment_walls,
    append_only,
    awaiting_seal,
    delegation_wall,
    example_mark,
    references,
)
from hitlsite import broker
from reviews.db import stop_wall

Check = Callable[..., list[CheckMessage]]
FIXED_SQLITE = (3, 51, 3)
FIXED_BRANCHES = {(3, 44): 6, (3, 50): 7}


def lost_if_unreachable(check: Check) -> Check:
    """Let a check that needs the database be silent where `database` already complains."""

    @wraps(check)
    def guarded(**kwargs: Any) -> list[CheckMessage]:
        return [] if database_fault() else check(**kwargs)

    return guarded


def database_fault() -> str:
    """Return one line on why the database cannot be used, or nothing."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return f"DATABASE_URL: the database does not answer: {lines[0]}"
    return ""


def sqlite_is_at_risk(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Say whether this SQLite has the rare fault that corrupts a database when its WAL restarts."""
    if version >= FIXED_SQLITE or version < (3, 7, 0):
        return False
    return version[2] < FIXED_BRANCHES.get((version[0], version[1]), version[2] + 1)


SQLITE_ADVICE = (
    f"SQLite {sqlite3.sqlite_version} has a rare fault that can corrupt a database under load "
    "(fixed in 3.51.3). Use PostgreSQL for what matters: set DATABASE_URL."
)


@register("database", deploy=True)
def database(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Complain about a database that cannot be reached or should not be trusted."""
    if fault := database_fault():
        return [Error(fault, id="hitlsite.E001")]
    if connection.vendor == "sqlite" and sqlite_is_at_risk():
        return [checks.Warning(SQLITE_ADVICE, id="hitlsite.W001")]
    return []


@register("broker", deploy=True)
def message_broker(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Complain about a broker that cannot be reached, evicts, or forgets when it restarts."""
    address = settings.BROKER.external_url
    if not address:
        return []
    if fault := broker.fault_of(address, must_answer=True):
        return [Error(fault, id="hitlsite.E002")]
    with broker.connect(address) as client:
        if broker.is_durable(client):
            return []
    hint = "Set `appendonly yes`; without it, work waits for the next sweep after a restart."
    message = "BROKER_URL: the broker keeps nothing on disk."
    return [checks.Warning(message, hint=hint, id="hitlsite.W002")]


@register("append_only", deploy=True)
@lost_if_unreachable
def append_only_triggers(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Complain about records that the database would let somebody change."""
    missing = [
        *append_only.missing(connection),
        *references.missing(connection),
        *seals.missing(connection),
        *plan_wall.missing(connection),
        *example_mark.missing(connection),
        *awaiting_seal.missing(connection),
        *adjustment_walls.missing(connection),
        *delegation_wall.missing(connection),
        *stop_wall.missing(connection),
    ]
    if not missing:
        return []
    return [
        Error(
            f"{len(missing)} triggers that hold records are missing, the first {missing[0]}.",
            hint="Run `manage.py migrate`.",
            id="hitlsite.E003",
        )
    ]
