"""Subscriptions of both gateways for a year, with a real worker and every notification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.flows.conftest import product
from tests.flows.running import Running
from tests.payments import year

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
TOPICS = [
    "payment",
    "subscription_preapproval",
    "subscription_preapproval_plan",
    "subscription_authorized_payment",
]
HOURS = 60 * 60
INSIDE = "__import__('tests.flows.subscribed', fromlist=['x'])"
OWN = "Subscription.objects.get(reference={!r})"


@pytest.fixture(scope="module")
def apart() -> Iterator[Running]:
    """A product of its own: a year passes in it."""
    with product() as running:
        running.control("clock", now=year.BEGINS.isoformat())
        running.shop("asaas")
        cards = running.shop("mercadopago")
        cards.test_webhook()
        running.control(f"accounts/{cards.account['id']}", panel_topics=TOPICS)
        yield running


class Followed:
    """One subscription as a test follows it."""

    def __init__(self, running: Running, reference: str) -> None:
        self.running, self.reference = running, reference

    @property
    def state(self) -> str:
        return str(self.running.evaluate(f"{OWN.format(self.reference)}.state"))

    @property
    def charges(self) -> list[list[Any]]:
        return list(self.running.evaluate(f"{INSIDE}.charges({self.reference!r})"))

    def change(self, kind: str, **values: Any) -> None:
        pk = self.running.evaluate(f"{INSIDE}.change({self.reference!r}, {kind!r}, **{values!r})")
        found = f"AgreementChange.objects.get(pk={pk}).state"
        self.running.wait_until(lambda: self.running.evaluate(found) == "done", f"{kind} is done")

    def wait_for(self, state: str) -> None:
        self.running.wait_until(lambda: self.state == state, f"{self.reference} is {state}")

    def wait_for_mirror(self) -> None:
        """Every payment in the books is held here with the same status, and nothing else is."""

        def is_same() -> bool:
            return self.books() == self.running.evaluate(f"{INSIDE}.mirror({self.reference!r})")

        self.running.wait_until(is_same, f"the mirror of {self.reference}: {self.books()}")

    def wait_for_newest(self, status: str) -> None:
        self.running.wait_until(lambda: self.charges[-1][1] == status, f"the newest charge is {status}")

    def wait_for_charges(self, rows: list[year.Row]) -> None:
        """These, and nothing of them to review."""
        wanted = [[due, status, "", cents] for due, status, cents in rows]
        self.running.wait_until(lambda: self.charges == wanted, f"{wanted}, not {self.charges}")

    def books(self) -> dict[str, str]:
        """The simulator's own truth; what only proves a card is no payment of it."""
        (own,) = self.running.ask(f"books?reference={self.reference}")["subscriptions"]
        names = {str(name) for name in own["payments"]}
        every = self.running.ask(f"books?account={own['account']}")["payments"]
        return {str(row["id"]): row["status"] for row in every if str(row["id"]) in names and row["amount"]}


def subscribe(running: Running, key: str, method: str) -> Followed:
    name = running.shop(key).kind.name
    return Followed(running, running.evaluate(f"{INSIDE}.make({name!r}, {method!r})"))


def pass_to(running: Running, moment: datetime, *followed: Followed) -> None:
    """Every notification of the time between is tried at its time; then all of it is here."""
    running.control("clock", now=moment.isoformat(), play=True)
    for one in followed:
        one.wait_for_mirror()


def begin_month(month: int, slips: Followed, card: Followed) -> None:
    """What a person does in it; ``year`` tells when."""
    kind = year.CHANGES.get(month)
    if kind == "amount":
        slips.change(kind, amount_cents=year.RAISED, with_open=True)
        card.change(kind, amount_cents=year.RAISED)
    elif kind:
        slips.change(kind)
        card.change(kind)


def test_a_year_of_both_gateways(apart: Running) -> None:
    """One cycle late, one paused month, another amount, the end: each as its gateway does it."""
    slips, card = subscribe(apart, "asaas", "boleto"), subscribe(apart, "mercadopago", "card")
    assert (slips.state, card.state, len(slips.charges), card.charges) == ("active", "pending", 1, [])
    apart.control("subscribe", reference=card.reference)
    card.wait_for("active")
    for month in range(1, 13):
        begin_month(month, slips, card)
        apart.control("kept_card", reference=card.reference, declines=month == year.REFUSED_IN)
        pass_to(apart, year.day(month, 13), slips, card)
        if month == year.REFUSED_IN:
            card.wait_for_newest("overdue")
            apart.control("kept_card", reference=card.reference, declines=False)
        if month < 12:
            apart.control("pay", reference=slips.reference, cleared=True)
        pass_to(apart, year.day(month + 1), slips, card)
    slips.wait_for("cancelled")
    card.wait_for("cancelled")
    slips.wait_for_charges(year.SLIPS)
    card.wait_for_charges(year.CARD)


def test_the_link_of_a_plan_used_by_three_customers(apart: Running) -> None:
    """Three subscriptions become ours, each with its customer, our reference and its first charge."""
    name = apart.shop("mercadopago").kind.name
    plan = apart.evaluate(f"{INSIDE}.make_plan({name!r})")
    for _customer in range(3):
        apart.control("subscribe", reference=plan)
    own = f"Subscription.objects.filter(plan__reference={plan!r}, state='active')"
    apart.wait_until(lambda: apart.evaluate(f"{own}.count()") == 3, "three are ours")
    assert apart.evaluate(f"{own}.values('customer').distinct().count()") == 3
    ours = set(apart.evaluate(f"list({own}.values_list('reference', flat=True))"))
    apart.wait_until(lambda: ours <= _references(apart), "they carry our references")
    apart.control("clock", advance_seconds=2 * HOURS, play=True)
    paid = f"Charge.objects.filter(subscription__plan__reference={plan!r}, status='paid', review_reason='')"
    apart.wait_until(lambda: apart.evaluate(f"{paid}.count()") == 3, "their first charges are paid")


def _references(running: Running) -> set[str]:
    rows = running.ask(f"books?account={running.shop('mercadopago').account['id']}")["subscriptions"]
    return {str(row["reference"]) for row in rows}
