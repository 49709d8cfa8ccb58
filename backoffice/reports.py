"""Reconciliation for people: what came in at each gateway, what we hold, and what does not match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config import clock
from connections.models import Connection, ConnectionQuerySet
from payments import moments
from payments.models import ChargeStatus, Finding, FindingKind, Reconciliation, RunState, RunTrigger
from payments.money import format_cents
from payments.services import missed, runs

_MOST_ROWS = 200
_RECENT = 30
_FIELDS: dict[str, str | Promise] = {
    "status": gettext_lazy("Status"),
    "gateway_status": gettext_lazy("Status in the gateway's words"),
    "amount_cents": gettext_lazy("Asked for"),
    "received_cents": gettext_lazy("Received"),
    "refunded_cents": gettext_lazy("Given back"),
    "settled_at": gettext_lazy("Available since"),
    "paid_at": gettext_lazy("Paid at"),
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One fact of a payment, before and after or there and here, in words."""

    name: str | Promise
    left: str
    right: str


@require_safe
@login_required
@permission_required("payments.view_reconciliation", raise_exception=True)
def reconciliations(request: HttpRequest) -> HttpResponse:
    """Each account with its last comparison, what is open, and the recent runs."""
    seen = Reconciliation.objects.visible_to(request.user).select_related("connection")
    seen = seen.defer("connection__credentials", "connection__webhook_secrets")
    connections = Connection.objects.without_secrets().visible_to(request.user).filter(is_active=True)
    open_ones = Finding.objects.filter(connection__in=connections, settled_at=None)
    differences = open_ones.filter(kind=FindingKind.DIFFERENCE).select_related("charge", "connection")
    context = {
        "accounts": _accounts(connections),
        "runs": seen.order_by("-requested_at", "-pk")[:_RECENT],
        "differences": [_finding(one, one.connection.time_zone) for one in differences[:_MOST_ROWS]],
        "is_open": seen.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists(),
    }
    return render(request, "backoffice/reconciliations.html", context)


@require_safe
@login_required
@permission_required("payments.view_reconciliation", raise_exception=True)
def reconciliation(request: HttpRequest, public_id: str) -> HttpResponse:
    """One run: sums by day, what was repaired, what is not ours, what still differs."""
    seen = Reconciliation.objects.visible_to(request.user).select_related("connection", "asked_by")
    run = get_object_or_404(seen, public_id=public_id)
    repaired = missed.found_by(run).select_related("charge", "resource")
    foreign = Finding.objects.filter(
        connection=run.connection_id,
        kind=FindingKind.NOT_OURS,
        seen_at__gte=run.started_at or run.requested_at,
    )
    differing = run.findings.filter(kind=FindingKind.DIFFERENCE).select_related("charge")
    zone = run.connection.time_zone
    context = {
        "run": run,
        "verdict": verdict(run),
        "days": [_day(row) for row in run.days],
        "repaired": [_miss(miss, zone) for miss in repaired[:_MOST_ROWS]],
        "not_ours": [_finding(finding, zone) for finding in foreign[:_MOST_ROWS]],
        "differences": [_finding(finding, zone) for finding in differing[:_MOST_ROWS]],
        "most_rows": _MOST_ROWS,
    }
    return render(request, "backoffice/reconciliation.html", context)


@require_POST
@login_required
@permission_required("payments.run_reconciliation", raise_exception=True)
def reconcile_now(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Queue a thorough run; a worker does it."""
    known = Connection.objects.without_secrets().visible_to(request.user).filter(is_active=True)
    connection = get_object_or_404(known, public_id=connection_id)
    actor = request.user if isinstance(request.user, User) else None
    run = runs.request(connection, trigger=RunTrigger.PERSON, actor=actor)
    messages.info(request, _("The comparison of %(name)s has begun.") % {"name": connection.name})
    return redirect("reconciliation", public_id=run.public_id)


def verdict(run: Reconciliation) -> tuple[str, str]:
    """The run in one sentence, and its tone: ``paid`` when all is well, ``overdue`` when it is not."""
    if run.state == RunState.FAILED:
        return _("The comparison could not be made: the gateway did not answer."), "overdue"
    if run.is_open:
        return _("The comparison is under way."), "pending"
    if run.differences:
        return _("Something does not match: look at what differs."), "overdue"
    yesterday = clock.today(run.connection.time_zone or "UTC") - timedelta(days=1)
    rows = [row for row in run.days if row["day"] == yesterday.isoformat()]
    if any(row["theirs"] != row["ours"] for row in rows):
        return _("The sums of yesterday differ."), "overdue"
    if rows:
        return _("Yesterday matches to the cent."), "paid"
    return _("Everything matches. Nothing was paid yesterday."), "paid"


def _accounts(connections: ConnectionQuerySet) -> list[dict[str, Any]]:
    """Each with its newest run and the last one that came to its end."""
    own = Reconciliation.objects.filter(connection=OuterRef("pk")).order_by("-requested_at", "-pk")
    done = own.filter(state=RunState.DONE)
    marked = connections.annotate(newest_id=own.values("pk")[:1], done_id=done.values("pk")[:1])
    listed: list[Any] = list(marked.order_by("name"))
    ids = {pk for one in listed for pk in (one.newest_id, one.done_id) if pk}
    known = Reconciliation.objects.in_bulk(ids)
    return [_account(one, known.get(one.newest_id), known.get(one.done_id)) for one in listed]


def _account(
    connection: Connection, newest: Reconciliation | None, last: Reconciliation | None
) -> dict[str, Any]:
    shown = newest if newest and not newest.is_open else last
    if shown:
        shown.connection = connection
    sentence, tone = verdict(shown) if shown else (_("Not compared yet."), "draft")
    return {
        "connection": connection,
        "last": shown,
        "open": newest if newest and newest.is_open else None,
        "sentence": sentence,
        "tone": tone,
    }


def _day(row: dict[str, Any]) -> dict[str, Any]:
    currency = row["currency"]
    sides = {}
    for side in ("theirs", "ours", "not_ours"):
        count, received, refunded = row[side]
        sides[side] = {
            "payments": count,
            "received": format_cents(received, currency),
            "refunded": format_cents(refunded, currency) if refunded else "",
        }
    return {
        "day": date.fromisoformat(row["day"]),
        "currency": currency,
        "matches": row["theirs"] == row["ours"],
        **sides,
    }


def _miss(miss: Any, zone: str) -> dict[str, Any]:
    return {
        "miss": miss,
        "changes": _changes(miss.before, miss.after, miss.charge.currency, zone),
        "is_late": bool(miss.arrived_at),
    }


def _finding(finding: Finding, zone: str) -> dict[str, Any]:
    theirs = finding.theirs
    return {
        "finding": finding,
        "changes": _changes(theirs, finding.ours, finding.currency, zone),
        "amount": format_cents(
            theirs.get("received_cents") or theirs.get("amount_cents") or 0, finding.currency
        ),
        "status": _status(theirs.get("status", "")) or theirs.get("gateway_status", ""),
        "paid_at": datetime.fromisoformat(theirs["paid_at"]) if theirs.get("paid_at") else None,
    }


def _changes(left: dict[str, Any], right: dict[str, Any], currency: str, zone: str) -> list[Difference]:
    names = [name for name in _FIELDS if left.get(name) != right.get(name)]
    return [
        Difference(
            name=_FIELDS[name],
            left=_in_words(name, left.get(name), currency, zone),
            right=_in_words(name, right.get(name), currency, zone),
        )
        for name in names
    ]


def _in_words(name: str, value: Any, currency: str, zone: str) -> str:
    if value in (None, ""):
        return "–"
    if name.endswith("_cents"):
        return format_cents(value, currency)
    if name == "status":
        return _status(value) or str(value)
    if name.endswith("_at"):
        return moments.in_words(datetime.fromisoformat(value), zone)
    return str(value)[:40]


def _status(word: str) -> str:
    try:
        return str(ChargeStatus(word).label)
    except ValueError:
        return word
