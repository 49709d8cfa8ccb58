"""Notifications that were put aside count again as soon as what they are about is known as ours."""

from __future__ import annotations

from datetime import datetime

from config import clock
from connections.gateways.base import GatewayPayment
from webhooks.models import EventState, WebhookEvent, first_delay
from webhooks.services.finishing import MATCHED_LATER, NOT_FOUND, NOT_OURS, is_met


def take_up(resource_id: int, payment: GatewayPayment | None, asked_at: datetime | None) -> None:
    """In the transaction in which a resource learns its charge, or is found after it was missing.

    ``payment`` is what was fetched for it, by a call that began at ``asked_at``: an event that it answers
    is done with it, any other is open again.
    """
    aside = WebhookEvent.objects.filter(
        resource=resource_id, state=EventState.IGNORED, reason__in=(NOT_OURS, NOT_FOUND), is_hint=False
    )
    events = list(aside.defer("body", "headers"))
    if not events:
        return
    done = [event.pk for event in events if _is_answered(event, payment, asked_at)]
    now = clock.now()
    aside.filter(pk__in=done).update(
        state=EventState.DONE, reason=MATCHED_LATER, finished_at=now, delay=first_delay(now)
    )
    aside.exclude(pk__in=done).update(
        state=EventState.RECEIVED,
        reason=MATCHED_LATER,
        asked_again=0,
        failures=0,
        next_attempt_at=now,
        finished_at=None,
    )


def _is_answered(event: WebhookEvent, payment: GatewayPayment | None, asked_at: datetime | None) -> bool:
    if payment is None or asked_at is None or event.forbids_delivery:  # no payment shows what that one says
        return False
    return (event.last_repeat_at or event.received_at) <= asked_at and is_met(event, payment)
