"""/v3/payments/{id}/refund and its neighbours (asaas.md 3.1, 3.8)."""

from typing import Any

from django.http import HttpRequest

from simulator.answers import read_json
from simulator.asaas import payments, refunding, serialise, validate
from simulator.asaas.errors import invalid, not_yet
from simulator.models import Account
from simulator.money import parse_cents


def create(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = payments.existing(account, gid)
    body = read_json(request)
    if body.get("splitRefunds"):
        raise not_yet("splitRefunds")
    amount = None
    if body.get("value") is not None:
        amount = parse_cents(body["value"])
        if amount is None:
            raise invalid("value", "O campo value é inválido.")
    description = validate.description(body.get("description"))
    return serialise.payment(refunding.refund(row, amount, description))


def find_many(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """The items of the charge's own `refunds`, all on one page."""
    data = payments.show(request, account, gid)["refunds"] or []
    size = len(data)
    return {"object": "list", "hasMore": False, "totalCount": size, "limit": 100, "offset": 0, "data": data}


def ask_payer(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = refunding.refund_by_link(payments.existing(account, gid))
    return {"requestUrl": f"{serialise.panel_url(account)}/refund/{row.data['refundRequest']}"}
