"""Look at subscriptions by ourselves: no notification is certain to come, and some changes send none.

Every one that lives is asked for at least once a day together with all its turns, whatever was told: that is
also how they are reconciled. After its end it gets one more look.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config import clock
from connections import waiting
from connections.gateways.errors import CredentialsRefused, GatewayError
from connections.services import gateway_for, note_refusal, pausing
from connections.services.accounts import patience
from payments.models import ALIVE, Subscription, SubscriptionState
from payments.services import agreements, subscription_states, twins
from payments.services.queues import in_turns

logger = logging.getLogger(__name__)

SOURCE = "check"
DAILY = timedelta(days=1)
# So long after it was made somebody may be about to agree to it.
PENDING_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 60, 360))
# A day has begun where the account is, and its gateway had time to charge.
_AFTER_MIDNIGHT = timedelta(hours=2)
_CLAIM = timedelta(minutes=5)
_RETRY = timedelta(minutes=10)
_LOOK_AHEAD = 500
_AT_ONCE = 20
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)


def sweep() -> None:
    """Plan what is new, ask what is due."""
    plan_new()
    check_due()


def plan(own: Subscription, *, now: datetime) -> datetime | None:
    """When to look next; None where nothing moves any more."""
    moments = [moment for moment in twins.moments(own) if moment > now]
    if own.state in subscription_states.BEING_MADE and not own.gateway_id:
        return min(moments, default=None)
    if own.state not in ALIVE:
        return min(moments, default=None)
    if own.state == SubscriptionState.PENDING:
        moments += [own.created_at + after for after in PENDING_AFTER if own.created_at + after > now]
    elif own.next_due_on:
        midnight = datetime.combine(own.next_due_on, time(), tzinfo=ZoneInfo(own.connection.time_zone))
        moments += [
            moment
            for days in (0, 1)
            if (moment := midnight.astimezone(UTC) + timedelta(days=days) + _AFTER_MIDNIGHT) > now
        ]
    return min([now + DAILY, *moments])


def plan_new() -> int:
    """Give every one that lives and has no date its first."""
    planned = 0
    new = Subscription.objects.for_lists().filter(state__in=ALIVE, check_due_at=None).exclude(gateway_id="")
    for own in new[:200]:
        first = plan(own, now=own.created_at)
        planned += Subscription.objects.filter(pk=own.pk, check_due_at=None).update(check_due_at=first)
    return planned


def check_due() -> int:
    """Ask the gateways about what is due, in turns between the connections; returns how many were asked."""
    left = patience(_PASS_SECONDS)
    due = Subscription.objects.filter(check_due_at__lte=clock.now()).exclude(connection__in=pausing.away())
    rows = in_turns(due.order_by("check_due_at").values_list("pk", "connection_id")[:_LOOK_AHEAD])
    away: set[int] = set()
    asked = 0
    with _passes.seat() as is_seated:
        for subscription_id, connection_id in rows[:_AT_ONCE] if is_seated else []:
            if left() <= 0:
                break
            if connection_id in away or not pausing.may_ask(connection_id):
                away.add(connection_id)
                continue
            asked += 1
            if not _check_safely(subscription_id):
                away.add(connection_id)
    return asked


def _check_safely(subscription_id: int) -> bool:
    """False when its gateway gave no answer."""
    now = clock.now()
    mine = Subscription.objects.filter(pk=subscription_id, check_due_at__lte=now)
    if not mine.update(check_due_at=now + _CLAIM):
        return True
    own = Subscription.objects.select_related("connection", "customer").get(pk=subscription_id)
    retry = None
    try:
        check(own)
    except GatewayError as err:
        retry = _RETRY
        pausing.note_failure(own.connection_id, err)
        if isinstance(err, CredentialsRefused):
            note_refusal(own.connection, err)
    except Exception:
        logger.exception("subscription %s could not be checked", subscription_id)
    fresh = Subscription.objects.for_lists().get(pk=subscription_id)
    following = clock.now() + retry if retry else plan(fresh, now=clock.now())
    Subscription.objects.filter(pk=own.pk, check_due_at=now + _CLAIM).update(check_due_at=following)
    return retry is None


def check(own: Subscription) -> None:
    """Ask for it and its turns, and for what may have landed beside it. Raises a ``GatewayError``."""
    gateway = gateway_for(own.connection)
    if own.gateway_id:
        agreements.look(own, source=SOURCE, gateway=gateway)
    if twins.is_watched(own):
        twins.look(own, gateway)
