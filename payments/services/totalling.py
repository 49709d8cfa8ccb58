"""What charges add up to, summed by the database. Amounts are hundredths; nothing here adds two currencies,
or money of the sandbox to real money.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, tzinfo

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Greatest, TruncDate

from connections.gateways.base import Environment
from payments.models import Charge, ChargeStatus
from payments.models.charges import ChargeQuerySet

_WAITING = (
    ChargeStatus.CONFIRMING,
    ChargeStatus.PENDING,
    ChargeStatus.AUTHORIZED,
    ChargeStatus.OVERDUE,
)
# Money is waited for; what a person has to look at first is never asked for again.
_OPEN = Q(status__in=_WAITING, review_reason="")


@dataclass(frozen=True, kw_only=True)
class Totals:
    """``open_cents`` is what is still waited for: of charges that are open and not to review."""

    is_sandbox: bool
    currency: str
    charges: int = 0
    charged_cents: int = 0
    received_cents: int = 0
    refunded_cents: int = 0
    open_cents: int = 0


@dataclass(frozen=True, kw_only=True)
class DayReceived:
    """What was received for the charges paid on one day."""

    currency: str
    day: date
    charges: int
    received_cents: int


def open_by_connection(connection_ids: Collection[int]) -> dict[int, int]:
    """How many charges money is waited for on each, by primary key; those to review too."""
    waiting = Charge.objects.filter(connection__in=connection_ids, status__in=_WAITING).order_by()
    return dict(waiting.values_list("connection").annotate(number=Count("*")))


def totals(charges: ChargeQuerySet) -> list[Totals]:
    """One for real money and one for the sandbox, in each currency there is; real money first."""
    left = Greatest(F("amount_cents") - F("received_cents"), 0)
    rows = (
        charges.order_by()
        .values_list("connection__environment", "currency")
        .annotate(
            number=Count("*"),
            charged=Sum("amount_cents"),
            received=Sum("received_cents"),
            refunded=Sum("refunded_cents"),
            waited_for=Sum(left, filter=_OPEN, default=0),
        )
    )
    found = [
        Totals(
            is_sandbox=environment == Environment.SANDBOX,
            currency=currency,
            charges=number,
            charged_cents=int(charged),
            received_cents=int(received),
            refunded_cents=int(refunded),
            open_cents=int(waited_for),
        )
        for environment, currency, number, charged, received, refunded, waited_for in rows
    ]
    return sorted(found, key=lambda one: (one.is_sandbox, one.currency))


def received_by_day(charges: ChargeQuerySet, zone: tzinfo) -> list[DayReceived]:
    """Of the charges that were paid, by the day there, the earliest first; days without any are left out."""
    rows = (
        charges.filter(paid_at__isnull=False)
        .order_by()
        .annotate(day=TruncDate("paid_at", tzinfo=zone))
        .values_list("currency", "day")
        .annotate(number=Count("*"), received=Sum("received_cents"))
    )
    found = [
        DayReceived(currency=currency, day=day, charges=number, received_cents=int(received))
        for currency, day, number, received in rows
    ]
    return sorted(found, key=lambda one: (one.currency, one.day))
