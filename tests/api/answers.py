"""What every answer must look like, said once."""

import gzip
import json
import re
from typing import Any

NDJSON = "application/x-ndjson"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


def problem(answer: Any, status: int, *pointers: str) -> dict[str, Any]:
    """Check that an answer is a problem of a status that points at `pointers`; returns it."""
    assert answer.status_code == status, (answer.status_code, answer.content[:500])
    assert answer["Content-Type"] == "application/problem+json"
    shown: dict[str, Any] = answer.json()
    assert shown.keys() >= MEMBERS
    assert shown["status"] == status
    assert shown["request_id"] == answer["X-Request-ID"] != ""
    assert shown["title"]
    assert shown["detail"]
    found = {error["pointer"] for error in shown.get("errors", [])}
    assert set(pointers) <= found, (pointers, shown)
    return shown


def good(answer: Any, status: int = 200) -> Any:
    """Check that an answer has a status; returns its body."""
    assert answer.status_code == status, (answer.status_code, answer.content[:1000])
    return answer.json() if answer.content else None


def lines(*payloads: Any) -> bytes:
    """Return payloads as NDJSON."""
    return b"".join(json.dumps(payload).encode() + b"\n" for payload in payloads)


def results(answer: Any) -> list[dict[str, Any]]:
    """Return the result lines of an NDJSON answer."""
    assert answer.status_code == 200, answer.content[:500]
    assert answer["Content-Type"] == NDJSON
    return [json.loads(line) for line in answer.content.splitlines()]


def send_lines(api: Any, raw: bytes, query: str = "", *, zipped: bool = False, **more: Any) -> Any:
    """POST NDJSON to intake."""
    if zipped:
        raw, more = gzip.compress(raw), more | {"content_encoding": "gzip"}
    return api("POST", f"/predictions{query}", raw=raw, content_type=NDJSON, **more)


def moments(value: Any) -> list[str]:
    """Return all texts in `value` that look like a time."""
    if isinstance(value, dict):
        return [found for member in value.values() for found in moments(member)]
    if isinstance(value, list):
        return [found for member in value for found in moments(member)]
    looks = isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value)
    return [value] if looks else []
