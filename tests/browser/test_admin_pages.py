"""The admin's pages in a real browser: nobody is kept out, nothing scrolls sideways, a connection is made."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from connections.models import Connection, WebhookState
from payments.models import Charge
from tests.backoffice.test_permissions import table
from tests.browser.test_every_page import one_of_each, route_of, wrong_with
from tests.gateways.controls import Simulator
from tests.pages import admin_pages, sample_events, sample_pay, sample_subscriptions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/connections/connection/add/"


# What answers to programs, or leads on; and what only a deed leads to, asked for in tests/connections.
NO_PAGE = {
    "/admin/autocomplete/",
    "/admin/connections/connection/<pk>/state/",
    "/admin/jsi18n/",
    "/admin/logout/",
}
BY_A_DEED = {"/admin/connections/connection/<pk>/confirm/"}


@pytest.fixture
def addresses(charges: dict[str, Charge], people: tuple[User, User]) -> dict[str, str]:
    sample_events.make_events(charges)
    sample_pay.make_brand(charges["paid"].connection)
    sample_subscriptions.make_subscriptions(charges["paid"], charges["checkout"])
    return admin_pages.make(people[0])


def test_no_page_is_forgotten(addresses: dict[str, str]) -> None:
    looked_at = {route_of(address) for address in addresses.values()}
    shown = {route for route, (get, _post) in table().items() if "o" in get and route.startswith("/admin/")}
    assert sorted(shown - looked_at - NO_PAGE - BY_A_DEED) == []


@pytest.mark.once
@pytest.mark.parametrize("is_all", [False, pytest.param(True, marks=pytest.mark.full)])
def test_nobody_is_kept_out_of_any_page(
    page: Page, staff: None, addresses: dict[str, str], is_all: bool
) -> None:
    chosen = addresses if is_all else one_of_each(addresses)
    assert {name: wrong for name, address in chosen.items() if (wrong := wrong_with(page, address))} == {}


@pytest.mark.once
def test_shows_the_chosen_gateways_part(page: Page, staff: None) -> None:
    page.goto(ADD)
    token, key = page.locator("#id_credential_access_token"), page.locator("#id_credential_api_key")
    expect(token).to_be_hidden()
    page.get_by_label("Mercado Pago").check()
    expect(token).to_be_visible()
    expect(key).to_be_hidden()
    page.get_by_label("Asaas").check()
    expect(token).to_be_hidden()
    expect(key).to_be_visible()


@pytest.mark.once
def test_warns_while_a_key_is_typed(page: Page, staff: None) -> None:
    page.goto(ADD)
    page.get_by_label("Asaas").check()
    key, warning = page.locator("#id_credential_api_key"), page.locator("#id_credential_api_key_warning")
    expect(warning).to_be_hidden()
    key.fill("aact_hmlg_0001")
    expect(warning).to_contain_text("$aact_")
    key.fill("$aact_hmlg_0001")
    expect(warning).to_contain_text("sandbox")
    page.locator("input[name=environment][value=sandbox]").check()
    expect(warning).to_be_hidden()


def test_is_connected_by_the_keyboard_alone_and_waits_for_the_first_notification(
    page: Page, staff: None, simulator: Simulator
) -> None:
    """Mercado Pago: the check list turns by itself when the notification is noted."""
    account = simulator.control(
        "POST", "accounts", {"gateway": "mercadopago", "name": "Loja", "token_prefix": "TEST"}
    )
    page.goto(ADD)
    page.locator("input[name=gateway]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Loja Norte")
    page.keyboard.press("Tab")
    page.keyboard.type(account["access_token"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    expect(page.locator("[data-step=key]")).to_have_attribute("data-is", "done")
    expect(page.locator("[data-step=webhook]")).to_have_attribute("data-is", "todo")
    connection = Connection.objects.get(name="Loja Norte")
    page.locator("#id_webhook_secret_test").fill("secret-of-the-tab")
    page.locator("input[name=_save]").press("Enter")
    page.goto(reverse("admin:connections_connection_change", args=[connection.pk]))
    expect(page.locator("[data-step=first]")).to_have_attribute("data-is", "waiting")
    Connection.objects.filter(pk=connection.pk).update(
        last_event_at=connection.created_at, webhook_state=WebhookState.TESTED
    )
    expect(page.locator("[data-step=first]")).to_have_attribute("data-is", "done")
    expect(page.locator("#live")).to_have_attribute("data-steps-left", "0")


@pytest.mark.once
def test_a_card_is_checked_from_the_list(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    page.goto("/admin/connections/connection/")
    cards = page.locator("[data-card]")
    assert cards.count() == Connection.objects.count()
    expect(cards.first.locator("[data-standing]").first).to_be_visible()
    expect(cards.first.locator("[data-open-charges]")).to_have_count(1)
    cards.first.locator("button[name=from]").click()
    page.wait_for_url("**/admin/connections/connection/")
    expect(page.locator("ul.messagelist li")).to_have_count(1)
