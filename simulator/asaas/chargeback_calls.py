"""Reading chargebacks (asaas.md 3.1); their documents are sent in the panel, which a control stands for."""

from typing import Any

from django.http import HttpRequest

from simulator.asaas import listing, payments, serialise
from simulator.asaas.errors import not_found, not_yet
from simulator.models import Account, AsaasPayment


def of_payment(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = payments.existing(account, gid)
    if not row.data.get("chargeback"):
        raise not_found()
    return serialise.chargeback(row)


def find_many(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = AsaasPayment.objects.filter(account=account, data__has_key="chargeback")
    return listing.page(request, rows, serialise.chargeback)


def dispute(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    raise not_yet("chargebacks/dispute")
