"""Discount, fine and interest as Asaas writes them (asaas.md 3.2 and 3.3)."""

from __future__ import annotations

from datetime import date

from connections.gateways.base import ChargeOrder, Terms
from connections.gateways.errors import RequestRefused
from connections.gateways.money import from_cents, to_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, civil_date, record

_KEYS = ("discount", "fine", "interest")


def body(order: ChargeOrder, *, minimum_cents: int) -> dict[str, object]:
    """The keys of the creating call; one without a value is left out, as Asaas refuses empty ones.

    Raises ``RequestRefused`` for a discount that ends after the due date or leaves less than the minimum.
    """
    terms = order.terms
    found: dict[str, object] = {}
    if terms.discount_cents:
        found["discount"] = {
            "value": from_cents(terms.discount_cents),
            "dueDateLimitDays": _days_before_due(order),
            "type": "FIXED",
        }
        if order.amount_cents - terms.discount_cents < minimum_cents:
            raise RequestRefused(_("Asaas needs at least R$ 5.00 after the discount."), field="terms")
    if terms.fine_cents:
        found["fine"] = {"value": from_cents(terms.fine_cents), "type": "FIXED"}
    if terms.interest_bp:
        found["interest"] = {"value": from_cents(terms.interest_bp)}
    return found


def _days_before_due(order: ChargeOrder) -> int:
    last_day = order.terms.discount_until
    if last_day is None or last_day > order.due_date:
        raise RequestRefused(_("On Asaas a discount ends on the due date or before."), field="terms")
    return (order.due_date - last_day).days


def read(raw: Record, asked: int) -> Terms | None:
    """The terms of a payment over ``asked`` cents; ``None`` where Asaas leaves them out or says what we
    cannot put in cents.

    Percentages of discount and fine become cents of the amount, rounded half up, which is our guess.
    """
    discount, fine, interest = (record(raw.get(key)) for key in _KEYS)
    off, late = _cents(discount, asked), _cents(fine, asked)
    monthly = to_cents(interest.get("value"))
    is_percent = interest.get("type", "PERCENTAGE") == "PERCENTAGE" or monthly == 0
    if off is None or late is None or monthly is None or monthly < 0 or not is_percent:
        return None
    if not off:
        return Terms(fine_cents=late, interest_bp=monthly)
    last_day = _last_day(raw, discount)
    if last_day is None or last_day < 1:
        return None
    return Terms(
        discount_cents=min(off, asked),
        discount_until=date.fromordinal(last_day),
        fine_cents=late,
        interest_bp=monthly,
    )


def granted(raw: Record, asked: int) -> int | None:
    """What the discount took off on the day of payment; ``None`` where Asaas does not show it."""
    terms = record(raw.get("discount"))
    off = _cents(terms, asked)
    if not off:
        return off
    paid_on, last_day = civil_date(raw.get("clientPaymentDate")), _last_day(raw, terms)
    if paid_on is None or last_day is None:
        return None
    return min(off, asked) if paid_on.toordinal() <= last_day else 0


def _cents(terms: Record, asked: int) -> int | None:
    size = to_cents(terms.get("value"))
    if size is None or size < 0:
        return None
    return (asked * size + 5000) // 10000 if terms.get("type") == "PERCENTAGE" else size


def _last_day(raw: Record, discount: Record) -> int | None:
    """The discount's last day as an ordinal: its own date, else so many days before due (0 or 0.0)."""
    own, due = civil_date(discount.get("limitDate")), civil_date(raw.get("dueDate"))
    if own:
        return own.toordinal()
    days = (to_cents(discount.get("dueDateLimitDays")) or 0) // 100
    return due.toordinal() - days if due else None
