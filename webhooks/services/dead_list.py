"""Say on the first page that notifications were given up, until none is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Count

from config import clock
from connections.models import Connection, Problem
from connections.services import problems
from webhooks.models import EventState, WebhookEvent

GIVEN_UP = "notifications_given_up"
# Every worker looks every few seconds; more often than this it need not count.
_EVERY = timedelta(minutes=1)
_followed = {"at": datetime.min.replace(tzinfo=UTC)}


def look() -> None:
    """Follow the dead list, once a minute."""
    now = clock.now()
    if abs(now - _followed["at"]) >= _EVERY:
        _followed["at"] = now
        follow()


def follow() -> None:
    """Bring the problems of the connections in line with the dead list."""
    dead = WebhookEvent.objects.filter(state=EventState.DEAD, connection__is_active=True)
    counted = dict(dead.order_by().values_list("connection").annotate(Count("pk")))
    for connection in Connection.objects.without_secrets().filter(pk__in=counted):
        problems.raise_(connection, GIVEN_UP, times=counted[connection.pk])
    over = Problem.objects.open().filter(code=GIVEN_UP).exclude(connection__in=counted)
    for problem in over.select_related("connection"):
        problems.clear(problem.connection, GIVEN_UP)
