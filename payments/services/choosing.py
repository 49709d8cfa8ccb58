"""Which charges are meant: the filters of the list, its totals and exports, and of many cancelled at once."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from connections.gateways.base import Environment, ResourceKind
from connections.gateways.documents import bare
from connections.models import Connection
from payments.models import Charge, ChargeStatus, Customer, GatewayResource, Payment
from payments.models.charges import ChargeQuerySet

WAITING = (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING, ChargeStatus.PENDING, ChargeStatus.AUTHORIZED)
# By the name of a saved view.
VIEWS: dict[str, Q] = {
    "waiting": Q(status__in=WAITING),
    "paid": Q(status=ChargeStatus.PAID),
    "overdue": Q(status=ChargeStatus.OVERDUE),
    "review": ~Q(review_reason=""),
    "refunded": Q(status__in=(ChargeStatus.PARTIALLY_REFUNDED, ChargeStatus.REFUNDED)),
}
# Customers with such a name, up to which their charges are fetched one by one.
_FEW = 200
_KINDS = tuple(kind.value for kind in ResourceKind)


class Basis(StrEnum):
    """Which of a charge's days a period is about."""

    CREATED = "created"
    DUE = "due"
    PAID = "paid"


@dataclass(frozen=True, kw_only=True)
class Days:
    """Civil days, both included; None is open."""

    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return bool(self.since or self.until)


def _month(day: date) -> Days:
    return Days(since=day.replace(day=1), until=day.replace(day=monthrange(day.year, day.month)[1]))


def _week(day: date) -> Days:
    monday = day - timedelta(days=day.weekday())
    return Days(since=monday, until=monday + timedelta(days=6))


# Periods that go with the calendar, by their names in the address; weeks begin on Monday.
PERIODS: dict[str, Callable[[date], Days]] = {
    "today": lambda today: Days(since=today, until=today),
    "week": _week,
    "month": _month,
    "last-month": lambda today: _month(today.replace(day=1) - timedelta(days=1)),
    "30d": lambda today: Days(since=today - timedelta(days=29), until=today),
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What narrows a list of charges; empty is everything. Amounts are hundredths, of whatever currency.

    ``zone`` is where the days are: of when a charge was made or paid. Its due date is a civil day by itself.
    """

    zone: tzinfo
    view: str = ""
    basis: str = Basis.CREATED
    days: Days = Days()
    statuses: tuple[str, ...] = ()
    method: str = ""
    connection: str = ""
    operator: str = ""
    least_cents: int | None = None
    most_cents: int | None = None
    is_sandbox: bool | None = None
    text: str = ""


def narrowed(charges: ChargeQuerySet, filters: Filters) -> ChargeQuerySet:
    """Those of the charges that the filters let through; each once."""
    if filters.view in VIEWS:
        charges = charges.filter(VIEWS[filters.view])
    charges = charges.filter(**_conditions(filters), **_within(filters))
    return charges.filter(_named(filters.text)) if filters.text else charges


def _conditions(filters: Filters) -> dict[str, Any]:
    environment = Environment.SANDBOX if filters.is_sandbox else Environment.PRODUCTION
    asked: dict[str, Any] = {
        "status__in": filters.statuses or None,
        "method": filters.method or None,
        "connection__in": _connections(filters.connection) if filters.connection else None,
        "created_by__username": filters.operator or None,
        "amount_cents__gte": filters.least_cents,
        "amount_cents__lte": filters.most_cents,
        "connection__environment": None if filters.is_sandbox is None else environment,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _connections(text: str) -> QuerySet[Connection]:
    """None for what is no such id: then nothing is found."""
    with suppress(ValueError):
        return Connection.objects.filter(public_id=UUID(text))
    return Connection.objects.none()


def _within(filters: Filters) -> dict[str, Any]:
    since, until = filters.days.since, filters.days.until
    if filters.basis == Basis.DUE:
        asked: dict[str, Any] = {"due_date__gte": since, "due_date__lte": until}
    else:
        moment = "paid_at" if filters.basis == Basis.PAID else "created_at"
        asked = {
            f"{moment}__gte": since and _midnight(since, filters.zone),
            f"{moment}__lt": until and _midnight(until + timedelta(days=1), filters.zone),
        }
    return {name: value for name, value in asked.items() if value}


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _named(text: str) -> Q:
    """The charges a text means: by name, document, reference or gateway id.

    Each part has an index of its own, which an OR over all of them would leave unused. A name so common that
    the newest charges have it is found by looking through those: for this alone a query is made here.
    """
    charges = Charge.objects.order_by().values("pk")
    found = Customer.objects.order_by().filter(name__icontains=text).values_list("pk", flat=True)
    people = list(found[: _FEW + 1])
    if len(people) > _FEW:
        first, *others = _parts(text)
        return Q(customer__name__icontains=text) | Q(pk__in=first.union(*others))
    return Q(pk__in=charges.filter(customer__in=people).union(*_parts(text)))


def _parts(text: str) -> list[QuerySet[Any, Any]]:
    """The ids of the charges that a text names in other ways than by a part of a name."""
    charges = Charge.objects.order_by().values("pk")
    everywhere: dict[str, Any] = {"connection__in": Connection.objects.values("pk"), "gateway_id": text}
    resources = GatewayResource.objects.filter(kind__in=_KINDS, charge__isnull=False, **everywhere)
    document = bare(text)
    return [
        charges.filter(reference=text.lower()),
        *([charges.filter(customer__document=document)] if document else []),
        charges.exclude(foreign_reference="").filter(foreign_reference__iexact=text),
        Payment.objects.order_by().filter(**everywhere).values("charge"),
        resources.order_by().values("charge"),
    ]
