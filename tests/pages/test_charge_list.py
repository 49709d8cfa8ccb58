from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from payments.models import Charge
from tests import factories
from tests.pages import sample

PLAIN = 8
HOSTILE = '<script>alert("x")</script>'


def test_shows_every_status_in_words(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/").content.decode()
    for charge in charges.values():
        assert f'data-reference="{charge.reference}" data-status="{charge.status}"' in page
    for words in ("Paga", "Aguardando pagamento", "Vencida", "A conferir", "R$\u00a01.234.567,89", "sandbox"):
        assert words in page


def test_tab_and_search_stay_in_the_address(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/", {"tab": "paid", "q": "ana"}).content.decode()
    assert f'data-reference="{charges["paid"].reference}"' in page
    assert charges["overdue"].reference not in page
    assert 'href="/charges/?q=ana&amp;tab=overdue"' in page and 'name="tab" value="paid"' in page


def test_says_when_nothing_is_found(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/", {"q": HOSTILE}).content.decode()
    assert "Nada encontrado" in page and HOSTILE not in page


def test_first_step_for_an_administrator_is_to_connect(admin: Client) -> None:
    page = admin.get("/charges/").content.decode()
    assert 'href="/admin/connections/connection/add/"' in page and page.count("<li>") >= 3


def test_operator_without_connection_is_sent_to_an_administrator(operator: Client) -> None:
    page = operator.get("/charges/").content.decode()
    assert "Peça a um administrador" in page and "connection/add" not in page


def test_first_charge_is_one_press_away(operator: Client) -> None:
    sample.make_accounts()
    assert "Criar a primeira cobrança" in operator.get("/charges/").content.decode()


def test_pages_through_many(operator: Client) -> None:
    connection, customer = factories.make_connection(), factories.make_customer()
    for _number in range(30):
        factories.make_charge(connection, customer=customer)
    page = operator.get("/charges/", {"tab": "waiting"}).content.decode()
    assert page.count("data-reference=") == 25 and 'rel="next" href="?tab=waiting&amp;before=chg_' in page


def test_filters_are_chips_that_can_be_taken_away(operator: Client, charges: dict[str, Charge]) -> None:
    asked = {"tab": "waiting", "by": "due", "days": "month", "status": ["pending", "draft"], "least": "1,00"}
    page = operator.get("/charges/", asked).content.decode()
    assert re.findall(r'data-chip="(\w+)"', page) == ["days", "amount", "status", "status"]
    assert 'href="/charges/?tab=waiting&amp;status=pending&amp;status=draft&amp;least=1%2C00"' in page
    assert 'id="clear-filters" href="/charges/?tab=waiting"' in page
    assert f'data-reference="{charges["paid"].reference}"' not in page


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("since", "soon"),
        ("until", "9999-12-31"),
        ("since", "0001-01-01"),
        ("least", "1,234"),
        ("most", "9" * 20),
        ("connection", "x"),
        ("connection", "00000000-0000-0000-0000-000000000000"),
        ("operator", "nobody"),
        ("status", "happy"),
        ("method", "gold"),
        ("days", "never"),
        ("by", "moon"),
        ("money", "play"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_still_filters(
    operator: Client, charges: dict[str, Charge], name: str, typed: str
) -> None:
    answer = operator.get("/charges/", {"tab": "paid", name: typed})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="error-{name}"' in page and '<details class="card folded narrow" id="filters" open>' in page
    assert f'data-reference="{charges["paid"].reference}"' in page
    assert f'data-reference="{charges["pending"].reference}"' not in page


def test_turned_about_bounds_are_said_beside_the_second(operator: Client, charges: dict[str, Charge]) -> None:
    asked = {"since": "2026-02-02", "until": "2026-02-01", "least": "2,00", "most": "1,00"}
    page = operator.get("/charges/", asked).content.decode()
    assert 'id="error-until"' in page and 'id="error-most"' in page


def test_offers_to_look_at_all_days(operator: Client, charges: dict[str, Charge]) -> None:
    asked = {"q": "ana", "since": "2001-01-01", "until": "2001-01-02", "by": "paid"}
    assert 'id="widen" href="/charges/?q=ana"' in operator.get("/charges/", asked).content.decode()
    nowhere = operator.get("/charges/", {**asked, "q": "nobody"}).content.decode()
    assert "Nada encontrado" in nowhere and 'id="widen"' not in nowhere


def test_totals_have_an_address_of_their_own(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/", {"tab": "paid"}).content.decode()
    address = re.search(r'data-totals-url="([^"]+)"', page)
    assert address
    totals = operator.get(address[1].replace("&amp;", "&")).content.decode()
    assert sorted(re.findall(r'data-charged="(\d+)"', totals)) == ["15000", "9900"]
    assert 'data-sandbox="yes"' in totals and 'data-sandbox="no"' in totals
    assert operator.get("/charges/totals/", {"q": "nobody"}).content.decode().count("sum-line") == 0


@pytest.mark.parametrize("by", ["gateway id", "document", "reference", "name", "reference there"])
def test_finds_a_charge_by(operator: Client, charges: dict[str, Charge], by: str) -> None:
    wanted = charges["card"]
    Charge.objects.filter(pk=wanted.pk).update(foreign_reference="Order/77")
    text = {
        "gateway id": "1330000001",
        "document": "111.444.777-35",
        "reference": wanted.reference.upper(),
        "name": "carvalho",
        "reference there": "order/77",
    }[by]
    page = operator.get("/charges/", {"q": text}).content.decode()
    assert page.count(f'data-reference="{wanted.reference}"') == 1
    assert charges["pending"].reference not in page


def test_a_page_costs_the_same_however_many_there_are(
    operator: Client, charges: dict[str, Charge], django_assert_num_queries: Any
) -> None:
    asked = {"tab": "waiting", "q": "ana", "by": "due", "days": "month"}
    operator.get("/charges/")
    with django_assert_num_queries(PLAIN):
        operator.get("/charges/")
    connection, customer = charges["paid"].connection, charges["paid"].customer
    for _number in range(30):
        factories.make_charge(connection, customer=customer)
    with django_assert_num_queries(PLAIN):
        operator.get("/charges/")
    with django_assert_num_queries(PLAIN + 1):
        operator.get("/charges/", asked)
    with django_assert_num_queries(6):
        operator.get("/charges/totals/", asked)


def test_escapes_hostile_names(operator: Client) -> None:
    factories.make_charge(customer=factories.make_customer(name=HOSTILE), description=HOSTILE)
    assert HOSTILE not in operator.get("/charges/").content.decode()
