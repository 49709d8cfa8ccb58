"""Integer cents inside, JSON numbers in major units at the edge."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any


def parse_cents(value: Any) -> int | None:
    """Cents of a JSON number (or numeric text), rounded half up; None when it is no amount."""
    exact = parse_decimal(value)
    return None if exact is None else int((exact * 100).quantize(Decimal(1), ROUND_HALF_UP))


def parse_decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return None
    return exact if exact.is_finite() and abs(exact) < 10**12 else None


def decimal_number(cents: int) -> float:
    """As Asaas writes amounts: always with a decimal point (150.0)."""
    return cents / 100


def plain_number(cents: int) -> int | float:
    """As Mercado Pago writes amounts: no decimal point for whole values (50, 149.9)."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def amount_text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def brazilian(cents: int) -> str:
    """1.234,56"""
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"
