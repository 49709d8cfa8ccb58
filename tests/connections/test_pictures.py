"""What may be a logo, and what is left of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.pictures import NotAPicture, looked_into
from tests.connections.pictures import jpeg, part, png, segment, webp, webp_part

SECRET = b"Rua das Flores 12"


@pytest.mark.parametrize(
    ("body", "kind", "sides"),
    [
        (png(), "image/png", (120, 40)),
        (jpeg(), "image/jpeg", (64, 32)),
        (webp(), "image/webp", (64, 32)),
    ],
)
def test_tells_kind_and_size(body: bytes, kind: str, sides: tuple[int, int]) -> None:
    found = looked_into(body)
    assert (found.kind, (found.width, found.height)) == (kind, sides) and found.has_usual_size
    assert looked_into(found.body) == found, "written again it is the same picture"


@pytest.mark.parametrize(
    "body",
    [
        png(extra=part(b"tEXt", SECRET) + part(b"eXIf", SECRET)),
        png() + SECRET,
        jpeg(extra=segment(0xE1, b"Exif\0\0" + SECRET) + segment(0xFE, SECRET)),
        jpeg(after=SECRET + b"\xff\xd9"),
        webp(extra=webp_part(b"EXIF", SECRET) + webp_part(b"XMP ", SECRET)),
        webp() + SECRET,
    ],
)
def test_keeps_nothing_but_the_picture(body: bytes) -> None:
    assert SECRET in body and SECRET not in looked_into(body).body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7",
        png()[:-20],
        png()[:40] + b"X" + png()[41:],
        png().replace(b"IEND", b"IENX"),
        jpeg()[:-2],
        jpeg()[:30],
        jpeg().replace(b"\xff\xc0", b"\xff\xc3"),
        webp()[:-4],
        webp(extra=webp_part(b"ANMF", bytes(20))),
        webp(extra=webp_part(b"VP8L", bytes(20))),
        b"RIFF\4\0\0\0WEBP",
    ],
)
def test_refuses_what_is_no_whole_picture(body: bytes) -> None:
    with pytest.raises(NotAPicture):
        looked_into(body)


@given(st.sampled_from([png(), jpeg(), webp()]), st.data())
def test_whatever_was_broken_is_refused_or_read(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    broken = body[:at] + data.draw(st.binary(max_size=6)) + body[at + data.draw(st.integers(0, 6)) :]
    try:
        found = looked_into(broken)
    except NotAPicture:
        return
    assert len(found.body) <= len(broken) + 32


@pytest.mark.parametrize("sides", [(8, 40), (40, 1201), (5000, 5000)])
def test_knows_what_is_too_small_or_too_large(sides: tuple[int, int]) -> None:
    assert not looked_into(png(*sides) if max(sides) < 2000 else jpeg(*sides)).has_usual_size
