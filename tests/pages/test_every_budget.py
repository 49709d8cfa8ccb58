"""No page of the product asks the database more than its share, however much there is.

The addresses are those of every page; ``tests/browser/test_every_page.py`` sees that none is forgotten.
"""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from tests.pages import every_page
from tests.payments.crowd import make_crowd

pytestmark = pytest.mark.django_db
# Whoever signs in included. A new page that needs more says so here.
BUDGET = 12
BUDGETS = {
    "/": 19,
    "/admin/connections/connection/<object_id>/change/": 28,
    "/charges/<reference>/": 45,
    "/customers/<public_id>/anonymise/": 15,
    "/events/": 16,
    "/pay/<token>/": 16,
    "/subscriptions/<reference>/": 20,
}


def route_of(address: str) -> str:
    """As the table of permissions writes it."""
    return "/" + re.sub(r"<\w+:", "<", resolve(address.partition("?")[0]).route)


def spent(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code in (200, 302, 404), address
    return len(queries)


@pytest.mark.parametrize("number", [1_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_no_page_is_over_its_budget(people: tuple[User, User], number: int) -> None:
    addresses = every_page.make(*people)
    make_crowd(number)
    client = Client()
    client.force_login(people[0])
    most: dict[str, int] = {}
    for address in addresses.values():
        if not address.startswith("/nowhere/"):
            route = route_of(address)
            most[route] = max(most.get(route, 0), spent(client, address))
    over = {route: count for route, count in most.items() if count > BUDGETS.get(route, BUDGET)}
    assert over == {}
    assert BUDGETS.keys() <= most.keys()
