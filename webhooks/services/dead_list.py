"""Say on the first page that notifications were given up, until none is.

A fraud alert that names no payment is one of them from the start, and a problem of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Count, QuerySet

from config import clock
from connections.models import Connection, Problem
from connections.services import problems
from webhooks.models import EventState, WebhookEvent
from webhooks.services.recording import UNNAMED_ALERT

GIVEN_UP = "notifications_given_up"
UNNAMED = "fraud_alert_unnamed"
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
    """Bring the problems of the connections in line with the dead list.

    What somebody sent from here and was given up, that person sees; it is no problem of the connection.
    """
    dead = WebhookEvent.objects.filter(state=EventState.DEAD, connection__is_active=True, is_simulated=False)
    _follow(GIVEN_UP, dead.exclude(reason=UNNAMED_ALERT))
    _follow(UNNAMED, dead.filter(reason=UNNAMED_ALERT))


def _follow(code: str, dead: QuerySet[WebhookEvent]) -> None:
    counted = dict(dead.order_by().values_list("connection").annotate(Count("pk")))
    for connection in Connection.objects.without_secrets().filter(pk__in=counted):
        problems.raise_(connection, code, times=counted[connection.pk])
    over = Problem.objects.open().filter(code=code).exclude(connection__in=counted)
    for problem in over.select_related("connection"):
        problems.clear(problem.connection, code)
