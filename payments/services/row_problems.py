"""What is wrong with a row of a file by the time a worker comes to it, in the words of its reader."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config import clock
from connections.gateways.base import Method
from payments.models import BatchRow

_SHOWN = 40


def of_today(row: BatchRow) -> dict[str, str] | None:
    """What no longer holds: a file may wait for its account for days. None where nothing is wrong."""
    with translation.override(row.batch.language or settings.LANGUAGE_CODE):
        due = date.fromisoformat(row.asked["due_date"])
        today = clock.today(row.batch.connection.time_zone)
        if due < today:
            return _of(
                row, "due_date", _("Due date"), _("The due date has passed: choose today or a later day.")
            )
        until = row.asked["terms"]["discount_until"]
        if until and date.fromisoformat(until) < today:
            column = _("Given until so many days before the due date")
            text = _("So early the discount would be over: choose fewer days.")
            return _of(row, "discount_days", column, text)
        return _of_boleto(row, due, today)


def _of_boleto(row: BatchRow, due: date, today: date) -> dict[str, str] | None:
    days = row.batch.connection.capabilities.boleto_days
    if row.asked["method"] != Method.BOLETO or days is None or days[0] <= (due - today).days:
        return None
    first, last = (date_format(today + timedelta(days=one), "SHORT_DATE_FORMAT") for one in days)
    text = _("For a boleto of this account choose a day from %(first)s to %(last)s.")
    return _of(row, "due_date", _("Due date"), text % {"first": first, "last": last})


def of_nobody_knows_what(row: BatchRow) -> dict[str, str]:
    """Something about it could not be stored; the logs say what."""
    with translation.override(row.batch.language or settings.LANGUAGE_CODE):
        text = _("This row could not be created, and nothing was charged: check its cells.")
    return {"field": "", "column": "", "text": text}


def _of(row: BatchRow, field: str, column: str, text: str) -> dict[str, Any]:
    return {"field": field, "column": column, "value": row.typed.get(field, "")[:_SHOWN], "text": text}
