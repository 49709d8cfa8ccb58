"""The instrument itself: it finds what is wrong, so that its silence elsewhere means something."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser import axe

pytestmark = pytest.mark.browser
GOOD = "<!doctype html><html lang=en><title>Page</title><main><h1>Page</h1><p>Words</p></main>"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<p><font color='#ccc'>pale</font></p>", "color-contrast"),
        ("<input>", "label"),
        ("<img src='data:,'>", "image-alt"),
        ("<a href=x style='display:inline-block;width:9px;height:9px'></a>", "link-name"),
    ],
)
def test_tells_what_is_wrong(browser: Browser, body: str, rule: str) -> None:
    page = browser.new_page()
    page.set_content(GOOD.replace("<p>Words</p>", body))
    assert any(line.startswith(f"{rule}: ") for line in axe.violations(page))
    page.close()


def test_is_silent_about_a_good_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(GOOD)
    assert axe.violations(page) == []
    page.close()
