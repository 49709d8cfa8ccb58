"""Pictures that people upload: looked into, and kept without anything but the picture itself.

Written again from its parts, a file loses what it told besides (place, camera, comments, another file behind
its end). No drawing that can run a script (SVG) gets in.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

LEAST_SIDE, MOST_SIDE = 16, 1200
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type
_FRAMES = (0xC0, 0xC1, 0xC2)  # of JPEG: baseline, extended, progressive
# What applications add, and comments; 0xE0 and Adobe's 0xEE tell how the colours are meant.
_JPEG_DROPPED = (*range(0xE1, 0xEE), 0xEF, 0xFE)
_WEBP_KEPT = (b"VP8 ", b"VP8L", b"ALPH")


class NotAPicture(ValueError):
    """Not a whole PNG, JPEG or WebP of one image."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    kind: str
    width: int
    height: int
    body: bytes

    @property
    def has_usual_size(self) -> bool:
        return all(LEAST_SIDE <= side <= MOST_SIDE for side in (self.width, self.height))


def looked_into(body: bytes) -> Picture:
    """Raises ``NotAPicture``."""
    try:
        if body.startswith(_PNG):
            return _png(body)
        if body.startswith(b"\xff\xd8\xff"):
            return _jpeg(body)
        if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
            return _webp(body)
    except (IndexError, KeyError, ValueError, struct.error, zlib.error) as err:
        raise NotAPicture from err
    raise NotAPicture


def _png(body: bytes) -> Picture:
    parts = [part for part in _png_parts(body) if part[0] in _PNG_KEPT]
    names = [name for name, _content in parts]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or names.count(b"IHDR") > 1:
        raise NotAPicture
    header = dict(parts)[b"IHDR"]
    width, height, depth, colours, _packing, _filter, interlace = struct.unpack(">IIBBBBB", header)
    if colours not in _CHANNELS or depth not in (1, 2, 4, 8, 16) or interlace not in (0, 1):
        raise NotAPicture
    if max(width, height) <= MOST_SIDE and not interlace:  # a larger one is refused unread
        line = 1 + (width * depth * _CHANNELS[colours] + 7) // 8
        pixels = b"".join(content for name, content in parts if name == b"IDAT")
        if len(zlib.decompressobj().decompress(pixels, line * height + 1)) != line * height:
            raise NotAPicture
    kept = b"".join(_png_part(name, content) for name, content in parts)
    return Picture(kind="image/png", width=width, height=height, body=_PNG + kept)


def _png_parts(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, name = len(_PNG), b""
    while name != b"IEND":
        (length,) = struct.unpack(">I", body[at : at + 4])
        name, content = body[at + 4 : at + 8], body[at + 8 : at + 8 + length]
        if body[at : at + 12 + length] != _png_part(name, content):
            raise NotAPicture
        yield name, content
        at += 12 + length


def _png_part(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _jpeg(body: bytes) -> Picture:
    kept, size, at = [b"\xff\xd8"], None, 2
    while body[at] == 0xFF and body[at + 1] != 0xDA:
        marker = body[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack(">H", body[at + 2 : at + 4])
        segment = body[at : at + 2 + length]
        if length < 2 or len(segment) != 2 + length or marker in (0xC3, 0xD8, 0xD9):
            raise NotAPicture
        if marker in _FRAMES:
            size = struct.unpack(">HH", segment[5:9])
        if marker not in _JPEG_DROPPED:
            kept.append(segment)
        at += 2 + length
    if size is None or body[at] != 0xFF:
        raise NotAPicture
    kept.append(body[at : _jpeg_end(body, at)])
    return Picture(kind="image/jpeg", width=size[1], height=size[0], body=b"".join(kept))


def _jpeg_end(body: bytes, at: int) -> int:
    """Behind the mark of the end, stepping over the scans: data and tables may look like that mark."""
    while body[at + 1] != 0xD9:
        (length,) = struct.unpack(">H", body[at + 2 : at + 4])
        at = body.index(b"\xff", at + 2 + length)
        while body[at + 1] in (0, *range(0xD0, 0xD8)):
            at = body.index(b"\xff", at + 2)
    return at + 2


def _webp(body: bytes) -> Picture:
    parts = dict(_webp_parts(body))
    if b"VP8 " in parts:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", parts[b"VP8 "][6:10]))
        is_whole = parts[b"VP8 "][3:6] == b"\x9d\x01\x2a"
    else:
        bits = struct.unpack("<I", parts.get(b"VP8L", b"")[1:5])[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        is_whole = parts[b"VP8L"][0] == 0x2F
    if not is_whole:
        raise NotAPicture
    kept = b"".join(_webp_part(name, parts[name]) for name in (b"ALPH", b"VP8 ", b"VP8L") if name in parts)
    if b"ALPH" in parts:  # transparency beside the picture needs the longer head
        sides = b"".join(struct.pack("<I", side - 1)[:3] for side in (width, height))
        kept = _webp_part(b"VP8X", b"\x10\x00\x00\x00" + sides) + kept
    whole = b"RIFF" + struct.pack("<I", 4 + len(kept)) + b"WEBP" + kept
    return Picture(kind="image/webp", width=width, height=height, body=whole)


def _webp_parts(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    (whole,) = struct.unpack("<I", body[4:8])
    at, names = 12, []
    while at < 8 + whole:
        name, (length,) = body[at : at + 4], struct.unpack("<I", body[at + 4 : at + 8])
        content = body[at + 8 : at + 8 + length]
        if len(content) != length or name == b"ANMF":
            raise NotAPicture
        if name in _WEBP_KEPT:
            names.append(name)
            yield name, content
        at += 8 + length + length % 2
    if any(one == other for one, other in pairwise(sorted(names))) or (b"VP8 " in names and b"VP8L" in names):
        raise NotAPicture


def _webp_part(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
