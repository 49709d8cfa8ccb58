"""A card as a person types it on a hosted page. Only what the gateways show later is kept: never the code."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

MASTERCARD = "5031433215406351"
"""The number a control pays with when it names none (mercadopago.md 8.2)."""
CENTURY = 2000
_BRANDS = (
    ("ELO", r"4011|438935|451416|5067|5090|627780|636297|636368|650"),
    ("HIPERCARD", r"606282|3841"),
    ("AMEX", r"3[47]"),
    ("DINERS", r"3[068]"),
    ("JCB", r"35"),
    ("DISCOVER", r"6011"),
    ("VISA", r"4"),
    ("MASTERCARD", r"5|2[2-7]"),
)


class BadCard(ValueError):
    """What the page says about a form that is not filled well."""


@dataclass(frozen=True)
class Card:
    number: str
    holder: str
    expiry_month: int = 11
    expiry_year: int = 2030

    @property
    def last_digits(self) -> str:
        return self.number[-4:]

    @property
    def brand(self) -> str:
        return next((name for name, start in _BRANDS if re.match(start, self.number)), "UNKNOWN")


def typed(form: Mapping[str, str], today: date) -> Card:
    """Check digits are not looked at, any code will do, the expiry must lie ahead (asaas.md 3.9)."""
    number = digits_of(form.get("number", ""))
    holder = form.get("holder", "").strip()
    if not holder:
        raise BadCard("Informe o nome impresso no cartão.")
    month, year = _expiry(form.get("expiry", ""), today)
    if not re.fullmatch(r"\d{3,4}", form.get("ccv", "").strip()):
        raise BadCard("Código de segurança inválido.")
    return Card(number, holder, month, year)


def digits_of(text: str) -> str:
    number = re.sub(r"[\s.\-]", "", text)
    if not re.fullmatch(r"\d{13,19}", number):
        raise BadCard("Número do cartão inválido.")
    return number


def _expiry(text: str, today: date) -> tuple[int, int]:
    """MM/AA or MM/AAAA; good until the month is over."""
    found = re.fullmatch(r"(0?[1-9]|1[0-2])\s*/\s*(\d{2}|\d{4})", text.strip())
    if not found:
        raise BadCard("Validade inválida: use MM/AA.")
    month, year = int(found[1]), int(found[2])
    year += CENTURY if year < 100 else 0
    if year < CENTURY or date(year, month, monthrange(year, month)[1]) < today:
        raise BadCard("Cartão vencido.")
    return month, year
