"""Which comparisons with the gateways are made when. Rows decide; whoever looks may ask for what is due."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from config import clock
from config.wakeup import wake
from connections.models import Connection
from payments.models import Charge, Reconciliation, RunState, RunTrigger

RECONCILE = "payments.tasks.reconcile"
# A run looks back beyond the last one: lists lag, and what was in doubt then may be clear now.
_OVERLAP = timedelta(days=2)
_HOURLY_WINDOW = timedelta(hours=6)
_EVERY = timedelta(hours=1)
_NIGHT = time(3)
# Every worker looks every few seconds; more often than this it need not look into the tables.
_PLAN_EVERY = timedelta(seconds=30)
_planned = {"at": datetime.min.replace(tzinfo=UTC)}
# Connections begin their night's run spread over this long, each always at its own minute.
_SPREAD_MINUTES = 90


def request(
    connection: Connection,
    *,
    trigger: RunTrigger,
    since: datetime | None = None,
    is_thorough: bool = True,
    actor: User | None = None,
) -> Reconciliation:
    """Queue a run, or give the one that is open already: a connection is compared by one at a time."""
    while True:
        run = _open_run(connection) or _queue(
            connection, trigger=trigger, since=since, is_thorough=is_thorough, actor=actor
        )
        if run:
            return run


def _open_run(connection: Connection) -> Reconciliation | None:
    return _runs(connection).filter(state__in=(RunState.QUEUED, RunState.RUNNING)).first()


def _queue(
    connection: Connection,
    *,
    trigger: RunTrigger,
    since: datetime | None,
    is_thorough: bool,
    actor: User | None,
) -> Reconciliation | None:
    """None when somebody was quicker."""
    now = clock.now()
    try:
        with transaction.atomic():
            run = Reconciliation.objects.create(
                connection=connection,
                trigger=trigger,
                asked_by=actor,
                since=since or window_start(connection, now=now),
                is_thorough=is_thorough,
                requested_at=now,
                due_at=now,
            )
    except IntegrityError:
        return None
    wake(RECONCILE)
    return run


def window_start(connection: Connection, *, now: datetime) -> datetime:
    """From the last thorough run that ended well, with an overlap; at first from our first charge there."""
    good = _runs(connection).filter(state=RunState.DONE, is_thorough=True).order_by("-requested_at").first()
    if good:
        return good.requested_at - _OVERLAP
    first = Charge.objects.filter(connection=connection).order_by("created_at").first()
    return (first.created_at if first else now) - _OVERLAP


def plan_due() -> int:
    """Queue what the clock asks for: each night a thorough run, each hour one over the last hours.

    Not before a connection's first charge is an hour old. Returns how many were queued.
    """
    now = clock.now()
    if abs(now - _planned["at"]) < _PLAN_EVERY:
        return 0
    _planned["at"] = now
    planned = 0
    for connection in Connection.objects.without_secrets().filter(is_active=True).exclude(account_id=""):
        if now - _last_or_first(connection, now) < _EVERY:
            continue
        if _is_night_due(connection, now):
            request(connection, trigger=RunTrigger.SCHEDULE)
        else:
            since = now - _HOURLY_WINDOW
            request(connection, trigger=RunTrigger.SCHEDULE, since=since, is_thorough=False)
        planned += 1
    return planned


def _last_or_first(connection: Connection, now: datetime) -> datetime:
    """When it was compared last, or when its first charge was made; now where there is none."""
    last = _runs(connection).order_by("-pk").values_list("requested_at", flat=True).first()
    charges = Charge.objects.filter(connection=connection).order_by("pk")
    return last or charges.values_list("created_at", flat=True).first() or now


def _is_night_due(connection: Connection, now: datetime) -> bool:
    begins = night_of(connection, now)
    return now >= begins and not _runs(connection).filter(requested_at__gte=begins, is_thorough=True).exists()


def night_of(connection: Connection, now: datetime) -> datetime:
    """When today's night run of a connection begins: after three in its own zone."""
    zone = ZoneInfo(connection.time_zone or "UTC")
    minutes = zlib.crc32(connection.public_id.bytes) % _SPREAD_MINUTES
    at_three = datetime.combine(now.astimezone(zone).date(), _NIGHT, tzinfo=zone)
    return at_three + timedelta(minutes=minutes)


def _runs(connection: Connection) -> QuerySet[Reconciliation]:
    return Reconciliation.objects.filter(connection=connection)
