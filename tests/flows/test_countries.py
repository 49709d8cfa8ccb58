"""Other countries of Mercado Pago through a whole product: the form, a code for a shop, money back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from lib.accounts import Kind

from tests.capabilities import proves
from tests.flows.running import KINDS, Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]


@dataclass(frozen=True)
class Land:
    """``amount`` and ``part`` as they are typed, and in hundredths."""

    site: str
    currency: str
    code: str
    document: str
    phone: str
    amount: tuple[str, int] = ("15000,50", 1_500_050)
    part: tuple[str, int] = ("1000,25", 100_025)

    @property
    def key(self) -> str:
        return f"mercadopago-{self.site}"

    @property
    def customer(self) -> dict[str, str]:
        return {
            "name": "María González",
            "document": self.document,
            "email": "maria@example.com",
            "phone": self.phone,
        }


WHOLE: dict[str, Any] = {"amount": ("15.000", 1_500_000), "part": ("1.000", 100_000)}
CHILE = Land("MLC", "CLP", "servipag", "12.345.678-5", "9 8765 4321", **WHOLE)
LANDS = [
    CHILE,
    Land("MLA", "ARS", "rapipago", "30.123.456", "11 2345-6789"),
    Land("MLM", "MXN", "bancomer", "GODE561231GR8", "55 1234 5678"),
    Land("MCO", "COP", "efecty", "52.345.678", "300 123 4567", **WHOLE),
    Land("MLU", "UYU", "abitab", "1.234.567-2", "094 231 234"),
    Land("MPE", "PEN", "pagoefectivo_atm", "12345678", "987 654 321", ("1500,50", 150_050), ("", 0)),
]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts of these countries, for this module alone."""
    for land in LANDS:
        switches = {"gateway": "mercadopago", "site": land.site, "opening_balance": 1_000_000}
        monkeypatch.setitem(KINDS, land.key, Kind(land.key, f"Tienda {land.site}", "production", switches))


def asked_for(running: Running, land: Land) -> str:
    """The reference of a charge that the operator asked for on the staff form."""
    shop = running.shop(land.key)
    form = shop.operator.open("/charges/new/").form_with("amount")
    assert form is not None
    account = next(value for value, text in form.options["connection"] if shop.kind.name in text)
    due = datetime.fromisoformat(running.ask("clock")["now"]).date() + timedelta(days=3)
    values = {"connection": account, "method": "any", "description": "Pedido", "due_date": due.isoformat()}
    page = shop.operator.send(form, {**land.customer, **values, "amount": land.amount[0]})
    assert "data-status" in page.data, page.errors
    shop.charge_page = shop.operator.url
    shop.see_pay_link()
    return str(shop.reference)


def figures(running: Running, reference: str) -> list[Any]:
    names = "'currency', 'amount_cents', 'received_cents', 'refunded_cents', 'review_reason'"
    return list(running.evaluate(f"list(Charge.objects.values_list({names}).get(reference={reference!r}))"))


def give_back(running: Running, reference: str, typed: str) -> None:
    running.people.log_in("admin")
    admin = running.people.admin
    values = {"reason": "customer", "note": "Flow", **({"amount": typed} if typed else {})}
    asked = admin.fill_in(f"/charges/{reference}/refund/", "amount", values)
    form = asked.form_with("confirmed")
    assert form is not None, asked.text
    admin.send(form, {"confirmed": "1"})


def marks_of(land: Land) -> list[pytest.MarkDecorator]:
    return [proves("mercadopago", f"country.{land.site}"), *([] if land is CHILE else [pytest.mark.full])]


@pytest.mark.parametrize(
    "land",
    [pytest.param(one, id=one.site, marks=marks_of(one)) for one in LANDS],
)
def test_a_code_of_the_country_is_paid_and_given_back(running: Running, land: Land) -> None:
    reference = asked_for(running, land)
    page = running.pay_page(reference)
    assert page.data["data-status"] == "waiting"
    choice = {"action": "ticket", "method": land.code}
    shown = requests.post(page.data["data-checkout-link"], data=choice, timeout=20)
    waiting = f"list(Payment.objects.filter(charge__reference={reference!r}).values_list('status', 'method'))"
    running.wait_until(lambda: running.evaluate(waiting) == [["pending", "ticket"]], "the code is known")
    assert running.status(reference) == "pending"
    requests.post(shown.url, data={"action": "pay"}, timeout=20)
    running.wait_for_status(reference, "paid")
    amount, part = land.amount[1], land.part[1] or land.amount[1]
    assert figures(running, reference) == [land.currency, amount, amount, 0, ""]
    give_back(running, reference, land.part[0])
    running.wait_for_status(reference, "partially_refunded" if part < amount else "refunded")
    assert figures(running, reference) == [land.currency, amount, amount, part, ""]
    books = running.ask(f"books?reference={reference}")["payments"]
    assert [float(one["amount"]) * 100 for row in books for one in row["refunds"]] == [part]
