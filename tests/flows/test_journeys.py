"""What people do with the product, in real browsers: from an account at a gateway to the money, and back.

Web, worker, broker and both gateways are real processes; a page that is open must follow by itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flows.conftest import product
from tests.flows.given_up import pay_unreadably
from tests.flows.persons import (
    Person,
    address,
    becomes,
    charge,
    connect,
    copied,
    copied_link,
    fill_in,
    give_card,
    pay_by_card,
    reference_of,
    turns,
    watch,
)
from tests.flows.running import Running
from tests.flows.test_subscriptions import TOPICS

pytestmark = [pytest.mark.xdist_group("journeys"), pytest.mark.weighty, pytest.mark.browser]
ASAAS, MERCADO_PAGO = "Demo Asaas", "Demo Mercado Pago"
_REAIS = itertools.count(300)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with product() as made:
        yield made


def _signed_in(browser: Browser, running: Running, name: str) -> Iterator[Person]:
    person = Person(browser, running.stack.url)
    person.log_in(name, running.people.passwords[name])
    yield person
    person.context.close()


@pytest.fixture(scope="module")
def admin(browser: Browser, running: Running) -> Iterator[Person]:
    yield from _signed_in(browser, running, "admin")


@pytest.fixture(scope="module")
def operator(browser: Browser, running: Running) -> Iterator[Person]:
    yield from _signed_in(browser, running, "operator")


@contextmanager
def visiting(browser: Browser, running: Running, *, has_script: bool = True) -> Iterator[Person]:
    """Somebody who is sent a link and gets no cookie by it."""
    person = Person(browser, running.stack.url, has_script=has_script)
    yield person
    person.put_away()
    assert person.context.cookies(running.stack.url) == []
    person.context.close()


@pytest.fixture
def customer(browser: Browser, running: Running) -> Iterator[Person]:
    with visiting(browser, running) as person:
        yield person


@pytest.fixture(autouse=True)
def desk(running: Running, admin: Person, operator: Person) -> Iterator[None]:
    """As each journey finds it: no page open, and none complained; no misbehaviour left at a gateway."""
    yield
    running.no_faults()
    for person in (admin, operator):
        person.put_away()


@pytest.fixture(scope="module")
def asaas(running: Running) -> str:
    """The name of an account that is connected."""
    return running.shop("asaas").kind.name


@pytest.fixture(scope="module")
def mercado_pago(running: Running) -> str:
    return running.shop("mercadopago").kind.name


@pytest.fixture
def amount() -> str:
    """One that no other journey has: a charge like an earlier one is asked about."""
    return f"{next(_REAIS)},00"


def step(name: str) -> str:
    return f"[data-step={name}]"


def test_asaas_is_connected_and_its_first_charge_is_sent_and_paid(
    running: Running, admin: Person, operator: Person, customer: Person, amount: str
) -> None:
    """Connect, charge by PIX, send, pay: three people, and nobody loads a page anew."""
    account = running.control("accounts", gateway="asaas", environment="sandbox", name="Loja Sul")
    connection = connect(
        admin, gateway="asaas", environment="sandbox", name="Loja Sul", api_key=account["api_key"]
    )
    for name in ("key", "account", "rights", "pix_key", "webhook"):
        expect(connection.locator(step(name))).to_have_attribute("data-is", "done")
    expect(connection.locator(step("first"))).to_have_attribute("data-is", "waiting")
    watch(connection)
    made = charge(operator, account="Loja Sul", method="pix", amount=amount, description="Pedido 1")
    becomes(connection, step("first"), "data-is", "done")
    becomes(connection, "#live", "data-steps-left", "0")
    expect(connection.locator("#announce")).not_to_be_empty()
    opened = watch(customer.open(copied_link(made)))
    expect(opened.locator(".qr svg")).to_be_visible()
    expect(opened.locator("#code")).to_have_value(made.input_value("#pix-text"))
    running.control("pay", reference=reference_of(made))
    for page in (made, opened):
        turns(page, "paid")
    expect(opened.locator("[data-print]")).to_be_visible()


def test_mercado_pago_is_connected_until_its_panel_has_been_heard(running: Running, admin: Person) -> None:
    """Its webhook is set up by hand: the address goes to the panel, the panel's secrets come here."""
    account = running.control("accounts", gateway="mercadopago", name="Loja Norte", token_prefix="APP_USR")
    page = connect(
        admin,
        gateway="mercadopago",
        environment="production",
        name="Loja Norte",
        access_token=account["access_token"],
    )
    expect(page.locator(step("webhook"))).to_have_attribute("data-is", "todo")
    copied_address = copied(page, "[data-copy='#webhook-url']", page.inner_text("#webhook-url"))
    running.control(f"accounts/{account['id']}", panel_url=copied_address)
    page.fill("#id_webhook_secret_test", account["webhook_secret"])
    page.fill("#id_webhook_secret_production", account["webhook_secret_production"])
    page.click("input[name=_save]")
    page.wait_for_url("**/connections/connection/")
    page.click("[data-card] h2 a:text-is('Loja Norte')")
    expect(page.locator(step("webhook"))).to_have_attribute("data-is", "done")
    expect(page.locator(step("first"))).to_have_attribute("data-is", "waiting")
    watch(page)
    running.control("panel_event", account=account["id"])
    becomes(page, step("first"), "data-is", "done")
    becomes(page, "#live", "data-steps-left", "0")


@pytest.mark.parametrize("key", ["mercado_pago", pytest.param("asaas", marks=pytest.mark.full)])
def test_a_card_pays_on_the_gateways_page(
    request: pytest.FixtureRequest, operator: Person, customer: Person, key: str, amount: str
) -> None:
    account = request.getfixturevalue(key)
    made = charge(operator, account=account, method="card", amount=amount, description="Pedido 2")
    opened = watch(customer.open(copied_link(made)))
    pay_by_card(opened)
    for page in (made, opened):
        turns(page, "paid")


@pytest.mark.parametrize("key", ["asaas", pytest.param("mercado_pago", marks=pytest.mark.full)])
def test_a_card_pays_in_three_parcels(
    request: pytest.FixtureRequest, operator: Person, customer: Person, key: str, amount: str
) -> None:
    """As many as the operator allows; the customer chooses them on the gateway's page."""
    account = request.getfixturevalue(key)
    form = operator.open("/charges/new/")
    fill_in(form, account=account, method="card", amount=amount, description="Pedido 3", instalments="3")
    expect(form.locator("#parcels-preview [data-most]")).to_contain_text("3")
    form.click("button.main[type=submit]")
    form.wait_for_url(re.compile("/charges/chg_"))
    opened = watch(customer.open(copied_link(watch(form))))
    expect(opened.locator("[data-most-parcels='3']")).to_be_visible()
    pay_by_card(opened, instalments="3")
    for page in (form, opened):
        turns(page, "paid")


def test_a_part_is_given_back(running: Running, admin: Person, asaas: str) -> None:
    """Never said to be done before the gateway says so; then the open page says it."""
    account = running.shop("asaas").account["id"]
    running.control(f"accounts/{account}", slow_refunds=True)
    reference = running.charge("asaas")
    page = watch(admin.open(f"/charges/{reference}/"))
    running.control("pay", reference=reference)
    turns(page, "paid")
    page.click("[data-give-back]")
    page.fill("#id_amount", "4,00")
    page.select_option("#id_reason", index=1)
    page.click("form[data-check-url] button.main")
    expect(page.locator("#confirm-title")).to_contain_text("4,00")
    page.click("button[name=confirmed]")
    page.wait_for_url(re.compile(f"{reference}/$"))
    watch(page)
    expect(page.locator("tr[data-refund]")).not_to_have_attribute("data-refund", "done")
    expect(page.locator("#live")).to_have_attribute("data-status", "paid")
    running.control("refund_step", reference=reference, outcome="done")
    becomes(page, "tr[data-refund]", "data-refund", "done")
    turns(page, "partially_refunded")
    running.control(f"accounts/{account}", slow_refunds=False)


def new_subscription(operator: Person, **asked: Any) -> Page:
    page = operator.open("/subscriptions/")
    page.locator("a[href='/subscriptions/new/']").first.click()
    fill_in(page, **asked)
    page.click("button.main[type=submit]")
    page.wait_for_url(re.compile("/subscriptions/sub_"))
    return watch(page)


def test_a_subscription_begins_and_its_first_charge_is_paid_without_script(
    browser: Browser, running: Running, operator: Person, asaas: str, amount: str
) -> None:
    """Who refreshes the page to pay, as it says, sees the receipt; the operator's page follows by itself."""
    made = new_subscription(operator, account=asaas, method="pix", amount=amount, description="Plano mensal")
    first = made.locator("tr[data-reference]")
    expect(first).to_have_attribute("data-status", "pending")
    with visiting(browser, running, has_script=False) as customer:
        page, code = customer.open(copied_link(made)), "#code"
        running.wait_until(lambda: page.reload() and page.locator(code).count(), "the code is there")
        expect(page.locator(code)).to_have_value(re.compile("^000201.*br.gov.bcb.pix"))
        expect(page.locator("#copy-code")).to_be_hidden()
        running.control("pay", reference=reference_of(made))
        becomes(made, "tr[data-reference]", "data-status", "paid")
        page.reload()
        expect(page.locator("#live")).to_have_attribute("data-status", "paid")
    first.locator("a").click()
    expect(made.locator("[data-subscription]")).to_be_visible()


@pytest.mark.full
def test_a_subscription_by_card_begins_when_the_customer_agrees(
    running: Running, operator: Person, customer: Person, mercado_pago: str, amount: str
) -> None:
    shop = running.shop("mercadopago")
    shop.test_webhook()
    running.control(f"accounts/{shop.account['id']}", panel_topics=TOPICS)
    made = new_subscription(
        operator, account=mercado_pago, method="card", amount=amount, description="Plano mensal"
    )
    expect(made.locator("#live")).to_have_attribute("data-state", "pending")
    page = customer.open(copied_link(made))
    give_card(page)
    becomes(made, "#live", "data-state", "active")
    running.control("clock", advance_seconds=2 * 60 * 60, play=True)
    becomes(made, "tr[data-reference]", "data-status", "paid")


def test_money_that_does_not_fit_waits_for_a_person(
    running: Running, admin: Person, operator: Person, customer: Person, asaas: str
) -> None:
    reference = running.charge("asaas")
    followed = watch(operator.open(f"/charges/{reference}/"))
    opened = watch(customer.open(followed.input_value("#pay-link")))
    running.control("pay", reference=reference, amount="9.00")
    expect(followed.locator("[data-review=amount]")).to_be_visible()
    turns(opened, "checking")
    page = admin.open("/")
    page.click("nav a[href='/charges/']")
    page.click("nav.tabs a[href*='tab=review']")
    page.click(f"tr[data-reference='{reference}'] .c-customer a")
    page.click("[data-review=amount] a.button")
    expect(page.locator("[data-payment] strong.amount")).to_contain_text("9,00")
    page.fill("#id_note", "Combinado por telefone.")
    page.click("form[data-once] button.main")
    page.wait_for_url(re.compile(f"{reference}/$"))
    for shown in (watch(page), followed, opened):
        turns(shown, "paid")


def test_a_notification_that_was_given_up_is_asked_again(
    running: Running, admin: Person, operator: Person, asaas: str
) -> None:
    """Six times the gateway's answer made no sense; once it does, one press brings the charge its status."""
    reference = running.charge("asaas")
    followed = watch(operator.open(f"/charges/{reference}/"))
    pay_unreadably(running, reference)
    page = admin.open("/events/")
    page.click("nav.tabs a[href*='view=dead']")
    page.locator("tr[data-state=dead]", has_text=reference).locator(".c-customer a").first.click()
    watch(page)
    expect(page.locator("[data-cause=unreadable_answer]")).to_be_visible()
    page.click("#replay")
    expect(page.locator("[data-replay=done]")).to_have_count(1)
    expect(page.locator("#live")).to_have_attribute("data-state", "done")
    turns(followed, "paid")


def sent_by_whatsapp(operator: Person, page: Page) -> str:
    """The link to pay in the message that is opened; the charge tells that it was sent so."""
    operator.context.route("https://wa.me/**", lambda route: route.fulfill(body="WhatsApp"))
    with page.expect_response(re.compile("/sent/$")), operator.context.expect_page() as opened:
        page.click("a[data-how=whatsapp]")
    chat = urlsplit(opened.value.url)
    assert chat.path == "/5511987654321"
    page.click("[data-part=sends]")
    expect(page.locator(".story li")).to_have_count(1)
    expect(page.locator(".story li")).to_contain_text("WhatsApp")
    found = re.search(r"http://\S+/pay/\S+/", parse_qs(chat.query)["text"][0])
    assert found
    return found[0]


@pytest.mark.parametrize("key", ["asaas", pytest.param("mercadopago", marks=pytest.mark.full)])
def test_a_boleto_is_sent_by_whatsapp_and_paid_at_a_bank(
    running: Running, operator: Person, customer: Person, key: str, amount: str
) -> None:
    """Its money takes days, so it comes last."""
    account = running.shop(key).kind.name
    more = {"phone": "11 98765-4321", **(address() if key == "mercadopago" else {})}
    made = charge(operator, account=account, method="boleto", amount=amount, description="Pedido 4", **more)
    opened = watch(customer.open(sent_by_whatsapp(operator, made)))
    watch(made)
    digits = opened.locator("#boleto-code").get_attribute("data-boleto-line") or ""
    assert len(digits) == 47 and int(digits[-10:]) == int(amount.replace(",", ""))
    running.control("pay", reference=reference_of(made))
    books = f"books?reference={reference_of(made)}"
    for _quarter_of_a_day in range(40):
        if not running.ask(books)["payments"][0]["paid"]:
            running.control("clock", advance_seconds=6 * 60 * 60)
    for page in (made, opened):
        turns(page, "paid")
