"""The items and the discount a charge was made with, as people read them."""

from __future__ import annotations

from dataclasses import dataclass

from payments.models import Charge
from payments.money import format_cents


@dataclass(frozen=True, kw_only=True)
class LineInWords:
    """One item; ``unit`` is empty where one of it was charged without a discount."""

    description: str
    quantity: int
    unit: str
    discount: str
    total: str


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """``is_current``: it comes to what is asked for now; else the amount was changed since."""

    lines: tuple[LineInWords, ...]
    subtotal: str
    discount: str
    reason: str
    total: str
    is_current: bool


def breakdown(charge: Charge) -> Breakdown | None:
    """None for a charge that was made over a mere amount."""
    lines = [row.line for row in charge.lines.all()]
    if not lines and not charge.discount_cents:
        return None
    made_for = charge.subtotal_cents - charge.discount_cents
    return Breakdown(
        lines=tuple(
            LineInWords(
                description=line.description,
                quantity=line.quantity,
                unit=format_cents(line.unit_cents, charge.currency)
                if line.quantity > 1 or line.discount_cents
                else "",
                discount=format_cents(-line.discount_cents, charge.currency) if line.discount_cents else "",
                total=format_cents(line.total_cents, charge.currency),
            )
            for line in lines
        ),
        subtotal=format_cents(charge.subtotal_cents, charge.currency),
        discount=format_cents(-charge.discount_cents, charge.currency) if charge.discount_cents else "",
        reason=charge.discount_reason,
        total=format_cents(made_for, charge.currency),
        is_current=made_for == charge.amount_cents,
    )
