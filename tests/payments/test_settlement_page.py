"""The charge page tells of each payment what it brought, since when or when, and the sum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from payments import transitions
from payments.models import Charge, Payment
from tests.factories import NOW, make_charge, make_connection, make_payment

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ana"))
    return client


def bring(charge: Charge, status: str = "paid", **values: Any) -> Payment:
    money = {"fee_cents": 299, "net_cents": 9_701, "paid_at": NOW, "settles_at": NOW + 32 * DAY}
    return make_payment(charge, status, **{**money, **values})


def shown(browser: Client, charge: Charge) -> list[dict[str, str]]:
    """The rows of the card: what their data attributes say."""
    page = browser.get(charge.get_absolute_url()).content.decode()
    rows = re.findall(r"<tr[^>]* data-money[^>]*>", page)
    return [dict(re.findall(r'data-([\w-]+)="([^"]*)"', row)) for row in rows]


@pytest.mark.parametrize(
    ("values", "state", "moment"),
    [
        ({}, "expected", "2026-12-23"),
        ({"settles_at": NOW}, "expected", "2026-11-21"),
        ({"settles_at": NOW - DAY}, "late", "2026-11-20"),
        ({"settled_at": NOW - DAY}, "settled", "2026-11-20"),
        ({"is_anticipated": True}, "anticipated", "2026-12-23"),
        ({"is_cash": True, "settled_at": NOW - DAY}, "cash", "2026-11-20"),
        ({"status": "disputed"}, "", "2026-12-23"),
        ({"settles_at": None}, "", ""),
    ],
)
def test_a_payment_with_its_state(browser: Client, values: dict[str, Any], state: str, moment: str) -> None:
    payment = bring(make_charge(status="paid"), **values)
    [row] = shown(browser, payment.charge)
    assert row == {
        "money": payment.gateway_id,
        "gross": "10000",
        "fee": "299",
        "net": "9701",
        "settlement": state,
        "moment": moment,
    }


def test_what_the_gateway_did_not_tell_stays_open(browser: Client) -> None:
    charge = make_charge(status="paid")
    bring(charge), bring(charge, fee_cents=None, net_cents=None)
    rows = shown(browser, charge)
    assert [(row["gross"], row["net"]) for row in rows] == [("10000", "9701"), ("10000", ""), ("20000", "")]


def test_several_payments_have_a_sum(browser: Client) -> None:
    charge = make_charge(status="paid")
    bring(charge), bring(charge, received_cents=5_000, fee_cents=100, net_cents=4_900)
    make_payment(charge, "failed")
    rows = shown(browser, charge)
    assert len(rows) == 3
    assert rows[-1] == {"gross": "15000", "net": "14601"}


def test_nothing_is_told_of_a_charge_without_money(browser: Client) -> None:
    charge = make_charge()
    make_payment(charge)
    assert shown(browser, charge) == []


def test_a_charge_is_settled_when_all_its_payments_are() -> None:
    charge = make_charge(make_connection(), status="paid")
    early, late = bring(charge, settled_at=NOW - DAY, settles_at=NOW - DAY), bring(charge)
    transitions.apply(charge.pk, source="check")
    charge.refresh_from_db()
    assert (charge.settled_at, charge.settles_at) == (None, late.settles_at)
    Payment.objects.filter(pk=late.pk).update(settled_at=NOW)
    transitions.apply(charge.pk, source="check")
    charge.refresh_from_db()
    assert (charge.settled_at, charge.net_cents) == (NOW, early.net_cents * 2)


def test_a_double_that_was_given_back_keeps_nothing_unsettled() -> None:
    charge = make_charge(make_connection(), status="paid")
    bring(charge, settled_at=NOW)
    bring(charge, "refunded", refunded_cents=10_000)
    transitions.apply(charge.pk, source="check")
    charge.refresh_from_db()
    assert charge.settled_at == NOW
