"""Pages of a server in this process, signed in where a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.pages.conftest import charges, on_demand, people, simulator  # noqa: F401


@pytest.fixture
def live_address(live_server: Any, settings: Any) -> str:
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return str(live_server.url)


@pytest.fixture
def context(browser: Browser, live_address: str) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=live_address, locale="pt-BR", viewport={"width": 390, "height": 844})
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose console must stay silent."""
    opened = context.new_page()
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A refused form is answered 422, which Chromium mentions as if it were a mistake.
        if message.type == "error" and "status of 422" not in message.text:
            said.append(message.text)

    opened.on("console", note)
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    assert said == []


@pytest.fixture
def staff(context: BrowserContext, people: Any, live_address: str) -> None:  # noqa: F811
    """Signed in as the administrator."""
    client = Client()
    client.force_login(people[0])
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_address}])
