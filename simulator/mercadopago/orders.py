"""/merchant_orders (mercadopago.md 2.5)."""

from typing import Any

from django.http import HttpRequest

from simulator import lag
from simulator.mercadopago import checkout_bodies, paging
from simulator.mercadopago.errors import not_found
from simulator.models import Account, MpOrder

DEFAULT_LIMIT = 20


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    rows = MpOrder.objects.select_related("account", "preference")
    row = rows.filter(account=account, number=int(gid)).first() if gid.isdigit() and len(gid) < 19 else None
    if row is None:
        raise not_found("merchant order")
    return checkout_bodies.order(row)


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    """`elements` is null when nothing matches."""
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    rows = MpOrder.objects.select_related("account", "preference").filter(account=account)
    for name, column in (
        ("preference_id", "preference__gid"),
        ("external_reference", "preference__external_reference"),
    ):
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    rows = lag.without_newest(account, request.path, rows)
    wanted = request.GET.get("status")
    if wanted:
        found = [one for one in map(checkout_bodies.order, rows.order_by("-id")) if one["status"] == wanted]
        total, shown = len(found), found[offset : offset + limit]
    else:
        total = rows.count()
        shown = [checkout_bodies.order(row) for row in rows.order_by("-id")[offset : offset + limit]]
    return {"elements": shown or None, "next_offset": min(total, offset + limit), "total": total}
