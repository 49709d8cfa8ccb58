"""Settlements for people: what the gateways are to credit and when, and what they credited in a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config import clock
from connections.models import Connection
from payments import csv_lines
from payments.models import Payment
from payments.services import settlement_sums
from payments.services.settlement_sums import Expected, Settled, Sums

_MOST_LATE = 20
_CHUNK = 1_000


class Period(forms.Form):
    """Two days, both included."""

    longest = timedelta(days=366)
    years = range(2000, 2101)

    first = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        for name in [name for name, day in typed.items() if day.year not in self.years]:
            self.add_error(name, _("This day is too far away. Choose one between the years 2000 and 2100."))
        first, last = typed.get("first"), typed.get("last")
        if not first or not last:
            return typed
        if first > last:
            self.add_error("last", _("The last day comes before the first. Choose a later one."))
        elif last - first > self.longest:
            self.add_error("last", _("That is more than a year. Choose a shorter period."))
        return typed


@require_safe
@login_required
@permission_required("payments.view_payment", raise_exception=True)
def settlements(request: HttpRequest) -> HttpResponse:
    """The forecast day by day, and a period of what was credited."""
    connections = _connections(request)
    form = _period(request)
    expected = settlement_sums.expected(connections)
    settled: list[Settled] = []
    advanced: list[Settled] = []
    if form.is_valid():
        settled = settlement_sums.settled(connections, **form.cleaned_data)
        advanced = settlement_sums.advanced(connections, **form.cleaned_data)
    context = {
        "form": form,
        "expected": expected,
        "expected_totals": _totals(expected),
        "late": settlement_sums.late_payments(connections, most=_MOST_LATE) if _is_late(expected) else [],
        "most_late": _MOST_LATE,
        "settled": settled,
        "settled_totals": _totals(settled),
        "advanced": advanced,
        "has_connections": bool(connections),
        "last_day": clock.today(settings.TIME_ZONE) + timedelta(days=settlement_sums.DAYS_AHEAD),
    }
    return render(request, "backoffice/settlements.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
@permission_required("payments.view_payment", raise_exception=True)
def settlements_csv(request: HttpRequest) -> HttpResponseBase:
    """One line for each payment that was credited in the period, as Brazilian spreadsheets read it."""
    form = _period(request)
    if not form.is_valid():
        return settlements(request)
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    lines = csv_lines.lines(_rows(_connections(request), first, last))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    title = _("settlements")
    name = f"{title}-{first.isoformat()}-{last.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _connections(request: HttpRequest) -> list[Connection]:
    """Disabled ones too: their money comes all the same."""
    return list(Connection.objects.without_secrets().visible_to(request.user).order_by("name", "pk"))


def _period(request: HttpRequest) -> Period:
    """As asked for; without a word the month up to today."""
    today = clock.today(settings.TIME_ZONE)
    given = {name: request.GET[name] for name in ("first", "last") if name in request.GET}
    return Period({"first": today.replace(day=1), "last": today} | given)


def _is_late(expected: Sequence[Expected]) -> bool:
    return any(row.is_late for row in expected)


def _totals(rows: Iterable[Expected] | Iterable[Settled]) -> list[dict[str, Any]]:
    """By currency; what is only tried out is no money."""
    totals: dict[tuple[bool, str], Sums] = {}
    for row in rows:
        key = (row.connection.is_sandbox, row.currency)
        totals[key] = totals.get(key, Sums()) + row.sums
    return [
        {"is_sandbox": is_sandbox, "currency": currency, "sums": totals[is_sandbox, currency]}
        for is_sandbox, currency in sorted(totals)
    ]


def _rows(connections: Sequence[Connection], first: date, last: date) -> Iterator[Sequence[str]]:
    yield (
        *(_("Available since"), _("Account"), _("Gateway"), _("Charge"), _("Gateway id"), _("Way of paying")),
        *(_("Paid at"), _("Currency"), _("Gross"), _("Fee"), _("Given back"), _("Net")),
    )
    accounts = {connection.pk: connection for connection in connections}
    found = settlement_sums.settled_payments(connections, first=first, last=last).select_related("charge")
    for payment in found.order_by("settled_at", "pk").iterator(chunk_size=_CHUNK):
        yield _row(payment, accounts[payment.connection_id])


def _row(payment: Payment, account: Connection) -> Sequence[str]:
    zone = ZoneInfo(account.time_zone)
    came, paid = (
        moment.astimezone(zone).date().isoformat() if moment else ""
        for moment in (payment.settled_at, payment.paid_at)
    )
    returned = payment.fee_returned_cents
    fee = "" if payment.fee_cents is None else csv_lines.amount(payment.fee_cents - returned)
    paid_net = payment.received_cents - (payment.fee_cents or 0)
    net = (paid_net if payment.net_cents is None else payment.net_cents) + returned - payment.refunded_cents
    given_back, rest = csv_lines.amount(payment.refunded_cents), csv_lines.amount(net)
    words = (account.name, account.gateway_label, payment.charge.reference, payment.gateway_id)
    named = (*(csv_lines.text(word) for word in words), csv_lines.text(payment.method))
    gross = csv_lines.amount(payment.received_cents)
    return (came, *named, paid, csv_lines.text(payment.currency), gross, fee, given_back, rest)
