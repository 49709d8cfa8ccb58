"""/merchant_orders (mercadopago.md 2.5)."""

from typing import Any

from django.http import HttpRequest

from simulator import lag
from simulator.mercadopago import checkout_bodies, payments
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
    rows = MpOrder.objects.select_related("account", "preference").filter(account=account)
    for name, column in (
        ("preference_id", "preference__gid"),
        ("external_reference", "preference__external_reference"),
    ):
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    rows = lag.without_newest(account, request.path, rows)
    found = [checkout_bodies.order(row) for row in rows.order_by("-id")]
    wanted = request.GET.get("status")
    found = [one for one in found if wanted in (None, "", one["status"])]
    offset, limit = payments.number(request, "offset", 0), payments.number(request, "limit", DEFAULT_LIMIT)
    return {
        "elements": found[offset : offset + limit] or None,
        "next_offset": min(len(found), offset + limit),
        "total": len(found),
    }
