"""The page a customer opens, in a real browser: in every state, on a phone, with and without script."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config import clock
from connections.branding import MOST_LOGO_BYTES
from connections.pictures import looked_into
from payments.models import Charge
from tests.browser import axe
from tests.browser.test_pages import WIDEST, fits, turn_paid
from tests.connections.pictures import png
from tests.pages import sample_pay

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.once]
# All that is loaded, in bytes as sent over the wire: nothing here is packed, as it would be in production.
_KILOBYTES_50 = 50_000


@pytest.fixture
def states(people: Any) -> dict[str, Charge]:
    return sample_pay.make_states()


def address(charge: Charge) -> str:
    return f"/pay/{charge.pay_token}/"


def test_nobody_is_kept_out_of_any_state(page: Page, states: dict[str, Charge]) -> None:
    """By axe, in light and in dark; nothing sticks out at 390 and 320 px; the console stays silent."""
    wrong: dict[str, Any] = {}
    for name, charge in states.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(address(charge))
        found = axe.violations(page)
        page.emulate_media(color_scheme="dark")
        found += axe.violations(page, rules=["color-contrast"])
        found += [] if fits(page) else page.evaluate(WIDEST)
        page.set_viewport_size({"width": 320, "height": 640})
        found += [] if fits(page) else page.evaluate(WIDEST)
        wrong |= {name: found} if found else {}
    assert wrong == {}


def test_heaviest_page_is_light(page: Page, states: dict[str, Charge]) -> None:
    """The largest logo, all ways to pay, nothing packed: 50 kB and three requests, the QR among them."""
    charge = states["ways"]
    picture = looked_into(png(60, 55, is_noise=True))
    assert MOST_LOGO_BYTES * 0.95 < len(picture.body) <= MOST_LOGO_BYTES
    charge.connection.brand.logo = picture.body
    charge.connection.brand.save()
    session, sizes, asked = page.context.new_cdp_session(page), [], []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    session.send("Network.enable")
    page.goto(address(charge))
    expect(page.locator(".qr svg")).to_be_visible()
    requests = [url for url in asked if not url.startswith("data:")]
    assert len(requests) <= 3, requests
    assert sum(sizes) <= _KILOBYTES_50, sizes


def test_ways_are_tabs_that_keys_move(page: Page, states: dict[str, Charge]) -> None:
    page.goto(address(states["ways"]))
    pix, boleto, card = (page.locator(f"#way-{way}") for way in ("pix", "boleto", "page"))
    expect(pix).to_be_visible()
    expect(boleto).to_be_hidden()
    page.get_by_role("tab", name="Boleto").click()
    expect(boleto).to_be_visible()
    expect(pix).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(card).to_be_visible()
    expect(page.locator("#tab-page")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(pix).to_be_visible()
    expect(page.locator("#tab-pix")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Boleto").click()
    Charge.objects.filter(pk=states["ways"].pk).update(description="Outra")
    expect(page.locator(".pay-sum")).to_contain_text("Outra")
    expect(boleto).to_be_visible()
    expect(pix).to_be_hidden()


def test_without_script_every_way_is_open(
    browser: Browser, live_address: str, states: dict[str, Charge]
) -> None:
    context = browser.new_context(base_url=live_address, java_script_enabled=False, locale="pt-BR")
    page = context.new_page()
    page.goto(address(states["ways"]))
    for way in ("pix", "boleto", "page"):
        expect(page.locator(f"#way-{way} h2")).to_be_visible()
    page.click("#tab-boleto")
    assert page.url.endswith("#way-boleto")
    expect(page.locator("#boleto-code")).to_be_visible()
    page.goto(address(states["countdown"]))
    expect(page.locator(".pay-until")).to_be_visible()
    expect(page.locator("[role=timer]")).to_be_hidden()
    assert context.cookies() == []
    context.close()


def test_time_left_is_counted_by_the_time_that_passes(page: Page, states: dict[str, Charge]) -> None:
    """The clock of the customer's machine may be wrong; two minutes before the end it is said aloud."""
    end = clock.now() + timedelta(minutes=10)
    Charge.objects.filter(pk=states["countdown"].pk).update(pix_expires_at=end)
    page.clock.install(time=0)
    page.goto(address(states["countdown"]))
    page.clock.pause_at(60)
    before = seconds_left(page)
    assert 120 < before < 600
    page.clock.run_for(30_000)
    assert seconds_left(page) == before - 30
    expect(page.locator("#announce")).to_have_text("")
    page.clock.run_for((before - 30 - 119) * 1000)
    assert seconds_left(page) == 119
    said = page.locator("[role=timer]").get_attribute("data-nearly")
    expect(page.locator("#announce")).to_have_text(said or "?")


def seconds_left(page: Page) -> int:
    minutes, seconds = page.locator("[role=timer]").inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


def test_receipt_comes_by_itself_and_prints_on_one_page(page: Page, states: dict[str, Charge]) -> None:
    page.goto(address(states["pix"]))
    page.locator(".pay-steps").scroll_into_view_if_needed()
    turn_paid(states["pix"])
    expect(page.locator("#live")).to_have_attribute("data-status", "paid")
    expect(page.locator(".receipt-mark")).to_be_in_viewport()
    page.emulate_media(media="print")
    expect(page.locator("[data-print]")).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def test_a_link_that_was_ended_shows_nothing_any_more(page: Page, states: dict[str, Charge]) -> None:
    """Nor on a page that was open all the time. The console says once that the address is gone."""
    opened = page.context.new_page()
    opened.goto(address(states["pix"]))
    expect(opened.locator("#code")).to_be_visible()
    Charge.objects.filter(pk=states["pix"].pk).update(pay_token="another-token")
    expect(opened.locator("#code")).to_have_count(0)
    expect(opened.locator(".error-number")).to_have_text("404")


def test_nothing_moves_for_who_wants_it_still(page: Page, states: dict[str, Charge]) -> None:
    mark = "() => getComputedStyle(document.querySelector('.receipt-mark')).animationName"
    page.goto(address(states["receipt"]))
    assert page.evaluate(mark) == "pop"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(mark) == "none"
