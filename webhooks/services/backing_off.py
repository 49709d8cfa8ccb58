"""Notifications whose attempt failed: why, when they are tried again, and when a person must look."""

from __future__ import annotations

import random
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from config import clock
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable, UnreadableAnswer
from connections.gateways.redaction import redact_text
from connections.services import pausing
from payments.models import GatewayResource
from payments.services.resources import Lease
from webhooks.models import OPEN_STATES, EventState, Failure, WebhookEvent
from webhooks.services import attempts

# Waits after a failure of the event itself, each 20 % shorter or longer; after the last one it is given up.
BACK_OFF = (5, 30, 120, 600, 3600)
_SPREAD = 0.2
_AT_ONCE = 200
# A gateway that answers now and then for hours fails six times in a row for many a thing.
NO_ANSWER_FOR = timedelta(days=1)

chance = random.Random()


def cause_of(error: GatewayError) -> Failure:
    """Whose failure it seems. A gateway that is away, or refuses our key, is not the event's."""
    if isinstance(error, UnreadableAnswer):
        return Failure.UNREADABLE
    if isinstance(error, GatewayUnavailable | CredentialsRefused):
        return Failure.AWAY
    return Failure.REFUSED


def postpone(
    events: list[WebhookEvent], error: Exception, cause: Failure, *, held: Lease | None = None
) -> None:
    """Back to the queue with the cause, or to the dead list after the sixth failure of its own.

    Not those whose lease was lost: who took it over decides about them.
    """
    text = words_of(error)[:500]
    if cause == Failure.AWAY:
        _wait_for_gateway(events, error, text, held)
        return
    for event in events:
        _count_failure(event, cause, text, held)


def _ours(events: list[WebhookEvent], held: Lease | None) -> QuerySet[WebhookEvent]:
    still_open = WebhookEvent.objects.filter(pk__in=[event.pk for event in events], state__in=OPEN_STATES)
    if held is None:
        return still_open
    return still_open.filter(
        resource__in=GatewayResource.objects.filter(pk=held.resource_id, lease_token=held.token)
    )


def words_of(error: Exception) -> str:
    """The gateway's code and sentence, without personal data; of our own faults only the kind."""
    if not isinstance(error, GatewayError):
        return type(error).__name__
    parts = (str(error.http_status or ""), error.code, error.text)
    return redact_text(" ".join(part for part in parts if part))


def _wait_for_gateway(events: list[WebhookEvent], error: Exception, text: str, held: Lease | None) -> None:
    """Longer each time, so that one thing that always fails is not what a gateway is tried with for ever."""
    tried = max(event.attempts for event in events)
    wait = pausing.wait_after(error, rounds=tried) if isinstance(error, GatewayError) else timedelta()
    for event in events:
        event.history = attempts.and_one(event, EventState.RETRY, cause=Failure.AWAY, says=text)
    with transaction.atomic():
        _ours(events, held).bulk_update(events, ["history"], batch_size=_AT_ONCE)
        _ours(events, held).update(
            state=EventState.RETRY,
            attempts=F("attempts") + 1,
            next_attempt_at=clock.now() + wait,
            cause=Failure.AWAY,
            last_error=text,
        )


def _count_failure(event: WebhookEvent, cause: Failure, text: str, held: Lease | None) -> None:
    now = clock.now()
    may_die = cause != Failure.NO_ANSWER or now - event.received_at >= NO_ANSWER_FOR
    is_dead = may_die and event.failures >= len(BACK_OFF)
    state = EventState.DEAD if is_dead else EventState.RETRY
    _ours([event], held).update(
        state=state,
        attempts=F("attempts") + 1,
        history=attempts.and_one(event, state, cause=cause, says=text),
        failures=F("failures") + 1,
        next_attempt_at=None if is_dead else now + wait_after(event.failures),
        cause=cause,
        last_error=text,
        finished_at=now if is_dead else None,
    )


def wait_after(failures: int) -> timedelta:
    seconds = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
    return timedelta(seconds=seconds * chance.uniform(1 - _SPREAD, 1 + _SPREAD))
