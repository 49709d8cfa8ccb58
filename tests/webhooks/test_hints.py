"""Unsigned legacy notifications: kept in one row each, asked about in their turn, believed in nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.db import DatabaseError
from django.test import Client

from connections.gateways.base import ResourceKind
from connections.models import Connection, WebhookState
from payments.models import Charge, GatewayResource, TimelineEntry
from tests.factories import NOW, make_charge, make_connection, make_payment, make_resource
from tests.webhooks import signing
from webhooks.models import EventState, RejectedNotification, WebhookEvent
from webhooks.services import hints, inbox

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
API = "https://api.mercadopago.com"
PAYMENT = "98000123456"
ORDER = "38000111222"
SECRET = "test-tab-secret"
ANY_PAYMENT = re.compile(rf"{API}/v1/payments/\d+")


@pytest.fixture(autouse=True)
def wake_ups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr("webhooks.views.wake", lambda name: sent.append(name))
    return sent


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def connection() -> Connection:
    return make_connection(
        gateway="mercadopago",
        credentials={"access_token": "TEST-7731245567788990-030209-5c508e1b"},
        webhook_secrets={"test": SECRET, "production": ""},
        webhook_state=WebhookState.SHOWN,
    )


@pytest.fixture
def charge(connection: Connection) -> Charge:
    return make_payment(make_charge(connection), gateway_id=PAYMENT).charge


def hint(client: Client, connection: Connection, *, topic: str = "payment", named: str = PAYMENT) -> Any:
    body = {"resource": f"{API}/v1/payments/{named}", "topic": topic, "secret": "of-the-sender"}
    return signing.post(client, connection, body, {}, f"id={named}&topic={topic}")


def at_gateway(charge: Charge, status: str = "approved", **values: Any) -> dict[str, Any]:
    return {
        "id": int(PAYMENT),
        "status": status,
        "transaction_amount": 100.0,
        "transaction_details": {"total_paid_amount": 100.0, "net_received_amount": 99.01},
        "payment_method_id": "pix",
        "currency_id": "BRL",
        "collector_id": charge.connection.account_id,
        "external_reference": charge.reference,
        "date_last_updated": "2026-11-21T08:00:00.000-04:00",
        **values,
    }


def test_is_answered_200_and_kept_without_its_body(
    client: Client, connection: Connection, wake_ups: list[str]
) -> None:
    assert hint(client, connection).status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.is_hint, event.kind, event.gateway_id) == (True, "payment", PAYMENT)
    assert (event.state, event.next_attempt_at) == (EventState.RECEIVED, NOW)
    assert (bytes(event.body), event.headers, event.query, event.expected) == (b"", {}, "", "")
    assert wake_ups == []


def test_the_payment_is_believed_as_the_gateway_shows_it(
    client: Client, charge: Charge, gateway: Any
) -> None:
    gateway.get(f"{API}/v1/payments/{PAYMENT}", json=at_gateway(charge))
    hint(client, charge.connection)
    assert hints.work() == 1
    charge.refresh_from_db()
    assert (charge.status, WebhookEvent.objects.get().state) == ("paid", EventState.DONE)
    assert TimelineEntry.objects.get(code="status").source == "hint"


def test_says_nothing_about_the_webhook(client: Client, charge: Charge, gateway: Any) -> None:
    gateway.get(f"{API}/v1/payments/{PAYMENT}", json=at_gateway(charge))
    hint(client, charge.connection)
    hints.work()
    charge.connection.refresh_from_db()
    assert (charge.connection.webhook_state, charge.connection.last_event_at) == (WebhookState.SHOWN, None)


def test_an_order_names_payments_that_wait_for_their_own_turns(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(f"{API}/merchant_orders/{ORDER}", json={"id": int(ORDER), "payments": [{"id": int(PAYMENT)}]})
    gateway.get(f"{API}/v1/payments/{PAYMENT}", json=at_gateway(charge))
    hint(client, charge.connection, topic="merchant_order", named=ORDER)
    assert (hints.work(), hints.work()) == (1, 0)
    clock.shift(2)
    assert hints.work() == 1
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert {*WebhookEvent.objects.values_list("kind", "state")} == {("order", "done"), ("payment", "done")}


def test_any_number_about_one_id_is_one_row(client: Client, connection: Connection) -> None:
    for _time in range(50):
        hint(client, connection)
    event = WebhookEvent.objects.get()
    assert (event.repeats, event.next_attempt_at) == (49, NOW)


def test_no_more_than_a_hundred_wait_and_the_rest_is_counted(client: Client, connection: Connection) -> None:
    other = make_connection(gateway="mercadopago", webhook_secrets={"test": SECRET})
    for number in range(130):
        assert hint(client, connection, named=str(number)).status_code == 200
    hint(client, connection, named="7")
    hint(client, other)
    assert WebhookEvent.objects.filter(connection=connection).count() == 100
    assert WebhookEvent.objects.get(gateway_id="7").repeats == 1
    assert WebhookEvent.objects.filter(connection=other).count() == 1
    assert RejectedNotification.objects.get(reason=hints.SURPLUS).times == 30


def test_no_more_than_thirty_calls_in_any_minute(
    client: Client, connection: Connection, gateway: Any, clock: Any
) -> None:
    gateway.add_callback("GET", ANY_PAYMENT, callback=lambda _call: (404, {}, '{"message":"not found"}'))
    for number in range(100):
        hint(client, connection, named=str(number))
    made: list[int] = []
    for _second in range(150):
        made.append(hints.work())
        clock.shift(1)
    assert max(sum(made[start : start + 60]) for start in range(90)) == 30
    assert sum(made) == len(gateway.calls) == 75


@pytest.mark.parametrize("answer", ["nobody knows it", "not ours"])
def test_what_is_not_ours_costs_no_second_call_for_a_while(
    client: Client, connection: Connection, gateway: Any, clock: Any, answer: str
) -> None:
    foreign = {"id": int(PAYMENT), "status": "approved", "external_reference": "somebody else's"}
    json = {"message": "not found"} if answer == "nobody knows it" else foreign
    gateway.get(f"{API}/v1/payments/{PAYMENT}", status=404 if "message" in json else 200, json=json)
    hint(client, connection)
    hints.work()
    clock.shift(5)
    hint(client, connection)
    assert (hints.work(), WebhookEvent.objects.get().state) == (0, EventState.IGNORED)
    clock.shift(timedelta(minutes=10))
    hint(client, connection)
    assert (hints.work(), len(gateway.calls)) == (1, 2)


def test_what_a_signed_notification_showed_not_to_be_ours_costs_no_call(
    client: Client, connection: Connection, gateway: Any
) -> None:
    GatewayResource.objects.create(
        connection=connection, kind=ResourceKind.PAYMENT, gateway_id=PAYMENT, fetched_at=NOW
    )
    hint(client, connection)
    assert hints.work() == 0
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason, len(gateway.calls)) == (EventState.IGNORED, "not_ours", 0)


def test_signed_ones_come_first(client: Client, charge: Charge, gateway: Any) -> None:
    gateway.get(f"{API}/v1/payments/{PAYMENT}", json=at_gateway(charge))
    hint(client, charge.connection, named="5")
    signed = signing.mercadopago_headers(SECRET, PAYMENT)
    query = f"data.id={PAYMENT}&type=payment"
    signing.post(client, charge.connection, signing.mercadopago_body(PAYMENT), signed, query)
    assert (hints.work(), len(gateway.calls)) == (0, 0)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert WebhookEvent.objects.get(is_hint=True).state == EventState.RECEIVED


def test_the_inbox_leaves_hints_alone(client: Client, charge: Charge, gateway: Any) -> None:
    hint(client, charge.connection)
    assert (inbox.work(), len(gateway.calls)) == (0, 0)


def test_an_outage_is_tried_three_times_and_no_more(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(f"{API}/v1/payments/{PAYMENT}", status=503)
    hint(client, charge.connection)
    for _minute in range(10):
        hints.work()
        clock.shift(61)
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason, len(gateway.calls)) == (EventState.IGNORED, "no_answer", 3)
    assert charge.connection.events.count() == 1


def test_a_repeat_does_not_shorten_the_wait_after_an_outage(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(f"{API}/v1/payments/{PAYMENT}", status=503)
    hint(client, charge.connection)
    hints.work()
    clock.shift(10)
    hint(client, charge.connection)
    assert (hints.work(), len(gateway.calls)) == (0, 1)


def test_one_that_came_during_the_fetch_is_asked_about_again(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    def answer(_call: Any) -> tuple[int, dict[str, str], str]:
        clock.shift(1)
        hint(client, charge.connection)
        return 503 if len(gateway.calls) > 1 else 200, {}, '{"id":98000123456,"status":"pending"}'

    gateway.add_callback("GET", f"{API}/v1/payments/{PAYMENT}", callback=answer)
    hint(client, charge.connection)
    hints.work()
    assert WebhookEvent.objects.get().state == EventState.RECEIVED
    clock.shift(61)
    assert hints.work() == 1


@pytest.mark.parametrize("topic", ["chargebacks", "point_integration_ipn", "made_up"])
def test_what_leads_nowhere_is_only_counted(client: Client, connection: Connection, topic: str) -> None:
    assert hint(client, connection, topic=topic).status_code == 200
    assert not WebhookEvent.objects.exists()
    assert RejectedNotification.objects.get().times == 1


def test_asaas_knows_no_hints(client: Client) -> None:
    asaas = make_connection()
    assert hint(client, asaas).status_code == 401
    assert not WebhookEvent.objects.exists()


def test_costs_two_statements(client: Client, connection: Connection, django_assert_num_queries: Any) -> None:
    for _first_and_repeated in range(2):
        with django_assert_num_queries(2):
            hint(client, connection)


def test_is_sent_again_when_it_could_not_be_stored(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> bool:
        raise DatabaseError

    monkeypatch.setattr(hints, "keep", fail)
    assert hint(client, connection).status_code == 503


def test_what_led_nowhere_is_forgotten_a_day_later(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(f"{API}/v1/payments/5", status=404, json={"message": "not found"})
    gateway.get(f"{API}/v1/payments/{PAYMENT}", json=at_gateway(charge))
    kept = make_resource(make_charge(charge.connection), "6")
    for named in ("5", PAYMENT):
        hint(client, charge.connection, named=named)
        hints.work()
        clock.shift(2)
    assert hints.forget() == 0
    clock.shift(timedelta(days=1))
    assert (hints.forget(), hints.forget()) == (1, 0)
    assert WebhookEvent.objects.get().gateway_id == PAYMENT
    assert {*GatewayResource.objects.values_list("gateway_id", flat=True)} == {PAYMENT, kept.gateway_id}
