"""How long what we create at a gateway can be paid, in days of the account's own time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config import clock
from connections.gateways.base import Method
from connections.models import Connection
from payments.models import Charge

# The gateway counts from when our call arrives, and stored bytes may be sent again minutes later.
_MARGIN = timedelta(minutes=10)
_PAGE_AFTER_DUE = timedelta(days=30)
_CODE_AFTER_DUE = timedelta(days=3)


def is_on_demand(connection: Connection, method: str, due_date: date) -> bool:
    """Whether no PIX code of this gateway lives until the due date: then it is made when it is asked for."""
    minutes = connection.capabilities.pix_minutes
    if method != Method.PIX or minutes is None:
        return False
    return _end_of(due_date, connection) > clock.now() + timedelta(minutes=minutes[1]) - _MARGIN


def is_page_renewed(connection: Connection, method: str, instalments: int) -> bool:
    """Whether it is paid on a page that lives shorter than the charge, and is made anew when it is wanted."""
    rule = connection.capabilities.instalments.get(method)  # type: ignore[call-overload]
    is_chosen = bool(rule and rule.is_payers_choice)
    return instalments > 1 and is_chosen and connection.capabilities.checkout_minutes is not None


def checkout_expiry(charge: Charge) -> datetime | None:
    """When a page made now is over, where it is one of these."""
    minutes = charge.connection.capabilities.checkout_minutes
    if minutes is None or not is_page_renewed(charge.connection, charge.method, charge.instalments):
        return None
    shortest, longest = (clock.now() + timedelta(minutes=number) for number in minutes)
    return max(min(charge.expires_at or longest, longest), shortest)


def first_expiry(
    connection: Connection, method: str, due_date: date, instalments: int = 1
) -> datetime | None:
    """When a new charge can no longer be paid; None where that is open, or not known yet."""
    if is_on_demand(connection, method, due_date):
        return None
    if method == Method.PIX:
        return code_expiry(connection, due_date)
    if method == Method.BOLETO:  # paid on its last day it is told of days later
        return None
    if is_page_renewed(connection, method, instalments):
        return _page_end(connection, due_date)
    return page_expiry(connection, due_date)


def code_expiry(connection: Connection, due_date: date) -> datetime | None:
    """The end of the due date as far as a code may live until then, three days once that has passed.

    None where the gateway's codes outlive the due date by themselves.
    """
    minutes = connection.capabilities.pix_minutes
    if minutes is None:
        return None
    now, end = clock.now(), _end_of(due_date, connection)
    wanted = end if end > now else now + _CODE_AFTER_DUE
    shortest, longest = (now + timedelta(minutes=number) for number in minutes)
    return min(max(wanted, shortest + _MARGIN), longest - _MARGIN)


def next_expiry(connection: Connection, method: str, due_date: date) -> datetime | None:
    """When what is made in the place of something earlier can no longer be paid."""
    if method == Method.PIX:
        return code_expiry(connection, due_date)
    return None if method == Method.BOLETO else page_expiry(connection, due_date)


def page_expiry(connection: Connection, due_date: date) -> datetime | None:
    """A hosted page stays open for 30 days after the due date, or as long as the gateway likes."""
    if connection.capabilities.reports_overdue:
        return None
    return _page_end(connection, due_date)


def _page_end(connection: Connection, due_date: date) -> datetime:
    return max(_end_of(due_date, connection) + _PAGE_AFTER_DUE, clock.now() + _CODE_AFTER_DUE)


def _end_of(day: date, connection: Connection) -> datetime:
    return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(connection.time_zone)).astimezone(UTC)
