"""Watch for a second subscription under our reference: a creating call that was sent twice may land twice.

One that nobody paid is cancelled, so that nobody is charged twice; one with money is for a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from config import clock
from connections.gateways.base import (
    Gateway,
    GatewaySubscription,
    GatewayTurn,
    ResourceKind,
    SubscriptionChange,
    SubscriptionStatus,
)
from connections.gateways.errors import NotFound, RequestRefused
from payments.models import Subscription, SubscriptionReview
from payments.parcels import RECEIVING
from payments.services import agreements, resources, subscribing, subscription_states, turns
from payments.services.creation import WATCH_AFTER
from payments.services.timeline import note_change

SOURCE = "check"
_LONGEST = WATCH_AFTER[-1] + timedelta(hours=1)


def is_watched(own: Subscription) -> bool:
    """For a day after a call was sent that may not have been the only one."""
    return bool(own.looked_up and own.sent_at and clock.now() - own.sent_at < _LONGEST)


def moments(own: Subscription) -> list[datetime]:
    if not (own.looked_up and own.sent_at):
        return []
    return [own.sent_at + after for after in WATCH_AFTER]


def look(own: Subscription, gateway: Gateway) -> None:
    """Ask what is there under our reference, and end what is there twice. Raises a ``GatewayError``."""
    alive = [one for one in subscribing.find(own, gateway) if agreements.is_alive(one)]
    if not own.gateway_id:
        if alive and own.state not in subscription_states.BEING_MADE:  # given up, and landed after all
            _take(own, alive[0], gateway)
        return
    others = [one for one in alive if one.gateway_id != own.gateway_id]
    ended = [_end(own, one, gateway) for one in others]
    if all(ended):
        subscription_states.unflag(own.pk, SubscriptionReview.TWIN, source=SOURCE)


def _take(own: Subscription, found: GatewaySubscription, gateway: Gateway) -> None:
    row = resources.find_or_add(own.connection, kind=ResourceKind.SUBSCRIPTION, gateway_id=found.gateway_id)
    if held := resources.lease(row.pk):
        try:
            agreements.refresh(own.connection, row, held, source=SOURCE, gateway=gateway)
        finally:
            resources.release(held)


def _end(own: Subscription, twin: GatewaySubscription, gateway: Gateway) -> bool:
    """Cancel one that nobody paid; False where a person has to decide."""
    try:
        listed = gateway.fetch_turns(twin.gateway_id)
    except NotFound:
        listed = ()
    if any(_may_hold_money(turn) for turn in listed):
        subscription_states.flag(own.pk, SubscriptionReview.TWIN, source=SOURCE)
        turns.take_all(own, twin.gateway_id, gateway, source=SOURCE)
        return False
    try:
        change = SubscriptionChange(status=SubscriptionStatus.CANCELLED)
        gateway.change_subscription(twin.gateway_id, change)
    except (RequestRefused, NotFound):  # ended meanwhile, or the next look tells
        return False
    note_change(own, "twin_cancelled", source=SOURCE, gateway_id=twin.gateway_id)
    return True


def _may_hold_money(turn: GatewayTurn) -> bool:
    """Where only the ids of the payments are told, one that was tried may hold some."""
    if turn.payment:
        return turn.payment.status is None or turn.payment.status in RECEIVING
    return bool(turn.payment_ids)
