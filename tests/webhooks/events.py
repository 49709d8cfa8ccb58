"""Stored notifications and a gateway that answers about them."""

from __future__ import annotations

import itertools
from typing import Any

import responses

from connections.models import Connection
from payments.models import Charge, GatewayResource
from tests.factories import NOW, make_resource
from webhooks.models import WebhookEvent

_numbers = itertools.count(1)
ASAAS = "https://api-sandbox.asaas.com/v3/payments"


def make_event(connection: Connection, **values: Any) -> WebhookEvent:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "connection": connection,
        "topic": "PAYMENT_RECEIVED",
        "kind": "payment",
        "gateway_id": f"pay_{number:012d}",
        "dedupe_key": f"evt_{number}",
        "body": b"{}",
        "received_at": NOW,
        "state": "done",
        "attempts": 1,
    }
    return WebhookEvent.objects.create(**{**defaults, **values})


def make_dead(connection: Connection, **values: Any) -> WebhookEvent:
    failed = {"attempts": 6, "failures": 6, "cause": "unreadable_answer", "last_error": "not JSON"}
    return make_event(connection, state="dead", finished_at=NOW, **{**failed, **values})


def dead_about(charge: Charge, **values: Any) -> tuple[WebhookEvent, GatewayResource]:
    """A notification given up about a payment of this charge."""
    resource = make_resource(charge, f"pay_{next(_numbers):012d}")
    return make_dead(charge.connection, gateway_id=resource.gateway_id, resource=resource, **values), resource


def paid_at_asaas(charge: Charge, gateway_id: str) -> dict[str, Any]:
    return {
        "object": "payment",
        "id": gateway_id,
        "status": "RECEIVED",
        "value": charge.amount_cents / 100,
        "netValue": 98.01,
        "billingType": "PIX",
        "externalReference": charge.reference,
        "clientPaymentDate": "2026-11-21",
        "deleted": False,
        "refunds": None,
    }


def answer_paid(gateway: responses.RequestsMock, charge: Charge, gateway_id: str) -> Any:
    return gateway.get(f"{ASAAS}/{gateway_id}", json=paid_at_asaas(charge, gateway_id))


def answer_nonsense(gateway: responses.RequestsMock, gateway_id: str) -> Any:
    return gateway.get(f"{ASAAS}/{gateway_id}", body=b"{]", content_type="application/json")
