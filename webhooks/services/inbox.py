"""Work through the inbox: one fetch per resource serves every notification about it.

Nothing here trusts a notification. It says what to ask for; the answer decides, and an event is finished
only by a fetch that began after it arrived (design rules 1 to 4).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from django.db import InterfaceError, OperationalError
from django.db.models import F, Max, Q

from config import clock
from connections import services as connections
from connections.gateways.base import ResourceKind
from connections.gateways.errors import BudgetExhausted, CredentialsRefused, GatewayError
from connections.models import Connection
from connections.services import pausing
from payments.models import GatewayResource
from payments.services import disputing, missed, resources, second_opinion
from payments.services.resources import Lease
from webhooks.lanes import lanes
from webhooks.models import EventState, Failure, WebhookEvent
from webhooks.services import asking, backing_off, coalescing
from webhooks.services.finishing import finish
from webhooks.services.targets import BATCH, Target, due_targets, open_events, signed

logger = logging.getLogger(__name__)

MOST_ROUNDS = 5
# What threads of this process hold the lease of, and until when: no question is needed to see it.
_in_hand: dict[Target, datetime] = {}


class Handling(StrEnum):
    DONE = "done"
    BUSY = "busy"
    # The gateway gave no answer, or may not be asked now.
    FAILED = "failed"
    SPENT = "spent"


def work() -> int:
    """Take everything open and due, in turns between the connections; returns how many targets were handled.

    A connection whose gateway is away is left alone, so that no other waits for it.
    """
    seen: set[Target] = set()
    resting: set[int] = set()
    handled = 0
    has_more = True
    while has_more and (fresh := [target for target in due_targets() if target not in seen]):
        has_more = len(fresh) >= BATCH
        for target in fresh:
            seen.add(target)
            if target.connection_id in resting:
                continue
            with lanes.lane(target.connection_id) as is_free:
                if not is_free:
                    continue
                if not pausing.may_ask(target.connection_id):
                    resting.add(target.connection_id)
                    continue
                handled += 1
                outcome = _handle_safely(target)
                has_more |= outcome != Handling.BUSY  # what was learned may have made more of it due
                if outcome == Handling.SPENT:
                    resting.add(target.connection_id)
    _note_waiting(resting | pausing.away())
    return handled


def _note_waiting(connection_ids: set[int]) -> None:
    """That something arrived is known, and with which secret, though its gateway cannot be asked now."""
    is_new = Q(connection__last_event_at=None) | Q(received_at__gt=F("connection__last_event_at"))
    waiting = signed().filter(is_new, connection__in=connection_ids, state=EventState.RECEIVED)
    waiting = waiting.filter(is_simulated=False)
    arrived = waiting.order_by().values("connection_id", "secret_name").annotate(last=Max("received_at"))
    by_connection: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    for row in arrived:
        by_connection[row["connection_id"]][row["secret_name"]] = row["last"]
    for connection_id, marks in by_connection.items():
        connection = Connection.objects.get(pk=connection_id)
        connections.note_delivery(connection, at=max(marks.values()), secret_marks=set(marks))


def wake(events: Iterable[WebhookEvent]) -> int:
    """Have these asked for again from the start, whatever had become of them; returns how many.

    Not unsigned hints, and not what names nothing to ask for.
    """
    chosen = WebhookEvent.objects.filter(pk__in=[event.pk for event in events], is_hint=False)
    return (
        chosen.exclude(kind="")
        .exclude(gateway_id="")
        .update(
            state=EventState.RECEIVED,
            reason="",
            attempts=0,
            failures=0,
            asked_again=0,
            next_attempt_at=clock.now(),
            cause="",
            last_error="",
            finished_at=None,
            ignored_by=None,
            note="",
        )
    )


def _handle_safely(target: Target) -> Handling:
    """One poisoned target must not keep the others waiting."""
    try:
        return handle(target)
    except (OperationalError, InterfaceError):  # nothing was written, so all of it is still due
        logger.exception("the database was away for %s %s", target.kind, target.gateway_id)
        return Handling.SPENT
    except Exception as err:
        logger.exception("notifications about %s %s could not be handled", target.kind, target.gateway_id)
        due = open_events(target).filter(next_attempt_at__lte=clock.now())
        backing_off.postpone(list(due), err, Failure.OWN_FAULT)
        return Handling.DONE


def handle(target: Target) -> Handling:
    """Fetch one resource until no open notification about it is older than the fetch.

    *Busy* when another worker is already at it, or was: that one takes the newcomers too.
    """
    if _is_in_hand(target) or not _is_due(target):  # listed a while ago, and another worker was quicker
        return Handling.BUSY
    connection = _connection(target)
    resource = resources.find_or_add(connection, kind=ResourceKind(target.kind), gateway_id=target.gateway_id)
    for _round in range(MOST_ROUNDS):
        if coalescing.put_off(resource, open_events(target)):
            _note_delivery(connection, list(open_events(target)))
            break
        held = resources.lease(resource.pk)
        if held is None:
            return Handling.BUSY
        _in_hand[target] = held.until
        try:
            played = _play_round(connection, resource, target, held)
        finally:
            _in_hand.pop(target, None)
            resources.release(held)
        if played != Handling.DONE:
            return played
        # Asked after the release: who came while we held the lease was turned away by it.
        if not _is_due(target):
            break
        connection = _connection(target)
        resource.refresh_from_db()
    return Handling.DONE


def _is_in_hand(target: Target) -> bool:
    until = _in_hand.get(target)
    return until is not None and until > clock.now()


def _is_due(target: Target) -> bool:
    return open_events(target).order_by().filter(next_attempt_at__lte=clock.now()).exists()


def _connection(target: Target) -> Connection:
    """As it is now: its key may have been replaced between two rounds."""
    return Connection.objects.get(pk=target.connection_id)


def _play_round(connection: Connection, resource: GatewayResource, target: Target, held: Lease) -> Handling:
    """One fetch for all that is open now."""
    started = clock.now()
    events = list(open_events(target))
    due = [event for event in events if event.next_attempt_at and event.next_attempt_at <= started]
    if not due:
        return Handling.DONE
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(resource=resource)
    is_told = not all(event.is_simulated for event in events)
    if is_told:
        missed.note_arrival(resource)
    _note_delivery(connection, events)
    try:
        refreshed = asking.ask(connection, resource, held, cause=due[-1].topic, is_told=is_told)
    except GatewayError as err:
        return _take_failure(connection, resource, due, err, held)
    alerts = [event for event in events if event.forbids_delivery and not event.is_simulated]
    if refreshed.charge_id and alerts:
        disputing.forbid_delivery(refreshed.charge_id, source=asking.SOURCE)
    for event in events:
        finish(event, refreshed, held=held, started=started)
    return Handling.DONE


def _note_delivery(connection: Connection, events: list[WebhookEvent]) -> None:
    """Not by what was sent from here: that shows nothing of the gateway, nor of the token it uses."""
    events = [event for event in events if not event.is_simulated]
    if events:
        connections.note_delivery(
            connection,
            at=max(event.received_at for event in events),
            secret_marks={event.secret_name for event in events},
        )


def _take_failure(
    connection: Connection,
    resource: GatewayResource,
    due: list[WebhookEvent],
    error: GatewayError,
    held: Lease,
) -> Handling:
    """Whose failure it was decides who waits: the connection or the events."""
    cause = backing_off.cause_of(error)
    if cause != Failure.AWAY:
        pausing.note_answer(connection.pk)
        backing_off.postpone(due, error, cause, held=held)
        return Handling.DONE
    if isinstance(error, CredentialsRefused):
        connections.note_refusal(connection, error)
    if second_opinion.is_about_one_thing(connection, resource, error):
        backing_off.postpone(due, error, Failure.NO_ANSWER, held=held)
        return Handling.DONE
    pausing.note_failure(connection.pk, error)
    if isinstance(error, BudgetExhausted):  # nothing was sent
        return Handling.SPENT
    backing_off.postpone(due, error, cause, held=held)
    return Handling.FAILED
