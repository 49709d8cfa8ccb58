"""Who takes part in a journey: each at a browser of their own, on a phone, doing what a person does there."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser.chromium import PATIENCE

PHONE = {"width": 390, "height": 844}
_CARD = {"number": "5031433215406351", "holder": "APRO", "expiry": "11/30", "ccv": "123"}
_CUSTOMER = {"name": "Maria da Silva", "document": "529.982.247-25", "email": "maria@example.com"}
_STREET = {"zip_code": "01310-100", "street": "Av. Paulista", "street_number": "1000"}
_TOWN = {"district": "Bela Vista", "city": "São Paulo", "state": "SP"}

_IN_CLIPBOARD = """async ([wanted, patience]) => {
    const end = performance.now() + patience;
    let found = "";
    while (found !== wanted && performance.now() < end) {
        found = await navigator.clipboard.readText();
        await new Promise(requestAnimationFrame);
    }
    return found;
}"""


class Person:
    """Cookies, clipboard and pages of one person; no page of theirs may complain on its console."""

    def __init__(self, browser: Browser, base: str, *, has_script: bool = True) -> None:
        self.context = browser.new_context(
            base_url=base,
            locale="pt-BR",
            viewport=PHONE,  # type: ignore[arg-type]
            java_script_enabled=has_script,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.said: list[str] = []
        self.context.on("console", self._note)
        self.context.on("weberror", lambda error: self.said.append(str(error.error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append(f"{message.text} at {message.location.get('url')}")

    def log_in(self, name: str, password: str) -> None:
        page = self.open("/login/")
        page.fill("#id_username", name)
        page.fill("#id_password", password)
        page.press("#id_password", "Enter")
        page.wait_for_url(lambda address: "/login" not in address)

    def open(self, address: str) -> Page:
        page = self.context.new_page()
        page.goto(address)
        return page

    def put_away(self) -> None:
        """Closes every page. Raises AssertionError when one of them complained."""
        for page in self.context.pages:
            page.close()
        said, self.said = self.said, []
        assert said == []


def watch(page: Page) -> Page:
    """From here on it must change by itself: ``becomes`` fails when it was loaded anew."""
    page.evaluate("() => { window.isStillTheSame = true }")
    return page


def becomes(page: Page, selector: str, name: str, value: str) -> None:
    """Something on a watched page gets this attribute, without a reload."""
    expect(page.locator(selector)).to_have_attribute(name, value)
    assert page.evaluate("window.isStillTheSame === true"), "it was loaded anew"


def turns(page: Page, status: str) -> None:
    becomes(page, "#live", "data-status", status)


def connect(admin: Person, *, gateway: str, environment: str, name: str, **key: str) -> Page:
    """The page of a connection just made by the form in three steps, begun at the list of connections."""
    page = admin.open("/admin/connections/connection/")
    page.locator("a[href$='/connections/connection/add/']").first.click()
    page.check(f"input[name=gateway][value={gateway}]")
    page.check(f"input[name=environment][value={environment}]")
    page.fill("#id_name", name)
    for field, pasted in key.items():
        page.fill(f"#id_credential_{field}", pasted)
    page.click("input[name=_save]")
    page.wait_for_url("**/change/")
    return page


def fill_in(page: Page, *, account: str, method: str, **typed: str) -> None:
    """What a form for a charge or a subscription asks: who, how much, on which account, by which way."""
    option = page.locator("#id_connection option", has_text=account).get_attribute("value")
    page.select_option("#id_connection", option)
    page.check(f"input[name=method][value={method}]")
    for field, text in {**_CUSTOMER, **typed}.items():
        box = page.locator(f"#id_{field}")
        box.select_option(text) if field == "state" else box.fill(text)


def address() -> dict[str, str]:
    """Where the customer lives, as some boletos want it."""
    return {**_STREET, **_TOWN}


def charge(operator: Person, **asked: Any) -> Page:
    """The page of a charge just made, watched."""
    page = operator.open("/")
    page.click("nav a[href='/charges/new/']")
    fill_in(page, **asked)
    page.click("button.main[type=submit]")
    page.wait_for_url(re.compile("/charges/chg_"))
    return watch(page)


def reference_of(page: Page) -> str:
    return urlsplit(page.url).path.rstrip("/").rsplit("/", 1)[-1]


def copied(page: Page, button: str, wanted: str) -> str:
    """What is in the clipboard after this button was pressed: in a moment what is wanted."""
    page.bring_to_front()
    page.click(button)
    found = str(page.evaluate(_IN_CLIPBOARD, [wanted, PATIENCE]))
    assert found == wanted
    return found


def copied_link(page: Page) -> str:
    """The link to pay or to agree, as it is sent; the server is told of it."""
    shown = page.input_value(str(page.get_attribute("#copy-link", "data-copy")))
    with page.expect_response(re.compile("/sent/$")) as told:
        link = copied(page, "#copy-link", shown)
    assert told.value.status == 204
    return link


def pay_by_card(page: Page, *, instalments: str = "") -> None:
    """On the gateway's own page, in a tab of its own; the page it was opened from stays as it is."""
    with page.context.expect_page() as opened:
        page.click("[data-checkout-link]", modifiers=["ControlOrMeta"])
    give_card(opened.value, instalments=instalments)
    opened.value.close()


def give_card(checkout: Page, *, instalments: str = "") -> None:
    for field, text in _CARD.items():
        checkout.fill(f"#{field}", text)
    if instalments:
        checkout.select_option("#instalments", instalments)
    with checkout.expect_event("requestfinished", _is_sent):
        checkout.click("button[value=card]")
    checkout.wait_for_load_state()


def _is_sent(request: Request) -> bool:
    return request.method == "POST" and request.is_navigation_request()
