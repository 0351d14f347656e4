"""Pictures inside an input: which string is one, and how large it will be once it is drawn."""

import base64
import binascii
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.domain.strict_json import escape

DATA_URI = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
MAX_CHARACTERS = 16 * 2**20
MAX_PIXELS = 40_000_000
TINY = 64
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at a JSON Pointer of the input; `data` is Base64, the size in pixels.

    `fault` says why it is not drawn: `unreadable` or `too_large`.
    """

    pointer: str
    media_type: str
    data: str
    width: int = 0
    height: int = 0
    fault: str = ""

    @property
    def uri(self) -> str:
        """The address that a page draws it from."""
        return f"data:{self.media_type};base64,{self.data}"

    @property
    def tiny(self) -> bool:
        """Whether it has so few pixels that they are best seen as squares."""
        return max(self.width, self.height) <= TINY


def pictures(value: Any) -> Iterator[Picture]:
    """Yield the pictures among the members of an input."""
    if not isinstance(value, Mapping):
        return
    for key, member in value.items():
        found = _picture(member, f"/{escape(key)}")
        if found is not None:
            yield found


def _picture(member: Any, pointer: str) -> Picture | None:
    if isinstance(member, str) and (match := DATA_URI.fullmatch(member)):
        return _measured(pointer, match[1], match[2])
    if isinstance(member, Mapping) and set(member) == {"media_type", "data"}:
        media_type, data = member["media_type"], member["data"]
        if isinstance(media_type, str) and isinstance(data, str):
            match = DATA_URI.fullmatch(f"data:{media_type};base64,{data}")
            return _measured(pointer, match[1], match[2]) if match else None
    return None


def _measured(pointer: str, media_type: str, data: str) -> Picture:
    if len(data) > MAX_CHARACTERS:
        return Picture(pointer, media_type, "", fault="too_large")
    try:
        size = SIZES[media_type](base64.b64decode(data, validate=True))
    except (binascii.Error, struct.error, ValueError, IndexError):
        size = None
    if not size or min(size) < 1:
        return Picture(pointer, media_type, "", fault="unreadable")
    if size[0] * size[1] > MAX_PIXELS:
        return Picture(pointer, media_type, "", *size, fault="too_large")
    return Picture(pointer, media_type, data, *size)


def _png(raw: bytes) -> tuple[int, int] | None:
    if not raw.startswith(b"\x89PNG\r\n\x1a\n") or raw[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


def _gif(raw: bytes) -> tuple[int, int] | None:
    if raw[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    width, height = struct.unpack("<HH", raw[6:10])
    return width, height


def _jpeg(raw: bytes) -> tuple[int, int] | None:
    if not raw.startswith(b"\xff\xd8"):
        return None
    place = 2
    while raw[place] == 0xFF:
        marker = raw[place + 1]
        if marker in START_OF_FRAME:
            height, width = struct.unpack(">HH", raw[place + 5 : place + 9])
            return width, height
        if marker == 0xFF:
            place += 1
            continue
        (length,) = struct.unpack(">H", raw[place + 2 : place + 4])
        place += 2 + length
    return None


def _webp(raw: bytes) -> tuple[int, int] | None:
    if raw[:4] != b"RIFF" or raw[8:12] != b"WEBP":
        return None
    kind = raw[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(raw[24:27], "little"), 1 + int.from_bytes(raw[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(raw[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", raw[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


SIZES = {"image/png": _png, "image/gif": _gif, "image/jpeg": _jpeg, "image/webp": _webp}
