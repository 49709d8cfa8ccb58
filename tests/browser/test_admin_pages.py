"""The admin's pages in a real browser: nobody is kept out, nothing scrolls sideways, a connection is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from connections.models import Connection, WebhookState
from payments.models import Charge
from tests.browser import axe
from tests.gateways.controls import Simulator
from tests.pages import sample_events

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/connections/connection/add/"


def every_page(request: Any) -> list[str]:
    """The first page, and of every model its list, the form for a new row, one row and its history."""
    addresses = [reverse("admin:index"), reverse("admin:password_change")]
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses += [reverse(f"{name}_changelist"), reverse(f"{name}_changelist") + "?q=zzz"]
        addresses.append(reverse("admin:app_list", args=[model._meta.app_label]))
        if page.has_add_permission(request):
            addresses.append(reverse(f"{name}_add"))
        if row := page.get_queryset(request).first():
            addresses += [reverse(f"{name}_{what}", args=[row.pk]) for what in ("change", "history")]
            if page.has_delete_permission(request, row):
                addresses.append(reverse(f"{name}_delete", args=[row.pk]))
    return list(dict.fromkeys(addresses))


@pytest.fixture
def addresses(charges: dict[str, Charge], people: Any, rf: Any) -> list[str]:
    sample_events.make_events(charges)
    asked = rf.get("/admin/")
    asked.user = people[0]
    return every_page(asked)


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.full)])
def test_axe_finds_nothing(context: BrowserContext, staff: None, addresses: list[str], scheme: Any) -> None:
    """On a page of its own: axe tries styles that the policy of the page refuses, and the console says so."""
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    found: dict[str, list[str]] = {}
    for address in addresses:
        page.goto(address)
        if wrong := axe.violations(page):
            found[address] = wrong
    assert found == {}


@pytest.mark.once
def test_nothing_scrolls_sideways(page: Page, staff: None, addresses: list[str]) -> None:
    too_wide = []
    for address in addresses:
        page.goto(address)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            too_wide.append(address)
    assert too_wide == []


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
    expect(page.locator("[data-step=first]")).to_have_attribute("data-is", "done", timeout=10_000)
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
