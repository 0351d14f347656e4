"""JSON out, by orjson."""

import uuid
from datetime import datetime
from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer

from governance.domain.times import rfc3339


def plain(value: Any) -> Any:
    """Return what orjson does not write itself: times with six digits, ids as text."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, frozenset | set | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")


def dumps(value: Any) -> bytes:
    """Return `value` as JSON."""
    return orjson.dumps(
        value, default=plain, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
    )


class JSONRenderer(BaseRenderer):
    """Writes an answer as JSON; a problem as problem+json (its view sets the type)."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, context: Any = None) -> bytes:
        """Return the bytes of an answer."""
        return b"" if data is None else dumps(data)


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON whatever is asked for; a download sets its own type."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the parser for the type that was sent, or None."""
        for parser in parsers:
            if (request.content_type or "").split(";")[0].strip().lower() == parser.media_type:
                return parser
        return None

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type
