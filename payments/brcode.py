"""The copy-and-paste text of a PIX charge (EMV QR code, "BR Code"): read and checked before it is shown."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal, InvalidOperation

_CRC_TAG = "6304"
_AMOUNT = "54"
_CURRENCY = "53"
_BRL = "986"


class BrokenCode(ValueError):
    """The text is not a BR Code that a bank would read."""


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE as four upper-case hex digits."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _bit in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return f"{crc:04X}"


def read(text: str) -> dict[str, str]:
    """The top-level fields by tag. Raises ``BrokenCode`` for wrong lengths or a wrong CRC."""
    if text[-8:-4] != _CRC_TAG or text[-4:].upper() != crc16(text[:-4]):
        raise BrokenCode("the check digits do not fit")
    fields: dict[str, str] = {}
    position = 0
    while position < len(text):
        tag, size = text[position : position + 2], text[position + 2 : position + 4]
        if not size.isdigit() or position + 4 + int(size) > len(text):
            raise BrokenCode("a field is cut")
        fields[tag] = text[position + 4 : position + 4 + int(size)]
        position += 4 + int(size)
    return fields


def amount_cents(text: str) -> int | None:
    """What the code asks for, in centavos; None when the payer types the amount. Raises ``BrokenCode``."""
    fields = read(text)
    if fields.get(_CURRENCY) != _BRL:
        raise BrokenCode("the code is not in reais")
    if _AMOUNT not in fields:
        return None
    try:
        cents = Decimal(fields[_AMOUNT]) * 100
    except InvalidOperation as err:
        raise BrokenCode("the amount is not a number") from err
    if cents != cents.to_integral_value():
        raise BrokenCode("the amount has parts of a centavo")
    return int(cents)


def fits(text: str, *, asked: Container[int]) -> bool:
    """Whether a bank would read this code and charge one of these sums (dynamic codes may omit it)."""
    try:
        cents = amount_cents(text)
    except BrokenCode:
        return False
    return cents is None or cents in asked
