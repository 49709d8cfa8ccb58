"""GET /v3/payments (asaas.md 1.7, 3.5): every documented filter; others are not looked at."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from simulator import lag, veil
from simulator.asaas import listing, serialise, validate
from simulator.models import Account, AsaasPayment

EQUAL = {
    "customer": "customer_gid",
    "billingType": "billing_type",
    "status": "status",
    "externalReference": "external_reference",
    "customerGroupName": "customer__group_name",
    "subscription": "data__subscription",
    "installment": "data__installment",
    "pixQrCodeId": "data__pixQrCodeId",
    "checkoutSession": "data__checkoutSession",
    "user": "data__user",
    "invoiceStatus": "data__invoiceStatus",
}
"""Nothing here has a tax invoice, so any `invoiceStatus` finds nothing."""
DAYS = {"paymentDate": "payment_date", "estimatedCreditDate": "estimated_credit_date"}
RANGES = {**DAYS, "dateCreated": "date_created", "dueDate": "due_date"}
BOUNDS = {"ge": "gte", "le": "lte"}
NEVER = ("anticipable",)
BY_STATE = ("status", "paymentDate", "estimatedCreditDate")


def find_many(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = AsaasPayment.objects.select_related("account").filter(account=account, deleted=False)
    rows = lag.without_newest(account, request.path, _filtered(request, rows))
    is_by_state = any(name.startswith(BY_STATE) for name in request.GET)
    rows = veil.without_hidden(rows, "gid", veil.covered(), is_by_state=is_by_state)
    return listing.page(request, rows, present)


def present(row: AsaasPayment) -> dict[str, Any]:
    return row.previous if row.previous and veil.covers(row.gid) else serialise.payment(row)


def _filtered(request: HttpRequest, rows: QuerySet) -> QuerySet:
    given = request.GET
    rows = rows.filter(**{column: given[name] for name, column in EQUAL.items() if given.get(name)})
    for name, column in DAYS.items():
        if given.get(name):
            rows = rows.filter(**{column: validate.day(given[name], name)})
    for name, column in RANGES.items():
        for bound, lookup in BOUNDS.items():
            value = given.get(f"{name}[{bound}]")
            if value:
                rows = rows.filter(**{f"{column}__{lookup}": validate.day(value, name)})
    if given.get("anticipated") == "true":
        rows = rows.filter(data__has_key="anticipated")
    elif given.get("anticipated") == "false":
        rows = rows.exclude(data__has_key="anticipated")
    return rows.none() if any(given.get(name) == "true" for name in NEVER) else rows
