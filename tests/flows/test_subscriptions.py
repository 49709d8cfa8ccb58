"""Subscriptions of both gateways for a year, with a real worker and every notification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from tests.capabilities import proves
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

    def wait_for_turn(self, due: date, status: str) -> None:
        wanted = [due.isoformat(), status]
        self.running.wait_until(lambda: wanted in [row[:2] for row in self.charges], f"{due} is {status}")

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


def begin(own: Followed, key: str, moment: datetime) -> None:
    """What a person does then, ``year`` tells it, and what the card answers from then on."""
    kind = year.change_at(key, moment)
    if kind == "amount":
        own.change(kind, amount_cents=year.RAISED, with_open=key == "asaas")
    elif kind:
        own.change(kind)
    if moment == year.REFUSED_FROM:
        own.running.control("kept_card", reference=own.reference, declines=True)


def recover(own: Followed, key: str) -> None:
    """The refused turn is late; the card is good again, and is tried by Mercado Pago in its time."""
    own.wait_for_turn(year.REFUSED_DUE, "overdue")
    own.running.control("kept_card", reference=own.reference, declines=False)
    if key == "asaas":
        assert not own.running.control("retry_card", reference=own.reference)["refused"]
        own.wait_for_turn(year.REFUSED_DUE, "paid")


@pytest.mark.full
def test_a_year_of_both_gateways(apart: Running) -> None:
    """One turn refused and taken, one pause, another amount, the end: each as its gateway does it."""
    both = {key: subscribe(apart, key, "card") for key in year.ROWS}
    asaas, mercadopago = both["asaas"], both["mercadopago"]
    assert (asaas.state, len(asaas.charges)) == ("active", 1)
    assert (mercadopago.state, mercadopago.charges) == ("pending", [])
    apart.control("pay", reference=asaas.reference)  # the card of the first page is kept
    apart.control("subscribe", reference=mercadopago.reference)
    mercadopago.wait_for("active")
    for moment, following in year.SPANS:
        for key, own in both.items():
            begin(own, key, moment)
        pass_to(apart, following, *both.values())
        for key, own in both.items():
            assert (own.state == "paused") == year.is_paused(key, following)
            if following == year.REFUSED_UNTIL:
                recover(own, key)
    for key, own in both.items():
        own.wait_for("cancelled")
        own.wait_for_charges(year.ROWS[key])


@proves("mercadopago", "plan")
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
