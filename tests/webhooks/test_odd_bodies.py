"""Answers of the gateways that are not quite as promised: nothing breaks, nothing wrong is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from payments.models import Charge
from tests.webhooks import speaking
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker"), pytest.mark.weighty]
HUGE = 2**53 + 1

ASAAS: dict[str, Mapping[str, Any]] = {
    "fields nobody knows": {"quantumState": {"spin": [1, None, {"a": "b"}]}, "0": 0},
    "no optional field": {
        key: None for key in ("netValue", "dueDate", "clientPaymentDate", "refunds", "deleted")
    },
    "numbers as text": {"value": "100.00", "netValue": "98.01"},
    "text as numbers": {"externalReference": None, "invoiceUrl": 7, "description": 12, "invoiceNumber": HUGE},
    "other types altogether": {"refunds": {"0": []}, "discount": "none", "fine": [], "pixTransaction": 3.5},
}
MERCADOPAGO: dict[str, Mapping[str, Any]] = {
    "fields nobody knows": {"quantum_state": {"spin": [1, None]}, "": ""},
    "no optional field": {
        key: None for key in ("fee_details", "date_approved", "refunds", "order", "point_of_interaction")
    },
    "numbers as text": {"transaction_amount": "100.00", "id": speaking.MP_PAYMENT},
    "text as numbers": {"status_detail": 5, "collector_id": "{account}", "authorization_code": HUGE},
    "other types altogether": {"refunds": "none", "fee_details": {"a": 1}, "payer": [], "order": HUGE},
}


@pytest.fixture
def person(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def follow(person: Client, charge: Charge) -> Charge:
    """The worker works; both pages are looked at."""
    inbox.work()
    charge.refresh_from_db()
    assert person.get(charge.get_absolute_url()).status_code == 200
    assert Client().get(f"/pay/{charge.pay_token}/").status_code == 200
    return charge


@pytest.mark.parametrize("odd", ASAAS)
def test_asaas(client: Client, person: Client, charge: Charge, gateway: Any, odd: str) -> None:
    body = {**speaking.state_at_asaas(charge, "RECEIVED"), **ASAAS[odd]}
    gateway.get(speaking.URL, json=body)
    speaking.notify(client, charge.connection)
    known = Charge.objects.get(pk=charge.pk)
    follow(person, charge)
    if body["externalReference"] is None:  # nothing tells that it is ours
        assert (charge.status, charge.received_cents) == (known.status, known.received_cents)
        assert WebhookEvent.objects.get().state in (EventState.IGNORED, EventState.DONE)
        return
    assert (charge.status, charge.received_cents, charge.review_reason) == ("paid", 10_000, "")
    assert WebhookEvent.objects.get().state == EventState.DONE


@pytest.mark.parametrize("odd", MERCADOPAGO)
def test_mercado_pago(client: Client, person: Client, gateway: Any, odd: str) -> None:
    charge = speaking.mercadopago_charge()
    body = {**speaking.state_at_mercadopago(charge, "approved"), **MERCADOPAGO[odd]}
    if body["collector_id"] == "{account}":
        body["collector_id"] = str(charge.connection.account_id)
    gateway.get(speaking.MP_URL, json=body)
    speaking.notify_mercadopago(client, charge.connection)
    follow(person, charge)
    assert (charge.status, charge.received_cents, charge.review_reason) == ("paid", 10_000, "")


def test_ids_above_two_to_the_fifty_third_stay_as_they_are(
    client: Client, person: Client, gateway: Any
) -> None:
    charge = speaking.mercadopago_charge()
    url = speaking.MP_URL.replace(speaking.MP_PAYMENT, str(HUGE))
    gateway.get(url, json=speaking.state_at_mercadopago(charge, "approved", id=HUGE))
    speaking.notify_mercadopago(client, charge.connection, str(HUGE))
    follow(person, charge)
    assert charge.status == "paid"
    assert [payment.gateway_id for payment in charge.payments.all()] == [str(HUGE)]
    assert str(HUGE) in person.get(charge.get_absolute_url()).content.decode()


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_a_status_nobody_knows_changes_nothing_and_is_looked_at(
    client: Client, person: Client, charge: Charge, gateway: Any, key: str
) -> None:
    if key == "asaas":
        gateway.get(speaking.URL, json=speaking.state_at_asaas(charge, "TELEPORTED"))
        speaking.notify(client, charge.connection)
    else:
        charge = speaking.mercadopago_charge()
        gateway.get(speaking.MP_URL, json=speaking.state_at_mercadopago(charge, "teleported"))
        speaking.notify_mercadopago(client, charge.connection)
    before = charge.status
    follow(person, charge)
    assert (charge.status, charge.review_reason) == (before, "unknown_status")
    assert charge.received_cents == 0
