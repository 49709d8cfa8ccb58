"""Work through the inbox: one fetch per resource serves every notification about it.

Nothing here trusts a notification. It says what to ask for; the answer decides, and an event is finished
only by a fetch that began after it arrived (design rules 1 to 4).
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, zip_longest

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from config import clock
from connections import services as connections
from connections.gateways.base import GatewayPayment, PaymentStatus, ResourceKind
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable
from connections.models import Connection
from payments.models import GatewayResource
from payments.services import missed, refreshing, resources
from payments.services.refreshing import Outcome
from payments.services.resources import Lease
from webhooks.lanes import lanes
from webhooks.models import OPEN_STATES, EventState, WebhookEvent

logger = logging.getLogger(__name__)

BATCH = 50
LOOK_AHEAD = 500
MOST_ROUNDS = 5
# Waits after a failure that is not an outage; after the last one a person must look.
BACK_OFF = (5, 30, 120, 600, 3600)
# Waits before asking again when the answer is older than what the notification announced (design rule 1).
ASK_AGAIN = (5, 30, 120)
OUTAGE_SECONDS = 30
REFUSED_SECONDS = 60
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
# After so many failures of one connection in one pass its gateway is taken to be away.
MOST_FAILURES = 2


class Handling(StrEnum):
    DONE = "done"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a group of open notifications is about."""

    connection_id: int
    kind: str
    gateway_id: str


def work() -> int:
    """Take everything open and due, in turns between the connections; returns how many targets were handled.

    A connection whose gateway seems to be away is left alone for a while, so that no other waits for it.
    """
    seen: set[Target] = set()
    failures: Counter[int] = Counter()
    while fresh := [target for target in _due() if target not in seen]:
        for target in fresh:
            seen.add(target)
            if failures[target.connection_id] >= MOST_FAILURES:
                continue
            with lanes.lane(target.connection_id) as is_free:
                if not is_free:
                    continue
                failures[target.connection_id] += _handle_safely(target) == Handling.FAILED
            if failures[target.connection_id] == MOST_FAILURES:
                _leave_alone(target.connection_id)
    return len(seen)


def is_anything_due() -> bool:
    """Whether a signed notification waits to be taken now."""
    return _signed().filter(next_attempt_at__lte=clock.now()).exists()


def _signed() -> QuerySet[WebhookEvent]:
    """What is open and was verified; unsigned hints have a way of their own."""
    return WebhookEvent.objects.filter(state__in=OPEN_STATES, is_hint=False)


def _due() -> list[Target]:
    """What is open, due and not in another worker's hands: the oldest of each connection in turns."""
    now = clock.now()
    leased = GatewayResource.objects.filter(
        connection=OuterRef("connection"),
        kind=OuterRef("kind"),
        gateway_id=OuterRef("gateway_id"),
        lease_until__gt=now,
    )
    groups = (
        _signed()
        .filter(~Exists(leased), next_attempt_at__lte=now)
        .values("connection_id", "kind", "gateway_id")
        .annotate(oldest=Min("received_at"))
    )
    queues: defaultdict[int, list[Target]] = defaultdict(list)
    for row in groups.order_by("oldest")[:LOOK_AHEAD]:
        target = Target(connection_id=row["connection_id"], kind=row["kind"], gateway_id=row["gateway_id"])
        queues[target.connection_id].append(target)
    in_turns = chain.from_iterable(zip_longest(*queues.values()))
    return [target for target in in_turns if target][:BATCH]


def _leave_alone(connection_id: int) -> None:
    """Everything due of a connection waits, by one UPDATE and at nobody's fault."""
    now = clock.now()
    due = _signed().filter(connection_id=connection_id, next_attempt_at__lte=now)
    due.update(state=EventState.RETRY, next_attempt_at=now + timedelta(seconds=OUTAGE_SECONDS))


def _handle_safely(target: Target) -> Handling:
    """One poisoned target must not keep the others waiting."""
    try:
        return handle(target)
    except Exception as err:
        logger.exception("notifications about %s %s could not be handled", target.kind, target.gateway_id)
        for event in _open_events(target):
            _postpone(event, error=f"{type(err).__name__} in our own code", seconds=None)
        return Handling.DONE


def handle(target: Target) -> Handling:
    """Fetch one resource until no open notification about it is older than the fetch.

    *Busy* when another worker is already at it: that one takes the newcomers too.
    """
    connection = _connection(target)
    resource = resources.find_or_add(connection, kind=ResourceKind(target.kind), gateway_id=target.gateway_id)
    for _round in range(MOST_ROUNDS):
        held = resources.lease(resource.pk)
        if held is None:
            return Handling.BUSY
        try:
            if not _play_round(_connection(target), resource, target, held):
                return Handling.FAILED
        finally:
            resources.release(held)
        # Asked after the release: who came while we held the lease was turned away by it.
        if not _open_events(target).filter(next_attempt_at__lte=clock.now()).exists():
            break
    return Handling.DONE


def _connection(target: Target) -> Connection:
    """As it is now: its key may have been replaced between two rounds."""
    return Connection.objects.get(pk=target.connection_id)


def _play_round(connection: Connection, resource: GatewayResource, target: Target, held: Lease) -> bool:
    """One fetch for all that is open now; False when the gateway gave no answer."""
    started = clock.now()
    events = list(_open_events(target).filter(next_attempt_at__lte=started))
    if not events:
        return True
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(resource=resource)
    missed.note_arrival(resource)
    connections.note_delivery(
        connection,
        at=max(event.received_at for event in events),
        secret_marks={event.secret_name for event in events},
    )
    try:
        refreshed = refreshing.refresh(connection, resource, held, source="webhook", cause=events[-1].topic)
    except GatewayError as err:
        _postpone_all(connection, events, err)
        return not isinstance(err, GatewayUnavailable | CredentialsRefused)
    for event in events:
        _finish(event, refreshed.outcome, refreshed.payment, held=held, started=started)
    return True


def _open_events(target: Target) -> QuerySet[WebhookEvent]:
    about = _signed().filter(
        connection_id=target.connection_id, kind=target.kind, gateway_id=target.gateway_id
    )
    return about.defer("body", "headers").order_by("received_at", "pk")


def _finish(
    event: WebhookEvent, outcome: Outcome, payment: GatewayPayment | None, *, held: Lease, started: datetime
) -> None:
    if outcome == Outcome.LEASE_LOST:
        return
    if outcome == Outcome.MISSING:
        _finish_missing(event, held=held, started=started)
    elif outcome == Outcome.NOT_OURS:
        _close(event, EventState.IGNORED, "not_ours", held=held, started=started)
    elif outcome == Outcome.APPLIED and (payment is None or is_met(event, payment)):
        _close(event, EventState.DONE, "", held=held, started=started)
    else:
        _ask_again(event, held=held, started=started)


def is_met(event: WebhookEvent, payment: GatewayPayment) -> bool:
    """Whether the fetched state is at least as new as what the notification announced."""
    if payment.version and event.occurred_at:
        return payment.version >= event.occurred_at - _CLOCK_GRAIN
    if not event.expected or payment.status is None:
        return True
    if event.is_step_back:
        return payment.status in _UNPAID
    expected = PaymentStatus(event.expected)
    return payment.status in _MEETS.get(expected, frozenset({expected}))


def _finish_missing(event: WebhookEvent, *, held: Lease, started: datetime) -> None:
    """A 404 on the panel's made-up payment is its test; on a real one it may still appear."""
    if event.is_test:
        _close(event, EventState.TEST, "panel_test", held=held, started=started)
    elif event.asked_again < len(ASK_AGAIN):
        _ask_again(event, held=held, started=started)
    else:
        _close(event, EventState.IGNORED, "not_found", held=held, started=started)


def _ask_again(event: WebhookEvent, *, held: Lease, started: datetime) -> None:
    if event.asked_again >= len(ASK_AGAIN):
        _close(event, EventState.DONE, "announced_more", held=held, started=started)
        return
    wait = timedelta(seconds=ASK_AGAIN[event.asked_again])
    _own(event, held, started).update(
        state=EventState.RETRY,
        attempts=F("attempts") + 1,
        asked_again=F("asked_again") + 1,
        next_attempt_at=clock.now() + wait,
    )


def _close(event: WebhookEvent, state: EventState, reason: str, *, held: Lease, started: datetime) -> None:
    _own(event, held, started).update(
        state=state,
        reason=reason,
        attempts=F("attempts") + 1,
        next_attempt_at=None,
        last_error="",
        finished_at=clock.now(),
    )


def _own(event: WebhookEvent, held: Lease, started: datetime) -> QuerySet[WebhookEvent]:
    """The event, if our lease still holds and no repeat of it came in after the fetch began."""
    lease = GatewayResource.objects.filter(pk=held.resource_id, lease_token=held.token)
    before = Q(last_repeat_at=None) | Q(last_repeat_at__lte=started)
    return WebhookEvent.objects.filter(before, Exists(lease), pk=event.pk, state__in=OPEN_STATES)


def _postpone_all(connection: Connection, events: list[WebhookEvent], error: GatewayError) -> None:
    if isinstance(error, CredentialsRefused):
        connections.note_refusal(connection, error)
    for event in events:
        _postpone(event, error=str(error), seconds=_outage_seconds(error))


def _outage_seconds(error: GatewayError) -> float | None:
    """How long to wait where the event is not to blame; None where it may be."""
    if isinstance(error, CredentialsRefused):
        return REFUSED_SECONDS
    if isinstance(error, GatewayUnavailable):
        return float(getattr(error, "retry_after", None) or OUTAGE_SECONDS)
    return None


def _postpone(event: WebhookEvent, *, error: str, seconds: float | None) -> None:
    """Back to the queue, or to the dead list once an event failed too often by itself."""
    is_dead = seconds is None and event.attempts >= len(BACK_OFF)
    if seconds is None:
        seconds = BACK_OFF[min(event.attempts, len(BACK_OFF) - 1)]
    WebhookEvent.objects.filter(pk=event.pk, state__in=OPEN_STATES).update(
        state=EventState.DEAD if is_dead else EventState.RETRY,
        attempts=F("attempts") + 1,
        next_attempt_at=None if is_dead else clock.now() + timedelta(seconds=seconds),
        last_error=error[:500],
        finished_at=clock.now() if is_dead else None,
    )
