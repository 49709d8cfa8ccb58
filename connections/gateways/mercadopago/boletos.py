"""What Mercado Pago wants to know for a boleto, and where it writes the digits (mercadopago.md 3.2)."""

from __future__ import annotations

from datetime import datetime, time

from connections.gateways import boletos
from connections.gateways.base import Address, Boleto, ChargeOrder, CustomerDetails
from connections.gateways.countries import BRAZIL
from connections.gateways.errors import RequestRefused
from connections.gateways.mercadopago.sites import zone_of
from connections.gateways.money import to_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, text

# "1 to 30 days" from the moment of creation: until the end of the 30th day would be longer.
DAYS = (1, 29)

_DAYS = _("On Mercado Pago a boleto is due 1 to 29 days from today.")
_ONLY_BRAZIL = _("Boletos exist in Brazil only.")
_NO_DOCUMENT = _("For a boleto Mercado Pago needs the customer's CPF or CNPJ.")
_NO_LAST_NAME = _("For a boleto Mercado Pago needs the customer's first and last name.")
_NO_ADDRESS = _("For a boleto Mercado Pago needs the customer's address.")

# By the part of ``Address``; also said where Mercado Pago itself refuses that part.
ADDRESS_ADVICE = {
    "address": _NO_ADDRESS,
    "zip_code": _("For a boleto Mercado Pago needs the ZIP code (CEP) of the customer's address: 8 digits."),
    "street": _("For a boleto Mercado Pago needs the street of the customer's address."),
    "number": _("For a boleto Mercado Pago needs the house number of the address; S/N where there is none."),
    "district": _("For a boleto Mercado Pago needs the neighbourhood of the customer's address."),
    "city": _("For a boleto Mercado Pago needs the city of the customer's address."),
    "state": _("For a boleto Mercado Pago needs the state of the customer's address: 2 letters, such as SP."),
}


def last_moment(order: ChargeOrder, *, now: datetime) -> datetime:
    """The end of the due date; refuses one that Mercado Pago would not take, and other countries."""
    if not is_in_brazil(order):
        raise RequestRefused(_ONLY_BRAZIL, field="method")
    if not is_due_in_time(order, now=now):
        raise RequestRefused(_DAYS, field="due_date")
    return end_of(order)


def is_in_brazil(order: ChargeOrder) -> bool:
    return order.currency == BRAZIL.currency


def is_due_in_time(order: ChargeOrder, *, now: datetime) -> bool:
    first, last = DAYS
    return first <= (order.due_date - now.astimezone(zone_of(order.currency)).date()).days <= last


def end_of(order: ChargeOrder) -> datetime:
    """Where the account is."""
    return datetime.combine(order.due_date, time(23, 59, 59), tzinfo=zone_of(order.currency))


def check(order: ChargeOrder) -> None:
    """Raises ``RequestRefused`` for what is missing about the payer, the address apart."""
    _first, _space, last = order.customer.name.strip().partition(" ")
    if not order.customer.document or order.customer.document_type not in ("CPF", "CNPJ"):
        raise RequestRefused(_NO_DOCUMENT, field="document")
    if not last.strip():
        raise RequestRefused(_NO_LAST_NAME, field="name")


def address(customer: CustomerDetails) -> dict[str, object]:
    """All six parts; raises ``RequestRefused`` with the first one that cannot be right."""
    known = customer.address
    if known is None:
        raise RequestRefused(_NO_ADDRESS, field="address")
    wrong = _wrong_part(known)
    if wrong:
        raise RequestRefused(ADDRESS_ADVICE[wrong], field=wrong)
    return {
        "zip_code": known.zip_code,
        "street_name": known.street.strip(),
        "street_number": known.number.strip(),
        "neighborhood": known.district.strip(),
        "city": known.city.strip(),
        "federal_unit": known.state.upper(),
    }


def _wrong_part(known: Address) -> str:
    parts = {
        "zip_code": len(known.zip_code) == 8 and known.zip_code.isascii() and known.zip_code.isdigit(),
        "street": known.street.strip(),
        "number": known.number.strip(),
        "district": known.district.strip(),
        "city": known.city.strip(),
        "state": len(known.state) == 2 and known.state.isascii() and known.state.isalpha(),
    }
    return next((name for name, is_right in parts.items() if not is_right), "")


def has_digits(raw: Record) -> bool:
    """Whether the payment is a boleto with a bar code or a line. A lottery shop's slip is none.

    Nor is a code for a shop in another country, whose bar code is of another kind.
    """
    is_boleto = text(raw.get("payment_type_id"), 60) == "ticket" and raw.get("payment_method_id") != "pec"
    is_here = text(raw.get("currency_id"), 10) in ("", BRAZIL.currency)
    return is_boleto and is_here and bool(_line(raw) or _barcodes(raw))


def read(raw: Record) -> Boleto | None:
    """The boleto of a payment; ``None`` without digits, or with some that contradict one another."""
    barcodes = _barcodes(raw)
    if not has_digits(raw) or len(barcodes) > 1:
        return None
    return boletos.to_boleto(
        _line(raw),
        next(iter(barcodes), ""),
        amount_cents=to_cents(raw.get("transaction_amount")) or 0,
        pdf_url=text(record(raw.get("transaction_details")).get("external_resource_url")),
    )


def _line(raw: Record) -> str:
    return text(record(raw.get("transaction_details")).get("digitable_line"), 60)


def _barcodes(raw: Record) -> set[str]:
    """Older answers have the bar code on top, newer ones in the details, some in both."""
    places = (raw, record(raw.get("transaction_details")))
    codes = (text(record(place.get("barcode")).get("content"), 60) for place in places)
    return {code for code in codes if code}
