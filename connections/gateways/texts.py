"""Marks sentences for translation without knowing Django: the pages translate them when they show them."""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """The text itself; ``makemessages`` finds it by this function's name."""
    return text
