"""Both gateways as a test of the inbox scripts them: what a payment is there, and what they tell us of it."""

from __future__ import annotations

from typing import Any

import responses
from django.test import Client

from connections.models import Connection
from payments.models import Charge
from tests.factories import make_charge, make_connection
from tests.webhooks import signing

PAYMENT = "pay_k3v9x0q2m7d1r5tz"
URL = f"https://api-sandbox.asaas.com/v3/payments/{PAYMENT}"
MP_PAYMENT = "98000000001"
MP_URL = f"https://api.mercadopago.com/v1/payments/{MP_PAYMENT}"
MP_SECRET = "test-tab-secret"


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


def state_at_mercadopago(charge: Charge, status: str, *, minute: int = 0, **values: Any) -> dict[str, Any]:
    """``minute`` after 09:00 in Brazil (12:00 UTC) is the payment's version."""
    paid = {"transaction_details": {"total_paid_amount": 100.0}} if status == "approved" else {}
    return {
        "id": int(MP_PAYMENT),
        "status": status,
        "transaction_amount": 100.0,
        "payment_method_id": "pix",
        "currency_id": "BRL",
        "collector_id": charge.connection.account_id,
        "external_reference": charge.reference,
        "date_last_updated": f"2026-11-21T09:{minute:02d}:00.000-03:00",
        **paid,
        **values,
    }


def mercadopago_charge() -> Charge:
    connection = make_connection(
        gateway="mercadopago",
        credentials={"access_token": "TEST-7731245567788990-030209-5c508e1b"},
        webhook_secrets={"test": MP_SECRET},
    )
    return make_charge(connection)


def notify(
    client: Client, connection: Connection, event: str = "PAYMENT_RECEIVED", **values: Any
) -> dict[str, Any]:
    """Asaas tells us of a payment; answers the body it sent."""
    body = signing.asaas_body(event, values.pop("payment_id", PAYMENT), **values)
    assert signing.post(client, connection, body, signing.asaas_headers(connection)).status_code == 200
    return body


def repeat(client: Client, connection: Connection, body: dict[str, Any]) -> None:
    """Asaas sends the same event again."""
    assert signing.post(client, connection, body, signing.asaas_headers(connection)).status_code == 200


def notify_mercadopago(
    client: Client, connection: Connection, payment_id: str = MP_PAYMENT, **values: Any
) -> None:
    headers = signing.mercadopago_headers(MP_SECRET, payment_id)
    body = signing.mercadopago_body(payment_id, **values)
    answer = signing.post(client, connection, body, headers, f"data.id={payment_id}&type=payment")
    assert answer.status_code == 200


def fetches(gateway: responses.RequestsMock) -> int:
    return len(gateway.calls)
