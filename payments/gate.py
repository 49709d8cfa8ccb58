"""What may be paid for a charge on a day, and whether a sum is that (design rule 6). Pure.

Amounts are hundredths of the currency, days are civil dates where the account is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

# Interest is hundredths of a percent a month, a thirtieth of it each day.
_INTEREST_PARTS = 10_000 * 30
# What a gateway worked out may be rounded otherwise than ours.
_ROUNDING = 1


class Terms(Protocol):
    """One version of what is asked for (``payments.models.ChargeTerms``)."""

    @property
    def amount_cents(self) -> int: ...
    @property
    def due_date(self) -> date: ...
    @property
    def discount_cents(self) -> int: ...
    @property
    def discount_until(self) -> date | None: ...
    @property
    def fine_cents(self) -> int: ...
    @property
    def interest_bp(self) -> int: ...


class VersionedTerms(Terms, Protocol):
    """A version that may be of one parcel only."""

    @property
    def parcel(self) -> int | None: ...


@dataclass(frozen=True)
class Range:
    """Every sum from ``low`` to ``high``, both included, and a cent beyond an end that was worked out."""

    low: int
    high: int
    is_low_rounded: bool = False
    is_high_rounded: bool = False

    def __contains__(self, cents: object) -> bool:
        least = self.low - _ROUNDING * self.is_low_rounded
        most = self.high + _ROUNDING * self.is_high_rounded
        return isinstance(cents, int) and cents > 0 and least <= cents <= most


def expected(versions: Sequence[Terms], *, amount_cents: int, day: date | None) -> tuple[Range, ...]:
    """What may be paid on a day by each agreed version, newest first and each range once.

    Without versions it is ``amount_cents``; on a day nobody knows, the amount of each version.
    """
    if not versions:
        return (Range(amount_cents, amount_cents),)
    ranges = (payable(version, day) for version in reversed(versions))
    return tuple(dict.fromkeys(ranges))


def admits(received_cents: int, ranges: Sequence[Range]) -> bool:
    return any(received_cents in one for one in ranges)


def payable(terms: Terms, day: date | None) -> Range:
    """From the amount less its discount to the amount with fine and interest, as far as the day has them.

    Who pays the plain amount is never refused: a gateway may forgive a fine, and where the due date is a
    Saturday or a Sunday none is owed before Tuesday.
    """
    if day is None:
        return Range(terms.amount_cents, terms.amount_cents)
    off, extra = granted(terms, day), owed(terms, day)
    return Range(terms.amount_cents - off, terms.amount_cents + extra, bool(off), bool(extra))


def granted(terms: Terms, day: date) -> int:
    """The discount on a day."""
    if terms.discount_until is None or day > terms.discount_until:
        return 0
    return min(terms.discount_cents, terms.amount_cents)


def owed(terms: Terms, day: date) -> int:
    """Fine and interest on a day: a part of a cent counts as a whole one."""
    days_late = (day - terms.due_date).days
    if days_late <= 0:
        return 0
    interest = -(-terms.amount_cents * terms.interest_bp * days_late // _INTEREST_PARTS)
    return terms.fine_cents + interest
