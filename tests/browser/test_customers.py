"""Finding a customer while typing, by keyboard alone; and how much it takes from login to a copied link."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from payments.models import Charge
from tests import factories
from tests.browser.test_pages import fits
from tests.gateways.controls import Simulator
from tests.pages import sample

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]
DOCUMENT = "52998224725"
MOST_PAGES, MOST_FIELDS, MOST_KEYS = 4, 8, 120


class Hand:
    """Types like a person, and counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.pages, self.keys = page, 0, 0
        self.fields: set[str] = set()
        page.on("domcontentloaded", self._turned)

    def _turned(self, _page: Page) -> None:
        self.pages += 1

    def fill(self, selector: str, text: str) -> None:
        self.page.click(selector)
        self.page.keyboard.type(text)
        self.fields.add(selector)
        self.keys += len(text)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1


def make_account(simulator: Simulator) -> None:
    account = simulator.account("asaas", name="Loja", environment="sandbox")
    credentials = {"api_key": account["api_key"]}
    factories.make_connection(account_id=str(account["account_id"]), credentials=credentials)


def log_in(hand: Hand) -> None:
    hand.page.goto("/login/")
    hand.fill("#id_username", "carla")
    hand.fill("#id_password", sample.PASSWORD)
    hand.press("Enter")
    hand.page.wait_for_url(lambda address: "/login" not in address)


@pytest.mark.parametrize("is_known", [False, pytest.param(True, marks=pytest.mark.full)])
def test_from_login_to_a_copied_link(
    page: Page, people: tuple[User, User], simulator: Simulator, is_known: bool
) -> None:
    make_account(simulator)
    if is_known:
        factories.make_customer(name="Ana Lima", document=DOCUMENT)
    hand = Hand(page)
    log_in(hand)
    page.click('nav a[href="/charges/new/"]')
    hand.fill("#id_name", "ana l" if is_known else "Ana Lima")
    if is_known:
        expect(page.locator("#customer-options [role=option]")).to_have_count(1)
        hand.press("ArrowDown")
        hand.press("Enter")
    else:
        hand.fill("#id_document", DOCUMENT)
        hand.fill("#id_email", "ana.lima@example.com")
    hand.fill("#id_amount", "1.250,00")
    hand.fill("#id_description", "Pedido 77")
    hand.press("Enter")
    page.click("#copy-link")
    expect(page.locator("#announce")).to_have_text("Copiado")
    charge = Charge.objects.get()
    assert page.evaluate("navigator.clipboard.readText()") == charge.pay_url and charge.pix_text
    assert (charge.customer.document, charge.amount_cents) == (DOCUMENT, 125_000)
    counted = (hand.pages, len(hand.fields), hand.keys)
    assert hand.pages <= MOST_PAGES and len(hand.fields) <= MOST_FIELDS, counted
    assert hand.keys <= MOST_KEYS, counted
    print(f"pages, fields, key presses: {counted}")


def test_a_customer_is_chosen_by_keyboard(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    factories.make_customer(name="Ana Beatriz Reis", document="11122233396", email="bia@example.com")
    page.goto("/charges/new/")
    name, options = page.locator("#id_name"), page.locator("#customer-options [role=option]")
    name.press_sequentially("ana")
    expect(options).to_have_count(4)  # one by name, the others by their address, too
    expect(name).to_have_attribute("aria-expanded", "true")
    assert fits(page)
    name.press("Escape")
    expect(page.locator("#customer-options")).to_be_hidden()
    name.press_sequentially(" b")
    expect(options).to_have_count(1)
    name.press("ArrowDown")
    expect(name).to_have_attribute("aria-activedescendant", "customer-option-0")
    name.press("Enter")
    expect(page.locator("#id_email")).to_have_value("bia@example.com")
    expect(page.locator("#id_amount")).to_be_focused()
    assert page.locator("#id_document").input_value().endswith("396")
    assert page.evaluate("new FormData(document.querySelector('form.form')).has('document')") is False
    assert "11122233396" not in page.content()
    page.click("#someone-else a")
    expect(name).to_be_focused()
    for box in ("#id_name", "#id_document", "#id_email", "#id_customer"):
        expect(page.locator(box)).to_have_value("")
    assert page.evaluate("new FormData(document.querySelector('form.form')).has('document')") is True


def test_what_is_typed_stays_when_the_server_is_away(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    page.route("**/customers/search/**", lambda route: route.fulfill(status=200, body="no JSON"))
    page.goto("/charges/new/")
    with page.expect_response("**/customers/search/**"):
        page.locator("#id_name").press_sequentially("ana")
    expect(page.locator("#id_name")).to_have_value("ana")
    expect(page.locator("#customer-options")).to_be_hidden()
