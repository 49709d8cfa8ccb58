"""Looking at open charges by ourselves: when, how many, and what a gateway that is away changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.gateways.base import ResourceKind
from connections.models import Connection, ConnectionState
from payments.models import Charge, GatewayResource, MissedNotification, Payment, TimelineEntry
from payments.services import checking, resources
from tests.factories import NOW, make_charge, make_connection, make_payment, make_resource

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
ASAAS = "https://api-sandbox.asaas.com/v3/payments"
MERCADOPAGO = "https://api.mercadopago.com"
PAGE = "1402558877-6f1d3c9a-0f5e-4c41-9c8d-2f1e7b9a4d10"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def make_mercadopago(**values: Any) -> Connection:
    return make_connection(
        gateway="mercadopago", credentials={"access_token": "TEST-7731245567788990-030209-5c508e1b"}, **values
    )


def at_asaas(payment: Payment, status: str = "PENDING") -> dict[str, Any]:
    paid = {"clientPaymentDate": "2026-11-21", "netValue": 98.01} if status == "RECEIVED" else {}
    return {
        "object": "payment",
        "id": payment.gateway_id,
        "status": status,
        "value": 100.0,
        "billingType": "PIX",
        "externalReference": payment.reference,
        "deleted": False,
        **paid,
    }


def at_mercadopago(charge: Charge, gateway_id: str, status: str, **values: Any) -> dict[str, Any]:
    return {
        "id": int(gateway_id),
        "status": status,
        "transaction_amount": 100.0,
        "transaction_details": {"total_paid_amount": 100.0, "net_received_amount": 99.01},
        "payment_method_id": "pix",
        "payment_type_id": "bank_transfer",
        "currency_id": "BRL",
        "collector_id": charge.connection.account_id,
        "external_reference": charge.reference,
        "date_last_updated": "2026-11-21T07:59:00.000-04:00",
        "order": {"id": "38000111222"},
        **values,
    }


def make_open(connection: Connection | None = None, **values: Any) -> Payment:
    """A pending charge with its payment at the gateway."""
    return make_payment(make_charge(connection, **values))


def make_due(connection: Connection | None = None, *, waiting: float = 0, **values: Any) -> Payment:
    return make_open(connection, check_due_at=NOW - timedelta(seconds=waiting), **values)


def due_at(payment: Payment) -> datetime | None:
    return Charge.objects.values_list("check_due_at", flat=True).get(pk=payment.charge_id)


def test_what_no_notification_told_is_found(gateway: Any) -> None:
    payment = make_due()
    gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
    assert checking.check_due() == 1
    charge = Charge.objects.get()
    assert (charge.status, charge.received_cents, charge.check_due_at) == ("paid", 10_000, None)
    assert TimelineEntry.objects.get(code="status").source == "check"
    assert MissedNotification.objects.get().source == "check"


def test_what_is_as_known_leaves_no_trace_but_the_next_date(gateway: Any) -> None:
    payment = make_due(created_at=NOW - timedelta(hours=10), due_date=date(2027, 3, 1))
    gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment))
    checking.check_due()
    assert due_at(payment) == NOW + timedelta(hours=5)
    assert not TimelineEntry.objects.exists() and not MissedNotification.objects.exists()


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(), timedelta(hours=1)),
        (timedelta(hours=6), timedelta(hours=3)),
        (timedelta(days=90), timedelta(hours=24)),
    ],
)
def test_the_older_the_rarer(age: timedelta, pause: timedelta) -> None:
    charge = make_open(created_at=NOW - age, due_date=date(2027, 3, 1)).charge
    assert checking.plan(charge) == NOW + pause


@pytest.mark.parametrize(("environment", "minutes"), [("sandbox", 1), ("production", 60)])
def test_where_notifications_may_not_come_it_is_asked_each_minute(environment: str, minutes: int) -> None:
    charge = make_open(make_mercadopago(environment=environment)).charge
    assert checking.plan(charge) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize("field", ["expires_at", "pix_expires_at"])
def test_is_asked_soon_after_it_expires(field: str) -> None:
    expiry = NOW + timedelta(minutes=40)
    charge = make_open(**{field: expiry}).charge
    assert checking.plan(charge) == expiry + timedelta(minutes=2)


def test_midnight_is_that_of_the_account_and_only_where_the_gateway_keeps_quiet() -> None:
    old = {"created_at": NOW - timedelta(days=60), "due_date": date(2026, 11, 21)}
    quiet = make_open(make_mercadopago(time_zone="America/Sao_Paulo"), **old).charge
    telling = make_open(**old).charge
    assert checking.plan(quiet) == datetime.fromisoformat("2026-11-22T00:00:00-03:00")
    assert checking.plan(telling) == NOW + timedelta(hours=24)


@pytest.mark.parametrize("status", ["draft", "confirming", "paid", "expired", "cancelled", "failed"])
def test_what_cannot_move_is_never_asked(status: str) -> None:
    assert checking.plan(make_open(status=status).charge) is None


def test_what_became_open_is_planned_once_and_nothing_else() -> None:
    payment = make_open(due_date=date(2027, 3, 1))
    make_charge()  # nothing of it is at the gateway
    make_open(status="paid")
    assert (checking.plan_open(), checking.plan_open()) == (1, 0)
    assert due_at(payment) == NOW + timedelta(hours=1)


def test_a_code_made_on_demand_knows_midnight_before_there_is_one(gateway: Any, clock: Any) -> None:
    charge = make_charge(make_mercadopago(), due_date=date(2027, 2, 1))
    checking.plan_open()
    midnight = datetime.fromisoformat("2027-02-02T00:00:00-03:00")
    charge.refresh_from_db()
    assert charge.check_due_at == midnight
    clock.move_to(midnight)
    checking.sweep()
    charge.refresh_from_db()
    assert (charge.status, charge.check_due_at, len(gateway.calls)) == ("overdue", None, 0)


def test_a_moment_that_passed_before_it_was_planned_is_not_missed() -> None:
    payment = make_open(created_at=NOW - timedelta(minutes=30), expires_at=NOW - timedelta(minutes=10))
    checking.plan_open()
    assert due_at(payment) == NOW - timedelta(minutes=8)


def test_what_was_closed_by_others_costs_no_call(gateway: Any) -> None:
    payment = make_due(status="paid")
    assert checking.check_due() == 0
    assert due_at(payment) is None and len(gateway.calls) == 0


def test_a_pass_is_bounded_and_takes_turns_between_connections(gateway: Any) -> None:
    busy, quiet = make_connection(), make_connection()
    payments = [make_due(busy, waiting=60 + number) for number in range(30)] + [make_due(quiet)]
    for payment in payments:
        gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment))
    assert checking.check_due() == 11
    assert due_at(payments[-1]) == NOW + timedelta(hours=1)
    asked = {str(call.request.url).rsplit("/", 1)[1] for call in gateway.calls}
    assert asked == {payment.gateway_id for payment in payments[20:]}  # the longest waiting


def test_no_more_than_twenty_in_a_pass(gateway: Any) -> None:
    for _connection in range(3):
        connection = make_connection()
        for _charge in range(9):
            payment = make_due(connection)
            gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment))
    assert [checking.check_due(), checking.check_due(), checking.check_due()] == [20, 7, 0]


def test_a_gateway_that_is_away_is_left_alone_and_holds_nobody_up(gateway: Any) -> None:
    away, near = make_connection(), make_connection()
    waiting = [make_due(away, waiting=60) for _charge in range(5)]
    other = make_due(near)
    for payment in waiting:
        gateway.get(f"{ASAAS}/{payment.gateway_id}", status=503)
    gateway.get(f"{ASAAS}/{other.gateway_id}", json=at_asaas(other, "RECEIVED"))
    assert checking.check_due() == 3
    assert Charge.objects.get(pk=other.charge_id).status == "paid"
    assert all(at and at >= NOW + timedelta(minutes=1) for at in map(due_at, waiting))
    assert checking.check_due() == 0


def test_a_refused_key_is_shown_and_not_tried_with_every_charge(gateway: Any) -> None:
    connection = make_connection()
    for payment in [make_due(connection) for _charge in range(3)]:
        gateway.get(
            f"{ASAAS}/{payment.gateway_id}",
            status=401,
            json={"errors": [{"code": "invalid_access_token", "description": "A chave é inválida"}]},
        )
    assert checking.check_due() == 1
    connection.refresh_from_db()
    assert connection.state == ConnectionState.REFUSED
    assert not Charge.objects.filter(check_due_at__lte=NOW).exists()


def test_an_answer_nobody_can_read_plans_the_next_look(gateway: Any) -> None:
    broken = make_due(waiting=60)
    good = make_due(broken.charge.connection)
    gateway.get(f"{ASAAS}/{broken.gateway_id}", body="<html>", status=200)
    gateway.get(f"{ASAAS}/{good.gateway_id}", json=at_asaas(good, "RECEIVED"))
    assert checking.check_due() == 2
    assert due_at(broken) == NOW + timedelta(hours=1)
    assert Charge.objects.get(pk=good.charge_id).status == "paid"


def test_who_is_asked_about_already_is_not_asked_twice(gateway: Any) -> None:
    payment = make_due()
    assert resources.lease(payment.resource_id)
    assert checking.check_due() == 1
    assert len(gateway.calls) == 0 and due_at(payment) == NOW + timedelta(hours=1)


def test_payments_that_are_over_are_not_asked_for(gateway: Any) -> None:
    payment = make_due(make_mercadopago())
    make_payment(payment.charge, "expired")
    gateway.get(
        f"{MERCADOPAGO}/v1/payments/{payment.gateway_id}",
        json=at_mercadopago(payment.charge, "1", "pending", id=payment.gateway_id),
    )
    checking.check_due()
    assert len(gateway.calls) == 1


def on_page(gateway: Any, charge: Charge, *payments: dict[str, Any]) -> None:
    preference = {"id": PAGE, "external_reference": charge.reference, "init_point": "https://mp.example/p"}
    orders = {"elements": [{"preference_id": PAGE, "payments": [{"id": raw["id"]} for raw in payments]}]}
    gateway.get(f"{MERCADOPAGO}/checkout/preferences/{PAGE}", json=preference)
    gateway.get(f"{MERCADOPAGO}/v1/payments/search", json={"results": list(payments)})
    gateway.get(f"{MERCADOPAGO}/merchant_orders/search", json=orders)
    for raw in payments:
        gateway.get(f"{MERCADOPAGO}/v1/payments/{raw['id']}", json=raw)


def make_page(**values: Any) -> GatewayResource:
    charge = make_charge(make_mercadopago(), check_due_at=NOW, method="card", **values)
    return make_resource(charge, PAGE, kind=ResourceKind.PREFERENCE)


def test_a_hosted_page_tells_of_payments_nobody_announced(gateway: Any) -> None:
    page = make_page()
    charge = page.charge
    assert charge
    rejected = at_mercadopago(charge, "98000000001", "rejected", status_detail="cc_rejected_other_reason")
    on_page(gateway, charge, rejected, at_mercadopago(charge, "98000000002", "approved"))
    checking.check_due()
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert {*charge.payments.values_list("gateway_id", "status")} == {
        ("98000000001", "failed"),
        ("98000000002", "paid"),
    }
    page.refresh_from_db()
    assert (page.fetched_at, page.lease_token) == (NOW, None)


def test_an_older_answer_from_the_page_writes_nothing(gateway: Any) -> None:
    page = make_page()
    assert page.charge
    newer = make_resource(page.charge, "98000000002", gateway_version=NOW, fetched_at=NOW)
    make_payment(page.charge, "paid", resource=newer)
    on_page(gateway, page.charge, at_mercadopago(page.charge, "98000000002", "pending"))
    checking.check_due()
    assert Payment.objects.get().status == "paid"


def test_a_charge_that_always_fails_keeps_no_other_waiting(gateway: Any, clock: Any) -> None:
    connection = make_mercadopago()
    broken, good = make_open(connection), make_open(connection)
    Charge.objects.update(check_due_at=NOW)
    gateway.get(f"{MERCADOPAGO}/v1/payments/{broken.gateway_id}", status=503)
    asked = gateway.get(f"{MERCADOPAGO}/v1/payments/{good.gateway_id}", status=404, json={})
    checking.check_due()
    assert asked.call_count == 1


def test_a_page_that_was_unknown_for_a_moment_is_asked_for_again(gateway: Any) -> None:
    page = make_page()
    asked = gateway.get(
        f"{MERCADOPAGO}/checkout/preferences/{PAGE}", status=404, json={"message": "not found"}
    )
    checking.check_due()
    page.refresh_from_db()
    assert page.is_missing
    Charge.objects.update(check_due_at=NOW)
    checking.check_due()
    assert asked.call_count == 2


def test_due_dates_pass_at_midnight_without_a_call(gateway: Any, clock: Any) -> None:
    payment = make_open(make_mercadopago(), due_date=date(2026, 11, 21))
    make_open(due_date=date(2026, 11, 21))  # Asaas says so itself
    checking.plan_open()
    clock.move_to(datetime.fromisoformat("2026-11-21T23:59:59-03:00"))
    assert checking.turn_overdue() == 0
    clock.shift(1)
    assert (checking.turn_overdue(), checking.turn_overdue()) == (1, 0)
    assert Charge.objects.get(pk=payment.charge_id).status == "overdue"
    assert TimelineEntry.objects.get().source == "clock"
    assert len(gateway.calls) == 0


def test_a_page_whose_time_is_over_expires(clock: Any) -> None:
    page = make_page(expires_at=NOW + timedelta(hours=1))
    Charge.objects.update(check_due_at=None)
    checking.plan_open()
    clock.shift(timedelta(hours=1, minutes=2))
    assert checking.turn_overdue() == 1
    assert Charge.objects.get(pk=page.charge_id).status == "expired"


def test_the_calendar_waits_for_no_gateway(gateway: Any, clock: Any) -> None:
    connection = make_mercadopago()
    payments = [make_open(connection, due_date=date(2026, 11, 21)) for _charge in range(3)]
    checking.plan_open()
    clock.move_to(datetime.fromisoformat("2026-11-22T00:00:00-03:00"))
    for payment in payments:
        gateway.get(f"{MERCADOPAGO}/v1/payments/{payment.gateway_id}", status=503)
    checking.sweep()
    assert {*Charge.objects.values_list("status", flat=True)} == {"overdue"}


def test_a_gateway_that_is_away_is_asked_again_soon_and_not_at_every_look(gateway: Any, clock: Any) -> None:
    """An old charge past its expiry: nothing of the calendar makes it due again at once."""
    connection = make_mercadopago()
    payment = make_open(connection, due_date=date(2026, 12, 21))
    Charge.objects.update(
        created_at=NOW - timedelta(days=20), expires_at=NOW - timedelta(hours=1), check_due_at=NOW
    )
    asked = gateway.get(f"{MERCADOPAGO}/v1/payments/{payment.gateway_id}", status=503)
    for _look in range(5):
        checking.sweep()
    assert asked.call_count == 1
    clock.shift(timedelta(minutes=2, seconds=1))
    checking.sweep()
    assert asked.call_count == 2


def test_nothing_due_is_three_questions_and_no_write() -> None:
    make_open(check_due_at=NOW + timedelta(hours=1))
    with CaptureQueriesContext(database) as queries:
        checking.sweep()
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * 3


def test_brings_forward_the_longest_unseen_at_most_once_a_minute(clock: Any) -> None:
    connection = make_connection()
    later = NOW + timedelta(hours=5)
    seen = [make_open(connection, check_due_at=later) for _charge in range(25)]
    for number, payment in enumerate(seen):
        GatewayResource.objects.filter(pk=payment.resource_id).update(
            fetched_at=NOW - timedelta(minutes=number)
        )
    other = make_open(check_due_at=later)
    assert [checking.bring_forward(connection.pk) for _knock in range(3)] == [20, 0, 0]
    assert [due_at(payment) for payment in seen] == [later] * 5 + [NOW] * 20
    assert due_at(other) == later
    clock.shift(61)
    assert checking.bring_forward(connection.pk) == 5
