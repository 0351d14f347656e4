"""Bodies in: strict JSON, compressed or not, never larger than is allowed."""

import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any, Protocol, cast

from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from governance.domain import strict_json
from governance.exceptions import InvalidInput

MAX_OBJECT = 2 * 2**20
MAX_STREAM = 32 * 2**20
MAX_LINES = 10_000
MAX_MEMBERS = 1000
CHUNK = 64 * 1024


class Readable(Protocol):
    """What a body is read from: a stream, or a request."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""


class TooLarge(APIException):
    """The body is larger than is taken."""

    status_code = 413
    default_detail = "The body is too large."


def read_body(stream: Readable, *, encoding: str, limit: int) -> bytes:
    """Return a body of at most `limit` bytes after decompression.

    TooLarge as soon as there is more, so that a bomb is not unpacked; InvalidInput when the gzip
    stream is broken or the encoding is another.
    """
    if encoding not in ("", "identity", "gzip"):
        raise InvalidInput(f"Content-Encoding {encoding!r} is not taken: send gzip or none.")
    parts, size = [], 0
    for part in _unpacked(stream) if encoding == "gzip" else _chunks(stream):
        size += len(part)
        if size > limit:
            raise TooLarge(f"A body has at most {limit} bytes after decompression.")
        parts.append(part)
    return b"".join(parts)


def _chunks(stream: Readable) -> Iterator[bytes]:
    while part := stream.read(CHUNK):
        yield part


def _unpacked(stream: Readable) -> Iterator[bytes]:
    """Yield what a gzip stream holds; several members follow one another (RFC 1952, 2.2)."""
    unpacker, members = zlib.decompressobj(zlib.MAX_WBITS | 16), 0
    try:
        for part in _chunks(stream):
            while part:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
                if piece := unpacker.decompress(part, CHUNK * 16):
                    yield piece
                members += unpacker.eof
                if members > MAX_MEMBERS:
                    raise TooLarge(f"A gzip stream has at most {MAX_MEMBERS} members.")
                part = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    except zlib.error:
        raise InvalidInput("The gzip stream is broken.") from None
    if not unpacker.eof:
        raise InvalidInput("The gzip stream ends early.")


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`, or raise InvalidInput with its place."""
    return cast("dict[str, Any]", parse_value(raw, of=dict))


def parse_value(raw: bytes, *, of: type | tuple[type, ...] = object) -> Any:
    """Return the JSON value in `raw`, of a type, or raise InvalidInput with its place."""
    try:
        value = strict_json.parse(raw)
    except strict_json.MalformedJSON as error:
        raise InvalidInput.at(error.pointer, error.detail, code=error.code) from None
    if not isinstance(value, of):
        what = "a JSON object" if of is dict else "a JSON object or a list of them"
        raise InvalidInput.at("", f"The body is {what}.", code="type")
    return value


class StrictJSONParser(BaseParser):
    """Reads one JSON object; an empty body is an empty object."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object, or raise InvalidInput."""
        request = (context or {}).get("request")
        encoding = request.headers.get("Content-Encoding", "") if request is not None else ""
        raw = read_body(stream, encoding=encoding.lower(), limit=MAX_OBJECT)
        return parse_object(raw) if raw.strip() else {}
