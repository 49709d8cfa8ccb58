"""/v1/chargebacks, and the older /chargebacks (mercadopago.md 5.1)."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from simulator import lag
from simulator.mercadopago import dispute_bodies as bodies
from simulator.mercadopago import disputes, paging, seen
from simulator.mercadopago.errors import not_found, plain
from simulator.models import Account, MpChargeback

DEFAULT_LIMIT = 30
KINDS = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "pdf": "application/pdf"}
MOST_BYTES = 10 * 1024 * 1024
LONGEST = 19


def _rows(account: Account) -> QuerySet[MpChargeback]:
    return MpChargeback.objects.select_related("account", "payment").filter(account=account)


def _existing(account: Account, gid: str) -> MpChargeback:
    row = _rows(account).filter(number=int(gid)).first() if gid.isdigit() and len(gid) < LONGEST else None
    if row is None:
        raise not_found("chargeback")
    return row


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return seen.body(request, _existing(account, gid), gid, bodies.chargeback, not_found("chargeback"))


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    """`status` is the word of the simpler shape (our reading)."""
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    rows = lag.without_newest(account, request.path, _rows(account))
    number, status = request.GET.get("payment_id", ""), request.GET.get("status")
    if number:
        rows = rows.filter(payment__number=int(number)) if number.isdigit() else rows.none()
    found = [row for row in rows.order_by("-id") if not status or bodies.status_of(row) == status]
    return {
        "paging": {"total": len(found), "limit": limit, "offset": offset},
        "results": seen.many(found[offset : offset + limit], "number", bodies.chargeback),
    }


def document(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """multipart `files[]`: jpg, png or pdf, 10 MB in all. The wordings are our choice."""
    row = _existing(account, gid)
    whole = len(request.body)
    files = request.FILES.getlist("files[]")
    if not files:
        raise plain(400, "files[] is required")
    if whole > MOST_BYTES or sum(one.size or 0 for one in files) > MOST_BYTES:
        raise plain(400, "The files must not exceed 10 MB in total")
    taken = [{"name": str(one.name), "type": _kind(str(one.name))} for one in files]
    return bodies.chargeback(disputes.take_documents(row, taken))


def _kind(name: str) -> str:
    kind = KINDS.get(name.rpartition(".")[2].lower())
    if kind is None:
        raise plain(400, "The files must be jpg, png or pdf")
    return kind
