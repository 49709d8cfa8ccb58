"""When money came, as far as the gateway tells: Asaas names days, Mercado Pago moments."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format


def is_day_alone(moment: datetime, zone: str) -> bool:
    """Whether it is exactly midnight where the account is: then the gateway told the day and no time.

    Asaas has no time in ``paymentDate``, ``clientPaymentDate`` and ``creditDate`` (asaas.md 3.3).
    """
    there = _there(moment, zone)
    return (there.hour, there.minute, there.second, there.microsecond) == (0, 0, 0, 0)


def in_words(moment: datetime, zone: str) -> str:
    """The day of the account where only that is known; else day and time where the reader is."""
    if is_day_alone(moment, zone):
        return date_format(_there(moment, zone), "SHORT_DATE_FORMAT")
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def for_machines(moment: datetime, zone: str) -> str:
    """What HTML's ``datetime`` takes: ``2026-11-22``, or with the time and its distance from UTC."""
    there = _there(moment, zone)
    return there.date().isoformat() if is_day_alone(moment, zone) else there.isoformat(timespec="seconds")


def _there(moment: datetime, zone: str) -> datetime:
    """On the account's clock; the zone of one that was never checked is not known."""
    return moment.astimezone(ZoneInfo(zone or "UTC"))
