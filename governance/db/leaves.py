"""The leaves of the ledger with their events, page by page, as the database has them.

It reads a million of them, so it asks for plain columns and makes no model instances.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection

from governance.domain import leaves
from governance.domain.canonical import CanonicalError
from governance.models import AuditEvent, LedgerLeaf, UnsealedEvent

PAGE = 10_000
MOST = 100
EVENTS = AuditEvent._meta.db_table
LEAVES = LedgerLeaf._meta.db_table
WAITING = UnsealedEvent._meta.db_table
COLUMNS = (
    "id", "stream", "sequence", "action", "actor_id", "at", "reason", "detail", "commitments",
    "request_id", "digest",
)  # fmt: skip
# As text, so that no value keeps a row from being read.
ON_SQLITE = {"at": "CAST(e.at AS TEXT)"}
ON_POSTGRESQL = {
    "at": "to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "detail": "e.detail::text",
    "commitments": "e.commitments::text",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf; of its event the digest that is stored and the one that its columns make now.

    Both are None when the event is gone.
    """

    index: int
    event: uuid.UUID
    digest: str
    stored: str | None
    computed: str | None
    stream: str
    sequence: int | None
    at: datetime | None

    @property
    def written_at(self) -> datetime:
        """Return when the event was made, as its id tells to the millisecond."""
        return written_at(self.event)


@dataclass(frozen=True)
class Waiting:
    """What waits to be sealed: how many, since when, and which of them are gone."""

    count: int
    oldest: datetime | None
    gone: list[uuid.UUID]


def written_at(event: uuid.UUID) -> datetime:
    """Return the instant in a UUIDv7."""
    return datetime.fromtimestamp((event.int >> 80) / 1000, UTC)


def in_order() -> Iterator[Leaf]:
    """Yield all leaves by their index."""
    place = -1
    while page := _page(place):
        yield from page
        place = page[-1].index


def _page(after: int) -> list[Leaf]:
    query = (
        f"SELECT l.position, l.event, l.digest, {_columns()} FROM {LEAVES} l "
        f"LEFT JOIN {EVENTS} e ON e.id = l.event WHERE l.position > %s "
        f"ORDER BY l.position LIMIT {PAGE}"
    )
    return [_leaf(row) for row in _rows(query, [after])]


def _leaf(row: tuple[Any, ...]) -> Leaf:
    index, event, sealed, *columns = row
    if columns[0] is None:
        return Leaf(index, _uuid(event), sealed, None, None, "", None, None)
    values = _values(columns)
    return Leaf(
        index, _uuid(event), sealed, columns[-1], _computed(values), values["stream"],
        values["sequence"], _at(values["at"]),
    )  # fmt: skip


def _values(columns: list[Any]) -> dict[str, Any]:
    values = dict(zip(COLUMNS, columns, strict=True))
    moment = values["at"]
    return values | {
        "id": str(_uuid(values["id"])),
        "actor": values["actor_id"],
        "at": moment if moment.endswith("Z") else _moment(moment),
        "detail": _json(values["detail"]),
        "commitments": _json(values["commitments"]),
    }


def _computed(values: dict[str, Any]) -> str:
    try:
        return leaves.digest(values)
    except CanonicalError:
        return ""


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # No event was made of it: its digest is another.
        return text


def _at(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> str:
    """Return the RFC 3339 text of an instant as SQLite keeps it, in UTC."""
    day, _, clock = text.partition(" ")
    whole, _, part = clock.partition(".")
    return f"{day}T{whole}.{part or '0':0<6}Z"


def _uuid(value: uuid.UUID | str) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(hex=value)


def waiting() -> Waiting:
    """Return what waits to be sealed."""
    found = UnsealedEvent.objects.order_by("event").values_list("event", flat=True)
    oldest = found.first()
    query = (
        f"SELECT w.event FROM {WAITING} w LEFT JOIN {EVENTS} e ON e.id = w.event "
        f"WHERE e.id IS NULL ORDER BY w.event LIMIT {MOST}"
    )
    gone = [_uuid(event) for (event,) in _rows(query)]
    return Waiting(found.count(), written_at(oldest) if oldest else None, gone)


def strangers() -> list[AuditEvent]:
    """Return events that are neither sealed nor wait to be: they came in past the trigger."""
    return list(
        AuditEvent.objects.raw(
            f"SELECT e.* FROM {EVENTS} e LEFT JOIN {LEAVES} l ON l.event = e.id "
            f"LEFT JOIN {WAITING} w ON w.event = e.id "
            f"WHERE l.event IS NULL AND w.event IS NULL ORDER BY e.id LIMIT {MOST}"
        )
    )


def altered_waiting() -> Iterator[tuple[uuid.UUID, str, int]]:
    """Yield those that wait and are not what their digest was made of: id, stream, sequence."""
    query = f"SELECT {_columns()} FROM {WAITING} w JOIN {EVENTS} e ON e.id = w.event ORDER BY e.id"
    for columns in _rows(query):
        values = _values(list(columns))
        if _computed(values) != values["digest"]:
            yield uuid.UUID(values["id"]), values["stream"], values["sequence"]


def gaps() -> list[tuple[str, int, int]]:
    """Return streams that do not count from 1 without gaps: the stream, its events, its last."""
    query = (
        f"SELECT stream, COUNT(*), MAX(sequence) FROM {EVENTS} GROUP BY stream "
        f"HAVING COUNT(*) <> MAX(sequence) ORDER BY stream LIMIT {MOST}"
    )
    return [(stream, count, last) for stream, count, last in _rows(query)]


def _columns() -> str:
    special = ON_POSTGRESQL if connection.vendor == "postgresql" else ON_SQLITE
    return ", ".join(special.get(name, f"e.{name}") for name in COLUMNS)


def _rows(query: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or [])
        return list(cursor.fetchall())
