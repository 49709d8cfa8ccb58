"""A year of a subscription at each gateway, by the clock, without a notification: the mirror is the same."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import Cycle, Method
from payments.models import AgreementChangeKind, Payment, Subscription
from payments.services import (
    agreement_changing,
    agreement_checking,
    checking,
    doubt,
    subscribing,
)
from payments.services.agreement_hindrances import NewAgreementChange
from payments.services.subscription_intents import NewSubscription
from tests.factories import make_customer
from tests.payments.simulated import DOCUMENT, World

pytestmark = pytest.mark.django_db


class Year:
    """One subscription of a simulated account, and the months that pass."""

    def __init__(self, world: World, key: str, method: Method) -> None:
        self.world = world
        self.own = subscribing.create_subscription(
            NewSubscription(
                connection=world.connection(key),
                customer=make_customer(document=DOCUMENT, email="ana@example.com"),
                method=method,
                amount_cents=4_990,
                description="Plano mensal",
                cycle=Cycle.MONTHLY,
                starts_on=world.today() + timedelta(days=2),
                submission=uuid.uuid4(),
            )
        )

    def work(self) -> Subscription:
        """All that the workers do by the clock."""
        subscribing.settle_due()
        doubt.settle_due()
        agreement_changing.settle_due()
        agreement_checking.sweep()
        checking.sweep()
        self.own.refresh_from_db()
        return self.own

    def pass_days(self, days: int) -> None:
        self.world.move(days=days, hours=1)
        for _look in range(3):
            self.work()

    def change(self, kind: str, **values: Any) -> str:
        asked = NewAgreementChange(
            subscription=self.own, kind=AgreementChangeKind(kind), submission=uuid.uuid4(), **values
        )
        done = agreement_changing.change(asked)
        self.own.refresh_from_db()
        return f"{done.state} {done.failure}".strip()

    def at_gateway(self) -> dict[str, str]:
        """Every payment of it in the simulator's own books, but those that only prove a card."""
        rows = self.world.control_books(self.own.reference)
        return {str(row["id"]): str(row["status"]) for row in rows if row["amount"]}

    def mirrored(self) -> dict[str, str]:
        own = Payment.objects.filter(charge__subscription=self.own)
        return {row.gateway_id: row.gateway_status.split("/")[0] for row in own}


def test_at_asaas(world: World) -> None:
    year = Year(world, "asaas", Method.BOLETO)
    assert (year.own.state, year.own.charges.count()) == ("active", 1)
    for month in range(1, 13):
        if month == 4:  # late by some days
            year.pass_days(6)
            assert year.own.charges.filter(status="overdue").count() == 1
        if month == 6:
            assert year.change("pause") == "done"
        if month == 7:
            assert year.change("resume") == "done"
        if month == 8:
            assert year.change("amount", amount_cents=5_990, with_open=True) == "done"
        if year.own.charges.filter(status__in=("pending", "overdue")).exists():
            world.control("pay", reference=year.own.reference, cleared=True)
        year.pass_days(30)
    assert year.change("cancel") == "done"
    year.pass_days(1)
    assert year.mirrored().keys() == year.at_gateway().keys()
    assert year.own.state == "cancelled"
    statuses = list(year.own.charges.order_by("due_date").values_list("status", "review_reason"))
    print(statuses)
    assert {review for _status, review in statuses} == {""}


def test_at_mercado_pago(world: World) -> None:
    year = Year(world, "mercadopago", Method.CARD)
    assert (year.own.state, bool(year.own.link)) == ("pending", True)
    world.control("subscribe", reference=year.own.reference)
    year.pass_days(2)
    assert year.own.state == "active"
    for month in range(1, 13):
        if month == 4:
            world.control("kept_card", reference=year.own.reference, declines=True)
        if month == 6:
            assert year.change("pause") == "done"
        if month == 7:
            assert year.change("resume") == "done"
        if month == 8:
            assert year.change("amount", amount_cents=5_990) == "done"
        year.pass_days(28)
        if month == 4:
            world.control("kept_card", reference=year.own.reference, declines=False)
        year.pass_days(3)
    assert year.change("cancel") == "done"
    year.pass_days(1)
    print(year.mirrored(), year.at_gateway())
    print(
        list(
            year.own.charges.order_by("due_date").values_list(
                "due_date", "status", "review_reason", "amount_cents"
            )
        )
    )
    assert year.mirrored() == year.at_gateway()
    assert year.own.state == "cancelled"
