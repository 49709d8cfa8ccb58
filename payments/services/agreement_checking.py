"""Look at subscriptions by ourselves: no notification is certain to come, and some changes send none.

Every one that lives is asked for at least once a day together with all its turns, whatever was told: that is
also how they are reconciled. After its end it gets one more look. What nobody agreed to for a month, and what
its gateway does not know any more, is asked for once a month.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config import clock
from connections import waiting
from connections.gateways.base import Gateway, ResourceKind
from connections.gateways.errors import GatewayError
from connections.services import gateway_for, pausing
from connections.services.accounts import patience
from payments.models import ALIVE, GatewayResource, Subscription, SubscriptionReview, SubscriptionState
from payments.services import agreements, outages, subscription_states, twins
from payments.services.queues import in_turns
from payments.services.refreshing import Outcome

logger = logging.getLogger(__name__)

SOURCE = "check"
DAILY = timedelta(days=1)
# Of which hardly anything is to be expected any more, and after how long that is so.
SELDOM = timedelta(days=30)
# So long after it was made somebody may be about to agree to it.
PENDING_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 60, 360))
# A day has begun where the account is, and its gateway had time to charge.
_AFTER_MIDNIGHT = timedelta(hours=2)
_CLAIM = timedelta(minutes=5)
_RETRY = timedelta(minutes=10)
# A gateway may not know for a moment what it has (mercadopago.md 3.6).
_UNKNOWN_RETRY = timedelta(hours=1)
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
    pace = DAILY
    if own.state == SubscriptionState.PENDING:
        pace = DAILY if now - own.created_at < SELDOM else SELDOM
        moments += [own.created_at + after for after in PENDING_AFTER if own.created_at + after > now]
    elif own.next_due_on:
        midnight = datetime.combine(own.next_due_on, time(), tzinfo=ZoneInfo(own.connection.time_zone))
        moments += [
            moment
            for days in (0, 1)
            if (moment := midnight.astimezone(UTC) + timedelta(days=days) + _AFTER_MIDNIGHT) > now
        ]
    return min([now + pace, *moments])


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
    wait, later = None, None
    try:
        later = check(own)
    except GatewayError as err:
        wait = outages.wait_after(own.connection, err)
    except Exception:
        logger.exception("subscription %s could not be checked", subscription_id)
    fresh = Subscription.objects.for_lists().get(pk=subscription_id)
    following = _after(fresh, later) if wait is None else clock.now() + max(wait, _RETRY)
    Subscription.objects.filter(pk=own.pk, check_due_at=now + _CLAIM).update(check_due_at=following)
    return wait is None


def _after(own: Subscription, later: timedelta | None) -> datetime | None:
    """When to look next. The one we follow may wait, a watch for its twins may not."""
    now = clock.now()
    if later is None:
        return plan(own, now=now)
    return min([now + later, *(moment for moment in twins.moments(own) if moment > now)])


def check(own: Subscription) -> timedelta | None:
    """Ask for it and its turns, and for what may have landed beside it.

    Returns how long it may wait then, where not as usual. Raises a ``GatewayError``.
    """
    gateway = gateway_for(own.connection)
    errands: list[Callable[[], object]] = []
    later: list[timedelta | None] = []
    if own.gateway_id:
        errands.append(lambda: later.append(_look(own, gateway)))
    if twins.is_watched(own):
        errands.append(lambda: twins.look(own, gateway))
    outages.for_each(errands, lambda errand: errand())
    return later[0] if later else None


def _look(own: Subscription, gateway: Gateway) -> timedelta | None:
    """One that its gateway does not know twice in succession is for a person.

    What another worker asks for now, or an answer that came too late, leaves the turns to the next look.
    """
    row = GatewayResource.objects.filter(
        connection=own.connection_id, kind=ResourceKind.SUBSCRIPTION, gateway_id=own.gateway_id
    )
    was_missing = row.filter(is_missing=True).exists()
    seen = agreements.look(own, source=SOURCE, gateway=gateway)
    missing = SubscriptionReview.MISSING
    if seen and seen.outcome == Outcome.APPLIED:
        subscription_states.unflag(own.pk, missing, source=SOURCE)
    if seen is None or seen.outcome in (Outcome.STALE, Outcome.LEASE_LOST):
        return _RETRY
    if seen.outcome != Outcome.MISSING or own.state not in ALIVE:
        return None
    if not was_missing:
        return _UNKNOWN_RETRY
    subscription_states.flag(own.pk, missing, source=SOURCE)
    return SELDOM
