"""What open notifications are about: one thing at a gateway, asked for once whatever their number."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, zip_longest

from django.db.models import Exists, Min, OuterRef, QuerySet

from config import clock
from connections.services import pausing
from payments.models import GatewayResource
from webhooks.models import OPEN_STATES, WebhookEvent

BATCH = 50


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
    due = signed().filter(next_attempt_at__lte=clock.now()).exclude(connection__in=pausing.away())
    connections = due.order_by().values_list("connection_id", flat=True).distinct()
    queues = [_oldest(connection_id) for connection_id in sorted(connections)]
    in_turns = chain.from_iterable(zip_longest(*queues))
    return [target for target in in_turns if target][:BATCH]


def _oldest(connection_id: int) -> list[Target]:
    """What was tried least comes first: one thing that always fails is not what a gateway is tried with."""
    now = clock.now()
    leased = GatewayResource.objects.filter(
        connection=OuterRef("connection"),
        kind=OuterRef("kind"),
        gateway_id=OuterRef("gateway_id"),
        lease_until__gt=now,
    )
    groups = (
        signed()
        .filter(~Exists(leased), connection=connection_id, next_attempt_at__lte=now)
        .values("kind", "gateway_id")
        .annotate(oldest=Min("received_at"), tried=Min("attempts"))
    )
    return [
        Target(connection_id=connection_id, kind=row["kind"], gateway_id=row["gateway_id"])
        for row in groups.order_by("tried", "oldest")[:BATCH]
    ]
