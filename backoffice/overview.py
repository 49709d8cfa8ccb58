"""The figures of the first page, of real money or of the sandbox, never of both.

Each is the total of the list of charges under the address it leads to: that address is read by the form of
the list, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from config import clock
from connections.models import Connection
from payments.models import Charge
from payments.models.charges import ChargeQuerySet
from payments.services import settlement_sums, totalling
from payments.services.choosing import PERIODS, narrowed
from payments.services.settlement_sums import Expected
from payments.services.totalling import DayReceived, Totals
from payments.staff.list_forms import REAL, SANDBOX, FilterForm

CHART_PERIOD = "30d"
_SOON = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What a figure adds up of the charges that the list shows for ``params``."""

    name: str
    label: Promise
    icon: str
    params: dict[str, str]
    cents: Callable[[Totals], int]


@dataclass(frozen=True, kw_only=True)
class Sum:
    currency: str
    cents: int


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One sum for each currency; none where there is no such charge."""

    name: str
    label: Promise
    icon: str
    address: str
    charges: int
    sums: tuple[Sum, ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One day of the chart."""

    day: date
    charges: int
    cents: int
    address: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    currency: str
    bars: tuple[Bar, ...]

    @property
    def total_cents(self) -> int:
        return sum(bar.cents for bar in self.bars)


@dataclass(frozen=True, kw_only=True)
class Coming:
    """Money the gateways are to credit within some days; net of fees."""

    name: str
    label: str
    sums: tuple[Sum, ...]


def _received(one: Totals) -> int:
    return one.received_cents


def _open(one: Totals) -> int:
    return one.open_cents


def _charged(one: Totals) -> int:
    return one.charged_cents


_WAITING = {"tab": "waiting"}
_OVERDUE = {"tab": "overdue"}
_REVIEW = {"tab": "review"}
NOW = (
    _Kind(
        name="received",
        label=pgettext_lazy("overview", "Received today"),
        icon="paid",
        params={"by": "paid", "days": "today"},
        cents=_received,
    ),
    _Kind(
        name="waiting",
        label=pgettext_lazy("overview", "Waiting"),
        icon="pending",
        params=_WAITING,
        cents=_open,
    ),
    _Kind(
        name="overdue",
        label=pgettext_lazy("overview", "Overdue"),
        icon="overdue",
        params=_OVERDUE,
        cents=_open,
    ),
    _Kind(
        name="review",
        label=pgettext_lazy("overview", "To review"),
        icon="review",
        params=_REVIEW,
        cents=_charged,
    ),
)
MONTH = (
    _Kind(
        name="received-month",
        label=pgettext_lazy("overview", "Received this month"),
        icon="paid",
        params={"by": "paid", "days": "month"},
        cents=_received,
    ),
    _Kind(
        name="waiting-month",
        label=pgettext_lazy("overview", "Waiting, due this month"),
        icon="pending",
        params={**_WAITING, "by": "due", "days": "month"},
        cents=_open,
    ),
    _Kind(
        name="overdue-month",
        label=pgettext_lazy("overview", "Overdue, due this month"),
        icon="overdue",
        params={**_OVERDUE, "by": "due", "days": "month"},
        cents=_open,
    ),
    _Kind(
        name="review-month",
        label=pgettext_lazy("overview", "To review, created this month"),
        icon="review",
        params={**_REVIEW, "by": "created", "days": "month"},
        cents=_charged,
    ),
)


def figures(
    kinds: Iterable[_Kind], user: AbstractBaseUser | AnonymousUser, *, is_sandbox: bool
) -> list[Figure]:
    """By one query each, however many charges there are."""
    return [_figure(kind, user, is_sandbox=is_sandbox) for kind in kinds]


def _figure(kind: _Kind, user: AbstractBaseUser | AnonymousUser, *, is_sandbox: bool) -> Figure:
    params = _params(kind.params, is_sandbox=is_sandbox)
    found = totalling.totals(_charges(params, user))
    return Figure(
        name=kind.name,
        label=kind.label,
        icon=kind.icon,
        address=_address(params),
        charges=sum(one.charges for one in found),
        sums=tuple(Sum(currency=one.currency, cents=kind.cents(one)) for one in found),
    )


def _params(own: dict[str, str], *, is_sandbox: bool) -> QueryDict:
    params = QueryDict(mutable=True)
    params.update({**own, "money": SANDBOX if is_sandbox else REAL})
    return params


def _charges(params: QueryDict, user: AbstractBaseUser | AnonymousUser) -> ChargeQuerySet:
    return narrowed(Charge.objects.visible_to(user), FilterForm(params, user=user).filters())


def _address(params: QueryDict) -> str:
    return f"{reverse('charges')}?{params.urlencode()}"


def charts(user: AbstractBaseUser | AnonymousUser, *, is_sandbox: bool) -> list[Chart]:
    """What was received on each of the last thirty days: one chart for each currency, by one query."""
    params = _params({"by": "paid", "days": CHART_PERIOD}, is_sandbox=is_sandbox)
    found = totalling.received_by_day(_charges(params, user), timezone.get_current_timezone())
    by_currency: dict[str, dict[date, DayReceived]] = {}
    for one in found:
        by_currency.setdefault(one.currency, {})[one.day] = one
    days = _chart_days()
    return [
        Chart(
            currency=currency,
            bars=tuple(_bar(day, own.get(day), is_sandbox=is_sandbox) for day in days),
        )
        for currency, own in by_currency.items()
    ]


def _chart_days() -> list[date]:
    period = PERIODS[CHART_PERIOD](timezone.localdate(clock.now()))
    assert period.since and period.until
    return [period.since + timedelta(days=number) for number in range((period.until - period.since).days + 1)]


def _bar(day: date, found: DayReceived | None, *, is_sandbox: bool) -> Bar:
    own = {"by": "paid", "since": day.isoformat(), "until": day.isoformat()}
    return Bar(
        day=day,
        charges=found.charges if found else 0,
        cents=found.received_cents if found else 0,
        address=_address(_params(own, is_sandbox=is_sandbox)),
    )


def coming(connections: Sequence[Connection]) -> list[Coming]:
    """What the gateways are to credit: late, within a week, later; what is empty is left out."""
    expected = settlement_sums.expected(connections)
    parts = {
        "late": (_("Should have come by now"), [row for row in expected if row.is_late]),
        "soon": (_("Within seven days"), [row for row in expected if _is_soon(row)]),
        "later": (_("After that"), [row for row in expected if not row.is_late and not _is_soon(row)]),
    }
    return [
        Coming(name=name, label=label, sums=_by_currency(rows))
        for name, (label, rows) in parts.items()
        if rows
    ]


def _is_soon(row: Expected) -> bool:
    if row.is_late or row.day is None:
        return False
    return row.day < clock.today(row.connection.time_zone) + _SOON


def _by_currency(rows: Sequence[Expected]) -> tuple[Sum, ...]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + row.sums.net_cents
    return tuple(Sum(currency=currency, cents=int(sums[currency])) for currency in sorted(sums))
