"""Weekdays and months of a calendar that knows no holidays."""

from calendar import monthrange
from datetime import date, timedelta

SATURDAY = 5


def next_weekday(day: date) -> date:
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day


def weekdays_after(day: date, count: int) -> date:
    """What is done on a weekend counts from the Monday."""
    day = next_weekday(day)
    for _ in range(count):
        day = next_weekday(day + timedelta(days=1))
    return day


def months_after(day: date, count: int) -> date:
    """The same day of a later month, or the last one that month has."""
    months = day.year * 12 + day.month - 1 + count
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
