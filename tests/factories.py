"""Rows for tests, with the least that makes them valid."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backoffice import pulses
from backoffice.models import Pulse
from config import clock
from connections.gateways.base import GatewayPayment, Method, PaymentStatus, ResourceKind
from connections.models import Connection, ConnectionState, WebhookState
from connections.services.secrets_of_webhook import generated_token
from payments.models import Charge, Customer, GatewayResource, Payment, Plan, Subscription, SubscriptionAmount

_numbers = itertools.count(1)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_connection(**values: Any) -> Connection:
    number = next(_numbers)
    secrets = values.pop("webhook_secrets", {"token": generated_token()})
    credentials = values.pop("credentials", {"api_key": "$aact_hmlg_" + uuid.uuid4().hex})
    defaults: dict[str, Any] = {
        "gateway": "asaas",
        "name": f"Connection {number}",
        "environment": "sandbox",
        "account_id": f"account-{number}",
        "account_name": "Loja Exemplo",
        "state": ConnectionState.READY,
        "webhook_state": WebhookState.REGISTERED,
    }
    connection = Connection(**{**defaults, **values})
    connection.seal_credentials(credentials, at=NOW, by="tests")
    connection.seal_webhook_secrets(secrets)
    connection.save()
    return connection


def make_customer(**values: Any) -> Customer:
    number = next(_numbers)
    defaults = {
        "name": "Ana Lima",
        "document_type": "CPF",
        "document": f"{number:011d}",
        "email": "ana@example.com",
        "phone": "11987654321",
    }
    return Customer.objects.create(**{**defaults, **values})


def make_charge(connection: Connection | None = None, **values: Any) -> Charge:
    connection = connection or make_connection()
    defaults: dict[str, Any] = {
        "connection": connection,
        "customer": values.pop("customer", None) or make_customer(),
        "method": Method.PIX,
        "currency": connection.currency,
        "amount_cents": 10_000,
        "description": "Pedido 77",
        "due_date": date(2026, 12, 1),
        "status": "pending",
        "created_at": NOW,
    }
    return Charge.objects.create(**{**defaults, **values})


def make_subscription(connection: Connection | None = None, **values: Any) -> Subscription:
    """One that charges, over an amount that was agreed."""
    connection = connection or make_connection()
    defaults: dict[str, Any] = {
        "connection": connection,
        "customer": values.pop("customer", None) or make_customer(),
        "method": Method.CARD,
        "currency": connection.currency,
        "amount_cents": 4_990,
        "description": "Plano mensal",
        "cycle": "monthly",
        "starts_on": date(2026, 11, 25),
        "next_due_on": date(2026, 12, 25),
        "state": "active",
        "gateway_id": f"sub_{next(_numbers):016d}",
        "created_at": NOW,
    }
    own = Subscription.objects.create(**{**defaults, **values})
    SubscriptionAmount.objects.create(
        subscription=own, since=own.created_at, amount_cents=own.amount_cents, is_agreed=True
    )
    return own


def make_plan(connection: Connection | None = None, **values: Any) -> Plan:
    connection = connection or make_connection()
    defaults: dict[str, Any] = {
        "connection": connection,
        "name": "Clube do pão",
        "method": Method.CARD,
        "currency": connection.currency,
        "amount_cents": 4_990,
        "cycle": "monthly",
        "state": "active",
        "created_at": NOW,
    }
    return Plan.objects.create(**{**defaults, **values})


def make_resource(charge: Charge, gateway_id: str = "", **values: Any) -> GatewayResource:
    return GatewayResource.objects.create(
        connection=charge.connection,
        kind=values.pop("kind", ResourceKind.PAYMENT),
        gateway_id=gateway_id or f"pay_{next(_numbers):016d}",
        charge=charge,
        **values,
    )


def make_payment(charge: Charge, status: str = "pending", **values: Any) -> Payment:
    resource = values.pop("resource", None) or make_resource(charge, values.pop("gateway_id", ""))
    received = charge.amount_cents if status in ("paid", "refunded", "disputed", "charged_back") else 0
    defaults: dict[str, Any] = {
        "charge": charge,
        "connection": charge.connection,
        "resource": resource,
        "gateway_id": resource.gateway_id,
        "reference": charge.reference,
        "status": status,
        "gateway_status": status.upper(),
        "method": Method.PIX,
        "currency": charge.currency,
        "account_id": charge.connection.account_id,
        "amount_cents": charge.amount_cents,
        "received_cents": received,
        "refunded_cents": received if status == "refunded" else 0,
    }
    return Payment.objects.create(**{**defaults, **values})


def fetched(charge: Charge, gateway_id: str, status: PaymentStatus | None, **values: Any) -> GatewayPayment:
    """What a gateway's answer about this charge becomes."""
    received = charge.amount_cents if status == PaymentStatus.PAID else 0
    defaults: dict[str, Any] = {
        "gateway_id": gateway_id,
        "reference": charge.reference,
        "status": status,
        "gateway_status": str(status),
        "method": Method.PIX,
        "amount_cents": charge.amount_cents,
        "received_cents": received,
        "refunded_cents": 0,
        "currency": charge.currency,
        "account_id": charge.connection.account_id,
    }
    return GatewayPayment(**{**defaults, **values})


def make_pulses() -> None:
    """Workers and the clock of the periodic work are alive, and have been for long."""
    now = clock.machine_now()
    for name in (pulses.WORKER, pulses.BEAT):
        Pulse.objects.create(name=name, since=now - timedelta(hours=1), at=now)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
