"""Fees, discounts and dates of Asaas (asaas.md 3.3, "Fees and dates for a faithful simulator")."""

from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from simulator.clock import SAO_PAULO
from simulator.days import next_weekday, weekdays_after
from simulator.money import parse_cents, parse_decimal

FLAT_FEE = 199
CARD_FIXED = 49
CARD_RATES = ((1, "2.99"), (6, "3.49"), (12, "3.99"), (21, "4.29"))
OVERDUE_TIME = time(3, 1)
CARD_TIME = time(8, 0)
"""When a kept card is charged on the due date, weekends too, is our choice."""


def net(value_cents: int, billing_type: str, parcels: int = 1) -> int:
    """The percent part of the card fee is truncated, not rounded."""
    if billing_type != "CREDIT_CARD":
        return value_cents - FLAT_FEE
    rate = next(rate for most, rate in CARD_RATES if parcels <= most)
    percent = Decimal(value_cents) * Decimal(rate) / 100
    return value_cents - CARD_FIXED // parcels - int(percent.quantize(Decimal(1), ROUND_DOWN))


def card_credit_date(confirmed: date, parcel: int = 1) -> date:
    return next_weekday(confirmed + timedelta(days=32 * parcel))


def slip_credit_date(paid: date) -> date:
    """A boleto clears about one business day after it was paid (asaas.md 5.5)."""
    return weekdays_after(paid, 1)


def overdue_moment(due: date) -> datetime:
    """About 03:01 of the first business day after the due date; holidays are not known here."""
    return datetime.combine(next_weekday(due + timedelta(days=1)), OVERDUE_TIME, SAO_PAULO)


def card_moment(due: date) -> datetime:
    return datetime.combine(due, CARD_TIME, SAO_PAULO)


def registration_end(due: date, days: int) -> datetime:
    """When the boleto of an overdue charge is no longer registered."""
    return overdue_moment(due + timedelta(days=days))


def settlement_moment(credit: date) -> datetime:
    return datetime.combine(credit, time(7, 10), SAO_PAULO)


def discount_cents(value_cents: int, discount: dict[str, Any] | None) -> int:
    if not discount:
        return 0
    return _share(value_cents, discount)


def _share(value_cents: int, terms: dict[str, Any]) -> int:
    if terms.get("type") == "PERCENTAGE":
        percent = parse_decimal(terms.get("value")) or Decimal(0)
        return int((Decimal(value_cents) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))
    return parse_cents(terms.get("value")) or 0


def payable(value_cents: int, due: date, terms: dict[str, Any], today: date) -> tuple[int, int]:
    """What is owed today, and the part of it that is fine and interest."""
    discount = terms.get("discount") or {}
    last_day = due - timedelta(days=int(discount.get("dueDateLimitDays") or 0))
    if today <= last_day:
        return value_cents - discount_cents(value_cents, discount), 0
    if today <= due:
        return value_cents, 0
    monthly = parse_decimal((terms.get("interest") or {}).get("value")) or Decimal(0)
    days = (today - due).days
    interest = (Decimal(value_cents) * monthly / 100 / 30 * days).quantize(Decimal(1), ROUND_HALF_UP)
    extra = _share(value_cents, terms.get("fine") or {}) + int(interest)
    return value_cents + extra, extra
