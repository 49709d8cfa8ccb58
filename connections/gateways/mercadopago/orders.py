"""The bodies that create something at Mercado Pago (mercadopago.md 2.1, 3.1 and 3.2)."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from connections.gateways import countries
from connections.gateways.base import ChargeOrder, CustomerDetails, Method, OrderLine
from connections.gateways.errors import RequestRefused
from connections.gateways.mercadopago import boletos
from connections.gateways.mercadopago.times import written
from connections.gateways.money import WHOLE_CURRENCIES, encode, from_cents, smallest_cents
from connections.gateways.texts import gettext_noop as _

SHORTEST = timedelta(minutes=30)
LONGEST = timedelta(days=30)
# The limits count from the moment Mercado Pago creates the payment, and the stored bytes may be
# sent again some minutes after they were written.
_MARGIN = timedelta(minutes=10)

_LONGEST_URL = 248
# What a page does not offer. The account balance stays, it cannot be excluded (mercadopago.md 2.1).
_EXCLUDED = {
    Method.PIX: ("credit_card", "debit_card", "prepaid_card", "ticket", "digital_currency"),
    Method.CARD: ("ticket", "bank_transfer", "digital_currency"),
    Method.BOLETO: ("credit_card", "debit_card", "prepaid_card", "bank_transfer", "digital_currency"),
    Method.ANY: ("digital_currency",),
}
_WITH_CARDS = (Method.CARD, Method.ANY)
NO_EMAIL = _("Mercado Pago needs the customer's e-mail address.")
CANCELLING_BODY = encode({"status": "cancelled"})

Body = dict[str, object]


def payment_body(order: ChargeOrder, *, now: datetime) -> Body:
    """A direct payment by PIX or boleto."""
    if not order.customer.email:
        raise RequestRefused(NO_EMAIL, field="email")
    if order.method is Method.BOLETO:
        ends = boletos.last_moment(order, now=now)
        boletos.check(order)
    else:
        ends = min(expiry(order, now=now), now + LONGEST - _MARGIN)
    first, last = _names(order.customer)
    return _without_empty(
        {
            "transaction_amount": amount(order.amount_cents, order.currency),
            "payment_method_id": "bolbradesco" if order.method is Method.BOLETO else "pix",
            "description": order.description[:250],
            "external_reference": order.reference,
            "notification_url": notification_url(order.notification_url),
            "date_of_expiration": written(ends),
            "payer": _without_empty(
                {
                    "email": order.customer.email,
                    "first_name": first,
                    "last_name": last,
                    "identification": _identification(order),
                    "address": boletos.address(order.customer) if order.method is Method.BOLETO else {},
                }
            ),
        }
    )


def preference_body(order: ChargeOrder, *, now: datetime) -> Body:
    """A hosted page that offers the order's method, or every one of ours."""
    first, last = _names(order.customer)
    payer: Body = {
        "name": first,
        "surname": last,
        "email": order.customer.email,
        "identification": _identification(order),
    }
    return _without_empty(
        {
            "items": _items(order),
            "payer": _without_empty(payer),
            "external_reference": order.reference,
            "notification_url": notification_url(order.notification_url),
            "expires": True,
            "expiration_date_to": written(_page_expiry(order, now=now)),
            "date_of_expiration": _boleto_ends(order, now=now),
            "payment_methods": _payment_methods(order),
            **_return(order.return_url),
        }
    )


def _items(order: ChargeOrder) -> list[Body]:
    """Those of the order where each has a price Mercado Pago takes (2.1), else one over the whole amount.

    The page asks for the sum of quantity and unit price, whatever else it says.
    """
    parts = [_priced(line) for line in order.lines]
    whole = smallest_cents(order.currency)
    are_good = all(cents > 0 and cents % whole == 0 for _title, _quantity, cents in parts)
    come_to = sum(quantity * cents for _title, quantity, cents in parts)
    if not are_good or come_to != order.amount_cents:
        parts = [(order.description or order.reference, 1, order.amount_cents)]
    return [
        {
            "id": order.reference if len(parts) == 1 else f"{order.reference}-{number}",
            "title": title[:250],
            "quantity": quantity,
            "currency_id": order.currency,
            "unit_price": amount(cents, order.currency),
        }
        for number, (title, quantity, cents) in enumerate(parts, start=1)
    ]


def _priced(line: OrderLine) -> tuple[str, int, int]:
    """Title, quantity and price each; a discount that does not divide by the quantity makes it one piece."""
    total = line.quantity * line.unit_cents - line.discount_cents
    if total % line.quantity == 0:
        return line.description, line.quantity, total // line.quantity
    return f"{line.quantity} × {line.description}", 1, total


def expiry(order: ChargeOrder, *, now: datetime) -> datetime:
    """When the order stops being payable, but not sooner than Mercado Pago accepts.

    Without a time of its own an order lasts until the end of its due date. ``now`` changes the bytes only
    at the two limits: inside them the same order gives the same bytes at any moment.
    """
    wanted = order.expires_at or boletos.end_of(order)
    return max(wanted, now + SHORTEST + _MARGIN)


def closing_body(*, now: datetime) -> Body:
    """What makes a page unusable at once: there is no cancelling (mercadopago.md 2.3)."""
    return {"expires": True, "expiration_date_to": written(now)}


def _page_expiry(order: ChargeOrder, *, now: datetime) -> datetime:
    """A page for cards ends when the order says; what is paid by PIX keeps the code's shortest life."""
    if order.method is not Method.CARD or order.expires_at is None:
        return expiry(order, now=now)
    if order.expires_at <= now:
        raise RequestRefused(_("The time to pay is already over."), field="due_date")
    return order.expires_at


def _boleto_ends(order: ChargeOrder, *, now: datetime) -> str:
    """When a boleto or a shop's code made on the page is due; any other day may do for one that offers more.

    It is left out then: the page makes such codes of its own three days, and PIX codes of one (3.1 and 3.2).
    """
    if order.method is Method.BOLETO:
        return written(boletos.last_moment(order, now=now))
    if order.method is not Method.ANY:
        return ""
    return written(boletos.end_of(order)) if boletos.is_due_in_time(order, now=now) else ""


def _payment_methods(order: ChargeOrder) -> Body:
    """``installments`` is the most the payer may choose, 1 to 36 (2.1)."""
    names = _EXCLUDED[order.method]
    if order.method is Method.CARD and not boletos.is_in_brazil(order):
        names = (*names, "atm")
    excluded: Body = {"excluded_payment_types": [{"id": name} for name in names]}
    if order.method in _WITH_CARDS:
        return {**excluded, "installments": order.instalments}
    return excluded


def notification_url(url: str) -> str:
    """The address as Mercado Pago accepts it, asking for webhooks only; empty when it would be refused.

    http is passed on for loopback alone: the simulator takes it, Mercado Pago never gets to see it.
    """
    parts = urlsplit(url)
    if not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))):
        return ""
    if "source_news" not in dict(parse_qsl(parts.query, keep_blank_values=True)):
        query = "&".join(filter(None, (parts.query, "source_news=webhooks")))
        url = parts._replace(query=query).geturl()
    return url if len(url) <= _LONGEST_URL else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _return(url: str) -> Body:
    """``auto_return`` with an address that is not https fails the whole preference (section 10, row 8)."""
    if urlsplit(url).scheme != "https":
        return {}
    return {"back_urls": {"success": url, "pending": url, "failure": url}, "auto_return": "approved"}


def amount(cents: int, currency: str) -> Decimal | int:
    """The amount as Mercado Pago wants it written; refuses cents where the currency has none."""
    if currency not in WHOLE_CURRENCIES:
        return from_cents(cents)
    if cents % smallest_cents(currency):
        raise RequestRefused(_("This currency has no cents."), field="amount")
    return cents // 100


def _names(customer: CustomerDetails) -> tuple[str, str]:
    first, _space, last = customer.name.strip().partition(" ")
    return first, last.strip()


def _identification(order: ChargeOrder) -> Body:
    """Mexico has no such documents (``/v1/identification_types``)."""
    customer = order.customer
    if not customer.document or order.currency == countries.MEXICO.currency:
        return {}
    return {"type": customer.document_type, "number": customer.document}


def _without_empty(body: Body) -> Body:
    return {key: value for key, value in body.items() if value not in ("", {}, None)}
