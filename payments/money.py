"""Amounts for people: typed in and shown in the reader's own format."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.formats import get_format, number_format

from connections.gateways.money import WHOLE_CURRENCIES
from connections.gateways.money import smallest_cents as smallest_cents

_SYMBOLS = {"BRL": "R$", "ARS": "AR$", "CLP": "CL$", "COP": "CO$", "MXN": "MX$", "PEN": "S/", "UYU": "UY$"}
LARGEST_CENTS = 100_000_000_00


class NotAnAmount(ValueError):
    """The text does not say one amount."""


_SPACE_OR_SYMBOL = re.compile(r"^[A-Z]{0,2}\$|^S/|[\s\u00a0\u202f]")
_AMOUNT = re.compile(
    r"(\d{1,3}(?:(?P<group>[.,])\d{3}(?:(?P=group)\d{3})*)|\d+)(?:(?P<decimal>[.,])(\d{1,2}))?"
)


def parse_amount(text: str) -> int:
    """What a person typed, in hundredths: ``1.234,56``, ``1234,56``, ``1,234.56``, ``R$ 10``.

    Raises ``NotAnAmount``, also where two readings are possible (``1,234`` typed by a Brazilian):
    guessing an amount is worse than asking again.
    """
    match = _AMOUNT.fullmatch(_SPACE_OR_SYMBOL.sub("", text.strip()))
    if not match or (match["group"] and match["group"] == match["decimal"]):
        raise NotAnAmount(text)
    if match["group"] and not match["decimal"] and match["group"] != _group_separator():
        raise NotAnAmount(text)
    whole = re.sub(r"[.,]", "", match[1])
    return int(Decimal(f"{whole}.{match[4] or '0'}") * 100)


def _group_separator() -> str:
    return "." if get_format("DECIMAL_SEPARATOR") == "," else ","


def symbol(currency: str) -> str:
    return _SYMBOLS.get(currency, currency)


def format_cents(cents: int, currency: str) -> str:
    """``R$ 1.234,56`` in the reader's separators, with a space that does not break."""
    sign = "-" if cents < 0 else ""
    amount = Decimal(abs(cents)) / 100
    decimals = 0 if currency in WHOLE_CURRENCIES else 2
    figure = number_format(amount, decimal_pos=decimals, force_grouping=True)
    return f"{sign}{symbol(currency)}\u00a0{figure}"


def as_typed(cents: int, currency: str) -> str:
    """``1234,56``: as a box takes it, in the reader's separators."""
    decimals = 0 if currency in WHOLE_CURRENCIES else 2
    return number_format(Decimal(cents) / 100, decimals, use_l10n=True, force_grouping=False)
