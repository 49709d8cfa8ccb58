"""Wherever a payment of Asaas is shown, its day stands without a time nobody told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from backoffice.groups import FINANCE, keep_groups
from payments.models import Charge
from tests import factories
from tests.backoffice.people import make_person

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 22, 3, tzinfo=UTC)
TIMES = re.compile(r"22/11/2026(?: às)? \d\d:\d\d")


@pytest.fixture
def finance() -> Client:
    keep_groups()
    client = Client()
    client.force_login(make_person("fernanda", FINANCE))
    return client


def paid(moment: datetime, gateway: str = "asaas") -> Charge:
    money = {"received_cents": 10_000, "fee_cents": 199, "net_cents": 9_801}
    came = {"paid_at": moment, "settled_at": moment}
    account = factories.make_connection(gateway=gateway)
    charge = factories.make_charge(account, status="paid", created_at=factories.NOW, **money, **came)
    factories.make_payment(charge, "paid", fee_cents=199, net_cents=9_801, **came)
    factories.make_payment(charge, "paid", paid_at=moment)
    return charge


def shown(client: Client, charge: Charge) -> dict[str, str]:
    customer = charge.customer.get_absolute_url()
    addresses = {
        "charge": charge.get_absolute_url(),
        "list": "/charges/?tab=paid",
        "refund": f"{charge.get_absolute_url()}refund/",
        "receipt": f"/pay/{charge.pay_token}/",
        "customer's data": f"{customer}export/",
    }
    pages = {name: client.get(address) for name, address in addresses.items()}
    assert {answer.status_code for answer in pages.values()} == {200}
    return {name: unescape(answer.content.decode()) for name, answer in pages.items()}


def test_a_day_is_shown_as_a_day(finance: Client) -> None:
    for name, page in shown(finance, paid(DAY)).items():
        assert "22/11/2026" in page and not TIMES.search(page), name


def test_a_moment_is_shown_with_its_time(finance: Client) -> None:
    for name, page in shown(finance, paid(DAY.replace(hour=13), gateway="mercadopago")).items():
        assert TIMES.search(page), name


def test_a_file_has_the_day_of_the_account(finance: Client) -> None:
    paid(DAY)
    paid(DAY.replace(hour=13, minute=5))
    text = finance.get("/charges/export/").getvalue().decode("utf-8-sig")
    assert ";2026-11-22;2026-11-22;" in text and ";2026-11-22 10:05:00;2026-11-22 10:05:00;" in text
