"""Whether a gateway that should have told us something tells us nothing any more.

What should have been told is what our own checks found. A day of it without one notification is a problem of
its own; a notification that comes ends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from config import clock
from connections.models import Connection, Problem
from connections.problem_kinds import Area
from connections.services import problems
from payments.models import MissedNotification

SILENT, MISSING = "notifications_silent", "notifications_missing"
_LONG = timedelta(days=1)
# A notification may come after the check that found its change.
_LATE = timedelta(hours=1)
_LEAST = 2
# Each of them keeps notifications away by itself, and says so.
_CAUSES = ("worker_silent", "migrations_missing", "host_refused", "host_altered", "request_id_altered")


def follow() -> None:
    """Judge every active connection."""
    for connection in Connection.objects.without_secrets().filter(is_active=True):
        judge(connection)


def judge(connection: Connection) -> bool:
    """Raise or clear the problem of one connection; true while it is silent for no other known cause."""
    last = Connection.objects.values_list("last_event_at", flat=True).get(pk=connection.pk)
    untold = _untold_since(connection, last)
    if untold < _LEAST or _is_explained(connection):
        problems.clear(connection, SILENT)
        return False
    problems.raise_(connection, SILENT, times=untold)
    problems.clear(connection, MISSING)
    return True


def _untold_since(connection: Connection, last: datetime | None) -> int:
    """How many changes nobody told us of since the last notification; none while that is not a day ago."""
    now = clock.now()
    if last is not None and last > now - _LONG:
        return 0
    found = MissedNotification.objects.filter(connection_id=connection.pk, arrived_at=None)
    found = found.filter(found_at__gt=last) if last else found
    if last is None and not found.filter(found_at__lte=now - _LONG).exists():
        return 0
    return found.filter(found_at__lte=now - _LATE).count()


def _is_explained(connection: Connection) -> bool:
    own = Q(area__in=(Area.KEY, Area.WEBHOOK)) | Q(code="webhook_secret_sealed")
    house = Q(code__in=_CAUSES) | Q(code__startswith="public_url_")
    known = (Q(connection_id=connection.pk) & own) | (Q(connection=None) & house)
    return Problem.objects.open().filter(known).exists()
