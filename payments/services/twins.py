"""Watch for a second subscription under our reference: a creating call that was sent twice may land twice.

One that nobody paid or agreed to is cancelled, and read again to see that it is; any other is for a person.
So is what landed although it had been given up. Once seen, each is asked for by its id: lists lag.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction

from config import clock
from connections.gateways.base import (
    Gateway,
    GatewaySubscription,
    GatewayTurn,
    ResourceKind,
    SubscriptionChange,
    SubscriptionStatus,
)
from connections.gateways.errors import GatewayError, NotFound, RequestRefused
from payments.models import AgreementChangeKind, Subscription, SubscriptionReview, SubscriptionState
from payments.parcels import RECEIVING
from payments.services import agreements, resources, subscribing, subscription_states, turns
from payments.services.creation import WATCH_AFTER
from payments.services.timeline import note_change

SOURCE = "check"
# A look that fails is made again, but not for ever.
_LONGEST = timedelta(days=3)
_DAILY = timedelta(days=1)
_PAID = "twin_paid"
_OVER = (SubscriptionState.CANCELLED, SubscriptionState.ENDED)
_NOT_AGREED_TO = (SubscriptionState.CONFIRMING, SubscriptionState.PENDING, SubscriptionState.FAILED)


def is_watched(own: Subscription) -> bool:
    """While a call may still land that was not the only one, and while a person is asked about a twin."""
    return _is_new(own) or own.review_reason == SubscriptionReview.TWIN


def moments(own: Subscription) -> list[datetime]:
    daily = [clock.now() + _DAILY] if own.review_reason == SubscriptionReview.TWIN else []
    if not (own.looked_up and own.sent_at):
        return daily
    return [*daily, *(own.sent_at + after for after in WATCH_AFTER)]


def _is_new(own: Subscription) -> bool:
    return bool(own.looked_up and own.sent_at and clock.now() - own.sent_at < _LONGEST)


def look(own: Subscription, gateway: Gateway) -> None:
    """Ask what is there under our reference, and end what is there twice. Raises a ``GatewayError``."""
    own.refresh_from_db()
    if not own.gateway_id and own.state in subscription_states.BEING_MADE:
        return
    found = {one.gateway_id: one for one in subscribing.find(own, gateway)}
    for name, one in found.items():
        if name != own.gateway_id and agreements.is_alive(one):
            _remember(own, name)
    if _settle_all(own, found, gateway) and own.review_reason == SubscriptionReview.TWIN:
        _close(own)


def _settle_all(own: Subscription, found: Mapping[str, GatewaySubscription], gateway: Gateway) -> bool:
    """Whether there are any and nothing is left to do. One that cannot be asked keeps no other waiting."""
    settled: list[bool] = []
    error: GatewayError | None = None
    for name in _known(own):
        try:
            settled.append(_settle(own, found.get(name) or gateway.fetch_subscription(name), gateway))
        except NotFound:
            settled.append(False)
        except GatewayError as err:
            error = error or err
    if error:
        raise error
    return bool(settled) and all(settled)


def _close(own: Subscription) -> None:
    """None is left; what was asked about before, on one that was given up once, is asked again."""
    subscription_states.unflag(own.pk, SubscriptionReview.TWIN, source=SOURCE)
    if own.timeline.filter(code="state", data__before=SubscriptionState.FAILED).exists():
        subscription_states.flag(own.pk, SubscriptionReview.LANDED, source=SOURCE)


def _remember(own: Subscription, gateway_id: str) -> None:
    """From now on it is asked for by its id, whatever the list shows."""
    with transaction.atomic():
        row = resources.lock(own.connection_id, ResourceKind.SUBSCRIPTION, gateway_id)
        resources.join(row, subscription=own)


def _known(own: Subscription) -> list[str]:
    """The ids of all that was ever seen under our reference beside the one we follow."""
    rows = own.resources.filter(kind=ResourceKind.SUBSCRIPTION).exclude(gateway_id=own.gateway_id)
    return list(rows.order_by("pk").values_list("gateway_id", flat=True))


def _settle(own: Subscription, seen: GatewaySubscription, gateway: Gateway) -> bool:
    """Whether nothing is left to do about one. Money in one that is over is for a person to give back."""
    try:
        twin = _end(own, seen, gateway) if _may_be_ended(own, seen, gateway) else seen
        has_money = _holds_money(own, twin, gateway)
    except GatewayError:
        if agreements.is_alive(seen):
            _ask_a_person(own)
        raise
    is_alive = agreements.is_alive(twin)
    if is_alive or (has_money and twin is not seen):
        _leave_to_a_person(own, twin, gateway, has_money=has_money)
    return not is_alive and not has_money


def _may_be_ended(own: Subscription, twin: GatewaySubscription, gateway: Gateway) -> bool:
    """One that a call of ours may have made, that nobody paid, and nobody agreed to in the place of ours."""
    if not agreements.is_alive(twin) or twin.status is None or not own.looked_up:
        return False
    if own.state in _OVER and not _is_unwanted(own):
        return False
    rule = own.connection.capabilities.subscriptions
    is_agreed_to = bool(rule and rule.is_hosted) and twin.status != SubscriptionStatus.PENDING
    if is_agreed_to and own.state in (*_NOT_AGREED_TO, *_OVER):
        return False
    return not _holds_money(own, twin, gateway)


def _is_unwanted(own: Subscription) -> bool:
    """Whether it was cancelled here by somebody who knew of one only.

    Of what was ended elsewhere, or after a person had been asked about two, the other may be meant to stay.
    """
    if not own.changes.filter(kind=AgreementChangeKind.CANCEL, state="done").exists():
        return False
    ended = own.timeline.filter(code="state", data__after__in=_OVER).order_by("-pk").first()
    asked = own.timeline.filter(code="review", data__reason=SubscriptionReview.TWIN)
    return ended is not None and not asked.filter(pk__lt=ended.pk).exists()


def _end(own: Subscription, twin: GatewaySubscription, gateway: Gateway) -> GatewaySubscription:
    """What it is once it was cancelled: a 200 may have dropped that (mercadopago.md 4.4)."""
    with suppress(RequestRefused, NotFound):  # ended meanwhile, or not to be ended: the next line tells
        gateway.change_subscription(twin.gateway_id, SubscriptionChange(status=SubscriptionStatus.CANCELLED))
    now_there = gateway.fetch_subscription(twin.gateway_id)
    if not agreements.is_alive(now_there):
        note_change(own, "twin_cancelled", source=SOURCE, gateway_id=twin.gateway_id)
    return now_there


def _holds_money(own: Subscription, twin: GatewaySubscription, gateway: Gateway) -> bool:
    """Now or when it was seen before: the list of its turns may lag. Raises where one could not be read."""
    if own.timeline.filter(code=_PAID, data__gateway_id=twin.gateway_id).exists():
        return True
    try:
        listed = gateway.fetch_turns(twin.gateway_id)
    except NotFound:  # of one that lives that says nothing
        return agreements.is_alive(twin)
    if any(_may_hold_money(turn) for turn in listed):
        return True
    for turn in listed:
        if turn.unread:
            raise turn.unread
    return False


def _may_hold_money(turn: GatewayTurn) -> bool:
    """Where only the ids of the payments are told, one that was tried may hold some."""
    if turn.payment:
        return turn.payment.status is None or turn.payment.status in RECEIVING
    return bool(turn.payment_ids)


def _ask_a_person(own: Subscription) -> None:
    reason = SubscriptionReview.TWIN if own.gateway_id else SubscriptionReview.LANDED
    subscription_states.flag(own.pk, reason, source=SOURCE)


def _leave_to_a_person(
    own: Subscription, twin: GatewaySubscription, gateway: Gateway, *, has_money: bool
) -> None:
    """What was charged is shown; one that was given up and goes on is followed again."""
    _ask_a_person(own)
    told = own.timeline.filter(code=_PAID, data__gateway_id=twin.gateway_id)
    if has_money and own.gateway_id and not told.exists():
        note_change(own, _PAID, source=SOURCE, gateway_id=twin.gateway_id)
    if not own.gateway_id:
        _take(own, twin, gateway)
        own.refresh_from_db()
    elif has_money:
        turns.take_all(own, twin.gateway_id, gateway, source=SOURCE)


def _take(own: Subscription, found: GatewaySubscription, gateway: Gateway) -> None:
    row = resources.find_or_add(own.connection, kind=ResourceKind.SUBSCRIPTION, gateway_id=found.gateway_id)
    if held := resources.lease(row.pk):
        try:
            agreements.refresh(own.connection, row, held, source=SOURCE, gateway=gateway)
        finally:
            resources.release(held)
