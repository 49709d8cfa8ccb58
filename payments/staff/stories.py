"""The one story of a charge or a subscription: our own lines and those that other rooms tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from django.contrib.auth.models import AnonymousUser, User

from payments.models import Charge, Subscription
from payments.staff.sentences import MOST_LINES, Line

# Tells what a room above knows of a thing: at most so many lines (all: None), the newest first.
Teller = Callable[[Charge | Subscription, int | None], list[Line]]
_tellers: list[Teller] = []


def also_told_by(teller: Teller) -> None:
    """Have a room above this one tell its part whenever a story is shown."""
    if teller not in _tellers:
        _tellers.append(teller)


def whole(
    thing: Charge | Subscription,
    own: Iterable[Line],
    *,
    reader: User | AnonymousUser | None = None,
    most: int | None = MOST_LINES,
) -> list[Line]:
    """The newest lines of everybody who knows something; ``own`` come newest first.

    A link that the reader may not follow is left out.
    """
    lines = [*own]
    for teller in _tellers:
        lines += teller(thing, most)
    newest = sorted(lines, key=lambda line: line.at, reverse=True)[:most]
    return [line if _may_follow(line, reader) else replace(line, link="") for line in newest]


def _may_follow(line: Line, reader: User | AnonymousUser | None) -> bool:
    return not line.permission or reader is None or reader.has_perm(line.permission)
