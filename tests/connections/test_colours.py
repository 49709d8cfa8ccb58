"""Whatever colour a brand has, what stands in it and on it can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from connections import colours
from connections.colours import BLACK, DARK, LIGHT, SHAPE, TEXT, WHITE, Shades

ANY = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(ANY)
def test_every_colour_can_be_read_in_both_schemes(colour: str) -> None:
    for shades, grounds in ((colours.light(colour), LIGHT), (colours.dark(colour), DARK)):
        assert_readable(shades, grounds)


@pytest.mark.parametrize("colour", [WHITE, BLACK, "#777777", "#ffff00", "#0000ff", *LIGHT, *DARK])
def test_the_hardest_can_be_read_too(colour: str) -> None:
    for shades, grounds in ((colours.light(colour), LIGHT), (colours.dark(colour), DARK)):
        assert_readable(shades, grounds)


def assert_readable(shades: Shades, grounds: tuple[str, ...]) -> None:
    assert colours.contrast(shades.ink, shades.fill) >= TEXT
    assert colours.contrast(shades.ink, shades.pressed) >= TEXT
    for ground in grounds:
        assert colours.contrast(shades.text, ground) >= TEXT
        assert colours.contrast(shades.strong, ground) >= TEXT
        assert colours.contrast(shades.edge, ground) >= SHAPE


def test_contrast_is_that_of_the_guidelines() -> None:
    assert colours.contrast(BLACK, WHITE) == pytest.approx(21)
    assert colours.contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
    assert colours.contrast("#ff0000", WHITE) == pytest.approx(4.0, abs=0.01)


def test_a_colour_that_reads_well_stays_as_it_is() -> None:
    assert (colours.light("#0a6b4d").text, colours.light("#0a6b4d").ink) == ("#0a6b4d", WHITE)
    assert colours.light("#ffd400").ink == BLACK and colours.light("#ffd400").text != "#ffd400"


@pytest.mark.parametrize(
    ("typed", "colour"),
    [
        ("#0A6B4D", "#0a6b4d"),
        (" 0a6b4d ", "#0a6b4d"),
        ("#abc", "#aabbcc"),
        ("", ""),
        ("green", ""),
        ("#12345", ""),
        ("#12345678", ""),
        ("red;}body{display:none", ""),
        ("#٠٠٠", ""),
    ],
)
def test_reads_what_somebody_typed(typed: str, colour: str) -> None:
    assert colours.parsed(typed) == colour


def test_the_grounds_are_those_of_the_page() -> None:
    text = (Path(settings.BASE_DIR) / "static" / "backoffice" / "pay.css").read_text()
    found = {name: re.findall(rf"--{name}: (#[0-9a-f]{{6}})", text) for name in ("surface", "ground", "sunk")}
    assert [found[name][0] for name in ("surface", "ground", "sunk")] == list(LIGHT)
    assert [found[name][1] for name in ("surface", "ground", "sunk")] == list(DARK)
