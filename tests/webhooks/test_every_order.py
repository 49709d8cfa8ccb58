"""In whatever order the notifications of a charge's life come, it ends in the same state and sums."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from connections.gateways.base import Method
from payments.models import Charge
from payments.services import checking, renewing
from tests.payments.simulated import World
from tests.simulator.support import Inbox, Received
from tests.webhooks.handing import connected, hand_on
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]
SAMPLE = 2
Step = Callable[[World, Charge], Any]


def control(path: str, **body: Any) -> Step:
    return lambda world, charge: world.control(path, reference=charge.reference, **body)


def renewed(world: World, charge: Charge) -> None:
    """The first code runs out, we find that by asking, and the customer takes another one."""
    world.control("expire", reference=charge.reference)
    Charge.objects.filter(pk=charge.pk).update(check_due_at=charge.created_at)
    checking.check_due()
    renewing.new_code(Charge.objects.get(pk=charge.pk), actor=None)


# Gateway, method, what happens, and how it must end: status, received, refunded.
LIVES: dict[str, tuple[str, Method, list[Step], tuple[str, int, int]]] = {
    "asaas: changed, paid, given back in two parts": (
        "asaas",
        Method.PIX,
        [
            control("edit", value=120),
            control("pay"),
            control("refund", amount=20),
            control("refund", force=True),
        ],
        ("refunded", 12_000, 12_000),
    ),
    "asaas: its creation told late, as confirmed": (
        "asaas",
        Method.CARD,
        [
            control("pay_card"),
            control("notify", event="PAYMENT_CREATED", claims={"status": "CONFIRMED"}),
            lambda world, _charge: world.move(days=40),
        ],
        ("paid", 10_000, 0),
    ),
    "asaas: received in cash, undone, paid": (
        "asaas",
        Method.PIX,
        [control("receive_in_cash"), control("undo_cash"), control("pay")],
        ("paid", 10_000, 0),
    ),
    "asaas: deleted, restored, paid": (
        "asaas",
        Method.PIX,
        [control("delete"), control("restore"), control("pay")],
        ("paid", 10_000, 0),
    ),
    "asaas: contested, papers handed in, lost": (
        "asaas",
        Method.CARD,
        [
            control("pay_card"),
            control("chargeback"),
            control("chargeback_step", outcome="documents"),
            control("chargeback_step", outcome="lost"),
        ],
        ("charged_back", 10_000, 0),
    ),
    "mercadopago: refused, approved, given back in two parts": (
        "checkout",
        Method.CARD,
        [
            control("pay_card", holder="OTHE"),
            control("pay_card"),
            control("refund", amount=20),
            control("refund"),
        ],
        ("refunded", 10_000, 10_000),
    ),
    "mercadopago: a code that ran out, told late, and another one paid": (
        "mercadopago",
        Method.PIX,
        [renewed, control("pay")],
        ("paid", 10_000, 0),
    ),
    "mercadopago: paid, then a part is given back": (
        "mercadopago",
        Method.PIX,
        [control("pay"), control("refund", amount=20)],
        ("partially_refunded", 10_000, 2_000),
    ),
}


def orders(told: list[Received], how_many: int | None) -> list[tuple[Received, ...]]:
    every = list(itertools.permutations(told))
    if how_many is None or len(every) <= how_many:
        return every
    return random.Random(7).sample(every, how_many)


def outcome(charge: Charge) -> dict[str, Any]:
    """All that the orders must agree on."""
    names = (
        "status",
        "received_cents",
        "refunded_cents",
        "fee_cents",
        "net_cents",
        "review_reason",
        "paid_at",
        "settled_at",
    )
    row = Charge.objects.values(*names).get(pk=charge.pk)
    payments = charge.payments.order_by("gateway_id").values_list(
        "status", "received_cents", "refunded_cents", "fee_returned_cents", "settles_at", "settled_at"
    )
    refunds = charge.refunds.order_by("pk").values_list("state", "amount_cents")
    return {**row, "payments": list(payments), "refunds": sorted(refunds)}


@pytest.mark.parametrize("how_many", [SAMPLE, pytest.param(None, marks=pytest.mark.full)])
@pytest.mark.parametrize("life", LIVES)
def test_every_order_ends_the_same(
    client: Client, world: World, receiver: Inbox, settings: Any, life: str, how_many: int | None
) -> None:
    key, method, steps, expected = LIVES[life]
    settings.PUBLIC_URL = receiver.url
    connected(world, key, receiver)
    charge = world.charge(key, method)
    for step in steps:
        world.move(minutes=1)
        step(world, charge)
    world.move(minutes=1)
    world.control("flush")
    told = list(receiver.received)
    assert len(told) >= len(steps)
    ends = []
    for order in orders(told, how_many):
        for is_worked_between in (True, False):
            with transaction.atomic():
                for delivery in order:
                    hand_on(client, delivery)
                    if is_worked_between:
                        inbox.work()
                inbox.work()
                ends.append(outcome(charge))
                assert not WebhookEvent.objects.filter(state=EventState.DEAD).exists()
                assert not WebhookEvent.objects.filter(failures__gt=0).exists()
                transaction.set_rollback(True)
    assert all(end == ends[0] for end in ends), ends
    assert (ends[0]["status"], ends[0]["received_cents"], ends[0]["refunded_cents"]) == expected
    assert ends[0]["review_reason"] == ""
