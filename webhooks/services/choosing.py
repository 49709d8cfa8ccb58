"""Which notifications are meant: the filters of the list, of a replay and of the command are the same."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from connections.gateways.base import ResourceKind
from connections.models import Connection
from payments.models import GatewayResource
from webhooks.models import OPEN_STATES, EventState, WebhookEvent

# By the name of a view of the list.
VIEWS: dict[str, Q] = {
    "waiting": Q(state__in=OPEN_STATES),
    "dead": Q(state=EventState.DEAD),
    "ignored": Q(state=EventState.IGNORED),
    "done": Q(state__in=(EventState.DONE, EventState.TEST)),
    "failed": Q(state__in=(EventState.DEAD, EventState.RETRY)),
    "repeated": Q(repeats__gt=0),
    "unsigned": Q(is_hint=True),
    "simulated": Q(is_simulated=True),
}
_KINDS = (*(kind.value for kind in ResourceKind), "order", "")
_MOST_RESOURCES = 50


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What narrows a list of notifications; empty is everything. ``since`` counts, ``until`` does not."""

    view: str = ""
    connection: str = ""
    topic: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    replay: str = ""

    def as_json(self) -> dict[str, str]:
        """For keeping with a replay; what is empty is left out."""
        words = {"view": self.view, "connection": self.connection, "topic": self.topic, "text": self.text}
        moments = {"since": self.since, "until": self.until}
        told = {name: moment.isoformat() for name, moment in moments.items() if moment}
        return {name: value for name, value in {**words, **told, "replay": self.replay}.items() if value}


def narrowed(events: QuerySet[WebhookEvent], filters: Filters) -> QuerySet[WebhookEvent]:
    """Those of the events that the filters let through."""
    if filters.view in VIEWS:
        events = events.filter(VIEWS[filters.view])
    if filters.connection:
        events = events.filter(connection__public_id__in=_uuids(filters.connection))
    if filters.topic:
        events = events.filter(Q(topic=filters.topic) | Q(action=filters.topic))
    if filters.since:
        events = events.filter(received_at__gte=filters.since)
    if filters.until:
        events = events.filter(received_at__lt=filters.until)
    if filters.replay:
        events = events.filter(replay_items__replay__public_id__in=_uuids(filters.replay))
    return events.filter(_about(filters.text)) if filters.text else events


def _uuids(text: str) -> list[uuid.UUID]:
    """None for what is no such id: then nothing is found."""
    with suppress(ValueError):
        return [uuid.UUID(text)]
    return []


def _about(text: str) -> Q:
    """By gateway id, or by the reference of a charge through the ids it has at its gateway."""
    # All connections and kinds are named, so that the index by resource serves.
    found = Q(connection__in=Connection.objects.values("pk"), kind__in=_KINDS, gateway_id=text)
    named = GatewayResource.objects.filter(charge__reference__iexact=text)
    for resource in named.values("connection_id", "kind", "gateway_id")[:_MOST_RESOURCES]:
        found |= Q(**resource)
    return found
