"""What a charge comes to: items, discounts, and what is left to ask for. Pure.

Amounts are hundredths of the currency, percentages hundredths of a percent. ``unit`` is the smallest sum the
currency knows: 1, or 100 where it has no cents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WHOLE = 100_00


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item: so many of it at this price, and what is off that."""

    description: str
    quantity: int
    unit_cents: int
    discount_cents: int = 0

    @property
    def gross_cents(self) -> int:
        return self.quantity * self.unit_cents

    @property
    def total_cents(self) -> int:
        return self.gross_cents - self.discount_cents


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """A discount as it was typed: a sum, or a percentage of what it is off."""

    cents: int = 0
    hundredths: int = 0

    def of(self, cents: int, *, unit: int = 1) -> int:
        """What it takes off an amount; a sum may be more than that."""
        return share(cents, self.hundredths, unit=unit) if self.hundredths else self.cents


def share(cents: int, hundredths: int, *, unit: int = 1) -> int:
    """A percentage of an amount, halves of the smallest sum rounded up, never more than the amount."""
    rounded = (2 * cents * hundredths + WHOLE * unit) // (2 * WHOLE * unit) * unit
    return min(rounded, cents)


def subtotal(lines: Iterable[Line]) -> int:
    """What the items come to after their own discounts."""
    return sum(line.total_cents for line in lines)
