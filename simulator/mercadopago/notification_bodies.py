"""The bodies of v2 notifications, one shape per family of topics (mercadopago.md 6.2, 9)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulator import numbering
from simulator.mercadopago import topics
from simulator.mercadopago.serialise import ZONE
from simulator.models import Delivery

PANEL_TEST_ID = "123456"
NEVER = "0001-01-01T00:00:00Z"


def body(delivery: Delivery) -> dict[str, Any]:
    family = FAMILIES.get(delivery.resource)
    if family:
        return family(delivery)
    return _subscription(delivery) if _entity(delivery) else _payment(delivery)


def _entity(delivery: Delivery) -> str:
    known = topics.TOPICS.get(delivery.resource)
    return known.entity if known else ""


def _fresh_id() -> int:
    """Another one for every attempt (mercadopago.md 6.5, point 8)."""
    return numbering.scattered("mp-notifications", 139_000_000_000)


def _is_live(delivery: Delivery) -> bool:
    return delivery.account.options["token_prefix"] != "TEST"


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _local(moment: datetime) -> str:
    """As disputes write it: an offset, no milliseconds."""
    return f"{moment.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}-04:00"


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _payment(delivery: Delivery) -> dict[str, Any]:
    """Also of every topic whose own shape no document shows."""
    is_simulated, is_connect = bool(delivery.extra.get("is_simulated")), delivery.resource == topics.CONNECT
    user_id = delivery.account.user_id
    identifier: int | str = PANEL_TEST_ID if is_simulated else _fresh_id()
    return {
        "action": delivery.event,
        "api_version": "v1",
        "data": {"id": delivery.resource_id},
        "date_created": _zulu(delivery.created_at),
        "id": str(identifier) if is_connect else identifier,
        "live_mode": not is_simulated and _is_live(delivery),
        "type": topics.body_type(delivery.resource),
        "user_id": user_id if is_simulated or is_connect else str(user_id),
    }


def _subscription(delivery: Delivery) -> dict[str, Any]:
    """No live_mode, no user_id; `version` stays the same in every delivery of one change."""
    return {
        "action": delivery.event,
        "application_id": str(delivery.account.options["client_id"]),
        "data": {"id": delivery.resource_id},
        "date": _zulu(delivery.created_at),
        "entity": _entity(delivery),
        "id": str(_fresh_id()),
        "type": delivery.resource,
        "version": delivery.extra.get("version", 1),
    }


def _chargeback(delivery: Delivery) -> dict[str, Any]:
    data = {
        "checkout": "PRO",
        "date_updated": NEVER,
        "id": _number(delivery.resource_id),
        "payment_id": delivery.extra.get("payment_id"),
        "product_id": "",
        "site_id": delivery.account.options["site"],
        "transaction_intent_id": "",
    }
    return {
        "actions": [delivery.event],
        "api_version": "v1",
        "application_id": delivery.account.options["client_id"],
        "data": data,
        "date_created": _local(delivery.created_at),
        "id": _fresh_id(),
        "live_mode": _is_live(delivery),
        "type": delivery.resource,
        "user_id": delivery.account.user_id,
        "version": delivery.extra.get("version", int(delivery.created_at.timestamp())),
    }


def _claim(delivery: Delivery) -> dict[str, Any]:
    """Inferred from the table of fields (mercadopago.md 9)."""
    identifier = _number(delivery.resource_id)
    return _with_data(delivery, {"id": identifier, "resource": f"/post-purchase/v1/claims/{identifier}"})


def _fraud(delivery: Delivery) -> dict[str, Any]:
    """The payment is named in the data and nowhere else; the other key is our choice."""
    words = "The order must not be delivered: suspected fraud."
    return _with_data(delivery, {"description": words, "payment_id": delivery.extra.get("payment_id")})


def _card(delivery: Delivery) -> dict[str, Any]:
    """No data.id (mercadopago.md 6.1); the names of what there is are our choice."""
    data = {"customer_id": "", "new_card_id": _number(delivery.resource_id), "old_card_id": None}
    return _with_data(delivery, data)


def _with_data(delivery: Delivery, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": delivery.event,
        "api_version": "v1",
        "data": data,
        "date_created": _local(delivery.created_at),
        "id": _fresh_id(),
        "live_mode": _is_live(delivery),
        "type": topics.body_type(delivery.resource),
        "user_id": delivery.account.user_id,
    }


FAMILIES: dict[str, Callable[[Delivery], dict[str, Any]]] = {
    topics.CHARGEBACK: _chargeback,
    topics.CLAIM: _claim,
    topics.FRAUD: _fraud,
    topics.CARD_UPDATER: _card,
}
