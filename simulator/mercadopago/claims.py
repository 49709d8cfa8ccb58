"""/post-purchase/v1/claims, and the older /v1/claims (mercadopago.md 5.2)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from simulator import lag
from simulator.answers import json_answer
from simulator.mercadopago import dispute_bodies as bodies
from simulator.mercadopago import paging, seen
from simulator.mercadopago.errors import not_found
from simulator.models import Account, MpClaim

DEFAULT_LIMIT = 30


def _rows(account: Account) -> QuerySet[MpClaim]:
    return MpClaim.objects.select_related("account", "payment").filter(account=account)


def _existing(account: Account, gid: str) -> MpClaim:
    row = _rows(account).filter(number=int(gid)).first() if gid.isdigit() and len(gid) < 19 else None
    if row is None:
        raise not_found("claim")
    return row


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return seen.body(request, _existing(account, gid), gid, bodies.claim, not_found("claim"))


def history(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    return json_answer(bodies.history(_existing(account, gid)))


def nothing(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    """Messages and evidences: nobody wrote any."""
    _existing(account, gid)
    return json_answer([])


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    """The list is called `data` (our choice); every field of a claim filters."""
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    rows = lag.without_newest(account, request.path, _rows(account))
    wanted = {name: value for name, value in request.GET.items() if name not in ("offset", "limit", "sort")}
    found = [one for one in seen.many(rows.order_by("-id"), "number", bodies.claim) if _fits(one, wanted)]
    return {
        "paging": {"total": len(found), "limit": limit, "offset": offset},
        "data": found[offset : offset + limit],
    }


def _fits(body: dict[str, Any], wanted: dict[str, str]) -> bool:
    return all(str(body[name]) == value for name, value in wanted.items() if name in body)
