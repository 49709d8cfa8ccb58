"""A new charge as tests ask for it, and what the two gateways answer, in their own words."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import responses

from connections.gateways.base import Method
from connections.models import Connection
from payments import brcode
from payments.models import Charge
from payments.services.creation import NewCharge
from tests.factories import make_connection, make_customer

ASAAS = "https://api-sandbox.asaas.com/v3"
MERCADOPAGO = "https://api.mercadopago.com"
PAYMENT = "pay_k3v9x0q2m7d1r5tz"
EMPTY = {"object": "list", "hasMore": False, "totalCount": 0, "limit": 10, "offset": 0, "data": []}


def at_mercado_pago(**values: Any) -> Connection:
    return make_connection(
        gateway="mercadopago",
        account_id="1402558877",
        credentials={"access_token": "APP_USR-1-112112-0-1402558877"},
        **values,
    )


def code(amount: str = "100.00") -> str:
    text = f"00020126260014br.gov.bcb.pix0104abcd52040000530398654{len(amount):02d}{amount}5802BR6304"
    return text + brcode.crc16(text)


def new(connection: Connection, **values: Any) -> NewCharge:
    defaults: dict[str, Any] = {
        "connection": connection,
        "customer": make_customer(),
        "amount_cents": 10_000,
        "description": "Pedido 77",
        "due_date": date(2026, 12, 1),
        "submission": uuid.uuid4(),
        "method": Method.PIX,
    }
    return NewCharge(**{**defaults, **values})


def created(request: Any) -> tuple[int, dict[str, str], str]:
    """Asaas's answer to a PIX charge, with what was sent."""
    sent = json.loads(request.body)
    return 200, {}, json.dumps(at_asaas(sent["externalReference"]))


def at_asaas(reference: str, **values: Any) -> dict[str, Any]:
    return {
        "object": "payment",
        "id": PAYMENT,
        "status": "PENDING",
        "value": 100.0,
        "netValue": 98.01,
        "billingType": "PIX",
        "externalReference": reference,
        "invoiceUrl": "https://sandbox.asaas.com/i/k3v9x0q2m7d1r5tz",
        "deleted": False,
        "refunds": None,
        **values,
    }


def qr(amount: str = "100.00") -> dict[str, Any]:
    return {
        "success": True,
        "encodedImage": "",
        "payload": code(amount),
        "expirationDate": "2027-12-01 23:59:59",
    }


def posts(gateway: responses.RequestsMock, path: str) -> list[Any]:
    return [
        call.request
        for call in gateway.calls
        if call.request.method == "POST" and (call.request.url or "").endswith(path)
    ]


def refresh_charge(charge: Charge) -> Charge:
    charge.refresh_from_db()
    return charge


def at_mercadopago(charge: Charge) -> dict[str, Any]:
    return {
        "id": 98000123456,
        "status": "pending",
        "status_detail": "pending_waiting_transfer",
        "date_created": "2026-11-21T08:00:00.000-04:00",
        "date_last_updated": "2026-11-21T08:00:00.000-04:00",
        "payment_method_id": "pix",
        "payment_type_id": "bank_transfer",
        "currency_id": "BRL",
        "collector_id": 1402558877,
        "external_reference": charge.reference,
        "transaction_amount": 100,
        "transaction_amount_refunded": 0,
        "point_of_interaction": {
            "transaction_data": {"qr_code": code(), "ticket_url": "https://example.com/t"}
        },
    }
