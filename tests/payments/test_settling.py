"""Asking for money that should have come: when, how often, and what a gateway that is away changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from payments import tasks
from payments.models import MissedNotification, Payment
from payments.services import settling
from tests.factories import NOW, make_charge, make_connection, make_payment

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
ASAAS = "https://api-sandbox.asaas.com/v3/payments"
MERCADOPAGO = "https://api.mercadopago.com/v1/payments"
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def paid(connection: Connection | None = None, *, since: timedelta = 2 * DAY, **values: Any) -> Payment:
    """Paid by card, its money expected that long ago."""
    charge = make_charge(connection, status="paid", method="card", received_cents=10_000)
    usual = {"paid_at": NOW - 32 * DAY, "settles_at": NOW - since, "gateway_status": "CONFIRMED"}
    return make_payment(charge, "paid", **{**usual, **values})


def at_asaas(payment: Payment, status: str) -> dict[str, Any]:
    credited = (NOW - DAY).date().isoformat()
    return {
        "id": payment.gateway_id,
        "status": status,
        "value": 100.0,
        "netValue": 96.52,
        "billingType": "CREDIT_CARD",
        "externalReference": payment.reference,
        "clientPaymentDate": "2026-10-20",
        "creditDate": credited,
        "paymentDate": credited if status == "RECEIVED" else None,
    }


def answers(gateway: responses.RequestsMock, payment: Payment, status: str = "RECEIVED") -> None:
    gateway.add("GET", f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, status))


def test_money_that_came_untold_is_found(clock: Any, gateway: responses.RequestsMock) -> None:
    payment = paid()
    answers(gateway, payment)
    assert settling.ask_due() == 1
    payment.refresh_from_db()
    payment.charge.refresh_from_db()
    assert payment.settled_at == payment.charge.settled_at == datetime.fromisoformat("2026-11-20T03:00Z")
    assert (payment.fee_cents, payment.net_cents, payment.charge.net_cents) == (348, 9_652, 9_652)
    assert MissedNotification.objects.get().before["settled_at"] is None
    assert settling.ask_due() == 0


def test_gateway_that_tells_no_settlement_missed_nothing(clock: Any, gateway: responses.RequestsMock) -> None:
    shop = make_connection(gateway="mercadopago", credentials={"access_token": "TEST-1"})
    payment = paid(shop, gateway_id="98000123460", gateway_status="approved/accredited")
    body = {
        "id": 98000123460,
        "status": "approved",
        "status_detail": "accredited",
        "transaction_amount": 100.0,
        "transaction_details": {"total_paid_amount": 100.0, "net_received_amount": 95.02},
        "fee_details": [{"type": "mercadopago_fee", "amount": 4.98, "fee_payer": "collector"}],
        "payment_type_id": "credit_card",
        "currency_id": "BRL",
        "collector_id": shop.account_id,
        "external_reference": payment.reference,
        "date_approved": "2026-10-20T10:20:02.000-04:00",
        "date_last_updated": "2026-10-20T10:20:02.000-04:00",
        "money_release_date": "2026-11-19T10:20:02.000-04:00",
        "money_release_status": "released",
    }
    gateway.add("GET", f"{MERCADOPAGO}/98000123460", json=body)
    assert settling.ask_due() == 1
    payment.refresh_from_db()
    assert payment.settled_at == datetime.fromisoformat("2026-11-19T14:20:02Z")
    assert not MissedNotification.objects.exists()


def test_money_of_which_no_day_was_told_is_asked_for_from_its_payment_on(
    clock: Any, gateway: responses.RequestsMock
) -> None:
    payment = paid(settles_at=None)
    answers(gateway, payment)
    assert settling.ask_due() == 1
    payment.refresh_from_db()
    assert payment.settled_at


def test_looks_at_charges_that_break_off_keep_no_money_waiting(
    clock: Any, gateway: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    payment = paid()
    answers(gateway, payment)
    monkeypatch.setattr(tasks.checking, "sweep", broken)
    with pytest.raises(RuntimeError):
        tasks.check_charges()
    payment.refresh_from_db()
    assert payment.settled_at


def test_gateway_has_its_day_before_it_is_asked(clock: Any, gateway: responses.RequestsMock) -> None:
    payment = paid(since=settling.GRACE - timedelta(seconds=1))
    answers(gateway, payment)
    assert settling.ask_due() == 0
    clock.shift(timedelta(seconds=1))
    assert settling.ask_due() == 1


def test_the_later_it_is_the_rarer_it_is_asked(clock: Any, gateway: responses.RequestsMock) -> None:
    payment = paid(since=2 * DAY)
    answers(gateway, payment, "CONFIRMED")
    assert [asked_after(clock, timedelta(hours=hours)) for hours in (0, 0, 23, 1, 0)] == [1, 0, 0, 1, 0]
    Payment.objects.update(settles_at=NOW - 40 * DAY, settlement_asked_until=None)
    assert [asked_after(clock, days * DAY) for days in (0, 6, 1)] == [1, 0, 1]
    Payment.objects.update(settles_at=NOW - 90 * DAY, settlement_asked_until=None)
    assert asked_after(clock, 0 * DAY) == 0


def asked_after(clock: Any, wait: timedelta) -> int:
    clock.shift(wait)
    return settling.ask_due()


@pytest.mark.parametrize(
    "values",
    [
        {"status": "disputed"},
        {"status": "refunded"},
        {"is_cash": True},
        {"is_anticipated": True},
        {"settled_at": NOW},
        {"settles_at": None, "paid_at": None},
        {"settlement_asked_until": NOW + DAY},
    ],
)
def test_what_is_not_expected_is_not_asked_for(clock: Any, values: dict[str, Any]) -> None:
    payment = paid()
    assert list(settling.due()) == [payment]
    Payment.objects.update(**values)
    assert list(settling.due()) == []


def test_disabled_account_is_left_alone(clock: Any) -> None:
    payment = paid()
    Connection.objects.filter(pk=payment.connection_id).update(is_active=False)
    assert settling.ask_due() == 0


def test_gateway_that_is_away_is_asked_once_and_holds_nobody_up(
    clock: Any, gateway: responses.RequestsMock
) -> None:
    away, other = make_connection(), make_connection()
    for days in (5, 4, 3):
        payment = paid(away, since=days * DAY)
        gateway.add("GET", f"{ASAAS}/{payment.gateway_id}", status=503)
    fine = paid(other)
    answers(gateway, fine)
    assert settling.ask_due() == 2
    fine.refresh_from_db()
    assert fine.settled_at and len(gateway.calls) == 2


def test_what_the_gateway_does_not_know_is_not_asked_for_at_once(
    clock: Any, gateway: responses.RequestsMock
) -> None:
    payment = paid()
    gateway.add("GET", f"{ASAAS}/{payment.gateway_id}", status=404)
    assert settling.ask_due() == 1
    assert settling.ask_due() == 0


def test_one_pass_asks_so_many_and_one_account_so_many(clock: Any, gateway: responses.RequestsMock) -> None:
    first, second, third = make_connection(), make_connection(), make_connection()
    for shop in (first, second, third):
        for number in range(12):
            answers(gateway, paid(shop, since=2 * DAY + timedelta(minutes=number)), "CONFIRMED")
    assert [settling.ask_due() for _pass in range(4)] == [settling.MOST, 2 + 2 + 10, 2, 0]


def test_idle_look_is_one_query(clock: Any) -> None:
    paid(settled_at=NOW)
    with CaptureQueriesContext(database) as queries:
        assert settling.ask_due() == 0
    assert len(queries) == 1
