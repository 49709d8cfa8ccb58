"""Forged and unreadable notifications may have our own charges looked at sooner, and do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from connections.models import Connection
from payments.models import Charge
from tests.factories import NOW, make_charge, make_connection, make_payment
from tests.webhooks import signing
from webhooks.models import EventState, WebhookEvent
from webhooks.services import knocking

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
LATER = NOW + timedelta(hours=5)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def asaas() -> Connection:
    connection = make_connection()
    for _charge in range(3):
        make_payment(make_charge(connection, check_due_at=LATER))
    return connection


def forge(client: Client, connection: Connection, **headers: str) -> None:
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_of_a_stranger")
    assert signing.post(client, connection, body, headers).status_code == 401


def forward() -> int:
    return Charge.objects.filter(check_due_at__lt=LATER).count()


def test_a_forged_one_brings_forward_what_is_ours_and_open(client: Client, asaas: Connection) -> None:
    make_payment(make_charge(asaas, check_due_at=LATER, status="paid"))
    other = make_payment(make_charge(check_due_at=LATER)).charge
    forge(client, asaas, **{"asaas-access-token": "wrong"})
    assert (knocking.look(), forward()) == (3, 3)
    other.refresh_from_db()
    assert other.check_due_at == LATER
    assert not WebhookEvent.objects.exists()


def test_the_request_itself_only_counts(client: Client, asaas: Connection) -> None:
    forge(client, asaas)
    assert forward() == 0


def test_any_number_brings_forward_once_a_minute(client: Client, asaas: Connection, clock: Any) -> None:
    looked = []
    for _second in range(60):
        forge(client, asaas)
        looked.append(knocking.look())
        Charge.objects.update(check_due_at=LATER)
        clock.shift(1)
    assert sum(looked) == 3
    forge(client, asaas)
    assert knocking.look() == 3


def test_peace_returns_when_nobody_knocks(client: Client, asaas: Connection, clock: Any) -> None:
    forge(client, asaas)
    clock.shift(timedelta(minutes=2))
    assert knocking.look() == 0


def test_a_cut_body_nobody_can_read_has_its_connection_looked_at(client: Client, asaas: Connection) -> None:
    body = b'{"event": "PAYMENT_RECEIVED", "payment": {"description": "' + b"x" * 6_000_000
    answer = signing.post(client, asaas, body, signing.asaas_headers(asaas))
    event = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert (event.state, event.is_truncated, len(event.body)) == (EventState.IGNORED, True, 1024 * 1024)
    assert (knocking.look(), forward()) == (3, 3)


def test_a_counted_hint_is_no_knock(client: Client) -> None:
    connection = make_connection(gateway="mercadopago", webhook_secrets={"test": "test-tab-secret"})
    make_payment(make_charge(connection, check_due_at=LATER))
    answer = signing.post(client, connection, {}, {}, "id=5&topic=chargebacks")
    assert answer.status_code == 200
    assert (knocking.look(), forward()) == (0, 0)


def test_a_notification_that_was_taken_is_no_knock(client: Client, asaas: Connection) -> None:
    body = signing.asaas_body("PAYMENT_CHECKOUT_VIEWED", "pay_1")
    signing.post(client, asaas, body, signing.asaas_headers(asaas))
    assert (knocking.look(), forward()) == (0, 0)
