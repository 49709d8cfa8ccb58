"""What the gateways still owe and what they credited, summed by the database. Amounts are cents.

Days are civil days where the account is. However many payments there are, the queries are as many as
there are time zones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce, TruncDate

from config import clock
from connections.models import Connection
from payments.models import Payment
from payments.models.payments import PaymentQuerySet

DAYS_AHEAD = 30
_LATE, _ON_ITS_DAY, _LATER, _UNKNOWN = range(4)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """``net_cents`` is what is left of ``gross_cents`` after fees and what was given back.

    ``fee_cents``: without what of a fee came back with the money given back.
    ``unknown_fees``: payments whose gateway did not tell a fee; they count as without one.
    """

    payments: int = 0
    gross_cents: int = 0
    fee_cents: int = 0
    refunded_cents: int = 0
    net_cents: int = 0
    unknown_fees: int = 0

    def __add__(self, other: Sums) -> Sums:
        names = (field.name for field in fields(self))
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an account is to get on a day; ``is_late``: should have come before it, ``is_later``: or after.

    ``day`` is None where the gateway told none.
    """

    connection: Connection
    currency: str
    day: date | None
    sums: Sums
    is_late: bool = False
    is_later: bool = False


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What came into one account in a period, or was advanced to it."""

    connection: Connection
    currency: str
    sums: Sums


def expected(connections: Sequence[Connection]) -> list[Expected]:
    """Late money first in one row, then day by day, then in one row each what comes after so many days, and
    on a day not known.
    """
    found: dict[tuple[int, date, int, str], Expected] = {}
    for zone, accounts in _by_zone(connections).items():
        today = clock.today(zone)
        last = today + timedelta(days=DAYS_AHEAD)
        owed = Payment.objects.expected().filter(connection__in=accounts)
        by_day = owed.annotate(day=TruncDate("settles_at", tzinfo=ZoneInfo(zone)))
        for row in _summed(by_day, "day"):
            rank = _rank(row["day"], today, last)
            day = min(max(row["day"] or today, today), last + timedelta(days=1))
            key = (rank, day, row["connection_id"], row["currency"])
            before = found[key].sums if key in found else Sums()
            found[key] = Expected(
                connection=accounts[row["connection_id"]],
                currency=row["currency"],
                day=None if rank == _UNKNOWN else day,
                sums=before + _sums(row),
                is_late=rank == _LATE,
                is_later=rank == _LATER,
            )
    ordered = sorted(found, key=lambda key: (*key[:2], found[key].connection.name, *key[2:]))
    return [found[key] for key in ordered]


def _rank(day: date | None, today: date, last: date) -> int:
    if day is None:
        return _UNKNOWN
    return _LATE if day < today else _LATER if day > last else _ON_ITS_DAY


def late_payments(connections: Sequence[Connection], *, most: int) -> list[Payment]:
    """Those whose money should have come before today, the longest expected first."""
    if not connections:
        return []
    late = Q()
    for zone, accounts in _by_zone(connections).items():
        late |= Q(connection__in=accounts, settles_at__lt=_midnight(clock.today(zone), zone))
    owed = Payment.objects.expected().filter(late).select_related("charge", "connection")
    hidden = owed.defer("connection__credentials", "connection__webhook_secrets")
    return list(hidden.order_by("settles_at", "pk")[:most])


def settled(connections: Sequence[Connection], *, first: date, last: date) -> list[Settled]:
    """What came in on these days, both included."""
    return _by_account(settled_payments(connections, first=first, last=last), connections)


def advanced(connections: Sequence[Connection], *, first: date, last: date) -> list[Settled]:
    """What was paid on these days and advanced since: when and for how much is not told."""
    paid = _within(connections, "paid_at", first=first, last=last)
    return _by_account(Payment.objects.advanced().filter(paid), connections)


def settled_payments(connections: Sequence[Connection], *, first: date, last: date) -> PaymentQuerySet:
    return Payment.objects.settled().filter(_within(connections, "settled_at", first=first, last=last))


def _by_account(payments: PaymentQuerySet, connections: Sequence[Connection]) -> list[Settled]:
    by_id = {connection.pk: connection for connection in connections}
    rows = [
        Settled(connection=by_id[row["connection_id"]], currency=row["currency"], sums=_sums(row))
        for row in _summed(payments)
    ]
    return sorted(rows, key=lambda row: (row.connection.name, row.connection.pk, row.currency))


def _within(connections: Sequence[Connection], moment: str, *, first: date, last: date) -> Q:
    """Of these accounts, with this moment on one of their own days."""
    within = Q(pk__in=[])
    for zone, accounts in _by_zone(connections).items():
        begin, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
        within |= Q(connection__in=accounts, **{f"{moment}__gte": begin, f"{moment}__lt": end})
    return within


def _by_zone(connections: Sequence[Connection]) -> dict[str, dict[int, Connection]]:
    zones: defaultdict[str, dict[int, Connection]] = defaultdict(dict)
    for connection in connections:
        zones[connection.time_zone][connection.pk] = connection
    return zones


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def _summed(payments: PaymentQuerySet, *by: str) -> Iterator[dict[str, Any]]:
    paid_fee, returned = Coalesce("fee_cents", 0), F("fee_returned_cents")
    net = Coalesce(F("net_cents"), F("received_cents") - paid_fee) - F("refunded_cents") + returned
    yield from (
        payments.order_by()
        .values("connection_id", "currency", *by)
        .annotate(
            payments=Count("pk"),
            gross_cents=Sum("received_cents"),
            fees=Sum(paid_fee - returned),
            refunded=Sum("refunded_cents"),
            net=Sum(net),
            unknown_fees=Count("pk", filter=Q(fee_cents__isnull=True)),
        )
    )


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(
        payments=row["payments"],
        gross_cents=row["gross_cents"],
        fee_cents=row["fees"],
        refunded_cents=row["refunded"],
        net_cents=row["net"],
        unknown_fees=row["unknown_fees"],
    )
