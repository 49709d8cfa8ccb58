"""The list of charges and the overview in a browser: what comes after the page, and what is ticked."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from payments.models import Charge


def _is_within(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_totals_come_by_themselves_and_ticks_lead_to_a_preview(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    page.goto("/charges/?tab=overdue")
    expect(page.locator("#totals .sum-line")).to_have_attribute("data-open", "32050")
    _is_within(page)
    row = page.locator(f'tr[data-reference="{charges["overdue"].reference}"]')
    row.locator(".tick").click()
    expect(page.locator("#several")).to_have_attribute("open", "")
    expect(page.locator("#chosen-number")).to_have_text(re.compile("^1 "))
    _is_within(page)
    row.locator("[data-copy-text]").click()
    assert page.evaluate("navigator.clipboard.readText()") == charges["overdue"].pay_url
    page.click("#cancel-chosen")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "1")
    _is_within(page)


def test_a_press_beside_the_boxes_still_opens_the_charge(
    page: Page, staff: None, charges: dict[str, Charge]
) -> None:
    """On a phone the card as a whole leads there; what is on it leads elsewhere."""
    page.goto("/charges/?tab=overdue")
    page.locator(f'tr[data-reference="{charges["overdue"].reference}"] .c-description').click(force=True)
    expect(page).to_have_url(re.compile(charges["overdue"].get_absolute_url()))


def test_the_chart_is_drawn_over_its_table(page: Page, staff: None, charges: dict[str, Charge]) -> None:
    for address in ("/", "/?money=sandbox"):
        page.goto(address)
        if page.locator("[data-chart]").count():
            expect(page.locator("[data-chart] canvas")).to_have_count(1)
        _is_within(page)
    page.goto("/charges/?since=x")
    expect(page.locator("#error-since")).to_be_visible()
    _is_within(page)
