"""The one story of a charge or a subscription: our own lines and those that other rooms tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from payments.models import Charge, Subscription, TimelineKind
from payments.staff.sentences import MOST_LINES, Line

# Tells what a room above knows of a thing: at most so many lines (all: None), the newest first.
Teller = Callable[[Charge | Subscription, int | None], list[Line]]
_tellers: list[Teller] = []
_SENT = "sent"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some lines of the story: ``entries`` are ours; other rooms' lines belong to it by their ``kind``."""

    name: str
    label: str | Promise
    entries: Q
    kind: str = ""


WHOLE = Part(name="", label=pgettext_lazy("story", "All"), entries=Q())
PARTS = (
    WHOLE,
    Part(
        name="people",
        label=pgettext_lazy("story", "People"),
        entries=Q(kind=TimelineKind.PEOPLE) & ~Q(code=_SENT),
        kind=TimelineKind.PEOPLE,
    ),
    Part(
        name="gateway",
        label=gettext_lazy("Gateway"),
        entries=Q(kind=TimelineKind.GATEWAY),
        kind=TimelineKind.GATEWAY,
    ),
    Part(
        name="notifications",
        label=gettext_lazy("Notifications"),
        entries=Q(kind=TimelineKind.NOTIFICATION),
        kind=TimelineKind.NOTIFICATION,
    ),
    Part(
        name="changes",
        label=pgettext_lazy("story", "Changes"),
        entries=Q(kind=TimelineKind.CHANGE),
        kind=TimelineKind.CHANGE,
    ),
    Part(name="sends", label=pgettext_lazy("story", "Sent"), entries=Q(code=_SENT), kind=_SENT),
)


def chosen(request: HttpRequest) -> Part:
    """The part that the address names; the whole story where it names none."""
    name = request.GET.get("story", "")
    return next((part for part in PARTS if part.name == name), WHOLE)


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
    part: Part = WHOLE,
) -> list[Line]:
    """The newest lines of everybody who knows something; ``own`` come newest first, and of the part only.

    A link that the reader may not follow is left out.
    """
    lines = [*own]
    for teller in _tellers:
        lines += [line for line in teller(thing, most) if part is WHOLE or line.kind == part.kind]
    newest = sorted(lines, key=lambda line: line.at, reverse=True)[:most]
    return [line if _may_follow(line, reader) else replace(line, link="") for line in newest]


def _may_follow(line: Line, reader: User | AnonymousUser | None) -> bool:
    return not line.permission or reader is None or reader.has_perm(line.permission)
