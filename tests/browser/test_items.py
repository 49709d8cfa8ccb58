"""Items and discounts in a real browser: the sums follow the typing and are the server's to the cent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from payments import amounts
from payments.amounts import Line, Reduction
from payments.models import Charge
from tests.browser.test_pages import fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]


def fill_row(page: Page, number: int, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"#id_items-{number}-{name}", value)


def total(page: Page) -> str:
    return page.inner_text('[data-sum="total"]')


@pytest.fixture
def form(page: Page, staff: None, charges: dict[str, Charge]) -> Page:
    page.goto("/charges/new/")
    page.click("#items > summary")
    return page


def test_sums_follow_the_typing(form: Page) -> None:
    form.fill("#id_amount", "80,00")
    expect(form.locator('[data-sum="total"]')).to_have_text("R$\u00a080,00")
    form.click("#add-item")
    assert form.input_value("#id_items-0-unit") == "80,00", "it begins with the amount"
    fill_row(form, 0, description="Camiseta", quantity="3", unit="1.049,90", discount="10%")
    form.click("#add-item")
    fill_row(form, 1, description="Caneca", unit="25,00")
    form.fill("#id_total_discount", "5%")
    shirts = Line(
        description="", quantity=3, unit_cents=104_990, discount_cents=amounts.share(314_970, 1_000)
    )
    subtotal = shirts.total_cents + 2_500
    net = subtotal - Reduction(hundredths=500).of(subtotal)
    assert total(form) == f"R$\u00a0{net // 100:,}".replace(",", ".") + f",{net % 100:02d}"
    assert form.input_value("#id_seen_total") == str(net)
    assert form.get_attribute("#id_amount", "readonly") is not None and fits(form)
    form.locator("[data-remove]").first.click()
    assert form.input_value("#id_items-0-description") == "Caneca"
    assert form.input_value("#id_items-TOTAL_FORMS") == "1" and total(form) == "R$\u00a023,75"
    form.locator("[data-remove]").first.click()
    assert form.get_attribute("#id_amount", "readonly") is None


@pytest.mark.parametrize(
    "typed", ["1,234", *(pytest.param(one, marks=pytest.mark.full) for one in ("ten", "-1", "1.2.3", ""))]
)
def test_what_is_no_amount_has_no_sum(form: Page, typed: str) -> None:
    form.fill("#id_amount", typed)
    assert total(form) == "–" and form.input_value("#id_seen_total") == ""


def test_the_server_agrees_with_the_script(form: Page) -> None:
    """Every discount of these would differ by a cent if one of the two rounded otherwise."""
    form.click("#add-item")
    for unit, discount in (("10,05", "10%"), ("0,01", "50%"), ("99,99", "33,33%"), ("1.005,55", "12,5%")):
        fill_row(form, 0, description="Caneca", quantity="3", unit=unit, discount=discount)
        seen = form.input_value("#id_seen_total")
        form.evaluate("document.getElementById('id_name').value = ''")
        with form.expect_navigation():
            form.evaluate("document.querySelector('form.form').requestSubmit()")
        assert form.input_value("#id_seen_total") == seen != ""
