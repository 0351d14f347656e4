"""Writing a small grey picture as PNG (W3C PNG, third edition), which needs no library."""

import base64
import struct
import zlib
from collections.abc import Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, EIGHT_BITS, UNFILTERED = 0, 8, b"\x00"


def png(rows: Sequence[Sequence[int]]) -> bytes:
    """Return a greyscale PNG of rows of values, 0 (black) to 255 (white), all equally long."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), EIGHT_BITS, GREY, 0, 0, 0)
    lines = b"".join(UNFILTERED + bytes(row) for row in rows)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def data_uri(image: bytes) -> str:
    """Return a PNG as a data: URI."""
    return f"data:image/png;base64,{base64.b64encode(image).decode('ascii')}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
