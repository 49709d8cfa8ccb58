"""Short words for the tests of this adapter, over a mocked transport."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from connections.gateways.base import Cycle, Method, PlanOrder, SubscriptionOrder
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


def subscription_order(**changes: Any) -> SubscriptionOrder:
    defaults: dict[str, Any] = {
        "reference": "sub_01J4ZA7P",
        "idempotency_key": "7c1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c77",
        "customer": sample.customer(),
        "customer_id": "",
        "method": Method.CARD,
        "amount_cents": 3990,
        "currency": "BRL",
        "description": "Plano mensal",
        "cycle": Cycle.MONTHLY,
        "starts_on": date(2026, 9, 10),
        "return_url": "https://pay.example.com/sub/back",
    }
    return SubscriptionOrder(**{**defaults, **changes})


def plan_order(**changes: Any) -> PlanOrder:
    defaults: dict[str, Any] = {
        "reference": "plan_01J4ZA7Q",
        "amount_cents": 3990,
        "currency": "BRL",
        "description": "Plano mensal",
        "cycle": Cycle.MONTHLY,
        "return_url": "https://pay.example.com/sub/back",
    }
    return PlanOrder(**{**defaults, **changes})


def page(*rows: Any, total: int | None = None, offset: int = 0) -> dict[str, Any]:
    """One page of a search, as 4.5 and 4.6 show it."""
    paging = {"offset": offset, "limit": 100, "total": len(rows) if total is None else total}
    return {"paging": paging, "results": list(rows)}


def sent(mocked: Any, method: str) -> list[Any]:
    """The bodies of the calls of this method, in order."""
    calls = (call.request for call in mocked.calls if call.request.method == method)
    return [json.loads(request.body, parse_float=Decimal) for request in calls]
