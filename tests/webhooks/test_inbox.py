"""Working through the inbox: one fetch for many, nothing finished by an older answer, nothing lost."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.db import connection as database
from django.test import Client

from connections.gateways.base import PaymentStatus, ResourceKind
from connections.models import Connection, ConnectionState, WebhookState
from payments.models import Charge, GatewayResource, TimelineEntry
from payments.services import refreshing, resources
from tests.factories import NOW, fetched, make_charge, make_connection, make_payment
from tests.webhooks import signing
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox

PAYMENT = "pay_k3v9x0q2m7d1r5tz"
URL = f"https://api-sandbox.asaas.com/v3/payments/{PAYMENT}"


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def charge(db: None) -> Charge:
    return make_charge()


def state_at_asaas(charge: Charge, status: str, **values: Any) -> dict[str, Any]:
    paid = {"clientPaymentDate": "2026-11-21", "netValue": 98.01} if status == "RECEIVED" else {}
    return {
        "object": "payment",
        "id": PAYMENT,
        "status": status,
        "value": 100.0,
        "billingType": "PIX",
        "externalReference": charge.reference,
        "deleted": False,
        "refunds": None,
        **paid,
        **values,
    }


def notify(
    client: Client, connection: Connection, event: str = "PAYMENT_RECEIVED", **values: Any
) -> dict[str, Any]:
    body = signing.asaas_body(event, values.pop("payment_id", PAYMENT), **values)
    assert signing.post(client, connection, body, signing.asaas_headers(connection)).status_code == 200
    return body


def fetches(gateway: responses.RequestsMock) -> int:
    return len(gateway.calls)


@pytest.mark.django_db
def test_a_notification_turns_the_charge_paid(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection)
    inbox.work()
    charge.refresh_from_db()
    assert (charge.status, charge.received_cents, charge.fee_cents) == ("paid", 10_000, 199)
    assert WebhookEvent.objects.get().state == EventState.DONE
    charge.connection.refresh_from_db()
    assert charge.connection.webhook_state == WebhookState.TESTED
    assert charge.connection.last_event_at == NOW


@pytest.mark.django_db
def test_twenty_of_the_same_make_one_paid_line(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    for _time in range(20):
        notify(client, charge.connection)
    inbox.work()
    assert fetches(gateway) == 1
    assert TimelineEntry.objects.filter(code="status", data__after="paid").count() == 1
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


@pytest.mark.django_db
def test_the_body_never_sets_a_status(client: Client, charge: Charge, gateway: Any, clock: Any) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "PENDING"))
    notify(client, charge.connection, "PAYMENT_RECEIVED", status="RECEIVED")
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "pending"


@pytest.mark.django_db
def test_an_answer_behind_the_announcement_is_asked_again(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    stale = gateway.get(URL, json=state_at_asaas(charge, "PENDING"))
    notify(client, charge.connection)
    inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.next_attempt_at) == (EventState.RETRY, NOW + timedelta(seconds=5))
    gateway.remove(stale)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    clock.shift(5)
    inbox.work()
    charge.refresh_from_db()
    event.refresh_from_db()
    assert (charge.status, event.state) == ("paid", EventState.DONE)


@pytest.mark.django_db
def test_asks_again_at_5_30_and_120_seconds_then_rests(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "PENDING"))
    notify(client, charge.connection)
    for wait in (0, 5, 30, 120):
        clock.shift(wait)
        inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason, fetches(gateway)) == (EventState.DONE, "announced_more", 4)


@pytest.mark.django_db
def test_an_event_that_arrives_during_the_fetch_gets_its_own_round(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    answers: list[str] = []

    def answer_while_another_arrives(_request: Any) -> tuple[int, dict[str, str], str]:
        clock.shift(1)
        if not answers:
            notify(client, charge.connection)
        answers.append("x")
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    gateway.add_callback(responses.GET, URL, callback=answer_while_another_arrives)
    notify(client, charge.connection)
    inbox.work()
    assert len(answers) == 2
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


@pytest.mark.django_db
def test_a_repeat_during_the_fetch_keeps_the_event_open(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    body = notify(client, charge.connection)
    headers = signing.asaas_headers(charge.connection)
    answers: list[str] = []

    def answer_while_it_repeats(_request: Any) -> tuple[int, dict[str, str], str]:
        clock.shift(1)
        if not answers:
            signing.post(client, charge.connection, body, headers)
        answers.append("x")
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    gateway.add_callback(responses.GET, URL, callback=answer_while_it_repeats)
    inbox.work()
    assert len(answers) == 2
    assert WebhookEvent.objects.get().state == EventState.DONE


@pytest.mark.django_db
def test_a_lost_lease_writes_nothing(client: Client, charge: Charge, gateway: Any, clock: Any) -> None:
    def answer_after_the_lease_ran_out(_request: Any) -> tuple[int, dict[str, str], str]:
        clock.shift(resources.LEASE.total_seconds() + 1)
        assert resources.lease(GatewayResource.objects.get().pk)
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    gateway.add_callback(responses.GET, URL, callback=answer_after_the_lease_ran_out)
    notify(client, charge.connection)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "pending"
    assert WebhookEvent.objects.get().state == EventState.RECEIVED


@pytest.mark.django_db
def test_a_worker_killed_in_the_middle_is_replaced(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection)
    resource = resources.find_or_add(charge.connection, kind=ResourceKind.PAYMENT, gateway_id=PAYMENT)
    assert resources.lease(resource.pk)  # and then the worker was killed
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "pending"
    clock.shift(resources.LEASE.total_seconds() + 1)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"


@pytest.mark.django_db
def test_a_payment_that_is_not_ours_is_kept_and_answered(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED", externalReference="from-the-panel"))
    notify(client, charge.connection)
    inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason) == (EventState.IGNORED, "not_ours")
    charge.refresh_from_db()
    assert charge.status == "pending"


@pytest.mark.django_db
def test_a_payment_of_another_connection_is_not_taken(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    other = make_connection()
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, other)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "pending"
    assert WebhookEvent.objects.get().reason == "not_ours"


@pytest.mark.django_db
def test_the_panels_test_marks_the_webhook_as_tested(client: Client, gateway: Any, clock: Any) -> None:
    connection = make_connection(
        gateway="mercadopago",
        webhook_state=WebhookState.SHOWN,
        webhook_secrets={"test": "panel-secret"},
        credentials={"access_token": "APP_USR-1-112112-0-1402558877"},
    )
    missing = {"message": "Payment not found", "error": "not_found", "status": 404, "cause": [{"code": 2000}]}
    gateway.get("https://api.mercadopago.com/v1/payments/123456", status=404, json=missing)
    headers = signing.mercadopago_headers("panel-secret", "123456")
    body = signing.mercadopago_body("123456", live_mode=False)
    signing.post(client, connection, body, headers, "data.id=123456&type=payment")
    inbox.work()
    connection.refresh_from_db()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason) == (EventState.TEST, "panel_test")
    assert connection.webhook_state == WebhookState.TESTED


@pytest.mark.django_db
def test_an_outage_is_not_the_events_fault(client: Client, charge: Charge, gateway: Any, clock: Any) -> None:
    down = gateway.get(URL, status=503, body="<html>down</html>")
    notify(client, charge.connection)
    for _minute in range(60):
        inbox.work()
        clock.shift(60)
    assert WebhookEvent.objects.get().state == EventState.RETRY
    gateway.remove(down)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"


@pytest.mark.django_db
def test_six_failures_of_its_own_make_an_event_dead(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(
        URL, status=400, json={"errors": [{"code": "invalid_action", "description": "Não foi possível."}]}
    )
    notify(client, charge.connection)
    for _try in range(6):
        inbox.work()
        clock.shift(max(inbox.BACK_OFF) + 1)
    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts) == (EventState.DEAD, 6)
    assert "Não foi possível." in event.last_error


@pytest.mark.django_db
def test_a_refused_key_is_shown_on_the_connection(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    refused = {
        "errors": [{"code": "invalid_access_token", "description": "A chave de API fornecida é inválida"}]
    }
    gateway.get(URL, status=401, json=refused)
    notify(client, charge.connection)
    inbox.work()
    charge.connection.refresh_from_db()
    assert charge.connection.state == ConnectionState.REFUSED
    assert WebhookEvent.objects.get().state == EventState.RETRY


@pytest.mark.django_db
def test_one_poisoned_target_does_not_stop_the_others(
    client: Client, charge: Charge, gateway: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle: Callable[[inbox.Target], bool] = inbox.handle

    def handle_or_break(target: inbox.Target) -> bool:
        if target.gateway_id == "pay_poison":
            raise RuntimeError("boom")
        return handle(target)

    monkeypatch.setattr(inbox, "handle", handle_or_break)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection, payment_id="pay_poison")
    notify(client, charge.connection)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert "RuntimeError" in WebhookEvent.objects.get(gateway_id="pay_poison").last_error


@pytest.mark.django_db
def test_a_stale_answer_by_the_gateways_own_version_is_not_written(charge: Charge, clock: Any) -> None:

    payment = make_payment(charge, "paid", gateway_id=PAYMENT)
    GatewayResource.objects.filter(pk=payment.resource_id).update(gateway_version=NOW)
    held = resources.lease(payment.resource_id)
    assert held is not None
    old = fetched(charge, PAYMENT, PaymentStatus.PENDING, version=NOW - timedelta(seconds=1))
    outcome = refreshing.store(payment.resource, old, held, source="webhook", cause="")
    payment.refresh_from_db()
    assert (outcome.outcome, payment.status) == (refreshing.Outcome.STALE, "paid")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_fetch_one_at_a_time(client: Client, gateway: Any) -> None:
    charge = make_charge()
    in_flight, most, started, go_on = [0], [0], threading.Event(), threading.Event()

    def answer_slowly(_request: Any) -> tuple[int, dict[str, str], str]:
        in_flight[0] += 1
        most[0] = max(most[0], in_flight[0])
        started.set()
        assert go_on.wait(20)
        in_flight[0] -= 1
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    def work() -> None:
        try:
            inbox.work()
        finally:
            database.close()

    gateway.add_callback(responses.GET, URL, callback=answer_slowly)
    notify(client, charge.connection)
    first = threading.Thread(target=work)
    first.start()
    assert started.wait(20)
    notify(client, charge.connection)
    inbox.work()  # the second worker: finds the lease taken and goes home
    assert fetches(gateway) == 0 and most[0] == 1
    go_on.set()
    first.join(20)
    charge.refresh_from_db()
    assert charge.status == "paid" and most[0] == 1
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["not_found", "not_ours"])
def test_a_repeat_of_what_was_not_ours_is_looked_at_again(
    client: Client, charge: Charge, gateway: Any, clock: Any, reason: str
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    body = notify(client, charge.connection)
    WebhookEvent.objects.update(state=EventState.IGNORED, reason=reason, next_attempt_at=None, asked_again=3)
    signing.post(client, charge.connection, body, signing.asaas_headers(charge.connection))
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "announced", "fetched_status", "deleted", "is_met"),
    [
        ("PAYMENT_RECEIVED", "RECEIVED", "PENDING", False, False),
        ("PAYMENT_RECEIVED", "RECEIVED", "PENDING", True, False),
        ("PAYMENT_RECEIVED", "RECEIVED", "CHARGEBACK_REQUESTED", False, False),
        ("PAYMENT_RECEIVED", "RECEIVED", "REFUNDED", False, True),
        ("PAYMENT_CREATED", "PENDING", "RECEIVED", False, True),
        ("PAYMENT_RESTORED", "PENDING", "PENDING", True, False),
        ("PAYMENT_RESTORED", "PENDING", "PENDING", False, True),
        ("PAYMENT_RECEIVED_IN_CASH_UNDONE", "PENDING", "RECEIVED_IN_CASH", False, False),
        ("PAYMENT_OVERDUE", "OVERDUE", "PENDING", False, False),
        ("PAYMENT_OVERDUE", "OVERDUE", "RECEIVED", False, True),
        ("PAYMENT_DELETED", "PENDING", "PENDING", False, False),
        ("PAYMENT_REFUNDED", "REFUNDED", "RECEIVED", False, False),
    ],
)
def test_only_an_answer_that_fits_closes_an_event(
    client: Client,
    charge: Charge,
    gateway: Any,
    clock: Any,
    event: str,
    announced: str,
    fetched_status: str,
    deleted: bool,
    is_met: bool,
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, fetched_status, deleted=deleted))
    notify(client, charge.connection, event, status=announced)
    inbox.work()
    assert (WebhookEvent.objects.get().state == EventState.DONE) is is_met


@pytest.mark.django_db
def test_a_gateway_that_is_away_keeps_no_other_waiting(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    away = make_connection(gateway="mercadopago", webhook_secrets={"test": "tab"})
    for number in map(str, range(60)):
        headers, query = signing.mercadopago_headers("tab", number), f"data.id={number}&type=payment"
        signing.post(client, away, signing.mercadopago_body(number), headers, query)
    clock.shift(1)
    notify(client, charge.connection)
    gateway.get(re.compile(r"https://api\.mercadopago\.com/.*"), status=503)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert fetches(gateway) <= inbox.MOST_FAILURES + 1
    assert not WebhookEvent.objects.filter(connection=away).exclude(state=EventState.RETRY).exists()
