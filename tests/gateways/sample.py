"""Bodies taken from the gateway documents, and the plain values most tests start from."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connections.gateways.base import (
    Access,
    Address,
    ChargeOrder,
    CustomerDetails,
    Cycle,
    Delivery,
    Environment,
    Method,
    RefundOrder,
    Secrets,
    SubscriptionOrder,
)
from connections.gateways.values import decode_json

HERE = Path(__file__).parent
NOW = datetime(2026, 9, 2, 12, 0, tzinfo=UTC)

ASAAS_KEY = "$aact_hmlg_" + "000MzkwODA2MWY2OGM3MWRlMDU2NWM3MzJl" * 5
MP_TOKEN = "APP_USR-7731245567788990-030209-5c508e1b02a34fcce879a999574cf5c9-1402558877"


def raw(gateway: str, name: str) -> bytes:
    """The bytes as received."""
    return (HERE / gateway / "bodies" / f"{name}.json").read_bytes()


def body(gateway: str, name: str, **changes: object) -> dict[str, Any]:
    """The parsed body as the adapter parses it, with some keys changed."""
    return {**decode_json(raw(gateway, name)), **changes}  # type: ignore[dict-item]


def event_names(gateway: str) -> list[str]:
    return sorted(path.stem for path in (HERE / gateway / "bodies").glob("event_*.json"))


def dump(value: object) -> str:
    return json.dumps(value, default=float)


def access(gateway: str = "asaas", **changes: Any) -> Access:
    credentials = {"asaas": {"api_key": ASAAS_KEY}, "mercadopago": {"access_token": MP_TOKEN}}[gateway]
    defaults: dict[str, Any] = {
        "credentials": Secrets(credentials),
        "environment": Environment.SANDBOX,
        "now": lambda: NOW,
        "account_id": "acc-1",
    }
    return Access(**{**defaults, **changes})


def customer(**changes: Any) -> CustomerDetails:
    defaults: dict[str, Any] = {
        "reference": "cust-42",
        "name": "Ana Lima Souza",
        "document": "12345678909",
        "document_type": "CPF",
        "email": "ana@example.com",
        "phone": "+55 (11) 98765-4321",
    }
    return CustomerDetails(**{**defaults, **changes})


def address(**changes: Any) -> Address:
    defaults: dict[str, Any] = {
        "zip_code": "01310100",
        "street": "Avenida Paulista",
        "number": "1578",
        "district": "Bela Vista",
        "city": "São Paulo",
        "state": "SP",
    }
    return Address(**{**defaults, **changes})


def refund(**changes: Any) -> RefundOrder:
    defaults: dict[str, Any] = {
        "payment_id": "pay_k3v9x0q2m7d1r5tz",
        "method": Method.PIX,
        "amount_cents": 4000,
        "currency": "BRL",
        "idempotency_key": "5b1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c44",
    }
    return RefundOrder(**{**defaults, **changes})


def order(**changes: Any) -> ChargeOrder:
    defaults: dict[str, Any] = {
        "reference": "chg-1007",
        "idempotency_key": "0c1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c33",
        "customer": customer(),
        "customer_id": "cus_000007410933",
        "method": Method.PIX,
        "amount_cents": 15000,
        "currency": "BRL",
        "description": "Pedido 1007",
        "due_date": date(2026, 9, 5),
        "notification_url": "https://pay.example.com/webhooks/7f3c/?source_news=webhooks",
    }
    return ChargeOrder(**{**defaults, **changes})


def agreement(**changes: Any) -> SubscriptionOrder:
    """An order of a subscription, the one of the gateways' documents."""
    defaults: dict[str, Any] = {
        "reference": "sub-7",
        "idempotency_key": "3d1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c55",
        "customer": customer(),
        "customer_id": "cus_000007410933",
        "method": Method.CARD,
        "amount_cents": 8990,
        "currency": "BRL",
        "description": "Plano mensal",
        "cycle": Cycle.MONTHLY,
        "starts_on": date(2026, 9, 10),
    }
    return SubscriptionOrder(**{**defaults, **changes})


def delivery(content: bytes = b"{}", *, query: str = "", **headers: str) -> Delivery:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(headers=named, query=query, body=content)
