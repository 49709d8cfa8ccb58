"""Filling in a form: what is wrong is said where it is, what it comes to is shown, keys alone are enough."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from config import clock
from connections.models import Connection
from payments.models import Charge, Refund
from payments.services import asking
from payments.services.creation import create_charge
from payments.services.intents import NewCharge
from tests import factories
from tests.browser.test_customers import DOCUMENT, make_account
from tests.browser.test_pages import fits
from tests.gateways.controls import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]


def tab_to(page: Page, selector: str, *, most: int = 60) -> None:
    """By the key alone, as who cannot point."""
    for _press in range(most):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached by Tab")


def answered(page: Page, act: str, *keys: str) -> None:
    """Press keys and wait for what the server says of the form."""
    with page.expect_response(re.compile("/check/$")):
        for key in keys:
            page.keyboard.press(key) if act == "press" else page.keyboard.type(key)


def test_what_is_wrong_is_said_once_it_is_left_and_goes_as_it_is_mended(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    page.goto("/charges/new/")
    box, error = page.locator("#id_document"), page.locator("#error-document")
    page.locator("#id_name").press("Tab")
    expect(page.locator(".error")).to_have_count(0)  # passing by is no mistake
    box.focus()
    answered(page, "type", "5299822472")
    expect(error).to_have_count(0)
    answered(page, "press", "Tab")
    expect(error).to_be_visible()
    expect(box).to_have_attribute("aria-invalid", "true")
    assert "error-document" in (box.get_attribute("aria-describedby") or "")
    expect(page.locator("#announce")).to_contain_text(error.inner_text())
    assert fits(page)
    box.press("End")
    answered(page, "type", "5")
    expect(error).to_have_count(0)
    assert box.get_attribute("aria-invalid") is None
    expect(page.locator(".error")).to_have_count(0)
    assert Charge.objects.count() == len(charges)


def test_terms_and_parcels_are_previewed_and_put_away_where_there_are_none(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    page.goto("/charges/new/")
    page.select_option("#id_connection", str(charges["pending"].connection_id))
    expect(page.locator("#parcels")).to_be_hidden()  # PIX has none
    page.locator("input[value=boleto]").check()
    expect(page.locator("#parcels")).to_be_visible()
    page.fill("#id_amount", "100,00")
    page.fill("#id_instalments", "3")
    expect(page.locator("[data-parcels-total]")).to_contain_text("100,00")
    page.click("#terms summary")
    page.fill("#id_discount", "5,00")
    expect(page.locator("[data-agreed]")).to_contain_text("28,3")  # off each parcel
    page.locator("input[value=pix]").check()
    expect(page.locator("#parcels")).to_be_hidden()
    assert page.evaluate("new FormData(document.querySelector('form.form')).has('instalments')") is False
    expect(page.locator("[data-agreed]")).to_contain_text("95,00")
    assert fits(page)


def test_a_subscription_is_checked_in_place_too(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    page.goto("/subscriptions/new/")
    page.focus("#id_amount")
    page.keyboard.type("x")
    answered(page, "press", "Tab")
    expect(page.locator("#error-amount")).to_be_visible()


def test_create_and_send_by_keys_alone(
    page: Page, people: tuple[User, User], staff: None, simulator: Simulator
) -> None:
    make_account(simulator)
    page.goto("/charges/new/")
    typed = {"name": "Ana Lima", "document": DOCUMENT, "email": "ana.lima@example.com"}
    for name, text in {**typed, "amount": "150,00", "description": "Pedido 77"}.items():
        tab_to(page, f"#id_{name}")
        page.keyboard.type(text)
    tab_to(page, "button.main")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/charges/chg_"))
    tab_to(page, "#to-send")
    page.keyboard.press("Enter")
    tab_to(page, "#copy-link")
    page.keyboard.press("Enter")
    expect(page.locator("#announce")).to_have_text("Copiado")
    assert page.evaluate("navigator.clipboard.readText()") == Charge.objects.get().pay_url


def test_money_is_given_back_by_keys_alone(
    page: Page, people: tuple[User, User], staff: None, simulator: Simulator
) -> None:
    """Too much is said at once; the second page repeats amount and name before anything is asked for."""
    charge = paid_charge(simulator)
    page.goto(charge.get_absolute_url())
    tab_to(page, "[data-give-back]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/refund/"))
    tab_to(page, "#id_amount")
    page.keyboard.press("Control+A")
    page.keyboard.type("150,01")
    answered(page, "press", "Tab")
    expect(page.locator("#error-amount")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+A")
    answered(page, "type", "40,00")
    expect(page.locator("#error-amount")).to_have_count(0)
    tab_to(page, "#id_reason")
    page.keyboard.press("ArrowDown")
    tab_to(page, "button.main")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-title")).to_contain_text("40,00")  # the next page is there
    expect(page.locator("#confirm-title")).to_contain_text(charge.customer.name)
    assert not Refund.objects.exists()
    tab_to(page, "button[name=confirmed]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{charge.reference}/$"))
    refund = Refund.objects.get()
    assert (refund.amount_cents, refund.charge) == (4_000, charge)


def paid_charge(simulator: Simulator) -> Charge:
    """Made at the simulator, paid there, and known as paid."""
    make_account(simulator)
    charge = create_charge(
        NewCharge(
            connection=Connection.objects.get(),
            customer=factories.make_customer(document=DOCUMENT),
            amount_cents=15_000,
            description="Pedido 77",
            due_date=clock.today("America/Sao_Paulo") + timedelta(days=3),
            submission=uuid.uuid4(),
        )
    )
    simulator.act("pay", id=charge.payments.get().gateway_id)
    simulator.control("POST", "clock", {"advance_seconds": 60})  # no sooner is it asked again
    asking.ask_now(charge, actor=User.objects.get(username="admin"))
    charge.refresh_from_db()
    assert charge.status == "paid"
    return charge


def test_a_note_that_is_refused_has_the_cursor(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    """On a long page nobody has to look for what was wrong; and its links lead where the charge's do."""
    address = charges["pending"].get_absolute_url()
    page.goto(address)
    page.click("#note button")
    expect(page.locator("#id_text")).to_be_focused()
    expect(page.locator("#id_text")).to_be_in_viewport()
    page.click("[data-part=people]")
    page.wait_for_url(f"**{address}?story=people#story-title")
