"""PostgreSQL, Redis and Chromium: given, installed, from the distribution's packages or from wheels.

The order is the same for all three, and the choice is always said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lib import say
from lib.processes import Failed


@dataclass(frozen=True)
class Service:
    """Something that can be used, and where it came from."""

    name: str
    url: str
    origin: str


@dataclass(frozen=True)
class NotAvailable(Exception):
    """What could not be had, and the remedy."""

    name: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} is not available. {self.remedy}"


@dataclass(frozen=True)
class Way:
    """One way to get a service: returns it, or None when this way is not open on this machine."""

    origin: str
    find: Callable[[], str | None]


def first(name: str, ways: Sequence[Way], *, remedy: str) -> Service:
    """The first way that is open. Raises NotAvailable when none is."""
    for way in ways:
        if place := _try(name, way):
            service = Service(name, place, way.origin)
            say.line(f"   {name}: {way.origin}")
            return service
    raise NotAvailable(name, remedy)


def _try(name: str, way: Way) -> str | None:
    """A way that turns out to be broken is said and does not bar the next one."""
    try:
        return way.find()
    except Failed as failed:
        say.line(f"   {name}: {way.origin} does not work. {failed}")
        return None
