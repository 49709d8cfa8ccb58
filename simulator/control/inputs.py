"""What several controls read from their body."""

from typing import Any

from simulator.cards import MASTERCARD, Card, digits_of
from simulator.control.errors import ControlError
from simulator.money import parse_cents


def amount_of(body: dict[str, Any]) -> int | None:
    """Cents of `amount` (major units); None when it is not given."""
    if body.get("amount") is None:
        return None
    amount = parse_cents(body["amount"])
    if amount is None or amount <= 0:
        raise ControlError("amount must be a positive number")
    return amount


def card_of(body: dict[str, Any]) -> Card:
    number = digits_of(str(body.get("number") or MASTERCARD))
    return Card(number, str(body.get("holder") or "APRO"))
