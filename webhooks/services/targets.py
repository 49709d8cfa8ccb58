"""What open notifications are about: one thing at a gateway, asked for once whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest

from django.db.models import Exists, Min, OuterRef, QuerySet

from config import clock
from connections.services import pausing
from payments.models import GatewayResource
from webhooks.models import OPEN_STATES, WebhookEvent

BATCH = 50
# So many open notifications are sorted here, by one question; more of them by one for each connection.
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a group of open notifications is about."""

    connection_id: int
    kind: str
    gateway_id: str


def signed() -> QuerySet[WebhookEvent]:
    """What is open and was verified; unsigned hints have a way of their own."""
    return WebhookEvent.objects.filter(state__in=OPEN_STATES, is_hint=False)


def open_events(target: Target) -> QuerySet[WebhookEvent]:
    about = signed().filter(
        connection_id=target.connection_id, kind=target.kind, gateway_id=target.gateway_id
    )
    return about.defer("body", "headers").order_by("received_at", "pk")


def is_anything_due() -> bool:
    """Whether a signed notification waits to be taken now, at a gateway that answers."""
    due = signed().filter(next_attempt_at__lte=clock.now())
    return due.exclude(connection__in=pausing.away()).exists()


def due_targets() -> list[Target]:
    """What is open, due and not in another worker's hands: the oldest of each connection, in turns.

    What waits for a gateway that is away is passed over, not rewritten.
    """
    due = _free().exclude(connection__in=pausing.away())
    columns = ("connection_id", "kind", "gateway_id", "attempts", "received_at")
    rows = list(due.values_list(*columns)[: _AT_ONCE + 1])
    if len(rows) <= _AT_ONCE:
        queues = list(_grouped(rows).values())
    else:
        connections = due.values_list("connection_id", flat=True).distinct()
        queues = [_oldest(connection_id) for connection_id in sorted(connections)]
    in_turns = chain.from_iterable(zip_longest(*queues))
    return [target for target in in_turns if target][:BATCH]


def _free() -> QuerySet[WebhookEvent]:
    """Due, and nobody holds the lease of what it is about."""
    now = clock.now()
    leased = GatewayResource.objects.filter(
        connection=OuterRef("connection"),
        kind=OuterRef("kind"),
        gateway_id=OuterRef("gateway_id"),
        lease_until__gt=now,
    )
    return signed().filter(~Exists(leased), next_attempt_at__lte=now).order_by()


def _grouped(rows: Iterable[tuple[int, str, str, int, datetime]]) -> dict[int, list[Target]]:
    """By connection; in the order of ``_oldest``."""
    firsts: dict[Target, tuple[int, datetime]] = {}
    for connection_id, kind, gateway_id, attempts, received_at in rows:
        target = Target(connection_id=connection_id, kind=kind, gateway_id=gateway_id)
        tried, oldest = firsts.get(target, (attempts, received_at))
        firsts[target] = (min(tried, attempts), min(oldest, received_at))
    queues: defaultdict[int, list[Target]] = defaultdict(list)
    for target in sorted(firsts, key=lambda target: (target.connection_id, *firsts[target])):
        queues[target.connection_id].append(target)
    return queues


def _oldest(connection_id: int) -> list[Target]:
    """What was tried least comes first: one thing that always fails is not what a gateway is tried with."""
    groups = (
        _free()
        .filter(connection=connection_id)
        .values("kind", "gateway_id")
        .annotate(oldest=Min("received_at"), tried=Min("attempts"))
    )
    return [
        Target(connection_id=connection_id, kind=row["kind"], gateway_id=row["gateway_id"])
        for row in groups.order_by("tried", "oldest")[:BATCH]
    ]
