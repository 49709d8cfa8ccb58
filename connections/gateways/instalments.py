"""Parcels of an amount: how many a gateway takes, how it splits them, when each is due. Pure."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class InstalmentRule:
    """``most`` parcels of ``least_cents`` or more each. ``is_payers_choice``: up to that many, as the payer
    chooses on the gateway's page, who owes the sum at once to the card; else each parcel is paid when due."""

    most: int
    least_cents: int = 1
    is_payers_choice: bool = False

    def most_of(self, amount_cents: int) -> int:
        """How many parcels this amount can have; 1 where it is too small for two."""
        return max(1, min(self.most, amount_cents // self.least_cents))


def split(amount_cents: int, count: int) -> tuple[int, ...]:
    """Equal parcels in whole cents, cut off; the last one takes the rest (asaas.md 3.3)."""
    share = amount_cents // count
    return (*[share] * (count - 1), amount_cents - share * (count - 1))


def due_dates(first: date, count: int) -> tuple[date, ...]:
    """Parcel k is due k-1 months after the first (asaas.md 3.3)."""
    return tuple(months_after(first, number) for number in range(count))


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
