"""A year of a subscription at each gateway, by the clock, without a notification: the mirror is the same."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from connections.gateways.base import Cycle, Method
from payments.models import AgreementChangeKind, Payment
from payments.services import (
    agreement_changing,
    agreement_checking,
    checking,
    doubt,
    settling,
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
        self.world, self.key = world, key
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
        """With all that the workers do by the clock."""
        self.world.move_to(moment, play=True)
        subscribing.settle_due()
        agreement_changing.settle_due()
        agreement_checking.sweep()
        checking.sweep()
        settling.ask_due()
        doubt.settle_due()
        self.own.refresh_from_db()
        assert (self.own.state == "paused") == year.is_paused(self.key, moment)

    def change(self, moment: datetime) -> None:
        """What a person does then; ``year`` tells it."""
        kind = year.change_at(self.key, moment)
        if not kind:
            return
        is_ahead = self.key == "asaas"
        values: dict[str, Any] = (
            {"amount_cents": year.RAISED, "with_open": is_ahead} if kind == "amount" else {}
        )
        asked = NewAgreementChange(
            subscription=self.own, kind=AgreementChangeKind(kind), submission=uuid.uuid4(), **values
        )
        wanted = agreement_changing.change(asked)
        for _try in range(5):  # where the page could wait no longer, a worker goes on
            if wanted.state == "done":
                break
            self.world.move(minutes=1)
            agreement_changing.settle_due()
            wanted.refresh_from_db()
        assert wanted.state == "done"
        self.own.refresh_from_db()

    def control(self, name: str, **body: Any) -> Any:
        return self.world.control(name, reference=self.own.reference, **body)

    def status_of(self, due: date) -> str:
        return self.own.charges.get(due_date=due).status

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

    def is_as_agreed(self) -> None:
        assert (self.own.state, self.rows()) == ("cancelled", year.ROWS[self.key])
        assert self.mirrored() == self.books()


@pytest.mark.parametrize("key", ["asaas", pytest.param("mercadopago", marks=pytest.mark.full)])
def test_by_card(world: World, key: str) -> None:
    own = Year(world, key, Method.CARD)
    if key == "asaas":
        assert (own.own.state, len(own.rows())) == ("active", 1)
        own.control("pay")  # the card of the first page is kept
    else:
        assert (own.own.state, bool(own.own.link), own.rows()) == ("pending", True, [])
        own.control("subscribe")
    for moment, following in year.SPANS:
        own.change(moment)
        if moment == year.REFUSED_FROM:
            own.control("kept_card", declines=True)
        own.pass_to(following)
        if following == year.REFUSED_UNTIL:
            assert own.status_of(year.REFUSED_DUE) == "overdue"
            own.control("kept_card", declines=False)
            assert key != "asaas" or not own.control("retry_card")["refused"]
        elif moment == year.REFUSED_UNTIL:
            assert own.status_of(year.REFUSED_DUE) == "paid"
    own.is_as_agreed()


@pytest.mark.full
def test_by_boleto(world: World) -> None:
    """Each slip is paid a day late; the rows are those of the card."""
    own = Year(world, "asaas", Method.BOLETO)
    for moment, following in year.SPANS:
        own.change(moment)
        own.pass_to(following)
        late = own.own.charges.filter(due_date__lt=following.date(), status__in=["pending", "overdue"])
        if late.exists():
            own.control("pay", cleared=True)
    own.is_as_agreed()
