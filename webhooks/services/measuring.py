"""How the inbox is doing: what was received in a period and became of it, how fast, and what was refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from config import clock
from connections.models import Connection
from webhooks.models import OPEN_STATES, EventState, RejectedNotification, WebhookEvent, quarter
from webhooks.services import hints
from webhooks.services.choosing import Filters, narrowed

HANDLED = (EventState.DONE, EventState.TEST, EventState.IGNORED)
Rows = Iterable[Mapping[str, Any]]
# The period that is looked at where none was chosen.
USUAL = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """How often it was refused for one reason, and when last. ``is_refused``: not only counted."""

    reason: str
    times: int
    last_at: datetime

    @property
    def is_refused(self) -> bool:
        return self.reason not in hints.COUNTED


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one connection, or of several together.

    ``waiting`` and ``oldest`` are of this moment, whatever the period. ``median`` and ``worst`` are of those
    that were followed: from the receipt to the first effect. The median of an even number is the lower.
    """

    received: int = 0
    handled: int = 0
    dead: int = 0
    repeated: int = 0
    median: timedelta | None = None
    worst: timedelta | None = None
    waiting: int = 0
    oldest: datetime | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def share(self) -> float | None:
        """Handled of a hundred received; None where none was."""
        return 100 * self.handled / self.received if self.received else None

    @property
    def refused(self) -> int:
        return sum(refusal.times for refusal in self.refusals if refusal.is_refused)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The figures of each connection that has any, and of all together."""

    by_connection: dict[int, Figures]
    total: Figures


def period(filters: Filters) -> Filters:
    """The filters with a period: the one that was chosen, else the last 24 hours."""
    if filters.since or filters.until:
        return filters
    return replace(filters, since=quarter(clock.now() - USUAL))


def measure(connections: QuerySet[Connection], filters: Filters) -> Measured:
    """Figures of these connections; the view, the search and the replay of the filters do not count.

    Nor does what was simulated: it shows nothing of how the gateway notifies us.
    """
    chosen = replace(filters, view="", text="", replay="")
    known = WebhookEvent.objects.filter(
        connection__in=connections.order_by().values("pk"), is_simulated=False
    )
    received = narrowed(known, chosen)
    waiting = narrowed(known, replace(chosen, since=None, until=None)).filter(state__in=OPEN_STATES)
    parts: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for rows in (_counted(received), _medians(received), _waiting(waiting)):
        for row in rows:
            parts[row["connection"]].update(row)
    refusals = _refused(connections, chosen)
    by_connection = {
        pk: _figures(parts.get(pk, {}), refusals=refusals.get(pk, ())) for pk in {*parts, *refusals}
    }
    return Measured(by_connection=by_connection, total=_together(by_connection.values(), received))


def _figures(part: Mapping[str, Any], *, refusals: tuple[Refusal, ...]) -> Figures:
    return Figures(**{name: value for name, value in part.items() if name != "connection"}, refusals=refusals)


def _counted(received: QuerySet[WebhookEvent]) -> Rows:
    return (
        received.order_by()
        .values("connection")
        .annotate(
            received=Count("pk"),
            handled=Count("pk", filter=Q(state__in=HANDLED)),
            dead=Count("pk", filter=Q(state=EventState.DEAD)),
            repeated=Sum("repeats"),
            worst=Max("delay"),
        )
    )


def _medians(received: QuerySet[WebhookEvent]) -> Rows:
    """One query for all of them; neither database has a median that the other has, too."""
    ranked = (
        received.exclude(delay=None)
        .order_by()
        .annotate(
            rank=Window(RowNumber(), partition_by="connection", order_by="delay"),
            followed=Window(Count("pk"), partition_by="connection"),
        )
    )
    return ranked.filter(rank=(F("followed") + 1) / 2).values("connection", median=F("delay"))


def _waiting(waiting: QuerySet[WebhookEvent]) -> Rows:
    return waiting.order_by().values("connection").annotate(waiting=Count("pk"), oldest=Min("received_at"))


def _refused(connections: QuerySet[Connection], chosen: Filters) -> dict[int, tuple[Refusal, ...]]:
    """Of whatever topic: what was refused was not read."""
    rows = RejectedNotification.objects.filter(connection__in=connections.order_by().values("pk"))
    if chosen.connection:
        rows = rows.filter(connection__public_id=chosen.connection)
    if chosen.since:
        rows = rows.filter(since__gte=chosen.since)
    if chosen.until:
        rows = rows.filter(since__lt=chosen.until)
    summed = rows.order_by().values_list("connection", "reason").annotate(Sum("times"), Max("last_at"))
    found: defaultdict[int, list[Refusal]] = defaultdict(list)
    for connection, reason, times, last_at in summed:
        found[connection].append(Refusal(reason=reason, times=times, last_at=last_at))
    return {connection: _most_first(refusals) for connection, refusals in found.items()}


def _most_first(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    return tuple(sorted(refusals, key=lambda refusal: (-refusal.times, refusal.reason)))


def _together(parts: Iterable[Figures], received: QuerySet[WebhookEvent]) -> Figures:
    parts = list(parts)
    by_reason: defaultdict[str, list[Refusal]] = defaultdict(list)
    for part in parts:
        for refusal in part.refusals:
            by_reason[refusal.reason].append(refusal)
    return Figures(
        received=sum(part.received for part in parts),
        handled=sum(part.handled for part in parts),
        dead=sum(part.dead for part in parts),
        repeated=sum(part.repeated for part in parts),
        median=_median_of_all(received),
        worst=max((part.worst for part in parts if part.worst is not None), default=None),
        waiting=sum(part.waiting for part in parts),
        oldest=min((part.oldest for part in parts if part.oldest), default=None),
        refusals=_most_first(
            Refusal(
                reason=reason,
                times=sum(one.times for one in found),
                last_at=max(one.last_at for one in found),
            )
            for reason, found in by_reason.items()
        ),
    )


def _median_of_all(received: QuerySet[WebhookEvent]) -> timedelta | None:
    ranked = (
        received.exclude(delay=None)
        .order_by()
        .annotate(rank=Window(RowNumber(), order_by="delay"), followed=Window(Count("pk")))
    )
    return ranked.filter(rank=(F("followed") + 1) / 2).values_list("delay", flat=True).first()
