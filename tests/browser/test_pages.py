"""The pages in a real browser: phone width, copying, a status that changes by itself, no script at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from config import clock
from connections.gateways.base import Method
from connections.gateways.mercadopago.client import MercadoPagoGateway
from payments.models import Charge
from payments.services import renewing
from tests import factories
from tests.browser.targets import small_targets
from tests.gateways.controls import Simulator
from tests.pages import sample

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CONNECTION_FORM = "/admin/connections/connection/add/"


WIDEST = """() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.tagName + '.' + e.getAttribute('class')).slice(0, 5)"""


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def turn_paid(charge: Charge) -> None:
    """As the worker would: what the gateway says is stored, the status and its revision move."""
    factories.make_payment(charge, "paid", paid_at=clock.now())
    Charge.objects.filter(pk=charge.pk).update(
        status="paid", revision=charge.revision + 1, received_cents=charge.amount_cents, paid_at=clock.now()
    )


@pytest.mark.once
def test_copies_the_link_with_one_press(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    page.goto(charges["pending"].get_absolute_url())
    with page.expect_response(lambda answer: answer.url.endswith("/sent/")) as told:
        page.click("#copy-link")
    expect(page.locator("#announce")).to_have_text("Copiado")
    assert page.evaluate("navigator.clipboard.readText()") == charges["pending"].pay_url
    assert told.value.status == 204
    assert charges["pending"].timeline.filter(code="sent", data={"how": "link"}).count() == 1


@pytest.mark.once
def test_copies_where_there_is_no_clipboard_api(page: Page, charges: dict[str, Charge]) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(f"/pay/{charges['pending'].pay_token}/")
    page.evaluate("document.addEventListener('copy', () => { window.wasCopied = String(getSelection()) })")
    page.click("#copy-code")
    expect(page.locator("#announce")).to_have_text("Código copiado")
    assert page.evaluate("window.wasCopied !== undefined")


@pytest.mark.parametrize(
    ("address", "before"),
    [(Charge.get_absolute_url, "pending"), (lambda charge: f"/pay/{charge.pay_token}/", "waiting")],
)
def test_turns_paid_by_itself(
    page: Page, staff: None, charges: dict[str, Charge], address: Callable[[Charge], str], before: str
) -> None:
    charge = charges["pending"]
    page.goto(address(charge))
    expect(page.locator("#live")).to_have_attribute("data-status", before)
    turn_paid(charge)
    expect(page.locator("#live")).to_have_attribute("data-status", "paid")
    expect(page.locator("#announce")).to_contain_text("aga")
    assert page.locator("#live[data-live-url]").count() == 0


def test_customer_pays_without_script_and_cookie(
    browser: Browser, live_address: str, charges: dict[str, Charge]
) -> None:
    context = browser.new_context(base_url=live_address, java_script_enabled=False, locale="pt-BR")
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"/pay/{charges['pending'].pay_token}/")
    assert page.locator("#code").input_value() == sample.PIX_TEXT
    assert "Atualize esta página" in (page.locator("noscript").text_content() or "")
    assert not page.locator("#copy-code").is_visible()
    assert context.cookies() == [] and len(requests) <= 3
    context.close()


@pytest.mark.once
def test_pay_page_asks_for_three_things(page: Page, charges: dict[str, Charge]) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"/pay/{charges['pending'].pay_token}/")
    page.wait_for_load_state()
    assert len([url for url in requests if not url.startswith("data:")]) == 3


@pytest.mark.once
def test_form_leads_to_what_is_wrong(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    page.goto("/charges/new/")
    page.fill("#id_name", "Ana Lima")
    page.click("button.main")
    expect(page.locator("#problems")).to_be_focused()
    page.click('#problems a[href="#id_document"]')
    expect(page.locator("#id_document")).to_be_focused()
    expect(page.locator("#id_name")).to_have_value("Ana Lima")


@pytest.mark.once
def test_every_target_is_large_enough(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    """44 px for what a thumb presses; links inside sentences and table cells are exempt (WCAG 2.5.8)."""
    small = []
    for address in ("/charges/", "/charges/new/", charges["pending"].get_absolute_url()):
        page.goto(address)
        pressed = "button:visible:not(.visually-hidden), a.button:visible, nav a:visible, summary:visible"
        small += small_targets(page, pressed)
    assert small == []


@pytest.mark.once
def test_form_of_a_subscription_fits_itself_to_the_account(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    """Boleto rests with its reason where subscriptions are paid by card alone."""
    page.goto("/subscriptions/new/")
    page.select_option("#id_connection", str(charges["pending"].connection_id))
    page.locator("input[value=boleto]").check()
    page.select_option("#id_connection", str(charges["checkout"].connection_id))
    expect(page.locator("input[value=boleto]")).to_be_disabled()
    expect(page.locator(".choice:has([value=boleto]) .why-not")).to_contain_text("Mercado Pago")
    expect(page.locator("input[value=card]")).to_be_checked()


def test_form_fits_itself_to_the_account(
    page: Page, staff: None, charges: dict[str, Charge], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Card rests with its reason where the account takes only PIX; back again, everything is as it was."""
    only_pix = replace(MercadoPagoGateway.capabilities, methods=frozenset({Method.PIX}))
    monkeypatch.setattr(MercadoPagoGateway, "capabilities", only_pix)
    asaas, mercado = charges["pending"].connection_id, charges["checkout"].connection_id
    page.goto("/charges/new/")
    card, reason = page.locator("input[value=card]"), page.locator(".choice:has([value=card]) .why-not")
    page.select_option("#id_connection", str(asaas))
    card.check()
    expect(page.locator("#sandbox-ribbon")).to_be_visible()
    page.select_option("#id_connection", str(mercado))
    expect(card).to_be_disabled()
    expect(reason).to_be_visible()
    expect(page.locator("input[value=pix]")).to_be_checked()
    expect(page.locator("#sandbox-ribbon")).to_be_hidden()
    page.select_option("#id_connection", str(asaas))
    expect(card).to_be_enabled()
    expect(reason).to_be_hidden()


def test_terms_are_put_away_where_nobody_takes_them(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    asaas, mercado = charges["pending"].connection_id, charges["checkout"].connection_id
    page.goto("/charges/new/")
    page.select_option("#id_connection", str(asaas))
    page.click("#terms summary")
    page.fill("#id_fine", "2")
    page.select_option("#id_connection", str(mercado))
    expect(page.locator("#terms")).to_be_hidden()
    assert page.evaluate("new FormData(document.querySelector('form.form')).has('fine')") is False
    page.select_option("#id_connection", str(asaas))
    expect(page.locator("#id_fine")).to_have_value("2")


def test_refused_attempt_appears_by_itself(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    charge = charges["checkout"]
    Charge.objects.filter(pk=charge.pk).update(method="card")
    page.goto(f"/pay/{charge.pay_token}/")
    expect(page.locator("[data-refused]")).to_have_count(0)
    factories.make_payment(charge, "failed", gateway_status="rejected/cc_rejected_other_reason")
    expect(page.locator("[data-refused]")).to_be_visible()
    expect(page.locator("[data-checkout-link]")).to_be_visible()


def test_customer_gets_a_code_without_script_and_cookie(
    browser: Browser, live_address: str, on_demand: Charge
) -> None:
    """What a real browser says of where the form was is believed, under the policy of that page."""
    context = browser.new_context(base_url=live_address, java_script_enabled=False, locale="pt-BR")
    page = context.new_page()
    page.goto(f"/pay/{on_demand.pay_token}/")
    page.click("form button")
    expect(page.locator("#code")).to_be_visible()
    assert page.url.endswith(f"/pay/{on_demand.pay_token}/") and context.cookies() == []
    context.close()


def test_no_other_site_can_have_a_code_made(browser: Browser, live_address: str, on_demand: Charge) -> None:
    context = browser.new_context(locale="pt-BR")
    page = context.new_page()
    address = f"{live_address}/pay/{on_demand.pay_token}/code/"
    page.set_content(f'<form method="post" action="{address}"><button>Win a prize</button></form>')
    with page.expect_response(address) as answer:
        page.click("button")
    assert answer.value.status == 403
    on_demand.refresh_from_db()
    assert on_demand.pix_text == "" and not on_demand.timeline.exists()
    context.close()


def test_code_runs_out_under_the_customers_eyes(page: Page, on_demand: Charge, simulator: Simulator) -> None:
    """The open page offers a new code by itself, and the press works from there."""
    renewing.new_code(on_demand, actor=None)
    page.goto(f"/pay/{on_demand.pay_token}/")
    first = page.locator("#code").input_value()
    simulator.control("POST", "clock", {"advance_seconds": 31 * 24 * 3600})
    expect(page.locator("form button.main")).to_be_visible()
    expect(page.locator("#code")).to_have_count(0)
    page.click("form button.main")
    expect(page.locator("#code")).to_be_visible()
    assert page.locator("#code").input_value() != first
