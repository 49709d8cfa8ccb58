"""The early_notify fault: who was told of a change asks before it can be seen. Kept in memory only."""

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import QuerySet

from simulator import clock, faults
from simulator.models import Account

_lock = threading.Lock()
_until: dict[str, datetime] = {}


def draw(account: Account, event: str, identifier: str, topic: str = "") -> None:
    """The fault's say about one notification: its object stays as it was, for those who read."""
    fault = faults.take("early_notify", faults.occasion_of(account, event, topic))
    if fault is None:
        return
    with _lock:
        _until[identifier] = clock.now() + timedelta(seconds=fault.get("seconds", 3))


def covers(identifier: str) -> bool:
    if not _until:
        return False
    with _lock:
        until = _until.get(identifier)
        if until is not None and until <= clock.now():
            del _until[identifier]
            until = None
    return until is not None


def covered() -> list[str]:
    with _lock:
        known = list(_until)
    return [identifier for identifier in known if covers(identifier)]


def forget() -> None:
    with _lock:
        _until.clear()


def without_hidden(rows: QuerySet, column: str, hidden: Collection[object], *, is_by_state: bool) -> QuerySet:
    """A list without what is new; one that asks for a state also without what changed."""
    if not hidden:
        return rows
    where = {f"{column}__in": hidden}
    return rows.exclude(**where) if is_by_state else rows.exclude(previous__isnull=True, **where)
