"""When a connection is looked at next: the row decides, whoever asks and however many processes there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from config import clock
from connections.models import Connection

EVERY = timedelta(minutes=10)
FORWARD_EVERY = timedelta(minutes=1)


def bring_forward(connection_id: int) -> bool:
    """Have the connection looked at now; at most once a minute for each, whoever asks."""
    now = clock.now()
    is_free = Q(health_forwarded_at=None) | Q(health_forwarded_at__lte=now - FORWARD_EVERY)
    mine = Connection.objects.filter(is_free, pk=connection_id, is_active=True)
    return bool(mine.update(health_due_at=now, health_forwarded_at=now))


def plan_new() -> None:
    """The first look comes late: the page that connects an account looks for itself, and registers."""
    unplanned = Connection.objects.filter(health_due_at=None, is_active=True)
    unplanned.update(health_due_at=clock.now() + EVERY)


def due() -> Iterator[int]:
    """Whose turn it is, longest waiting first."""
    waiting = Connection.objects.filter(is_active=True, health_due_at__lte=clock.now())
    yield from list(waiting.order_by("health_due_at").values_list("pk", flat=True))


def claim(connection_id: int) -> datetime | None:
    """Take a turn; its mark, or None when another process took it. The next one is planned with it."""
    now = clock.now()
    waiting = Connection.objects.filter(pk=connection_id, is_active=True, health_due_at__lte=now)
    return now + EVERY if waiting.update(health_due_at=now + EVERY) else None


def come_back(connection_id: int, claimed: datetime, *, after: timedelta) -> None:
    """Plan the next look sooner or later than usual, unless somebody planned it meanwhile."""
    mine = Connection.objects.filter(pk=connection_id, health_due_at=claimed)
    mine.update(health_due_at=clock.now() + after)
