"""The form for a new charge in a browser: it follows the country of the account chosen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories import make_connection

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]
OXXO = {"code": "oxxo", "name": "OXXO", "method": "ticket", "least_cents": 500, "most_cents": 0}


def test_form_follows_the_country_of_the_account(page: Page, staff: None) -> None:
    brazil = make_connection(name="Loja", is_default=True)
    chile = make_connection(name="Tienda Chile", gateway="mercadopago", currency="CLP")
    mexico = make_connection(
        name="Tienda México", gateway="mercadopago", currency="MXN", ways=[{**OXXO, "is_active": True}]
    )
    page.goto("/charges/new/")
    kinds, label = page.locator("#id_document_type"), page.locator("label[for=id_document]")
    expect(kinds).to_be_hidden()
    expect(label).to_contain_text("CPF")
    page.select_option("#id_connection", str(chile.pk))
    expect(kinds).to_be_visible()
    expect(page.locator("#hint-document")).to_contain_text("12.345.678-5")
    expect(page.locator("#hint-phone")).to_contain_text("9 8765 4321")
    expect(page.locator("#hint-amount")).to_contain_text("15000")
    boxes = [page.locator(f"#id_{name}") for name in ("amount", "discount", "total_discount")]
    for box in boxes:
        expect(box).to_have_attribute("placeholder", "0")
    expect(page.locator("input[value=pix]")).to_be_disabled()
    expect(page.locator(".choice:has([value=pix]) .why-not")).to_be_visible()
    kinds.select_option("CL-RUT")
    page.select_option("#id_connection", str(mexico.pk))
    expect(kinds).to_have_value("")
    expect(page.locator(".choice:has([value=any]) .ways")).to_have_text("OXXO")
    page.select_option("#id_connection", str(brazil.pk))
    for box in boxes:
        expect(box).to_have_attribute("placeholder", "0,00")
    expect(page.locator("input[value=pix]")).to_be_enabled()
    expect(page.locator(".choice:has([value=any]) .ways")).to_be_hidden()
    expect(kinds).to_be_hidden()
