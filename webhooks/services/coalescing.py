"""What tells nothing new waits a moment for what else may come, so that many repeats cost one call."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import QuerySet

from config import clock
from connections.gateways.base import PaymentStatus
from payments.models import GatewayResource, Payment
from webhooks.models import WebhookEvent
from webhooks.services.finishing import meets

# So long after a fetch nothing is asked again for what that fetch already showed.
QUIET = timedelta(seconds=10)

Announcement = tuple[str, str, str, int, datetime | None, int | None, int | None]


def put_off(resource: GatewayResource, open_events: QuerySet[WebhookEvent]) -> bool:
    """Let what is due wait if a fetch just now showed it, or if the next one for the same is planned.

    False when one of them is news. None is finished by it: the fetch that finishes them begins later.
    The resource is to be as it was stored a moment ago.
    """
    now = clock.now()
    due: list[WebhookEvent] = []
    planned: dict[Announcement, datetime] = {}
    for event in open_events:
        if event.next_attempt_at and event.next_attempt_at <= now:
            due.append(event)
        elif event.next_attempt_at and event.asked_again and not event.cause:
            planned[_announced(event)] = event.next_attempt_at
    shown = _shown_now(resource, due, now)
    waits: defaultdict[datetime, list[int]] = defaultdict(list)
    for event in due:
        until = shown.get(event.pk) or planned.get(_announced(event))
        if until is None:
            return False
        waits[until].append(event.pk)
    for until, ids in waits.items():
        WebhookEvent.objects.filter(pk__in=ids, next_attempt_at__lte=now).update(next_attempt_at=until)
    return bool(due)


def _announced(event: WebhookEvent) -> Announcement:
    sums, counter = event.expected_refunded_cents, event.expected_counter
    cents = event.expected_amount_cents
    return event.topic, event.action, event.expected, sums, event.occurred_at, counter, cents


def _shown_now(resource: GatewayResource, due: list[WebhookEvent], now: datetime) -> dict[int, datetime]:
    """Those that say no more than a fetch of a moment ago, and when to ask for them again."""
    at = resource.fetched_at
    if not due or resource.is_missing or at is None or not now - QUIET < at <= now:
        return {}
    known = Payment.objects.filter(resource=resource, status__gt="").first()
    if known is None:
        return {}
    version, status = resource.gateway_version, known.status
    until = at + QUIET
    refunded = known.refunded_cents
    told = {
        event.pk
        for event in due
        if not event.forbids_delivery
        and meets(event, version=version, status=PaymentStatus(status), refunded_cents=refunded)
    }
    return dict.fromkeys(told, until)
