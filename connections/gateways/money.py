"""Amounts at the border: decimals of the currency outside, integer hundredths inside, never a float."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal

WHOLE_CURRENCIES = frozenset({"CLP", "COP"})
_CENT = Decimal("0.01")
# No charge comes near it; beyond it a number is an accident, and rescaling it could cost the memory.
_LARGEST = Decimal(10) ** 13


def smallest_cents(currency: str) -> int:
    """The least amount there is, in hundredths: one whole unit where the currency has no cents."""
    return 100 if currency in WHOLE_CURRENCIES else 1


def to_cents(value: object) -> int | None:
    """Hundredths of a number or numeric text; ``None`` for anything that is no sensible amount."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return None
    try:
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > _LARGEST:
            return None
        return int(amount.quantize(_CENT, rounding=ROUND_HALF_UP).scaleb(2))
    except (ArithmeticError, ValueError):
        return None


def from_cents(cents: int) -> Decimal:
    """The decimal amount with exactly two places, as ``encode`` writes it."""
    return Decimal(cents).scaleb(-2)


def encode(value: object) -> str:
    """Compact JSON in the order given, with decimals written as numbers digit by digit.

    ``json.dumps`` knows no ``Decimal``; a float in between could bring ``0.30000000000000004``.
    """
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{encode(str(key))}:{encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode(item) for item in value) + "]"
    # A lone surrogate can be neither sent nor stored.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
