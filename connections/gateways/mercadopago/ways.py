"""The ways of paying and the documents that Mercado Pago lists for an account (mercadopago.md 1.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connections.gateways.base import DocumentRule, PaymentWay
from connections.gateways.errors import GatewayError
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.mercadopago.sites import method_of
from connections.gateways.money import to_cents
from connections.gateways.values import Record, records, text

_LONGEST_DOCUMENT = 32
_Item = TypeVar("_Item")


def read_ways(api: MercadoPagoApi, currency: str) -> tuple[PaymentWay, ...] | None:
    """What the account can charge with; ``None`` where Mercado Pago does not say it now."""
    return _listed(api, "/v1/payment_methods", lambda raw: _to_way(raw, currency))


def read_documents(api: MercadoPagoApi) -> tuple[DocumentRule, ...] | None:
    """The documents of the account's country; for Mexico there are none."""
    return _listed(api, "/v1/identification_types", _to_rule)


def _listed(
    api: MercadoPagoApi, path: str, read: Callable[[Record], _Item | None]
) -> tuple[_Item, ...] | None:
    """Another call checks the key: without this list the account is as good as before."""
    try:
        listed = records(api.ask("GET", path).data)
    except GatewayError:
        return None
    found = (read(raw) for raw in listed)
    return tuple(item for item in found if item is not None)


def _to_way(raw: Record, currency: str) -> PaymentWay | None:
    code, kind = text(raw.get("id"), 60), text(raw.get("payment_type_id"), 60)
    if not code:
        return None
    return PaymentWay(
        code=code,
        name=text(raw.get("name"), 100) or code,
        method=method_of(code, kind, currency),
        least_cents=max(to_cents(raw.get("min_allowed_amount")) or 0, 0),
        most_cents=max(to_cents(raw.get("max_allowed_amount")) or 0, 0),
        is_active=text(raw.get("status"), 60) == "active",
    )


def _to_rule(raw: Record) -> DocumentRule | None:
    code = text(raw.get("id"), 16)
    if not code:
        return None
    return DocumentRule(
        code=code,
        name=text(raw.get("name"), 60) or code,
        shortest=_count(raw.get("min_length")) or 1,
        longest=min(_count(raw.get("max_length")) or _LONGEST_DOCUMENT, _LONGEST_DOCUMENT),
        is_numeric=text(raw.get("type"), 20) == "number",
    )


def _count(value: object) -> int:
    said = text(value, 5)
    return int(said) if said.isascii() and said.isdigit() else 0
