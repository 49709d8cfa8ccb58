"""Subscriptions of both gateways for a year, with a real worker and every notification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.conftest import product
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
TOPICS = [
    "payment",
    "subscription_preapproval",
    "subscription_preapproval_plan",
    "subscription_authorized_payment",
]
DAY = 24 * 60 * 60
INSIDE = "__import__('tests.flows.subscribed', fromlist=['x'])"
OWN = "Subscription.objects.get(reference={!r})"


@pytest.fixture(scope="module")
def apart() -> Iterator[Running]:
    """A product of its own: a year passes in it."""
    with product() as running:
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

    def books(self) -> dict[str, str]:
        """The simulator's own truth; what only proves a card is no payment of it."""
        (own,) = self.running.ask(f"books?reference={self.reference}")["subscriptions"]
        names = {str(name) for name in own["payments"]}
        every = self.running.ask(f"books?account={own['account']}")["payments"]
        return {str(row["id"]): row["status"] for row in every if str(row["id"]) in names and row["amount"]}


def subscribe(running: Running, key: str, method: str) -> Followed:
    name = running.shop(key).kind.name
    return Followed(running, running.evaluate(f"{INSIDE}.make({name!r}, {method!r})"))


def pass_days(running: Running, days: float, *followed: Followed) -> None:
    running.control("clock", advance_seconds=days * DAY, play=True)
    for one in followed:
        one.wait_for_mirror()


def begin_month(apart: Running, month: int, slips: Followed, card: Followed) -> None:
    """What people do in some months of the year."""
    if month == 4:
        apart.control("kept_card", reference=card.reference, declines=True)
    for when, kind in ((6, "pause"), (7, "resume"), (12, "cancel")):
        if month == when:
            slips.change(kind)
            card.change(kind)
    if month == 8:
        slips.change("amount", amount_cents=5_990, with_open=True)
        card.change("amount", amount_cents=5_990)


def test_a_year_of_both_gateways(apart: Running) -> None:
    """One cycle late, one paused month, another amount, the end: each as its gateway does it."""
    slips, card = subscribe(apart, "asaas", "boleto"), subscribe(apart, "mercadopago", "card")
    assert (slips.state, card.state, len(slips.charges), card.charges) == ("active", "pending", 1, [])
    apart.control("subscribe", reference=card.reference)
    card.wait_for("active")
    for month in range(1, 13):
        begin_month(apart, month, slips, card)
        pass_days(apart, 3, slips, card)
        if month == 4:
            assert card.charges[-1][1] in ("pending", "overdue")
            apart.control("kept_card", reference=card.reference, declines=False)
        if any(row[1] in ("pending", "overdue") for row in slips.charges):
            apart.control("pay", reference=slips.reference, cleared=True)
        pass_days(apart, 28, slips, card)
    print(slips.charges, card.charges)
    assert (slips.state, card.state) == ("cancelled", "cancelled")
