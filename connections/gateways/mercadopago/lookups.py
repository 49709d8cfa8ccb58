"""Payments, preferences and merchant orders as Mercado Pago finds them for us (mercadopago.md 2.3 to 3.4).

Searches lag behind and shorten what they list, so everything found is read again by its id.
"""

from __future__ import annotations

from collections.abc import Mapping

from connections.gateways.errors import CredentialsRefused, NotFound
from connections.gateways.mercadopago import mapping
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.values import Record, records, text

_PAGE = 50


def read_payment(api: MercadoPagoApi, gateway_id: str) -> Record:
    return api.ask_for("GET", "/v1/payments", gateway_id=gateway_id).record()


def read_preference(api: MercadoPagoApi, gateway_id: str) -> Record:
    return api.ask_for("GET", "/checkout/preferences", gateway_id=gateway_id).record()


def payments_of(api: MercadoPagoApi, reference: str) -> list[Record]:
    """Oldest first."""
    query = {"external_reference": reference, "sort": "date_created", "criteria": "asc", "limit": str(_PAGE)}
    listed = records(api.ask("GET", "/v1/payments/search", query=query).record().get("results"))
    ours = [raw for raw in listed if text(raw.get("external_reference")) == reference]
    return [_fresh(api, raw) for raw in ours]


def preferences_of(api: MercadoPagoApi, reference: str) -> list[Record]:
    """The search shortens its elements and may answer ``null`` for none (mercadopago.md 2.3, 2.5)."""
    query = {"external_reference": reference, "limit": str(_PAGE)}
    listed = _elements(api, "/checkout/preferences/search", query)
    named = [raw for raw in listed if text(raw.get("external_reference")) in ("", reference)]
    found = [read_preference(api, text(raw.get("id"), 100)) for raw in named]
    return [raw for raw in found if text(raw.get("external_reference")) == reference]


def hosted_payments(api: MercadoPagoApi, preference: Record) -> list[Record]:
    """Every attempt on a hosted page, oldest first: by its merchant orders and by our reference.

    Either search may lag, and a payment names no preference. One of a twin preference under the same
    reference is shown, too: it is money for the same charge of ours.
    """
    return _hosted_payments(api, preference, _orders_of(api, preference))


def waiting_on(api: MercadoPagoApi, preference: Record) -> list[Record]:
    """The unfinished payments whose merchant order names this very preference.

    One whose order cannot be read is left out: it may be paid on a twin under the same reference.
    """
    page = text(preference.get("id"), 100)
    orders = _orders_of(api, preference)
    named = {
        name for order in orders if text(order.get("preference_id")) == page for name in payment_ids(order)
    }
    hosted = _hosted_payments(api, preference, orders)
    waiting = [raw for raw in hosted if mapping.to_payment(raw).status in mapping.OPEN]
    return [raw for raw in waiting if text(raw.get("id"), 100) in named or _page_of(api, raw) == page]


def _page_of(api: MercadoPagoApi, payment: Record) -> str:
    order_id = mapping.to_payment(payment).origin_id
    try:
        return text(read_order(api, order_id).get("preference_id")) if order_id else ""
    except NotFound:
        return ""


def _orders_of(api: MercadoPagoApi, preference: Record) -> list[Record]:
    page = text(preference.get("id"), 100)
    listed = _elements(api, "/merchant_orders/search", {"preference_id": page, "limit": str(_PAGE)})
    return [order for order in listed if text(order.get("preference_id")) in ("", page)]


def _hosted_payments(api: MercadoPagoApi, preference: Record, orders: list[Record]) -> list[Record]:
    reference = text(preference.get("external_reference"))
    found = {text(raw.get("id"), 100): raw for raw in (payments_of(api, reference) if reference else [])}
    hosted = {name: raw for name, raw in found.items() if mapping.is_from_hosted_page(raw)}
    for order in orders:
        for name in payment_ids(order):
            # Not there yet: its notification will name it.
            if raw := hosted.get(name) or found.get(name) or _payment(api, name):
                hosted[name] = raw
    return sorted(hosted.values(), key=mapping.created_at)


def read_order(api: MercadoPagoApi, order_id: str) -> Record:
    """A merchant order; any 403 means somebody else's, as the id may come from an unsigned hint."""
    try:
        return api.ask_for("GET", "/merchant_orders", gateway_id=order_id).record()
    except CredentialsRefused as error:
        if error.http_status != 403:
            raise
        raise NotFound(error.text, code=error.code, http_status=403) from error


def payment_ids(order: Record) -> tuple[str, ...]:
    named = (text(raw.get("id"), 100) for raw in records(order.get("payments")))
    return tuple(dict.fromkeys(filter(None, named)))


def _fresh(api: MercadoPagoApi, listed: Record) -> Record:
    """The payment itself; right after creation only the search may know it (mercadopago.md 3.6)."""
    return _payment(api, text(listed.get("id"), 100)) or listed


def _payment(api: MercadoPagoApi, gateway_id: str) -> Record | None:
    try:
        return read_payment(api, gateway_id)
    except NotFound:
        return None


def _elements(api: MercadoPagoApi, path: str, query: Mapping[str, str]) -> list[Record]:
    return records(api.ask("GET", path, query=query).record().get("elements"))
