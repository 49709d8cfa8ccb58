"""A boleto as people and scanners read it: the digitable line in groups, the bars, the sum in them."""

from __future__ import annotations

from collections.abc import Container
from itertools import groupby

from barcode.itf import ITF
from django.utils.html import format_html

# Five fields of the line: three in two parts each, the check digit of all, factor and amount.
_GROUPS = (5, 5, 5, 6, 5, 6, 1, 14)
_LINE_DIGITS = 47
_BAR_DIGITS = 44
# Where the amount in centavos stands in the bar code.
_AMOUNT = slice(9, 19)
# The Brazilian banks ask for bars of 13 mm height and 103 mm length; the drawing keeps that shape.
_LENGTH_TO_HEIGHT = 103 / 13


def grouped(line: str) -> str:
    """The 47 digits as they are printed on paper; anything else stays as it is."""
    if len(line) != _LINE_DIGITS or not line.isdigit():
        return line
    parts, position = [], 0
    for size in _GROUPS:
        parts.append(line[position : position + size])
        position += size
    first, second, third = (f"{parts[i]}.{parts[i + 1]}" for i in (0, 2, 4))
    return " ".join((first, second, third, *parts[6:]))


def amount_cents(barcode: str) -> int:
    """What the bars ask for, in centavos; 0 where the payer is told elsewhere."""
    return int(barcode[_AMOUNT])


def fits(line: str, barcode: str, *, asked: Container[int]) -> bool:
    """Whether both are complete, and ask for one of these sums."""
    sizes = (len(line), len(barcode)) == (_LINE_DIGITS, _BAR_DIGITS)
    return sizes and line.isdigit() and barcode.isdigit() and amount_cents(barcode) in asked


def bars_svg(barcode: str) -> str:
    """The bar code as inline SVG, without scripts or styles; empty for no bar code."""
    if not barcode:
        return ""
    (modules,) = ITF(barcode, narrow=1, wide=3).build()
    height, position, path = round(len(modules) / _LENGTH_TO_HEIGHT), 0, ""
    for is_bar, run in groupby(modules):
        width = len(list(run))
        if is_bar == "1":
            path += f"M{position} 0h{width}v{height}h-{width}z"
        position += width
    quiet = 10  # of nothing on either side, in narrow bars
    return format_html(
        '<svg viewBox="{} 0 {} {}" preserveAspectRatio="none" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M{} 0h{}v{}h-{}z"/><path fill="#000" d="{}"/></svg>',
        -quiet,
        position + 2 * quiet,
        height,
        -quiet,
        position + 2 * quiet,
        height,
        position + 2 * quiet,
        path,
    )
