"""Amounts for people: typed in and shown in the reader's own format."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from django.utils.formats import number_format

_SYMBOLS = {"BRL": "R$", "ARS": "AR$", "CLP": "CL$", "COP": "CO$", "MXN": "MX$", "PEN": "S/", "UYU": "UY$"}


class NotAnAmount(ValueError):
    """The text does not say one amount."""


def parse_amount(text: str) -> int:
    """What a person typed, in hundredths: ``1.234,56``, ``1234,56``, ``1,234.56``, ``R$ 10``.

    The last separator that is followed by one or two digits is the decimal one. Raises ``NotAnAmount``,
    also for more than two decimals: guessing an amount is worse than asking again.
    """
    bare = re.sub(r"[^\d.,-]", "", text.replace("R$", "").strip())
    match = re.fullmatch(r"(-?\d{1,3}(?:[.,]\d{3})*|-?\d+)(?:[.,](\d{1,2}))?", bare)
    if not match:
        raise NotAnAmount(text)
    whole = re.sub(r"[.,]", "", match[1])
    try:
        return int(Decimal(f"{whole}.{match[2] or '0'}") * 100)
    except InvalidOperation as err:
        raise NotAnAmount(text) from err


def format_cents(cents: int, currency: str) -> str:
    """``R$ 1.234,56`` in the reader's separators, with a space that does not break."""
    sign = "-" if cents < 0 else ""
    amount = Decimal(abs(cents)) / 100
    decimals = 0 if currency in ("CLP", "COP") else 2
    figure = number_format(amount, decimal_pos=decimals, force_grouping=True)
    return f"{sign}{_SYMBOLS.get(currency, currency)}\u00a0{figure}"
