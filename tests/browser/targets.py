"""How large what is pressed is, measured all at once: a page renews itself while a test looks at it."""

from __future__ import annotations

from playwright.sync_api import Page

LEAST = 43.5  # px: 44 of the style, less what the browser rounds

_SMALL = """(elements, least) => elements
    .map((element) => [element.getBoundingClientRect().height, element.innerText.trim() || element.outerHTML])
    .filter(([height]) => height > 0 && height < least)
    .map(([height, text]) => `${text}: ${height} px`)"""


def small_targets(page: Page, pressed: str) -> list[str]:
    """What matches the selector ``pressed`` and is lower than a thumb needs; empty is good."""
    small: list[str] = page.locator(pressed).evaluate_all(_SMALL, LEAST)
    return small
