"""Short words for the tests of this adapter, over a mocked transport."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample

BASE = "https://api.mercadopago.com"
PREFERENCE = "1402558877-6f1d3c9a-0f5e-4c41-9c8d-2f1e7b9a4d10"
REFERENCE = "chg_01J4Z8K2"


def gateway(**changes: Any) -> MercadoPagoGateway:
    return MercadoPagoGateway(sample.access("mercadopago", **changes))


def add(mocked: Any, method: str, path: str, content: Any = None, **options: Any) -> Any:
    """One answer; a name means a body of the folder, anything else is the JSON itself."""
    text = sample.raw("mercadopago", content).decode() if isinstance(content, str) else sample.dump(content)
    return mocked.add(method, BASE + path, body=b"" if content is None else text, **options)


def refusal(status: int, code: object = None, message: str = "no") -> dict[str, Any]:
    cause = [] if code is None else [{"code": code, "description": message, "data": "x"}]
    return {"message": message, "error": "bad_request", "status": status, "cause": cause}


def prepared(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(
        gateway().prepare_charge(sample.order(**changes)).body, parse_float=Decimal
    )
    return body
