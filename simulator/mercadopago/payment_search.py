"""GET /v1/payments/search (mercadopago.md 3.4)."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from simulator import clock, lag, veil
from simulator.mercadopago import effects, paging, serialise
from simulator.mercadopago.errors import cause
from simulator.models import Account, MpPayment

DEFAULT_LIMIT = 30
WINDOW = timedelta(days=365)
DATES = {
    "date_approved": "approved_at",
    "date_created": "created_at",
    "date_last_updated": "updated_at",
    "money_release_date": "released_at",
}
SORTS = {**DATES, "id": "number"}
EQUAL = {"external_reference": "external_reference", "status": "status", "payer.id": "data__payer_id"}
ELSEWHERE = ("store_id", "pos_id")
"""Nothing here was sold in a shop, so these find nothing."""
UNITS = {"MINUTE": "minutes", "HOUR": "hours", "DAY": "days", "WEEK": "weeks"}


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    rows = MpPayment.objects.select_related("account", "order").filter(account=account)
    rows = _filtered(request, rows.filter(created_at__gte=clock.now() - WINDOW))
    rows = lag.without_newest(account, request.path, rows)
    hidden = [int(one) for one in veil.covered() if one.isdigit()]
    is_by_state = bool(request.GET.get("status")) or request.GET.get("range") not in (None, "date_created")
    rows = veil.without_hidden(rows, "number", hidden, is_by_state=is_by_state)
    column = SORTS.get(request.GET.get("sort", ""), "created_at")
    sign = "" if request.GET.get("criteria") == "asc" else "-"
    total = rows.count()
    shown = rows.order_by(f"{sign}{column}", f"{sign}id")[offset : offset + limit]
    return {
        "paging": {"total": total, "limit": limit, "offset": offset},
        "results": [_present(row) for row in shown],
    }


def _present(row: MpPayment) -> dict[str, Any]:
    return row.previous if row.previous and veil.covers(str(row.number)) else serialise.payment(row)


def _filtered(request: HttpRequest, rows: QuerySet) -> QuerySet:
    given = request.GET
    rows = rows.filter(**{column: given[name] for name, column in EQUAL.items() if given.get(name)})
    if given.get("collector.id"):
        rows = rows.filter(account__user_id=_integer(given["collector.id"]))
    if given.get("operation_type"):
        rows = _of_operation(rows, given["operation_type"])
    if any(given.get(name) for name in ELSEWHERE):
        return rows.none()
    column = _date_column(given.get("range") or "date_created")
    for name, lookup in (("begin_date", "gte"), ("end_date", "lte")):
        if given.get(name):
            rows = rows.filter(**{f"{column}__{lookup}": _moment(given[name])})
    return rows


def _of_operation(rows: QuerySet, operation: str) -> QuerySet:
    """Regular ones do not say so in what is stored."""
    if operation == serialise.REGULAR:
        return rows.filter(data__operation_type__isnull=True)
    return rows.filter(data__operation_type=operation)


def _date_column(name: str) -> str:
    """An unknown name is refused: our choice of the code."""
    if name not in DATES:
        raise cause(400, 8, "The name of the following parameters is wrong: range")
    return DATES[name]


def _integer(text: str) -> int:
    if not text.isdigit():
        raise cause(400, 1, "Params Error")
    return int(text)


def _moment(text: str) -> datetime:
    """ISO 8601, or NOW with an optional difference like NOW-30DAYS (mercadopago.md 3.4)."""
    relative = re.fullmatch(r"NOW(?:([+-]\d{1,6})(MINUTE|HOUR|DAY|WEEK)S?)?", text.upper())
    if relative:
        return clock.now() + timedelta(**{UNITS[relative[2] or "DAY"]: int(relative[1] or 0)})
    moment = effects.moment_of(text.replace(" ", "+"))
    if moment is None:
        raise cause(400, 1001, "Invalid date format")
    return moment
