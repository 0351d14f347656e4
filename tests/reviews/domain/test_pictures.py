"""Pictures in inputs: found, measured, and refused when they are not what they say."""

import base64
import struct
import zlib
from typing import Any

import pytest

from reviews.domain.pictures import Picture, pictures


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
    )


GIF = b"GIF89a" + struct.pack("<HH", 30, 20)
JPEG = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    + b"\xff\xc0" + struct.pack(">HBHH", 17, 8, 20, 30)
)  # fmt: skip
WEBP_LOSSY = b"RIFF" + bytes(4) + b"WEBPVP8 " + bytes(10) + struct.pack("<HH", 30, 20)
WEBP_LOSSLESS = b"RIFF" + bytes(4) + b"WEBPVP8L" + bytes(5) + struct.pack("<I", 29 | 19 << 14)
WEBP_EXTENDED = b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + b"\x1d\0\0\x13\0\0"


def uri(kind: str, raw: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"


def one(value: Any) -> Picture:
    (found,) = pictures(value)
    return found


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("png", png(30, 20)), ("gif", GIF), ("jpeg", JPEG), ("webp", WEBP_LOSSY),
        ("webp", WEBP_LOSSLESS), ("webp", WEBP_EXTENDED),
    ],
)  # fmt: skip
def test_each_format_is_measured(kind, raw):
    found = one({"scan": uri(kind, raw)})

    assert (found.width, found.height, found.fault) == (30, 20, "")
    assert found.pointer == "/scan"
    assert found.tiny


def test_a_picture_may_be_an_object():
    data = base64.b64encode(png(300, 200)).decode()
    found = one({"image": {"media_type": "image/png", "data": data}})

    assert found.uri == f"data:image/png;base64,{data}"
    assert not found.tiny


@pytest.mark.parametrize(
    "value",
    [
        "data:image/svg+xml;base64,PHN2Zz4=", "data:text/html;base64,PGI+", "plain text",
        'data:image/png;base64,AAAA" onerror="x', "data:image/png;base64,AA AA",
        {"media_type": "text/html", "data": "AAAA"}, {"media_type": 1, "data": 2}, 7, None,
    ],
)  # fmt: skip
def test_what_is_no_picture_is_left_as_it_is(value):
    assert list(pictures({"scan": value})) == []


@pytest.mark.parametrize("raw", [b"<html>", png(0, 5), b"\xff\xd8\xff\xe0", b"", GIF])
def test_what_is_not_the_format_it_names_is_unreadable(raw):
    if raw:
        assert one({"scan": uri("png" if raw[:2] != b"\xff\xd8" else "jpeg", raw)}).fault


def test_a_bomb_is_not_drawn():
    found = one({"scan": uri("png", png(50_000, 50_000))})

    assert (found.fault, found.data) == ("too_large", "")
