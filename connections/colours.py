"""Colours of a brand made readable: contrast as WCAG 2.2 counts it, without anything of Django."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TEXT, SHAPE = 4.5, 3.0  # least contrast of text (1.4.3) and of the edge of a control (1.4.11)
BLACK, WHITE = "#000000", "#ffffff"
# What the customer's page puts text on, as in static/backoffice/pay.css (a test compares).
LIGHT, DARK = ("#ffffff", "#f5f7f5", "#eef2ef"), ("#18201c", "#0f1512", "#212b26")
_STEPS = 50
_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def parsed(text: str) -> str:
    """``#rrggbb`` of what somebody typed; empty for what is no colour."""
    found = _HEX.fullmatch(text.strip())
    if not found:
        return ""
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better: the better one always has a contrast of 4.58 at least."""
    return max((WHITE, BLACK), key=lambda ink: contrast(colour, ink))


def mixed(colour: str, other: str, share: float) -> str:
    """With so much (0 to 1) of the other."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(own + (their - own) * share):02x}" for own, their in pairs)


def readable(colour: str, *, on: Iterable[str], least: float, towards: str) -> str:
    """The colour itself, or as little nearer to black or white as it needs on each of these."""
    grounds = tuple(on)
    for step in range(_STEPS):
        tried = mixed(colour, towards, step / _STEPS)
        if all(contrast(tried, ground) >= least for ground in grounds):
            return tried
    return towards


@dataclass(frozen=True, kw_only=True)
class Shades:
    """A brand's colour for one scheme: ``fill`` of buttons with its ``ink`` and ``edge``, and as ``text``."""

    fill: str
    pressed: str
    ink: str
    edge: str
    text: str
    strong: str


def light(colour: str) -> Shades:
    return _shades(colour, LIGHT, BLACK)


def dark(colour: str) -> Shades:
    return _shades(colour, DARK, WHITE)


def _shades(colour: str, grounds: tuple[str, ...], towards: str) -> Shades:
    ink = ink_on(colour)
    text = readable(colour, on=grounds, least=TEXT, towards=towards)
    return Shades(
        fill=colour,
        pressed=mixed(colour, BLACK if ink == WHITE else WHITE, 0.15),
        ink=ink,
        edge=readable(colour, on=grounds, least=SHAPE, towards=towards),
        text=text,
        strong=mixed(text, towards, 0.2),
    )


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
