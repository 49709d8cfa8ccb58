"""Charges of several parcels, from the staff form by notifications to the last one's money."""

from __future__ import annotations

from typing import Any

import pytest
from lib import check

from tests.capabilities import proves
from tests.flows.running import Running
from tests.flows.test_refunds import stored

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
CHARGE = "Charge.objects.get(reference={reference!r})"


@pytest.fixture
def in_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "CUSTOMER", {**check.CUSTOMER, "instalments": "3"})


def ask(running: Running, key: str, method: str) -> str:
    """A charge of 30.00 and some cents."""
    shop = running.shop(key)
    reference = running.ask_for_charge(key, method)
    shop.see_pay_link()
    return reference


def large_enough(running: Running) -> None:
    """Each parcel needs R$ 5.00, and amounts begin at R$ 10.00."""
    while next(running._cents) < 600:
        pass


def parcels(running: Running, reference: str) -> list[Any]:
    rows = f"{CHARGE.format(reference=reference)}.payments.order_by('parcel')"
    return list(running.evaluate(f"list({rows}.values_list('gateway_id', flat=True))"))


@proves("asaas", "instalments.boleto")
def test_every_boleto_of_a_plan_is_paid(running: Running, in_three: None) -> None:
    large_enough(running)
    reference = ask(running, "asaas", "boleto")
    running.wait_until(lambda: len(parcels(running, reference)) == 3, "all parcels are known")
    for number, gateway_id in enumerate(parcels(running, reference), 1):
        running.wait_until(
            lambda number=number: (
                running.pay_page(reference).data.get("data-next-parcel") == str(number)
                and bool(running.pay_page(reference).data.get("data-boleto-line"))
            ),
            f"the customer sees the boleto of parcel {number}",
        )
        running.control("pay", id=gateway_id, method="pix")
        if number < 3:
            paid = f"{CHARGE.format(reference=reference)}.payments.get(gateway_id={gateway_id!r}).status"
            running.wait_until(lambda paid=paid: running.evaluate(paid) == "paid", f"parcel {number} is paid")
            assert running.status(reference) == "pending"
    running.wait_for_status(reference, "paid")
    amount, received, review = stored(running, reference, "amount_cents", "received_cents", "review_reason")
    assert (received, review) == (amount, "")


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("asaas", marks=proves("asaas", "instalments.card")),
        pytest.param("mercadopago", marks=[proves("mercadopago", "instalments.card"), pytest.mark.full]),
    ],
)
def test_a_card_is_paid_in_the_parcels_its_payer_chose(running: Running, in_three: None, key: str) -> None:
    large_enough(running)
    reference = ask(running, key, "card")
    page = running.pay_page(reference)
    assert page.data["data-most-parcels"] == "3" and page.data["data-checkout-link"]
    running.control("pay_card", reference=reference, instalments=3)
    running.wait_for_status(reference, "paid")
    amount, received, review = stored(running, reference, "amount_cents", "received_cents", "review_reason")
    assert (received, review) == (amount, "")
    assert len(parcels(running, reference)) == (3 if key == "asaas" else 1)


@pytest.mark.full
@proves("mercadopago", "instalments.any")
def test_who_chooses_the_way_may_choose_parcels_too(running: Running, in_three: None) -> None:
    reference = ask(running, "mercadopago", "any")
    running.control("pay_card", reference=reference, instalments=3)
    running.wait_for_status(reference, "paid")
    amount, received, review = stored(running, reference, "amount_cents", "received_cents", "review_reason")
    assert (received, review) == (amount, "")
    [line] = running.ask(f"books?reference={reference}")["payments"]
    assert line["instalments"] == 3
