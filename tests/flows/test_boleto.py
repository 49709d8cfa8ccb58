"""Boletos and charges whose way the customer chooses, from the staff form to the money."""

from __future__ import annotations

from typing import Any

import pytest
from lib import check

from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
CHARGE = "Charge.objects.get(reference={reference!r})"
ADDRESS = {
    "zip_code": "01310-100",
    "street": "Av. Paulista",
    "street_number": "1000",
    "district": "Bela Vista",
    "city": "São Paulo",
    "state": "SP",
}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The customer of the form lives somewhere."""
    monkeypatch.setattr(check, "CUSTOMER", {**check.CUSTOMER, **ADDRESS})


def column(running: Running, reference: str, name: str) -> Any:
    return running.evaluate(f"{CHARGE.format(reference=reference)}.{name}")


@pytest.mark.full  # in every run from page to page: test_journeys
@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_boleto_is_paid_when_the_bank_has_told_of_it(running: Running, address: None, key: str) -> None:
    reference = running.charge(key, "boleto")
    running.wait_until(
        lambda: bool(running.pay_page(reference).data.get("data-boleto-line")), "the customer sees the line"
    )
    digits = running.pay_page(reference).data["data-boleto-line"]
    assert len(digits) == 47 and int(digits[-10:]) == column(running, reference, "amount_cents")
    running.control("pay", reference=reference)
    running.wait_until(
        lambda: (
            running.status(reference) == "paid" or not running.control("clock", advance_seconds=6 * 60 * 60)
        ),
        f"{reference} is paid",
    )
    assert column(running, reference, "received_cents") == column(running, reference, "amount_cents")


@pytest.mark.parametrize(
    ("key", "pay", "paid_by"),
    [
        ("asaas", "pay", "pix"),
        ("mercadopago", "pay_card", "card"),
        pytest.param("asaas", "pay_card", "card", marks=pytest.mark.full),
        pytest.param("mercadopago", "pay", "pix", marks=pytest.mark.full),
        pytest.param("checkout", "pay", "pix", marks=pytest.mark.full),
        pytest.param("checkout", "pay_card", "card", marks=pytest.mark.full),
    ],
)
def test_customer_chooses_on_the_gateways_page(running: Running, key: str, pay: str, paid_by: str) -> None:
    reference = running.charge(key, "any")
    page = running.pay_page(reference)
    assert page.data["data-checkout-link"]
    if key == "asaas":  # a charge that may be paid in any way has a code there, too
        running.wait_until(lambda: bool(running.pay_page(reference).data.get("data-pix-text")), "the code")
    else:
        assert "data-pix-text" not in page.data
    running.control(pay, reference=reference)
    running.wait_for_status(reference, "paid")
    methods = running.evaluate(
        f"list({CHARGE.format(reference=reference)}.payments.filter(status='paid')"
        ".values_list('method', flat=True))"
    )
    assert methods == [paid_by]
