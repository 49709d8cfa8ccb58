"""Charges as a file: what was filtered, in the reader's days, harmless to a spreadsheet, a bit at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from backoffice.groups import keep_groups
from payments.models import Charge
from payments.staff import paging
from tests.backoffice.people import make_person
from tests.factories import NOW, make_charge, make_connection, make_customer

pytestmark = pytest.mark.django_db
ADDRESS = "/charges/export/"


@pytest.fixture
def finance() -> Iterator[Client]:
    keep_groups()
    client = Client()
    client.force_login(make_person("fernanda", "Finance"))
    yield client


def read(client: Client, **asked: Any) -> list[dict[str, str]]:
    answer = client.get(ADDRESS, asked, headers={"Accept-Language": "en"})
    assert isinstance(answer, StreamingHttpResponse) and answer["Content-Type"].startswith("text/csv")
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_holds_what_the_filter_lets_through_newest_first(finance: Client) -> None:
    account = make_connection(name="Loja Centro")
    old, new = (make_charge(account, created_at=NOW + timedelta(days=day)) for day in (-2, -1))
    make_charge(account, status="paid", received_cents=10_000)
    assert [row["Charge"] for row in read(finance, tab="waiting")] == [new.reference, old.reference]
    assert [row["Charge"] for row in read(finance, chosen=["", old.reference])] == [old.reference]


def test_tells_amounts_days_and_the_time_zone(finance: Client) -> None:
    make_charge(
        make_connection(name="Loja Centro"),
        status="paid",
        amount_cents=123_456,
        received_cents=123_450,
        fee_cents=199,
        net_cents=123_251,
        due_date=date(2026, 12, 1),
        created_at=datetime(2026, 11, 20, 2, 30, tzinfo=UTC),
        paid_at=datetime(2026, 11, 21, 2, 30, tzinfo=UTC),
    )
    (row,) = read(finance)
    assert (row["Amount"], row["Received"], row["Refunded"]) == ("1234,56", "1234,50", "0,00")
    assert (row["Fee"], row["Net"], row["Currency"], row["Due date"]) == (
        "1,99",
        "1232,51",
        "BRL",
        "2026-12-01",
    )
    assert row["Created at (America/Sao_Paulo)"] == "2026-11-19 23:30:00"
    assert row["Paid at (America/Sao_Paulo)"] == "2026-11-20 23:30:00"
    assert row["Settled at (America/Sao_Paulo)"] == "" and row["Status"] == "paid"


def test_what_others_wrote_is_never_calculated(finance: Client) -> None:
    customer = make_customer(name='=HYPERLINK("http://evil";"x")')
    make_charge(customer=customer, description="+55 11;\n@SUM(A1)", foreign_reference="-2+3")
    (row,) = read(finance)
    assert row["Customer"].startswith("'=") and row["Description"].startswith("'+")
    assert row["Reference at the gateway"] == "'-2+3"


def test_says_it_in_the_language_of_who_asked(finance: Client) -> None:
    """Also after the page is answered: the lines are written later."""
    make_charge(status="overdue")
    answer = finance.get(ADDRESS, headers={"Accept-Language": "en"})
    timezone.deactivate()
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "overdue" in text and "vencida" not in text


def test_is_written_by_short_queries(finance: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portion at a time, the first line before the last charge was read; equal moments lose none."""
    monkeypatch.setattr(paging, "_PORTION", 3)
    account = make_connection()
    for _number in range(10):
        make_charge(account)
    assert len({row["Charge"] for row in read(finance)}) == 10
    lines = iter(finance.get(ADDRESS).streaming_content)  # type: ignore[attr-defined]
    for _mark_head_and_first in range(3):
        next(lines)
    Charge.objects.all().delete()
    assert len(list(lines)) == 2  # the rest of the portion that was read


def test_a_filter_that_says_nothing_does_not_mean_everything(finance: Client) -> None:
    make_charge()
    answer = finance.get(ADDRESS, {"least": "x"})
    assert answer.status_code == 302 and answer["Location"] == "/charges/?least=x"
    assert finance.get(ADDRESS, {"chosen": ""}).status_code == 302


def test_operators_may_not_carry_all_of_it_away(finance: Client) -> None:
    client = Client()
    client.force_login(make_person("carla", "Operator"))
    assert client.get(ADDRESS).status_code == 403
    assert "export-all" not in client.get("/charges/").content.decode()
