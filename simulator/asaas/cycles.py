"""The due dates of a subscription, one cycle after the other (asaas.md 4.2)."""

from calendar import monthrange
from datetime import date, timedelta

from simulator.days import months_after

DAYS = {"WEEKLY": 7, "BIWEEKLY": 14}
MONTHS = {"MONTHLY": 1, "BIMONTHLY": 2, "QUARTERLY": 3, "SEMIANNUALLY": 6, "YEARLY": 12}
NAMES = (*DAYS, *MONTHS)


def following(day: date, cycle: str, day_of_month: int) -> date:
    """Day 31 becomes a short month's last day and is 31 again after it (our decision: unknown)."""
    if cycle in DAYS:
        return day + timedelta(days=DAYS[cycle])
    first = months_after(day.replace(day=1), MONTHS[cycle])
    return first.replace(day=min(day_of_month, monthrange(first.year, first.month)[1]))


def first_after(today: date, day: date, cycle: str, day_of_month: int) -> date:
    """The first of the dates from `day` on that lies ahead."""
    while day <= today:
        day = following(day, cycle, day_of_month)
    return day
