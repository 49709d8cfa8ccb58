"""When a subscription charges, and what is the next thing its clock brings (mercadopago.md 4.5)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from simulator.days import months_after
from simulator.mercadopago.effects import moment_of
from simulator.mercadopago.serialise import ZONE
from simulator.mercadopago.subscription_terms import MONTHS
from simulator.models import MpInvoice, MpSubscription

AUTHORIZED, PAUSED = "authorized", "paused"
SCHEDULED, RECYCLING = "scheduled", "recycling"
OPEN = (SCHEDULED, RECYCLING)
LEAD = timedelta(minutes=2)
"""An invoice is made so long before its debit, as in the published sample."""
END, CHARGE, ISSUE = "end", "charge", "issue"
RANKS = (END, CHARGE, ISSUE)
"""What comes first of the things of one moment: an ended subscription charges nothing any more."""


@dataclass(frozen=True)
class Event:
    at: datetime
    what: str
    invoice: MpInvoice | None = None


def next_event(row: MpSubscription) -> Event | None:
    coming = _events(row)
    return min(coming, key=lambda one: (one.at, RANKS.index(one.what)), default=None)


def _events(row: MpSubscription) -> list[Event]:
    if row.status not in (AUTHORIZED, PAUSED):
        return []
    end = end_of(row)
    coming = [Event(end, END)] if end else []
    if row.status == PAUSED:
        return coming
    invoices = open_invoices(row)
    coming += [Event(one.retry_at or one.debit_at, CHARGE, one) for one in invoices]
    following = next_cycle(row)
    if following and all(one.status != SCHEDULED for one in invoices):
        coming.append(Event(following - LEAD, ISSUE))
    return coming


def open_invoices(row: MpSubscription) -> list[MpInvoice]:
    return list(MpInvoice.objects.filter(subscription=row, status__in=OPEN).order_by("id"))


def end_of(row: MpSubscription) -> datetime | None:
    return moment_of(row.data["auto_recurring"]["end_date"])


def next_cycle(row: MpSubscription) -> datetime | None:
    """The debit of the next invoice that is still to be made; None when there is none."""
    most = row.data["auto_recurring"]["repetitions"]
    if "first_charge_at" not in row.data or (most and issued(row) >= most):
        return None
    moment, end = cycle_moment(row, row.data["cycle"]), end_of(row)
    return None if end and moment >= end else moment


def issued(row: MpSubscription) -> int:
    """Lost and cancelled ones do not count (our decision)."""
    return MpInvoice.objects.filter(subscription=row).exclude(status="cancelled").count()


def cycle_moment(row: MpSubscription, index: int) -> datetime:
    """Counted from the first debit, by its day and time, so that the 31st comes back after February."""
    first = datetime.fromisoformat(row.data["first_charge_at"]).astimezone(ZONE)
    if index == 0:
        return first
    terms = row.data["auto_recurring"]
    return datetime.combine(_cycle_day(first.date(), terms, index), first.time(), ZONE)


def _cycle_day(first: date, terms: dict[str, Any], index: int) -> date:
    if terms["frequency_type"] != MONTHS:
        return first + timedelta(days=index * terms["frequency"])
    if terms["billing_day"]:
        return months_after(_billing_day_after(first, terms["billing_day"]), (index - 1) * terms["frequency"])
    return months_after(first, index * terms["frequency"])


def _billing_day_after(day: date, billing_day: int) -> date:
    this_month = day.replace(day=billing_day)
    return this_month if this_month > day else months_after(this_month, 1)


def first_amount(row: MpSubscription, step: int) -> int:
    """The part of the month up to the first billing day, in whole steps; all of it where none is wanted."""
    terms = row.data["auto_recurring"]
    first = cycle_moment(row, 0).date()
    if not terms["billing_day"] or not terms["billing_day_proportional"] or first.day == terms["billing_day"]:
        return row.amount_cents
    until = _billing_day_after(first, terms["billing_day"])
    month = (until - months_after(until, -1)).days
    return max(step, row.amount_cents * (until - first).days // (month * step) * step)


def skip_missed(row: MpSubscription, now: datetime) -> None:
    """What a pause let pass is lost (mercadopago.md 4.4)."""
    while cycle_moment(row, row.data["cycle"]) <= now:
        row.data["cycle"] += 1
