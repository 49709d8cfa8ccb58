"""One year of a card's subscription as each gateway has it, and what is left of it here, told or not.

From 10 January 2027, due on the 12th of each month. April's card is refused and taken later: tried again by
Mercado Pago itself, at Asaas by hand. From 10 September on it costs more, also what is issued and open;
cancelled on 10 December. Each pause is as short as one that costs a turn can be.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

BEGINS = datetime(2027, 1, 10, 15, tzinfo=UTC)
PLAIN, RAISED = 4_990, 5_990
Row = tuple[str, str, int]


def day(month: int, number: int = 10) -> datetime:
    """That day of a month of 2027; 13 is January 2028."""
    return BEGINS.replace(year=2027 + (month - 1) // 12, month=(month - 1) % 12 + 1, day=number)


# From one to the next the clock goes: a day after each due date, and two days before the next.
DAYS = [day(month, number) for month in range(1, 13) for number in (10, 13)] + [day(13), day(13, 13)]
SPANS = list(pairwise(DAYS))
REFUSED_FROM, REFUSED_UNTIL = day(4), day(4, 13)
REFUSED_DUE = day(4, 12).date()

# What is issued stays, and what falls into the pause is never made up for. Mercado Pago issues on the day
# (mercadopago.md 4.4), so a month is enough; Asaas 40 days ahead (asaas.md 4.2): July was issued on 2 June,
# and August is lost because the pause covers both 3 July, when it was to be issued, and its due date.
PAUSED = {"asaas": (day(6, 13), day(8, 13)), "mercadopago": (day(6), day(7))}


def is_paused(key: str, moment: datetime) -> bool:
    """Before what a person does at that moment."""
    begins, ends = PAUSED[key]
    return begins < moment <= ends


def change_at(key: str, moment: datetime) -> str:
    """What a person does at that moment; empty for nothing."""
    begins, ends = PAUSED[key]
    return {begins: "pause", ends: "resume", day(9): "amount", day(12): "cancel"}.get(moment, "")


def _rows(paid: list[int], cancelled: list[int]) -> list[Row]:
    return [
        (
            (day(month) + timedelta(days=2)).date().isoformat(),
            "cancelled" if month in cancelled else "paid",
            PLAIN if month < 9 else RAISED,
        )
        for month in sorted(paid + cancelled)
    ]


# Ten turns are paid at each: eleven were due before the end, and the pause costs one. Those of December and
# January were issued by Asaas before the end and are removed with the subscription.
ROWS = {
    "asaas": _rows([1, 2, 3, 4, 5, 6, 7, 9, 10, 11], [12, 13]),
    "mercadopago": _rows([1, 2, 3, 4, 5, 7, 8, 9, 10, 11], []),
}
