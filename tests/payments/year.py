"""One year of a subscription as both gateways have it, and what is left of it here, told or not.

From 10 January 2027, due on the 12th of each month: April's card is refused and taken two days later, a slip
is paid a day late each month; paused on 10 June, resumed on 10 July; another amount from 10 August on, also
for slips that are open; cancelled on 10 December.
"""

from __future__ import annotations

from datetime import UTC, datetime

BEGINS = datetime(2027, 1, 10, 15, tzinfo=UTC)
PLAIN, RAISED = 4_990, 5_990
CHANGES = {6: "pause", 7: "resume", 8: "amount", 12: "cancel"}
REFUSED_IN = 4
Row = tuple[str, str, int]


def day(month: int, number: int = 10) -> datetime:
    """That day of a month of 2027; 13 is January 2028."""
    return BEGINS.replace(year=2027 + (month - 1) // 12, month=(month - 1) % 12 + 1, day=number)


def _due(month: int) -> str:
    return day(month, 12).date().isoformat()


# Mercado Pago charges on the day: what fell into the pause is never made up for (mercadopago.md 4.4).
CARD: list[Row] = [
    (_due(month), "paid", PLAIN if month < 8 else RAISED) for month in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)
]
# Asaas issues 40 days ahead (asaas.md 4.2): June and July were issued before the pause, August after it, and
# December and January are removed with the subscription.
SLIPS: list[Row] = [
    (_due(month), "paid" if month < 12 else "cancelled", PLAIN if month < 8 else RAISED)
    for month in range(1, 14)
]
