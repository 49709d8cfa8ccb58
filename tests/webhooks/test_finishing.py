"""What an answer means for the notifications it was asked for: done, not ours, or asked for again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from connections.models import WebhookState
from payments.models import Charge
from tests.factories import NOW, make_connection
from tests.webhooks import signing
from tests.webhooks.speaking import URL, fetches, notify, state_at_asaas
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker"), pytest.mark.weighty]


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


def test_part_given_back_is_asked_for_until_it_is_seen(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    """It changes no status: an answer from before it looks just as paid as one from after it."""
    given = [{"dateCreated": "2026-11-21 09:00:00", "status": "DONE", "value": 40.0}]
    before = gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection, "PAYMENT_PARTIALLY_REFUNDED", status="RECEIVED", refunds=given)
    inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.asked_again) == (EventState.RETRY, 1)
    gateway.remove(before)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED", refunds=given))
    clock.shift(5)
    inbox.work()
    charge.refresh_from_db()
    event.refresh_from_db()
    assert (event.state, charge.status, charge.refunded_cents) == (
        EventState.DONE,
        "partially_refunded",
        4_000,
    )


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
