"""Bodies of many lines: one JSON object each, all of which are taken or none."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from governance.domain import strict_json
from governance.domain.faults import Fault
from governance.exceptions import InvalidInput
from governance.rest.parsers import MAX_LINES, MAX_OBJECT, MAX_STREAM, TooLarge, read_body

NDJSON, JSON = "application/x-ndjson", "application/json"
MOST_FAULTS = 1_000
# Where an object stands in the body, as a JSON Pointer: the number of its line, or all of it.
Placed = tuple[str, Mapping[str, Any]]


def media_type(request: Request) -> str:
    """Return the media type of a body, without its parameters."""
    return (request.content_type or "").split(";")[0].strip().lower()


def body(request: Request, limit: int) -> bytes:
    """Return the body as it was sent, decompressed; TooLarge past `limit` bytes."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    return read_body(request._request, encoding=encoding, limit=limit)


def numbered(raw: bytes) -> list[tuple[int, bytes]]:
    """Return the lines that hold something, with their numbers; TooLarge past MAX_LINES."""
    count = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if count > MAX_LINES:
        raise TooLarge(f"A call brings at most {MAX_LINES} lines; this one has {count}.")
    lines = [(i, line) for i, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise InvalidInput.at("", "The body holds no line.", code="required")
    return lines


def objects(request: Request) -> list[Placed]:
    """Return the objects of a body of lines, or the one of a JSON body, with their places.

    InvalidInput names every line that is no JSON object.
    """
    kind = media_type(request)
    if kind not in (NDJSON, JSON):
        raise UnsupportedMediaType(kind)
    raw = body(request, MAX_STREAM if kind == NDJSON else MAX_OBJECT)
    placed = [(f"/{n}", line) for n, line in numbered(raw)] if kind == NDJSON else [("", raw)]
    found, faults = [], []
    for place, line in placed:
        value = _value(line)
        if isinstance(value, Fault):
            faults.append(value.below(place))
        else:
            found.append((place, value))
    if faults:
        detail = f"{len(faults)} lines cannot be read; nothing was taken."
        raise InvalidInput(detail, faults=tuple(faults[:MOST_FAULTS]))
    return found


def _value(line: bytes) -> Mapping[str, Any] | Fault:
    if len(line) > MAX_OBJECT:
        return Fault("", "length", f"A line has at most {MAX_OBJECT} bytes.")
    try:
        value = strict_json.parse(line)
    except strict_json.MalformedJSON as error:
        return Fault(error.pointer, error.code, error.detail)
    return value if isinstance(value, dict) else Fault("", "type", "A line is a JSON object.")
