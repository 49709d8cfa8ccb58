"""Pictures made by hand, as nothing here draws any."""

from __future__ import annotations

import random
import struct
import zlib


def part(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 120, height: int = 40, *, extra: bytes = b"", is_noise: bool = False) -> bytes:
    """RGB, no interlace; noise does not get smaller by packing."""
    draw = random.Random(1)
    row = [draw.randbytes(3 * width) if is_noise else b"\x0a\x6b\x4d" * width for _line in range(height)]
    pixels = zlib.compress(b"".join(b"\0" + line for line in row))
    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + part(b"IDAT", pixels) + part(b"IEND")


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg(width: int = 64, height: int = 32, *, extra: bytes = b"", after: bytes = b"") -> bytes:
    """The skeleton: what a reader of the head needs; its scan holds an escaped mark."""
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\xd9\xff\xd0\x34"
    start = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    return start + extra + frame + scan + b"\xff\xd9" + after


def webp_part(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp(width: int = 64, height: int = 32, *, extra: bytes = b"") -> bytes:
    """Lossless, its head alone."""
    bits = (width - 1) | (height - 1) << 14
    body = webp_part(b"VP8L", b"\x2f" + struct.pack("<I", bits) + b"\0" * 5) + extra
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def logo(side: int = 96) -> bytes:
    """A sun over a loaf, more or less, with nothing around it."""
    rows = b"".join(b"\0" + b"".join(_dot(x, y, side) for x in range(side)) for y in range(side))
    head = part(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(rows, 9)) + part(b"IEND")


def _dot(x: int, y: int, side: int) -> bytes:
    across, down = (x + 0.5) / side * 2 - 1, (y + 0.5) / side * 2 - 1
    if across**2 + down**2 > 0.96:
        return b"\0\0\0\0"
    if across**2 + (down + 0.1) ** 2 < 0.12:
        return b"\xff\xd1\x66\xff"
    return b"\xb3\x4a\x1f\xff" if down > 0.25 else b"\xf4\x8c\x4b\xff"
