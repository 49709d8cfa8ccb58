"""Pages of a long list that never counts it: each begins where another ended."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from webhooks.models import WebhookEvent

PER_PAGE = 25


@dataclass(frozen=True, kw_only=True)
class Page:
    """Notifications, the newest first, and where the pages beside it begin."""

    events: list[WebhookEvent]
    newer: uuid.UUID | None = None
    older: uuid.UUID | None = None


def page(listed: QuerySet[WebhookEvent], *, before: str, after: str) -> Page:
    """The page older than the notification ``before``, or newer than ``after``, or the newest."""
    mark = _mark(after or before)
    if mark and after:
        return _newer(listed, mark)
    if mark:
        listed = listed.filter(Q(received_at__lt=mark.received_at) | Q(pk__lt=mark.pk))
        listed = listed.filter(received_at__lte=mark.received_at)
    found = list(listed.order_by("-received_at", "-pk")[: PER_PAGE + 1])
    events = found[:PER_PAGE]
    return Page(
        events=events,
        newer=events[0].public_id if mark and events else None,
        older=events[-1].public_id if len(found) > PER_PAGE else None,
    )


def _newer(listed: QuerySet[WebhookEvent], mark: WebhookEvent) -> Page:
    listed = listed.filter(Q(received_at__gt=mark.received_at) | Q(pk__gt=mark.pk))
    found = list(
        listed.filter(received_at__gte=mark.received_at).order_by("received_at", "pk")[: PER_PAGE + 1]
    )
    events = found[:PER_PAGE][::-1]
    return Page(
        events=events,
        newer=events[0].public_id if len(found) > PER_PAGE else None,
        older=events[-1].public_id if events else None,
    )


def _mark(public_id: str) -> WebhookEvent | None:
    with suppress(ValueError):
        known = WebhookEvent.objects.only("pk", "received_at", "public_id")
        return known.filter(public_id=uuid.UUID(public_id)).first()
    return None
