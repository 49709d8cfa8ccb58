"""The inbox in a real browser: a dead one asked again turns done under one's eyes, on a phone and a desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
from playwright.sync_api import Browser, BrowserContext, Page, expect

from payments.models import Charge
from tests.browser.targets import small_targets
from tests.browser.test_pages import WIDEST, fits
from tests.pages import sample_events
from tests.webhooks import events as stored
from webhooks.models import WebhookEvent
from webhooks.services import inbox, replaying

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PRESSED = ", ".join(f"main {what}:visible" for what in ("button", "a.button", "nav a", "summary"))


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "wake", lambda _name: True)


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def events(charges: dict[str, Charge]) -> dict[str, WebhookEvent]:
    return sample_events.make_events(charges)


def work() -> None:
    """As a worker would."""
    inbox.work()
    replaying.work()


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.full)])
def test_a_dead_one_is_asked_again_and_turns_done(
    page: Page,
    staff: None,
    charges: dict[str, Charge],
    events: dict[str, WebhookEvent],
    gateway: responses.RequestsMock,
    width: int,
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    stored.answer_paid(gateway, charges["pending"], events["dead"].gateway_id)
    page.goto("/events/?view=dead")
    page.click(f'[data-event="{events["dead"].public_id}"] .c-customer a')
    live = page.locator("#live")
    expect(live).to_have_attribute("data-state", "dead")
    page.click("#replay")
    expect(live).to_have_attribute("data-state", "received")
    expect(page.locator('[data-replay=""]')).to_have_count(1)
    work()
    expect(live).to_have_attribute("data-state", "done")
    expect(page.locator('[data-replay="done"]')).to_have_count(1)
    expect(page.locator("#live[data-live-url]")).to_have_count(0)
    charges["pending"].refresh_from_db()
    assert charges["pending"].status == "paid"
    page.goto("/events/?view=dead")
    assert page.locator("[data-event]").count() == 0


def test_many_are_asked_again_with_the_progress_in_sight(
    page: Page, staff: None, charges: dict[str, Charge], gateway: responses.RequestsMock
) -> None:
    made = [stored.dead_about(charges[name]) for name in ("pending", "paid", "overdue")]
    for (_event, resource), name in zip(made, ("pending", "paid", "overdue"), strict=True):
        stored.answer_paid(gateway, charges[name], resource.gateway_id)
    page.goto("/events/?view=dead")
    page.click("#prepare-replay")
    expect(page.locator('[data-total="3"][data-charges="3"][data-calls="3"]')).to_be_visible()
    page.click("form[data-once] button.main")
    live = page.locator("#live")
    expect(live).to_have_attribute("data-handled", "0")
    work()
    expect(live).to_have_attribute("data-state", "done")
    expect(live).to_have_attribute("data-handled", "3")
    page.click(".results a")
    expect(page.locator('[data-state="done"]')).to_have_count(3)


def test_progress_is_followed_without_script(
    browser: Browser, context: BrowserContext, live_address: str, staff: None, events: dict[str, WebhookEvent]
) -> None:
    plain = browser.new_context(base_url=live_address, java_script_enabled=False, locale="pt-BR")
    plain.add_cookies(context.cookies())  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto("/events/replay/?view=dead")
    page.click("form[data-once] button.main")
    refresh = page.locator("noscript a.button")
    expect(refresh).to_be_visible()
    WebhookEvent.objects.filter(pk=events["dead"].pk).update(state="done")
    replaying.work()
    refresh.click()
    expect(page.locator("#live")).to_have_attribute("data-state", "done")
    plain.close()


def test_a_reason_being_typed_outlives_what_happens_meanwhile(
    page: Page, staff: None, events: dict[str, WebhookEvent]
) -> None:
    page.goto(f"/events/{events['retry'].public_id}/")
    page.click("#ignore summary")
    page.fill("#id_note", "Paid in cash")
    WebhookEvent.objects.filter(pk=events["retry"].pk).update(attempts=4)
    expect(page.locator("#live")).to_have_attribute("data-attempts", "4")
    expect(page.locator("#id_note")).to_have_value("Paid in cash")
    page.click("#ignore button")
    expect(page.locator("#live")).to_have_attribute("data-state", "ignored")
    expect(page.locator("[data-reason=by_person]")).to_contain_text("Paid in cash")


def test_the_way_to_ignoring_opens_it(page: Page, staff: None, events: dict[str, WebhookEvent]) -> None:
    page.goto(f"/events/{events['dead'].public_id}/")
    expect(page.locator("#id_note")).to_be_hidden()
    page.click('a[href="#id_note"]')
    expect(page.locator("#id_note")).to_be_visible()


@pytest.mark.parametrize(
    "width", [320, *(pytest.param(width, marks=pytest.mark.full) for width in (390, 1280))]
)
def test_no_page_scrolls_sideways_and_every_target_is_large(
    page: Page, staff: None, events: dict[str, WebhookEvent], people: tuple, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    replay = sample_events.make_replay(events, actor=people[0], is_over=False)
    addresses = ["/events/", "/events/?topic=x", "/events/?q=zzz", "/events/replay/"]
    addresses += [f"/events/{event.public_id}/" for event in events.values()]
    addresses += [f"/events/replays/{replay.public_id}/", "/events/accounts/", "/events/?since=2026-11-01"]
    addresses += [f"/events/simulate/?connection={events['done'].connection.public_id}"]
    for is_taken in (True, False):
        sent = sample_events.make_simulation(events["done"], actor=people[0], is_taken=is_taken)
        addresses += [f"/events/simulations/{sent.public_id}/"]
    wrong = []
    for address in addresses:
        page.goto(address)
        if not fits(page):
            wrong.append((address, page.evaluate(WIDEST)))
        wrong += [(address, small) for small in small_targets(page, PRESSED)]
    assert wrong == []
