"""The pages about customers: found, shown with what they owe, never with a stranger's money."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from backoffice.groups import FINANCE, OPERATOR, keep_groups
from connections.models import Connection, ConnectionAccess
from payments.models import Customer
from tests.factories import NOW, make_charge, make_connection, make_customer, make_subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance(client: Client) -> Client:
    keep_groups()
    user = User.objects.create_user("vera")
    user.groups.add(Group.objects.get(name=FINANCE))
    client.force_login(user)
    return client


def limited(connection: Connection) -> Client:
    keep_groups()
    user = User.objects.create_user("lia")
    user.groups.add(Group.objects.get(name=OPERATOR))
    ConnectionAccess.objects.create(user=user, connection=connection)
    browser = Client()
    browser.force_login(user)
    return browser


def listed(browser: Client, query: str = "") -> list[str]:
    shown = browser.get(f"/customers/{query}").content.decode()
    names = dict(Customer.objects.values_list("public_id", "name"))
    found = re.findall(r'<tr role="row" data-customer="([^"]+)"', shown)
    return [next(name for key, name in names.items() if str(key) == one) for one in found]


def sums(shown: str) -> dict[tuple[str, str], dict[str, str]]:
    parts = re.split(r'data-sums="', shown)[1:]
    found = {}
    for part in parts:
        currency, sandbox = re.match(r'(\w+)" data-sandbox="(\w+)"', part).groups()  # type: ignore[union-attr]
        amounts = re.findall(r'data-sum="(\w+)">.*?class="amount">([^<]+)<', part)
        found[currency, sandbox] = {name: text.replace("\xa0", " ") for name, text in amounts}
    return found


@pytest.mark.parametrize(
    "query", ["ana", "529.982.247-25", "5299822", "ANA@example", "(11) 98765", "11987654321"]
)
def test_finds_by_what_people_say(finance: Client, query: str) -> None:
    make_customer(name="Ana Lima", document="52998224725", email="ana@example.com", phone="11987654321")
    make_customer(name="Bruno Reis", document="11144477735", email="bruno@example.com", phone="21912345678")
    assert listed(finance, f"?q={query}") == ["Ana Lima"]


def test_a_few_digits_find_nobody_by_chance(finance: Client) -> None:
    make_customer(name="Ana Lima", document="52998224725")
    assert listed(finance, "?q=529") == []


def test_every_customer_comes_once_page_by_page(finance: Client) -> None:
    for number in range(60):
        make_customer(name=f"Pessoa {number}")
    seen, query = [], ""
    for _page in range(3):
        answer = finance.get(f"/customers/{query}")
        seen += listed(finance, query)
        query = f"?before={answer.context['older']}"
    assert seen == [f"Pessoa {number}" for number in reversed(range(60))]
    assert answer.context["older"] is None


def test_what_is_no_customer_begins_at_the_newest(finance: Client) -> None:
    make_customer(name="Ana Lima")
    assert listed(finance, "?before=nobody") == ["Ana Lima"]


def test_sums_by_currency_never_mix_the_sandbox_in(finance: Client) -> None:
    ana = make_customer()
    real = make_connection(environment="production")
    abroad = make_connection(gateway="mercadopago", environment="production", currency="ARS", site="MLA")
    make_charge(real, customer=ana, amount_cents=10_000)
    make_charge(real, customer=ana, amount_cents=3_000, received_cents=1_000, status="overdue")
    make_charge(real, customer=ana, amount_cents=700, received_cents=500, review_reason="amount")
    paid = {"status": "partially_refunded", "received_cents": 8_000, "refunded_cents": 2_500}
    make_charge(real, customer=ana, amount_cents=8_000, **paid)
    make_charge(real, customer=ana, amount_cents=9_999, status="cancelled")
    make_charge(abroad, customer=ana, amount_cents=1_234)
    make_charge(make_connection(), customer=ana, amount_cents=66_600)
    make_charge(real, amount_cents=77_700)
    shown = finance.get(ana.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    found = sums(shown)
    assert [*found] == [("ARS", "no"), ("BRL", "no"), ("BRL", "yes")]
    digits = {name: re.sub(r"\D", "", text) for name, text in found["BRL", "no"].items()}
    assert digits == {"open": "12000", "overdue": "2000", "received": "9500", "given_back": "2500"}
    assert re.sub(r"\D", "", found["BRL", "yes"]["open"]) == "66600"


def test_history_comes_whole_page_by_page(finance: Client) -> None:
    ana, connection = make_customer(), make_connection()
    made = [
        make_charge(connection, customer=ana, created_at=NOW + timedelta(minutes=number // 3))
        for number in range(30)
    ]
    make_charge(connection)
    first = finance.get(ana.get_absolute_url())
    second = finance.get(f"{ana.get_absolute_url()}?before={first.context['older']}")
    seen = [row["charge"].pk for page in (first, second) for row in page.context["charges"]]
    assert seen == [charge.pk for charge in reversed(made)] and not second.context["older"]


def test_shows_no_document_whole(finance: Client) -> None:
    ana = make_customer(document="52998224725")
    charge = make_charge(customer=ana)
    make_subscription(charge.connection, customer=ana)
    for address in ("/customers/", ana.get_absolute_url(), f"{ana.get_absolute_url()}change/"):
        assert "52998224725" not in finance.get(address).content.decode()
    assert ana.get_absolute_url() in finance.get(charge.get_absolute_url()).content.decode()


def test_who_is_limited_sees_their_part_only(db: None) -> None:
    ana, bea = make_customer(name="Ana Lima"), make_customer(name="Bea Reis")
    theirs, other = make_connection(), make_connection()
    make_charge(theirs, customer=ana, amount_cents=1_100)
    make_charge(other, customer=ana, amount_cents=2_200)
    make_charge(other, customer=bea)
    browser = limited(theirs)
    assert listed(browser) == ["Ana Lima"]
    assert browser.get(bea.get_absolute_url()).status_code == 404
    shown = browser.get(ana.get_absolute_url())
    assert [row["charge"].amount_cents for row in shown.context["charges"]] == [1_100]
    assert [one.open for one in shown.context["sums"]] == [1_100]


def test_queries_do_not_grow(finance: Client, django_assert_max_num_queries: Any) -> None:
    ana, connection = make_customer(), make_connection()
    for number in range(20):
        make_charge(connection, customer=ana, created_at=NOW + timedelta(minutes=number))
        make_charge(connection)
        make_subscription(connection, customer=ana)
    finance.get("/customers/")
    with django_assert_max_num_queries(7):
        finance.get("/customers/")
    with django_assert_max_num_queries(14):
        finance.get(ana.get_absolute_url())
