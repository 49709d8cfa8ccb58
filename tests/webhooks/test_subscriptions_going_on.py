"""Notifications come while a subscription goes on, in any order or not at all: it ends in the same state.

A card is refused and taken, then come another amount, a pause, a resume and the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from config import clock
from connections.gateways.base import SubscriptionStatus
from payments.models import Charge, Subscription
from payments.services import agreement_checking, checking
from tests.payments.simulated import World
from tests.simulator.support import Inbox
from tests.webhooks.followed import (
    AS_THEY_COME,
    BACKWARDS,
    DROPPED,
    PLAIN,
    RAISED,
    Order,
    Several,
    mixed,
    stale,
)
from webhooks.models import WebhookEvent

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]
SOME = [AS_THEY_COME, mixed(1), stale(1)]
MANY = [AS_THEY_COME, BACKWARDS, *map(mixed, range(1, 11)), *map(stale, range(1, 11))]
HOW_MANY = [pytest.param(SOME, id="some"), pytest.param(MANY, id="many", marks=pytest.mark.full)]


def at_asaas(several: Several) -> Iterator[None]:
    several.each("pay")  # the card of the first page is kept
    several.pass_by(hours=1)
    yield
    several.each("kept_card", declines=True)
    several.pass_by(days=35)
    yield
    several.each("kept_card", declines=False)
    several.each("retry_card")
    several.pass_by(hours=1)
    yield
    several.change_each(amount_cents=RAISED, with_open=True)
    several.pass_by(hours=1)
    yield
    yield from to_the_end(several)


def at_mercado_pago(several: Several) -> Iterator[None]:
    several.each("subscribe")
    several.pass_by(hours=1)
    yield
    several.each("kept_card", declines=True)
    several.pass_by(days=3)
    yield
    several.each("kept_card", declines=False)
    several.pass_by(days=3)
    yield
    several.change_each(amount_cents=RAISED)
    several.pass_by(hours=1)  # no word of it (mercadopago.md 4.4)
    yield
    yield from to_the_end(several)


def to_the_end(several: Several) -> Iterator[None]:
    for status in (SubscriptionStatus.PAUSED, SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED):
        several.change_each(status=status)
        several.pass_by(hours=1)
        yield


LIVES = {"asaas": at_asaas, "mercadopago": at_mercado_pago}
# After each step, where everything is told at once or looked for by the clock.
SHOWN = {
    "asaas": [
        ("active", ["paid"]),
        ("active", ["paid", "overdue", "pending"]),
        ("active", ["paid", "paid", "pending"]),
        ("active", ["paid", "paid", "pending"]),
        ("paused", ["paid", "paid", "pending"]),
        ("active", ["paid", "paid", "pending"]),
        ("cancelled", ["paid", "paid", "cancelled"]),
    ],
    "mercadopago": [
        ("active", []),
        ("active", ["overdue"]),
        ("active", ["paid"]),
        ("active", ["paid"]),
        ("paused", ["paid"]),
        ("active", ["paid"]),
        ("cancelled", ["paid"]),
    ],
}
# The amount that nobody here agreed to is for a person to look at; what was paid before is as agreed.
PAID, REMOVED = ("paid", PLAIN, PLAIN, ""), ("cancelled", PLAIN, 0, "")
OVER = {"subscription": ("cancelled", PLAIN, "amount"), "is as in the books": True}
ENDS = {
    "asaas": {**OVER, "charges": [PAID, PAID, REMOVED]},
    "mercadopago": {**OVER, "charges": [PAID]},
}


@pytest.mark.parametrize("orders", HOW_MANY)
@pytest.mark.parametrize("key", ["asaas", pytest.param("mercadopago", marks=pytest.mark.full)])
def test_told_in_any_order(
    world: World, receiver: Inbox, client: Client, settings: Any, key: str, orders: list[Order]
) -> None:
    settings.PUBLIC_URL = receiver.url
    several = Several(world, key, orders, receiver, client)
    first = several.all[0]
    assert [first.shown() for _step in LIVES[key](several)] == SHOWN[key]
    several.end()
    assert {one.order.name: one.end() for one in several.all} == {one.name: ENDS[key] for one in orders}


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_told_nothing(world: World, receiver: Inbox, client: Client, settings: Any, key: str) -> None:
    """The same life, found by our own looks alone."""
    settings.PUBLIC_URL = receiver.url
    several = Several(world, key, [DROPPED], receiver, client)
    own = several.all[0]
    shown = []
    for _step in LIVES[key](several):
        look()
        shown.append(own.shown())
    assert shown == SHOWN[key]
    assert own.end() == ENDS[key]
    assert not WebhookEvent.objects.exists()


def look() -> None:
    """What the workers do when the time for it has come: for a charge that was removed that is its own."""
    agreement_checking.plan_new()
    checking.plan_open()
    for model in (Subscription, Charge):
        model.objects.exclude(check_due_at=None).update(check_due_at=clock.now())
    agreement_checking.check_due()
    checking.check_due()
