"""The first page: what needs somebody, since when, and where to do something about it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from connections.models import Connection, ConnectionState
from connections.problem_kinds import kind_of
from connections.services import problems
from tests.backoffice.people import House

pytestmark = pytest.mark.django_db


def look(house: House, who: str) -> str:
    answer = house.browser(who).get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def title(code: str) -> str:
    return str(kind_of(code).title)


def test_says_that_all_is_well(house: House) -> None:
    for who in ("administrator", "operator", "auditor"):
        page = look(house, who)
        assert 'data-problems="0"' in page and "Loja Centro" in page and "Loja Online" in page


@pytest.mark.parametrize("state", [ConnectionState.UNREACHABLE, ConnectionState.REFUSED, ConnectionState.NEW])
def test_does_not_say_so_of_an_account_that_is_not_ready(house: House, state: str) -> None:
    Connection.objects.filter(pk=house.theirs.connection.pk).update(state=state)
    assert 'id="attention"' not in look(house, "operator")


def test_shows_the_serious_first_with_a_way_to_act(house: House) -> None:
    connection = house.theirs.connection
    problems.raise_(connection, "no_pix_key")
    problems.raise_(connection, "key_refused", says="<b>não</b>")
    page = look(house, "administrator")
    assert 'data-problems="2"' in page
    assert page.index(title("key_refused")) < page.index(title("no_pix_key"))
    assert reverse("admin:connections_connection_change", args=[connection.pk]) in page
    assert "&lt;b&gt;não" in page and "<b>não" not in page


def test_who_cannot_enter_the_administration_gets_no_link_there(house: House) -> None:
    problems.raise_(house.theirs.connection, "key_refused")
    page = look(house, "operator")
    assert title("key_refused") in page and "/admin/" not in page


def test_the_limited_see_their_connections_only(house: House) -> None:
    problems.raise_(house.other.connection, "key_refused")
    problems.raise_(None, "key_sealed")
    for who in ("limited operator", "limited administrator"):
        page = look(house, who)
        assert 'data-problems="0"' in page and "Loja Online" not in page
    assert 'data-problems="2"' in look(house, "auditor")


def test_what_is_over_is_gone(house: House) -> None:
    problems.raise_(house.theirs.connection, "key_refused")
    problems.clear(house.theirs.connection, "key_refused")
    assert 'data-problems="0"' in look(house, "administrator")


def test_more_problems_cost_no_further_query(house: House, django_assert_num_queries: Any) -> None:
    browser = house.browser("operator")
    browser.get("/")
    with django_assert_num_queries(17):
        browser.get("/")
    for code in ("key_refused", "no_pix_key", "webhook_disabled"):
        problems.raise_(house.theirs.connection, code)
        problems.raise_(house.other.connection, code)
    with django_assert_num_queries(17):
        browser.get("/")


def test_without_an_account_it_leads_to_the_first_one(house: House) -> None:
    Connection.objects.update(is_active=False)
    page = look(house, "administrator")
    assert reverse("admin:connections_connection_add") in page and 'id="attention"' not in page
