"""A year of a subscription at each gateway, by the clock, without a notification: the mirror is the same."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import clock
from connections.gateways.base import Cycle, Method
from payments.models import AgreementChangeKind, Payment
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
from tests.payments import year
from tests.payments.simulated import DOCUMENT, World

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]


class Year:
    """One subscription of a simulated account, and the months that pass."""

    def __init__(self, world: World, key: str, method: Method) -> None:
        self.world = world
        world.move_to(year.BEGINS)
        self.own = subscribing.create_subscription(
            NewSubscription(
                connection=world.connection(key),
                customer=make_customer(document=DOCUMENT, email="ana@example.com"),
                method=method,
                amount_cents=year.PLAIN,
                description="Plano mensal",
                cycle=Cycle.MONTHLY,
                starts_on=world.today() + timedelta(days=2),
                submission=uuid.uuid4(),
            )
        )

    def pass_to(self, moment: datetime) -> None:
        """Day by day, with all that the workers do by the clock."""
        for days in (2, 1, 0):
            later = timedelta(hours=3 - days)  # than the looks of the day before
            self.world.move_to(max(moment - timedelta(days=days) + later, clock.now()))
            self.work()
        self.own.refresh_from_db()

    def work(self) -> None:
        subscribing.settle_due()
        agreement_changing.settle_due()
        agreement_checking.sweep()
        checking.sweep()
        doubt.settle_due()

    def change(self, kind: str, **values: Any) -> None:
        asked = NewAgreementChange(
            subscription=self.own, kind=AgreementChangeKind(kind), submission=uuid.uuid4(), **values
        )
        assert agreement_changing.change(asked).state == "done"
        self.own.refresh_from_db()

    def begin_month(self, month: int) -> None:
        """What a person does in it; ``year`` tells when."""
        kind = year.CHANGES.get(month)
        if kind == "amount":
            self.change(kind, amount_cents=year.RAISED, with_open=True)
        elif kind:
            self.change(kind)

    def rows(self) -> list[year.Row]:
        own = self.own.charges.order_by("due_date")
        assert not own.exclude(review_reason="").exists()
        return [(row.due_date.isoformat(), row.status, row.amount_cents) for row in own]

    def mirrored(self) -> dict[str, str]:
        own = Payment.objects.filter(charge__subscription=self.own)
        return {row.gateway_id: row.gateway_status.split("/")[0] for row in own}

    def books(self) -> dict[str, str]:
        """Every payment of it in the simulator's own books, but those that only prove a card."""
        rows = self.world.payments_of_subscription(self.own.reference)
        return {str(row["id"]): str(row["status"]) for row in rows if row["amount"]}


def test_at_asaas(world: World) -> None:
    own = Year(world, "asaas", Method.BOLETO)
    for month in range(1, 13):
        own.begin_month(month)
        own.pass_to(year.day(month, 13))
        if month < 12:
            late = own.own.charges.filter(status="overdue").count()
            assert late == 1 or month != year.REFUSED_IN  # a weekend makes nobody late
            world.control("pay", reference=own.own.reference, cleared=True)
        own.pass_to(year.day(month + 1))
    own.pass_to(year.day(13, 11))
    assert (own.own.state, own.rows()) == ("cancelled", year.SLIPS)
    assert own.mirrored() == own.books()


def test_at_mercado_pago(world: World) -> None:
    own = Year(world, "mercadopago", Method.CARD)
    assert (own.own.state, bool(own.own.link), own.rows()) == ("pending", True, [])
    world.control("subscribe", reference=own.own.reference)
    for month in range(1, 13):
        own.begin_month(month)
        world.control("kept_card", reference=own.own.reference, declines=month == year.REFUSED_IN)
        own.pass_to(year.day(month, 13))
        if month == year.REFUSED_IN:
            assert own.own.charges.get(due_date=year.day(month, 12).date()).is_collecting
            world.control("kept_card", reference=own.own.reference, declines=False)
        own.pass_to(year.day(month + 1))
    own.pass_to(year.day(13, 11))
    assert (own.own.state, own.rows()) == ("cancelled", year.CARD)
    assert own.mirrored() == own.books()
