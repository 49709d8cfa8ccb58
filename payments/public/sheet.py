"""The stylesheet of the customer's page with the colours of a brand: one file, so one request."""

from __future__ import annotations

import hashlib
from functools import cache

from django.conf import settings

from connections import colours
from connections.branding import Brand

_RULE = (
    ":root {{ --fill: {0.fill}; --fill-strong: {0.pressed}; --on-fill: {0.ink}; --fill-edge: {0.edge}; "
    "--brand: {0.text}; --brand-strong: {0.strong}; }}\n"
)


def text(brand: Brand) -> str:
    """Ours, and after it what the brand changes; ours alone where it has no colour."""
    return _ours() + _colours(brand.colour)


def mark(brand: Brand) -> str:
    """Another one for another text: what is kept under it never changes."""
    return hashlib.sha256(text(brand).encode()).hexdigest()[:16]


@cache
def _ours() -> str:
    return (settings.BASE_DIR / "static" / "backoffice" / "pay.css").read_text(encoding="utf-8")


@cache
def _colours(colour: str) -> str:
    if not colour:
        return ""
    dark = _RULE.format(colours.dark(colour))
    return _RULE.format(colours.light(colour)) + "@media (prefers-color-scheme: dark) {\n" + dark + "}\n"
