"""/authorized_payments: the charges of subscriptions (mercadopago.md 4.5)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from simulator import clock, lag
from simulator.mercadopago import paging, seen
from simulator.mercadopago import subscription_bodies as bodies
from simulator.mercadopago.errors import plain
from simulator.models import Account, MpInvoice

DEFAULT_LIMIT = 20
FILTERS = ("preapproval_id", "payment_id", "payer_id")


def _rows(account: Account) -> QuerySet[MpInvoice]:
    related = ("account", "subscription", "payment")
    return MpInvoice.objects.select_related(*related).filter(account=account)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    missing = plain(404, f"The authorized payment with id {gid} does not exist")
    row = _rows(account).filter(number=int(gid)).first() if gid.isdigit() and len(gid) < 19 else None
    if row is None:
        raise missing
    return seen.body(request, row, gid, bodies.invoice, missing)


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Needs a filter, and external_reference is none; it knows a charge later than the counters (4.5)."""
    given = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    if not given:
        raise plain(400, f"At least one of {', '.join(FILTERS)} is required")
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    indexed = clock.now() - timedelta(seconds=account.options.get("invoice_index_seconds", 0))
    rows = _filtered(_rows(account).filter(created_at__lte=indexed), given)
    rows = lag.without_newest(account, request.path, rows)
    shown = rows.order_by("-id")[offset : offset + limit]
    return {
        "paging": {"offset": offset, "limit": limit, "total": rows.count()},
        "results": seen.many(shown, "number", lambda row: _indexed(row, indexed)),
    }


def _indexed(row: MpInvoice, until: datetime) -> dict[str, Any]:
    return row.previous if row.previous and row.updated_at > until else bodies.invoice(row)


def _filtered(rows: QuerySet[MpInvoice], given: dict[str, str]) -> QuerySet[MpInvoice]:
    if "preapproval_id" in given:
        rows = rows.filter(subscription__gid=given["preapproval_id"])
    if "payment_id" in given:
        number = given["payment_id"]
        rows = rows.filter(payment__number=int(number)) if number.isdigit() else rows.none()
    if "payer_id" in given:
        payers = {one.pk for one in rows if _payer(one) == given["payer_id"]}
        rows = rows.filter(pk__in=payers)
    return rows


def _payer(row: MpInvoice) -> str:
    return str(bodies.payer_id(row.subscription.data["payer_email"]))
