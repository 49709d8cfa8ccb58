"""/v1/payments/{id}/refunds (mercadopago.md 3.6, 1.5)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator.answers import json_answer, read_json
from simulator.mercadopago import payments, refunding, serialise
from simulator.mercadopago.errors import cause, not_found
from simulator.models import Account, MpIdempotency, write
from simulator.money import parse_cents, parse_decimal

ACCEPTED = 202


def create(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    """201, or 202 while it waits (our choice of the two); a known key answers 200 and nothing else."""
    key = payments.idempotency_key(request)
    with write():
        row = payments.existing(account, gid)
        endpoint = f"refunds:{row.number}"
        if MpIdempotency.objects.filter(account=account, endpoint=endpoint, key=key).exists():
            return HttpResponse(status=200, content_type="application/json;charset=UTF-8")
        payments.refuse_if_not_live(request, account)
        row, item = refunding.refund(row, _amount(read_json(request), account))
        MpIdempotency.objects.create(account=account, endpoint=endpoint, key=key, result=item["id"])
    is_done = item["status"] == refunding.APPROVED
    return json_answer(serialise.refund_answer(row, item), 201 if is_done else ACCEPTED)


def _amount(body: dict[str, Any], account: Account) -> int | None:
    """Whole where the currency has no cents, as the preferences demand; the code is our choice."""
    given = body.get("amount")
    if given is None:
        return None
    exact = parse_decimal(given)
    if exact is None or isinstance(given, str) or exact * 100 % serialise.smallest_cents(account):
        raise cause(400, 2017, "Invalid transaction_amount for update")
    return parse_cents(exact)


def find_many(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    row = payments.existing(account, gid)
    payments.show(request, account, gid)
    return json_answer([serialise.refund_answer(row, item) for item in row.data.get("refunds", [])])


def show(request: HttpRequest, account: Account, gid: str, refund: str) -> dict[str, Any]:
    row = payments.existing(account, gid)
    for item in row.data.get("refunds", []):
        if str(item["id"]) == refund:
            return serialise.refund_answer(row, item)
    raise not_found("refund")
