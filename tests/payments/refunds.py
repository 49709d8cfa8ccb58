"""Charges that were paid in the simulator, and refunds of them as a person asks for them."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from lib import accounts

from connections.gateways.base import Method
from payments.models import Charge, Payment, Refund, RefundReason
from payments.services import refund_doubt, refunding
from payments.services.following import fetch_and_store
from payments.services.refunding import NewRefund
from tests.payments.simulated import World

BALANCE = 100_000


def paid(world: World, key: str, *, pay: str = "pay", **values: Any) -> Charge:
    """A charge over 100 that was paid, on an account that can afford to give it back."""
    world.connection(key)
    world.control(f"accounts/{world.accounts[key]['id']}", opening_balance=BALANCE)
    charge = world.charge(key, **values)
    world.control(pay, reference=charge.reference)
    return fetched(charge, world)


def fetched(charge: Charge, world: World) -> Charge:
    """As after a notification."""
    for row in world.books(charge):
        assert fetch_and_store(charge, str(row["id"]), cause="test")
    charge.refresh_from_db()
    return charge


def asking(charge: Charge, cents: int = 10_000, **values: Any) -> NewRefund:
    defaults: dict[str, Any] = {
        "payment": values.pop("payment", None) or Payment.objects.get(charge=charge),
        "amount_cents": cents,
        "reason": RefundReason.CUSTOMER,
        "submission": uuid.uuid4(),
    }
    return NewRefund(**{**defaults, **values})


def give_back(charge: Charge, cents: int = 10_000, **values: Any) -> Refund:
    return refunding.give_back(asking(charge, cents, **values))


def work(refund: Refund) -> Refund:
    """What a worker does when it sweeps; the refund as it is then."""
    refund_doubt.settle_due()
    refund.refresh_from_db()
    refund.charge.refresh_from_db()
    refund.payment.refresh_from_db()
    return refund


def calls(world: World) -> list[dict[str, Any]]:
    """Every call that asked for a refund."""
    asked = accounts.control(world.url, "GET", "received?method=POST&path=refund")
    return [call for call in asked["calls"] if not call["path"].startswith("/_control")]


def given(world: World, charge: Charge) -> list[float]:
    """The refunds in the gateway's own books."""
    return [float(one["amount"]) for row in world.books(charge) for one in row["refunds"]]


def person(name: str = "fina") -> User:
    return User.objects.get_or_create(username=name)[0]


def steps(charge: Charge) -> list[str]:
    """The story of its refunds."""
    return [line.data["step"] for line in charge.timeline.filter(code="refund").order_by("pk")]


BY_CARD = {"method": Method.CARD, "pay": "pay_card"}
