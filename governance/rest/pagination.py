"""Cursor pages, newest first, over ids that are ordered by time and never change."""

import base64
import binascii
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from rest_framework.request import Request

from governance.exceptions import InvalidInput

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
PARAMETERS = frozenset(("cursor", "limit"))


@dataclass(frozen=True)
class Cursor:
    """A place in a list: after (`older`) or before (newer) the row with `id`."""

    id: uuid.UUID
    older: bool

    def text(self) -> str:
        """Return the opaque form."""
        mark = b"o" if self.older else b"n"
        return base64.urlsafe_b64encode(mark + self.id.bytes).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Return the cursor that `text` stands for; InvalidInput when it is none of ours."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if raw[:1] in (b"o", b"n"):
                return cls(uuid.UUID(bytes=raw[1:]), raw[:1] == b"o")
        except (binascii.Error, ValueError):
            pass
        raise InvalidInput.at("/cursor", "The cursor is not one that this list gave.")


@dataclass(frozen=True)
class Window:
    """Which rows of a list are asked for."""

    limit: int
    cursor: Cursor | None

    def of(self, rows: "QuerySet[Any]") -> list[Any]:
        """Return up to limit + 1 rows of the window, in the direction of the cursor."""
        if self.cursor is None:
            return list(rows.order_by("-pk")[: self.limit + 1])
        if self.cursor.older:
            return list(rows.filter(pk__lt=self.cursor.id).order_by("-pk")[: self.limit + 1])
        return list(rows.filter(pk__gt=self.cursor.id).order_by("pk")[: self.limit + 1])


def window_of(request: Request) -> Window:
    """Return the window that `limit` and `cursor` ask for."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise InvalidInput.at("/limit", f"limit is a number from 1 to {MAX_LIMIT}.")
    cursor = request.query_params.get("cursor")
    return Window(int(text), Cursor.parse(cursor) if cursor else None)


def page(
    request: Request, rows: "QuerySet[Any]", show: Callable[[Sequence[Any]], Iterable[Any]]
) -> dict[str, Any]:
    """Return one page of `rows` as `{results, next, previous}`; `show` renders a list of rows."""
    window = window_of(request)
    return envelope(request, window, window.of(rows), show)


def envelope(
    request: Request,
    window: Window,
    found: list[Any],
    show: Callable[[Sequence[Any]], Iterable[Any]],
) -> dict[str, Any]:
    """Return the page made of rows that were found for a window."""
    more = len(found) > window.limit
    found = found[: window.limit]
    newer = window.cursor is not None and not window.cursor.older
    if newer:
        found.reverse()
    has_next = more if not newer else True
    has_previous = more if newer else window.cursor is not None
    return {
        "results": list(show(found)),
        "next": _address(request, Cursor(found[-1].pk, older=True)) if found and has_next else None,
        "previous": (
            _address(request, Cursor(found[0].pk, older=False)) if found and has_previous else None
        ),
    }


def _address(request: Request, cursor: Cursor) -> str:
    parameters = request.query_params.dict() | {"cursor": cursor.text()}
    return request.build_absolute_uri(f"{request.path}?{urlencode(parameters)}")
