"""The settlements report: what is to come and when, what came, for whom, and as a file."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from backoffice.groups import FINANCE
from connections.models import Connection
from payments import csv_lines
from payments.models import Payment
from payments.services import settlement_sums
from tests.backoffice.people import House, make_house, make_person
from tests.factories import NOW, make_charge, make_connection, make_payment

pytestmark = pytest.mark.django_db
PAGE = "/reports/settlements/"
FILE = "/reports/settlements/csv/"
_number = itertools.count(1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def house() -> House:
    """Its own payments have nothing to do with the gateway."""
    made = make_house()
    Payment.objects.update(is_cash=True)
    return made


def paid(connection: Connection, *, days: float = 0, **values: Any) -> Payment:
    """Paid and expected so many days from now: 100.00, of which 2.99 are the fee."""
    usual = {
        "gateway_id": f"pay_{next(_number)}",
        "fee_cents": 299,
        "net_cents": 9_701,
        "paid_at": NOW,
        "settles_at": NOW + timedelta(days=days),
    }
    return make_payment(make_charge(connection, status="paid"), "paid", **{**usual, **values})


def settled(connection: Connection, at: datetime = NOW, **values: Any) -> Payment:
    return paid(connection, settles_at=at, settled_at=at, **values)


def rows(*connections: Connection) -> list[tuple[Any, ...]]:
    found = settlement_sums.expected(connections)
    return [(str(row.day), row.is_late, row.is_later, row.sums.payments, row.sums.net_cents) for row in found]


def totals(answer: Any, of: str) -> dict[tuple[bool, str], tuple[int, ...]]:
    return {
        (total["is_sandbox"], total["currency"]): (
            total["sums"].gross_cents,
            total["sums"].fee_cents,
            total["sums"].refunded_cents,
            total["sums"].net_cents,
        )
        for total in answer.context[of]
    }


def lines(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(StringIO(text[1:]), delimiter=";"))


def test_forecast_goes_by_day_with_late_first_and_what_is_far_in_one_row() -> None:
    shop = make_connection()
    for days in (-9, -1, 0, 1, 1, 30, 31, 200):
        paid(shop, days=days)
    paid(shop, settles_at=None)
    assert rows(shop) == [
        ("2026-11-21", True, False, 2, 19_402),
        ("2026-11-21", False, False, 1, 9_701),
        ("2026-11-22", False, False, 2, 19_402),
        ("2026-12-21", False, False, 1, 9_701),
        ("2026-12-22", False, True, 2, 19_402),
        ("None", False, False, 1, 9_701),
    ]


def test_days_are_those_of_the_account() -> None:
    """02:00 in UTC is the evening before in São Paulo, and no other day in London."""
    moment = {"settles_at": datetime(2026, 11, 25, 2, tzinfo=UTC)}
    here, there = make_connection(time_zone="America/Sao_Paulo"), make_connection(time_zone="Europe/London")
    paid(here, **moment), paid(there, **moment)
    assert [row[0] for row in rows(here, there)] == ["2026-11-24", "2026-11-25"]


@pytest.mark.parametrize(
    "values",
    [
        {"status": "disputed"},
        {"status": "refunded", "refunded_cents": 10_000},
        {"status": "pending", "received_cents": 0},
        {"is_cash": True},
        {"is_anticipated": True},
        {"settled_at": NOW},
    ],
)
def test_only_money_that_is_still_to_come_is_expected(values: dict[str, Any]) -> None:
    shop = make_connection()
    payment = paid(shop, days=3)
    assert rows(shop) == [("2026-11-24", False, False, 1, 9_701)]
    Payment.objects.filter(pk=payment.pk).update(**values)
    assert rows(shop) == []


@pytest.mark.parametrize(
    ("values", "is_advanced"),
    [
        ({"status": "disputed"}, False),
        ({"status": "charged_back"}, False),
        ({"is_cash": True}, False),
        ({"settled_at": None}, False),
        ({"is_anticipated": True}, True),
        ({"is_anticipated": True, "settled_at": None}, True),
        ({"is_anticipated": True, "status": "disputed"}, False),
    ],
)
def test_only_money_that_came_on_its_day_became_available(
    house: House, values: dict[str, Any], is_advanced: bool
) -> None:
    """The same on the page and in the file; what was advanced came on a day that is not told."""
    payment = settled(house.theirs.connection)
    counted = (1, [payment.gateway_id], False)
    assert in_the_report(house) == counted
    Payment.objects.filter(pk=payment.pk).update(**values)
    assert in_the_report(house) == (0, [], is_advanced)


def in_the_report(house: House) -> tuple[int, list[str], bool]:
    """How many payments the page counts, those of the file, and whether it tells of advanced money."""
    page = house.browser("finance").get(PAGE)
    found = lines(house.browser("finance").get(FILE))
    return (
        sum(row.sums.payments for row in page.context["settled"]),
        [line[4] for line in found[1:]],
        "data-advanced" in page.content.decode(),
    )


def test_what_was_given_back_does_not_come_and_an_unknown_fee_is_told() -> None:
    shop = make_connection()
    paid(shop, days=3, refunded_cents=4_000)
    paid(shop, days=3, fee_cents=None, net_cents=None)
    [row] = settlement_sums.expected([shop])
    assert row.sums == settlement_sums.Sums(
        payments=2,
        gross_cents=20_000,
        fee_cents=299,
        refunded_cents=4_000,
        net_cents=9_701 + 10_000 - 4_000,
        unknown_fees=1,
    )


def test_what_comes_back_of_a_fee_is_no_fee(house: House) -> None:
    """All given back, and its fee with it: nothing is left, and nothing is missing."""
    payment = settled(house.theirs.connection, refunded_cents=10_000, fee_returned_cents=299)
    Payment.objects.filter(pk=payment.pk).update(status="refunded")
    [row] = settlement_sums.settled([payment.connection], first=NOW.date(), last=NOW.date())
    assert (row.sums.gross_cents, row.sums.fee_cents, row.sums.net_cents) == (10_000, 0, 0)
    assert lines(house.browser("finance").get(FILE))[1][8:] == ["100,00", "0,00", "100,00", "0,00"]


def test_a_fee_that_is_not_told_is_no_zero_in_the_file(house: House) -> None:
    settled(house.theirs.connection, fee_cents=None, net_cents=None, currency="=1+1")
    assert lines(house.browser("finance").get(FILE))[1][7:] == ["'=1+1", "100,00", "", "0,00", "100,00"]


def test_page_sums_by_currency_and_apart_from_what_is_tried_out(house: House) -> None:
    real, abroad = make_connection(environment="production"), make_connection(environment="production")
    paid(house.theirs.connection, days=2), paid(real, days=2), settled(real, refunded_cents=1_000)
    paid(abroad, days=2, currency="CLP"), settled(abroad, currency="CLP")
    answer = house.browser("finance").get(PAGE)
    assert totals(answer, "expected_totals") == {
        (False, "BRL"): (10_000, 299, 0, 9_701),
        (False, "CLP"): (10_000, 299, 0, 9_701),
        (True, "BRL"): (10_000, 299, 0, 9_701),
    }
    assert totals(answer, "settled_totals") == {
        (False, "BRL"): (10_000, 299, 1_000, 8_701),
        (False, "CLP"): (10_000, 299, 0, 9_701),
    }
    assert "R$\xa087,01" in answer.content.decode() and 'data-total="CLP"' in answer.content.decode()


def test_the_limited_see_the_money_of_their_accounts_alone(house: House) -> None:
    paid(house.other.connection, days=-3), settled(house.other.connection)
    mine = settled(house.theirs.connection)
    limited = make_person("treasurer", FINANCE, limited_to=house.theirs.connection)
    house.client.force_login(limited)
    answer = house.client.get(PAGE)
    assert [row.connection.pk for row in answer.context["settled"]] == [house.theirs.connection.pk]
    assert answer.context["expected"] == answer.context["late"] == []
    assert [line[4] for line in lines(house.client.get(FILE))[1:]] == [mine.gateway_id]


def test_late_money_is_named_with_its_charge(house: House) -> None:
    late = paid(house.theirs.connection, days=-2)
    page = house.browser("auditor").get(PAGE).content.decode()
    assert f'data-late-payment="{late.gateway_id}"' in page and late.charge.get_absolute_url() in page
    assert 'data-expected="late"' in page
    paid(house.theirs.connection, settles_at=None)
    assert 'data-expected="unknown"' in house.browser("auditor").get(PAGE).content.decode()


def test_period_is_that_of_the_account_and_both_days_are_in_it(house: House) -> None:
    shop = house.theirs.connection
    begin = datetime(2026, 11, 3, 3, tzinfo=UTC)
    inside = [settled(shop, begin), settled(shop, begin + timedelta(days=2, seconds=-1))]
    settled(shop, begin - timedelta(seconds=1)), settled(shop, begin + timedelta(days=2))
    asked = {"first": "2026-11-03", "last": "2026-11-04"}
    answer = house.browser("finance").get(PAGE, asked)
    assert [row.sums.payments for row in answer.context["settled"]] == [2]
    found = lines(house.browser("finance").get(FILE, asked))
    assert [line[4] for line in found[1:]] == [payment.gateway_id for payment in inside]
    assert [line[0] for line in found[1:]] == ["2026-11-03", "2026-11-04"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": "2026-11-04", "last": "2026-11-03"}, "The last day comes before the first"),
        ({"first": "2024-11-04", "last": "2026-11-03"}, "Choose a shorter period"),
        ({"first": "yesterday", "last": "2026-11-03"}, "yesterday"),
        ({"first": "", "last": "2026-11-03"}, "required"),
        ({"first": "9999-12-31", "last": "9999-12-31"}, "too far"),
    ],
)
def test_bad_period_is_told_and_kept(house: House, asked: dict[str, str], words: str) -> None:
    with translation.override("en"):
        for page in (PAGE, FILE):
            answer = house.browser("finance").get(page, asked, headers={"accept-language": "en"})
            assert answer.status_code == 422
            assert words in answer.content.decode() and f'value="{asked["last"]}"' in answer.content.decode()


def test_nothing_yet_is_said_in_words(house: House) -> None:
    answer = house.browser("auditor").get(PAGE)
    assert answer.context["expected"] == answer.context["settled"] == []
    assert answer.content.decode().count('class="empty"') == 2


def test_file_is_for_brazilian_spreadsheets_and_calculates_nothing(house: House) -> None:
    shop = house.theirs.connection
    Connection.objects.filter(pk=shop.pk).update(name='=HYPERLINK("https://evil.example";"x")')
    payment = settled(shop, gateway_id="+55", refunded_cents=10_000, received_cents=123_456)
    answer = house.browser("finance").get(FILE)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].endswith('-2026-11-01-2026-11-21.csv"')
    head, line = lines(answer)
    assert len(head) == len(line) == 12
    assert line[1] == """'=HYPERLINK("https://evil.example";"x")""" and line[4] == "'+55"
    assert line[3] == payment.charge.reference
    assert line[7:] == ["BRL", "1234,56", "2,99", "100,00", "-2,99"]
    assert csv_lines.text(" =1+1") == "' =1+1" and csv_lines.text("Loja = Rua") == "Loja = Rua"


def test_queries_do_not_grow_with_the_payments(house: House) -> None:
    def count() -> int:
        browser = house.browser("finance")
        with CaptureQueriesContext(database) as queries:
            assert browser.get(PAGE).status_code == 200
        return len(queries)

    make_some(house)
    few = count()
    for _round in range(6):
        make_some(house)
    assert count() == few


def make_some(house: House) -> None:
    for place in (house.theirs, house.other):
        paid(place.connection, days=-3), paid(place.connection, days=4), settled(place.connection)


def test_navigation_leads_there_who_may_open_it(house: House) -> None:
    address = reverse("settlements")
    shown = {
        who: f'href="{address}"' in house.browser(who).get("/charges/").content.decode()
        for who in ("finance", "auditor", "administrator", "operator")
    }
    assert shown == {"finance": True, "auditor": True, "administrator": True, "operator": False}
