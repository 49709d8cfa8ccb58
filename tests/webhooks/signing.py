"""Deliveries as the gateways send them, signed for real."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from typing import Any

from connections.models import Connection

_numbers = itertools.count(18_200_000)
REQUEST_ID = "0c1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c33"


def asaas_body(event: str, payment_id: str, status: str = "RECEIVED", **payment: Any) -> dict[str, Any]:
    digest = hashlib.md5(event.encode()).hexdigest()
    return {
        "id": f"evt_{digest}&{next(_numbers)}",
        "event": event,
        "dateCreated": "2026-11-21 09:00:00",
        "payment": {"object": "payment", "id": payment_id, "status": status, "value": 100.0, **payment},
    }


def asaas_headers(connection: Connection) -> dict[str, str]:
    return {"asaas-access-token": connection.open_webhook_secrets()["token"]}


def mercadopago_body(payment_id: str, **values: Any) -> dict[str, Any]:
    return {
        "action": "payment.updated",
        "api_version": "v1",
        "data": {"id": payment_id},
        "date_created": "2026-11-21T12:00:00Z",
        "id": next(_numbers),
        "live_mode": True,
        "type": "payment",
        "user_id": "1402558877",
        **values,
    }


def mercadopago_headers(secret: str, data_id: str, ts: str = "1785600000") -> dict[str, str]:
    manifest = f"id:{data_id};request-id:{REQUEST_ID};ts:{ts};"
    v1 = hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
    return {"x-signature": f"ts={ts},v1={v1}", "x-request-id": REQUEST_ID}


def post(client: Any, connection: Connection, body: Any, headers: dict[str, str], query: str = "") -> Any:
    """Send a delivery through the whole stack; ``body`` as bytes goes as it is."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = f"/webhooks/{connection.path_token}/" + (f"?{query}" if query else "")
    return client.post(path, data=raw, content_type="application/json", headers=headers)
