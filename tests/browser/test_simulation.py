"""Somebody sends a notification by hand and sees the request, the answer and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from tests.browser.test_pages import WIDEST, fits
from tests.factories import make_connection
from webhooks.models import RejectedNotification
from webhooks.services import inbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)


@pytest.fixture
def gateways() -> Iterator[None]:
    """Neither knows the id that exists nowhere; our own address is really asked."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_passthru(django_settings.PUBLIC_URL)
        mock.get("https://api-sandbox.asaas.com/v3/payments/pay_0000000000000000", status=404, json={})
        mock.get("https://api.mercadopago.com/v1/payments/123456", status=404, json={"message": "Not found"})
        yield


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.full)])
def test_a_simulated_one_goes_the_whole_way_and_a_wrong_secret_is_refused(
    page: Page, staff: None, gateways: None, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    accounts = {
        "wrong_token": make_connection(name="Loja Asaas"),
        "signature_mismatch": make_connection(
            name="Loja Mercado Pago",
            gateway="mercadopago",
            webhook_secrets={"test": "test-tab-secret"},
            credentials={"access_token": "TEST-1"},
        ),
    }
    for reason, connection in accounts.items():
        page.goto("/events/")
        page.click("#simulate")
        page.select_option("#id_connection", str(connection.public_id))
        page.click("#choose")
        page.click("#send")
        live = page.locator("#live")
        expect(live).to_have_attribute("data-status", "200")
        expect(page.locator('[data-step="bad"]')).to_have_count(0)
        inbox.work()
        expect(live).to_have_attribute("data-state", "test")
        assert fits(page), page.evaluate(WIDEST)
        page.click(".press a.main")
        page.select_option("#id_signed_with", "wrong")
        page.click("#send")
        expect(live).to_have_attribute("data-status", "401")
        expect(page.locator(f'[data-reason="{reason}"]')).to_be_visible()
        expect(page.locator('[data-step="bad"]')).to_be_visible()
        assert fits(page), page.evaluate(WIDEST)
    assert not RejectedNotification.objects.exists()
