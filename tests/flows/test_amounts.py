"""A charge of items with a discount, typed without a script, changed while it is open, and paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lib import check
from lib.pages import Page

from tests.capabilities import proves
from tests.flows.running import Running
from tests.flows.test_cancelling import column, living, press, states, wait_until_settled

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
ITEMS = {
    "items-0-description": "Camiseta",
    "items-0-quantity": "3",
    "items-0-unit": "49,90",
    "items-0-discount": "10%",
    "total_discount": "4,73",
    "discount_reason": "Cliente antiga",
}
NET = 13_473 - 473
NEW = 15_050


def today(running: Running) -> date:
    text = running.evaluate("__import__('config.clock').clock.today('America/Sao_Paulo').isoformat()")
    return date.fromisoformat(text)


def again(page: Page) -> Any:
    form = page.form_with("amount")
    assert form is not None
    return form


def make_itemised(running: Running, key: str) -> str:
    """By the buttons of the form alone, as for who has no script."""
    shop, browser = running.shop(key), running.people.operator
    form = again(browser.open("/charges/new/"))
    due = (today(running) + timedelta(days=3)).isoformat()
    typed = {"connection": shop._choice_of(form), "method": "pix", "description": "Demo", "due_date": due}
    form = again(browser.send(form, {**check.CUSTOMER, **typed, "rows": "add"}))
    form = again(browser.send(form, {**ITEMS, "rows": "sums"}))
    assert form.fields["seen_total"] == str(NET)
    browser.send(form, {})
    return browser.url.rstrip("/").rsplit("/", 1)[-1]


def books(running: Running, reference: str) -> list[dict[str, Any]]:
    return [*running.ask(f"books?reference={reference}")["payments"]]


def civil_day(moment: str | None) -> str:
    """In Brazil."""
    if not moment:
        return ""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo("America/Sao_Paulo")).date().isoformat()


def wait_for_code(running: Running, reference: str, amount: str) -> None:
    running.wait_until(
        lambda: amount in running.pay_page(reference).data.get("data-pix-text", ""), f"a code over {amount}"
    )


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(
            "asaas", marks=proves("asaas", "items", "change.change_amount", "change.change_description")
        ),
        pytest.param(
            "mercadopago",
            marks=[
                proves("mercadopago", "items", "change.change_amount", "change.change_due_date"),
                pytest.mark.full,
            ],
        ),
    ],
)
def test_items_are_charged_net_changed_and_paid(running: Running, key: str) -> None:
    reference = make_itemised(running, key)
    wait_for_code(running, reference, f"{NET / 100:.2f}")
    assert column(running, reference, "subtotal_cents", "discount_cents", "amount_cents") == [
        13_473,
        473,
        NET,
    ]
    (booked,) = books(running, reference)
    assert round(float(booked["amount"]) * 100) == NET
    assert "Camiseta" in running.pay_page(reference).text
    press(running, reference, "amount", amount="150,50")
    press(running, reference, "description", text="Pedido 78")
    day = (today(running) + timedelta(days=9)).isoformat()
    press(running, reference, "due-date", day=day)
    wait_until_settled(running, reference)
    assert states(running, reference) == ["done"] * 3 and len(living(running, reference)) == 1
    wait_for_code(running, reference, "150.50")
    page = running.pay_page(reference)
    assert "Pedido 78" in page.text and "Camiseta" not in page.text
    (booked,) = (row for row in books(running, reference) if row["status"] != "cancelled")
    assert day in (booked.get("due_date"), civil_day(booked.get("expires_at")))
    assert "Pedido 78" in booked["description"] or key == "mercadopago"
    running.control("pay", reference=reference)
    running.wait_for_status(reference, "paid")
    shown = ("amount_cents", "received_cents", "due_date", "review_reason")
    assert column(running, reference, *shown) == [NEW, NEW, day, ""]
