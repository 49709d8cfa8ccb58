"""How long a new code or page can be paid, by method, by gateway, by the calendar of the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from connections.gateways.base import Method
from payments.services import lifetimes
from tests.factories import NOW, make_connection
from tests.payments.creating import at_mercado_pago

pytestmark = pytest.mark.django_db
LIMIT = NOW + timedelta(days=30)


@pytest.fixture(autouse=True)
def midday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_asaas_closes_nothing_by_itself(method: Method) -> None:
    connection = make_connection()
    assert lifetimes.first_expiry(connection, method, date(2027, 12, 1)) is None
    assert not lifetimes.is_on_demand(connection, method, date(2027, 12, 1))


def test_a_code_lives_until_the_end_of_its_due_date_where_the_account_is() -> None:
    expires = lifetimes.first_expiry(at_mercado_pago(), Method.PIX, date(2026, 12, 1))
    assert expires == datetime(2026, 12, 2, 2, 59, 59, tzinfo=UTC)


def test_a_code_never_lives_shorter_than_the_gateway_allows() -> None:
    with time_machine.travel(datetime(2026, 12, 2, 2, 55, tzinfo=UTC), tick=False):
        expires = lifetimes.code_expiry(at_mercado_pago(), date(2026, 12, 1))
        assert expires == datetime(2026, 12, 2, 3, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "is_on_demand"),
    [(date(2026, 12, 20), False), (date(2026, 12, 21), True), (date(2027, 6, 1), True)],
)
def test_a_due_date_no_code_reaches_is_left_for_later(due: date, is_on_demand: bool) -> None:
    connection = at_mercado_pago()
    assert lifetimes.is_on_demand(connection, Method.PIX, due) is is_on_demand
    assert (lifetimes.first_expiry(connection, Method.PIX, due) is None) is is_on_demand
    expires = lifetimes.code_expiry(connection, due)
    assert expires and expires <= LIMIT - timedelta(minutes=10)


def test_a_code_made_after_the_due_date_lives_three_days() -> None:
    assert lifetimes.code_expiry(at_mercado_pago(), date(2026, 11, 1)) == NOW + timedelta(days=3)


def test_a_page_stays_open_for_thirty_days_after_the_due_date() -> None:
    connection = at_mercado_pago()
    expires = lifetimes.first_expiry(connection, Method.CARD, date(2027, 6, 1))
    assert expires == datetime(2027, 7, 2, 2, 59, 59, tzinfo=UTC)
    assert lifetimes.page_expiry(connection, date(2026, 1, 1)) == NOW + timedelta(days=3)
