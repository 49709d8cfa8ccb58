"""Every page there is: nobody is kept out, nothing sticks out, and the console stays silent.

The addresses come from the table of who may open what, so that a new one is looked at or named here.
"""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.urls import resolve
from playwright.sync_api import Page

from tests.backoffice.test_permissions import table
from tests.browser import axe
from tests.browser.screens import ROOT, WIDTHS
from tests.browser.test_pages import WIDEST, fits
from tests.pages import every_page

# What answers to programs, or with a file; and what another test looks at in all of its states.
NO_PAGE = {
    "/api/v1/charges/<reference>/",
    "/brand/<public_id>/<mark>.css",
    "/charges/cancellations/<cancellation_id>/state/",
    "/charges/export/",
    "/charges/import/<batch_id>/not-made/",
    "/charges/import/<batch_id>/state/",
    "/charges/import/template/",
    "/customers/search/",
    "/doctor/echo/<nonce>/",
    "/events/<public_id>/state/",
    "/events/replays/<public_id>/state/",
    "/events/simulations/<public_id>/state/",
    "/healthz",
    "/imports/<public_id>/state/",
    "/pay/<token>/state/",
    "/plans/<reference>/state/",
    "/readyz",
    "/reports/settlements/csv/",
    "/subscriptions/<reference>/state/",
}
IN_ALL_STATES = {"/pay/<token>/": "tests/browser/test_pay.py"}
SIGNED_OUT = "/login/"
NARROW = {"width": 320, "height": 640}


def route_of(address: str) -> str:
    """As the table writes it."""
    route = re.sub(r"\(\?P(<\w+>).*?\)/\$$", r"\1/", resolve(address.partition("?")[0]).route)
    return "/" + re.sub(r"<\w+:", "<", route)


def is_ours(address: str) -> bool:
    """The administration has a test of its own."""
    return not address.startswith(("/admin/", "/nowhere/"))


@pytest.fixture
def addresses(people: tuple[User, User]) -> dict[str, str]:
    made = every_page.make(*people)
    return {name: address for name, address in made.items() if is_ours(address)}


@pytest.mark.django_db
def test_no_page_is_forgotten(addresses: dict[str, str]) -> None:
    looked_at = {route_of(address) for address in addresses.values()} | {SIGNED_OUT}
    shown = {route for route, (get, _post) in table().items() if "o" in get and is_ours(route)}
    assert sorted(shown - looked_at - NO_PAGE) == [], "show it in tests/pages/every_page.py"
    assert NO_PAGE - shown == set() and NO_PAGE & looked_at == set()


@pytest.mark.django_db
def test_every_page_has_its_pictures(people: tuple[User, User]) -> None:
    names = [*every_page.make(*people), "login"]
    wanted = {f"{name}-{width}{look}.webp" for name in names for width in WIDTHS for look in ("", "-dark-es")}
    there = {path.name for path in (ROOT / "docs" / "screens").glob("*.webp")}
    assert wanted == there, "python -m tests.browser.screens"


def wrong_with(page: Page, address: str) -> list[str]:
    """By axe, in light and in dark; and what sticks out on phones, the narrowest too."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    found = axe.violations(page)
    page.emulate_media(color_scheme="dark")
    found += axe.violations(page, rules=["color-contrast"])
    found += [] if fits(page) else page.evaluate(WIDEST)
    page.set_viewport_size(NARROW)
    return found + ([] if fits(page) else page.evaluate(WIDEST))


def one_of_each(addresses: dict[str, str]) -> dict[str, str]:
    """The first address of each route, where no other test looks at all of them."""
    kinds: dict[str, str] = {}
    for name, address in addresses.items():
        kinds.setdefault(route_of(address), name)
    return {name: addresses[name] for route, name in kinds.items() if route not in IN_ALL_STATES}


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_all", [False, pytest.param(True, marks=pytest.mark.full)])
def test_nobody_is_kept_out_of_any_page(
    page: Page, staff: None, addresses: dict[str, str], is_all: bool
) -> None:
    chosen = addresses if is_all else one_of_each(addresses)
    found = {name: wrong for name, address in chosen.items() if (wrong := wrong_with(page, address))}
    page.context.clear_cookies()
    found |= {"login": wrong} if (wrong := wrong_with(page, SIGNED_OUT)) else {}
    assert found == {}


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_no_state_of_a_charge_scrolls_sideways(page: Page, staff: None, addresses: dict[str, str]) -> None:
    """Nor a list of them, in the language with the longest words."""
    page.set_viewport_size(NARROW)
    page.set_extra_http_headers({"Accept-Language": "es"})
    too_wide = {}
    for name in (name for name in addresses if name.startswith(("charge", "subscription", "plan-"))):
        page.goto(addresses[name])
        too_wide |= {} if fits(page) else {name: page.evaluate(WIDEST)}
    assert too_wide == {}


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_nothing_sticks_out_on_a_desk(page: Page, staff: None, addresses: dict[str, str]) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    too_wide = {}
    for name, address in addresses.items():
        page.goto(address)
        too_wide |= {} if fits(page) else {name: page.evaluate(WIDEST)}
    assert too_wide == {}
