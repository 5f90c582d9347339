"""What the main job writes: a picture, names that nobody else has, texts that are too long."""

from __future__ import annotations

import struct
import uuid
import zlib


def png(width: int = 2) -> bytes:
    """A picture of red dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff\0\0" * width for _ in range(width))
    header = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def too_long(word: str) -> str:
    return "<p>" + "".join(f"{word} {number}<br />" for number in range(5000)) + "</p>"
