"""What a fetch means for the notifications it was made for: done, not ours, or to be asked for again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Q, QuerySet

from config import clock
from connections.gateways.base import GatewayPayment, GatewaySubscription, PaymentStatus, SubscriptionStatus
from payments.models import GatewayResource
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease
from webhooks.models import OPEN_STATES, EventState, WebhookEvent, first_delay
from webhooks.services import attempts

# Waits before asking again when the answer is older than what the notification announced (design rule 1).
ASK_AGAIN = (5, 30, 120)
NOT_OURS, NOT_FOUND = "not_ours", "not_found"
# It only proves a card, so it is nobody's charge.
CARD_CHECK = "card_check"
# After the last try: the gateway does not know it, or not yet whose it is.
_UNKNOWN = {Outcome.MISSING: NOT_FOUND, Outcome.NOT_YET: NOT_OURS}
# Sent from here about something that exists nowhere.
SIMULATED = "simulated"
# Its payment became known as ours only after it had been put aside.
MATCHED_LATER = "matched_later"
# A notification's time has whole seconds, a payment's version has milliseconds.
_CLOCK_GRAIN = timedelta(seconds=2)
# Answers that are at least as new as what was announced; any other is asked for again.
_ALL = frozenset(PaymentStatus)
_UNPAID = frozenset({PaymentStatus.PENDING, PaymentStatus.AUTHORIZED, PaymentStatus.OVERDUE})
_GONE_BACK = frozenset({PaymentStatus.REFUNDED, PaymentStatus.CHARGED_BACK})
_MEETS: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.PENDING: _ALL - {PaymentStatus.CANCELLED, PaymentStatus.EXPIRED},
    PaymentStatus.AUTHORIZED: _ALL - {PaymentStatus.PENDING},
    PaymentStatus.OVERDUE: _ALL - {PaymentStatus.PENDING},
    PaymentStatus.CANCELLED: _ALL - _UNPAID,
    PaymentStatus.PAID: _GONE_BACK | {PaymentStatus.PAID},
    PaymentStatus.DISPUTED: _GONE_BACK | {PaymentStatus.DISPUTED},
    PaymentStatus.REFUNDED: _GONE_BACK,
}


def finish(event: WebhookEvent, refreshed: Refreshed, *, held: Lease, started: datetime) -> None:
    """Close the event if the fetch that began at ``started`` answers it; else plan the next one.

    An event that waits for its next try anyway is only ever closed, not put off further.
    """
    outcome = refreshed.outcome
    is_due = event.next_attempt_at is not None and event.next_attempt_at <= started
    if outcome == Outcome.LEASE_LOST:
        return
    if outcome == Outcome.NOT_OURS:
        _put_aside(event, NOT_OURS, held=held, started=started)
    elif found := _end_of(event, refreshed):
        _close(event, *found, held=held, started=started)
    elif is_due and event.asked_again < len(ASK_AGAIN):
        _ask_again(event, held=held, started=started)
    elif is_due and outcome in _UNKNOWN:
        _put_aside(event, _UNKNOWN[outcome], held=held, started=started)
    elif is_due:
        _close(event, EventState.DONE, "announced_more", held=held, started=started)


def _end_of(event: WebhookEvent, refreshed: Refreshed) -> tuple[EventState, str] | None:
    """What the event comes to by this fetch, and why; None where it has to be asked for again."""
    if refreshed.outcome == Outcome.CARD_CHECK:
        return EventState.IGNORED, CARD_CHECK
    if refreshed.outcome == Outcome.APPLIED and _is_answered(event, refreshed):
        return EventState.DONE, MATCHED_LATER if event.reason == MATCHED_LATER else ""
    if refreshed.outcome == Outcome.MISSING and event.is_simulated:
        return EventState.TEST, SIMULATED
    if refreshed.outcome == Outcome.MISSING and event.is_test:
        # A 404 on the panel's made-up payment is its test; a real one may still appear.
        return EventState.TEST, "panel_test"
    return None


def _is_answered(event: WebhookEvent, refreshed: Refreshed) -> bool:
    """By what was fetched of it, or by the gateway's count of changes; else by having been fetched.

    One that was sent from here announces nothing that could still be to come.
    """
    if event.is_simulated:
        return True
    if event.expected_counter is not None and refreshed.counter is not None:
        return refreshed.counter >= event.expected_counter
    if refreshed.subscription:
        return _shows(event, refreshed.subscription)
    return refreshed.payment is None or is_met(event, refreshed.payment)


def _shows(event: WebhookEvent, subscription: GatewaySubscription) -> bool:
    """Whether a subscription became what was announced, or is over, which is further along."""
    status = SubscriptionStatus.CANCELLED if subscription.is_deleted else subscription.status
    if not event.expected or status in (None, event.expected):
        return event.expected_amount_cents in (None, subscription.amount_cents)
    is_over = status in (SubscriptionStatus.CANCELLED, SubscriptionStatus.ENDED)
    return is_over and event.expected != SubscriptionStatus.CANCELLED


def is_met(event: WebhookEvent, payment: GatewayPayment) -> bool:
    """Whether the fetched state is at least as new as what the notification announced."""
    version = payment.version + _CLOCK_GRAIN if payment.version else None
    return meets(event, version=version, status=payment.status, refunded_cents=payment.refunded_cents)


def meets(
    event: WebhookEvent, *, version: datetime | None, status: PaymentStatus | None, refunded_cents: int
) -> bool:
    """Whether a state says what the event announced; by its version alone where it has one."""
    if version and event.occurred_at:
        return version >= event.occurred_at
    is_taken = (
        status == PaymentStatus.CHARGED_BACK
    )  # Asaas tells of it as of a refund, and no sum is given back
    if refunded_cents < event.expected_refunded_cents and not is_taken:
        return False
    if not event.expected or status is None:
        return True
    if event.is_step_back:
        return status in _UNPAID
    expected = PaymentStatus(event.expected)
    return status in _MEETS.get(expected, frozenset({expected}))


def _put_aside(event: WebhookEvent, reason: str, *, held: Lease, started: datetime) -> None:
    """Nothing of ours, as far as we know at this moment.

    Who learns otherwise locks the resource first (``matching``): the two meet in one order or the other,
    and no event is put aside that nobody would take up again.
    """
    nobodys = Q(charge=None, subscription=None, recurring_plan=None)
    unknown = Q(is_missing=True) if reason == NOT_FOUND else nobodys
    with transaction.atomic():
        own = GatewayResource.objects.select_for_update(no_key=True).filter(unknown, pk=held.resource_id)
        if own.first():
            _close(event, EventState.IGNORED, reason, held=held, started=started)


def _ask_again(event: WebhookEvent, *, held: Lease, started: datetime) -> None:
    wait = timedelta(seconds=ASK_AGAIN[event.asked_again])
    _own(event, held, started).update(
        state=EventState.RETRY,
        attempts=F("attempts") + 1,
        asked_again=F("asked_again") + 1,
        history=attempts.and_one(event, attempts.BEHIND),
        next_attempt_at=clock.now() + wait,
        cause="",
        last_error="",
    )


def _close(event: WebhookEvent, state: EventState, reason: str, *, held: Lease, started: datetime) -> None:
    now = clock.now()
    effect = {"delay": first_delay(now)} if state == EventState.DONE else {}
    _own(event, held, started).update(
        state=state,
        reason=reason,
        attempts=F("attempts") + 1,
        history=attempts.and_one(event, state, reason=reason),
        next_attempt_at=None,
        cause="",
        last_error="",
        finished_at=now,
        **effect,
    )


def _own(event: WebhookEvent, held: Lease, started: datetime) -> QuerySet[WebhookEvent]:
    """The event, if our lease still holds and no repeat of it came in after the fetch began."""
    lease = GatewayResource.objects.filter(pk=held.resource_id, lease_token=held.token)
    before = Q(last_repeat_at=None) | Q(last_repeat_at__lte=started)
    return WebhookEvent.objects.filter(before, Exists(lease), pk=event.pk, state__in=OPEN_STATES)
