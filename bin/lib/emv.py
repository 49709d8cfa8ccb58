"""Reads a PIX copy-and-paste text (EMV merchant-presented QR code): its fields, amount and checksum.

Written apart from the product and the simulator, so that it checks both.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

AMOUNT, CHECKSUM = "54", "63"


class NotReadable(ValueError):
    """The text is not a whole PIX code; the message says where it breaks."""


@dataclass(frozen=True)
class Code:
    """A code whose checksum fits. Without an amount the payer types one."""

    fields: dict[str, str]
    amount: Decimal | None


def read(text: str) -> Code:
    fields = _fields(text)
    if list(fields)[-1:] != [CHECKSUM]:
        raise NotReadable("it does not end with its checksum")
    wanted = f"{checksum(text[:-4]):04X}"
    if fields[CHECKSUM].upper() != wanted:
        raise NotReadable(f"its checksum is {fields[CHECKSUM]}, but its text gives {wanted}")
    return Code(fields, _amount(fields.get(AMOUNT)))


def checksum(text: str) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, starting with 0xFFFF."""
    remainder = 0xFFFF
    for byte in text.encode():
        remainder ^= byte << 8
        for _ in range(8):
            remainder = (remainder << 1) ^ (0x1021 if remainder & 0x8000 else 0)
            remainder &= 0xFFFF
    return remainder


def _fields(text: str) -> dict[str, str]:
    """Two digits of tag, two digits of length in characters, the value, and so on to the end."""
    fields, place = {}, 0
    while place < len(text):
        tag, length = text[place : place + 2], text[place + 2 : place + 4]
        if not (tag.isdigit() and length.isdigit() and len(length) == 2):
            raise NotReadable(f"no tag and length at character {place}")
        end = place + 4 + int(length)
        if end > len(text):
            raise NotReadable(f"field {tag} is cut off")
        fields[tag] = text[place + 4 : end]
        place = end
    return fields


def _amount(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise NotReadable(f"its amount is {text!r}") from None
