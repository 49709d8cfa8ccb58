"""/v1/payments (mercadopago.md 3)."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from simulator import clock, faults, lag
from simulator.answers import json_answer, read_json
from simulator.mercadopago import effects, serialise, validate
from simulator.mercadopago.errors import cause, live_credentials, not_yet, payment_not_found
from simulator.models import Account, MpIdempotency, MpPayment, write

ENDPOINT = "payments"
LONGEST_KEY = 64
DEFAULT_LIMIT, LARGEST_LIMIT = 30, 1000
WINDOW = timedelta(days=365)
SORT_COLUMNS = {
    "date_approved": "approved_at",
    "date_created": "created_at",
    "date_last_updated": "updated_at",
    "money_release_date": "released_at",
    "id": "number",
}
METHODS_LATER = ("bolbradesco", "pec")
UNITS = {"MINUTE": "minutes", "HOUR": "hours", "DAY": "days", "WEEK": "weeks"}


def existing(account: Account, gid: str) -> MpPayment:
    rows = MpPayment.objects.filter(account_id=account.pk).order_by()
    row = rows.filter(number=int(gid)).first() if gid.isdigit() and len(gid) < 19 else None
    if row is None:
        raise payment_not_found()
    row.account = account
    return row


def idempotency_key(request: HttpRequest) -> str:
    key = request.headers.get("X-Idempotency-Key", "")
    if not key:
        raise cause(400, 4292, "Header X-Idempotency-Key can't be null")
    if len(key) > LONGEST_KEY:
        raise cause(400, 1, "Header X-Idempotency-Key must have between 1 and 64 characters")
    return key


def refuse_if_not_live(request: HttpRequest, account: Account) -> None:
    """Test sellers and accounts not enabled (mercadopago.md 1.6, 8.4)."""
    occasion = faults.Occasion("mercadopago", account.pk, request.method or "", request.path)
    if not account.options["direct_payments"] or faults.take("refuse_direct_payments", occasion) is not None:
        raise live_credentials()


def create(request: HttpRequest, account: Account) -> HttpResponse:
    """A known key answers its first payment, whatever the body says now (1.5: the second part is unknown)."""
    key = idempotency_key(request)
    with write():
        known = MpIdempotency.objects.filter(account=account, endpoint=ENDPOINT, key=key).first()
        if known is not None:
            return json_answer(serialise.payment(existing(account, str(known.result))), 201)
        refuse_if_not_live(request, account)
        payment = _create(read_json(request), account)
        MpIdempotency.objects.create(account=account, endpoint=ENDPOINT, key=key, result=payment.number)
    return json_answer(serialise.payment(payment), 201)


def _create(body: dict[str, Any], account: Account) -> MpPayment:
    method = body.get("payment_method_id")
    if body.get("token") or method in METHODS_LATER:
        raise not_yet(str(method or "card token"))
    if method != "pix" or account.options["site"] != "MLB":
        raise cause(400, 2131, "Cannot infer Payment Method")
    amount = validate.amount(body)
    payer = validate.payer(body)
    if not account.options["has_pix_key"]:
        raise cause(400, 1, "Collector user without key enabled for QR render")
    reference = body.get("external_reference")
    return effects.create_pix(
        account,
        amount_cents=amount,
        expires_at=validate.expiry(body.get("date_of_expiration")),
        columns={
            "external_reference": None if reference is None else str(reference),
            "notification_url": validate.notification_url(body.get("notification_url")),
        },
        data={
            **payer,
            "description": body.get("description"),
            "metadata": validate.metadata(body.get("metadata")),
            "additional_info": validate.additional_info(body.get("additional_info")),
            "statement_descriptor": body.get("statement_descriptor"),
            "binary_mode": bool(body.get("binary_mode", False)),
        },
    )


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    occasion = faults.Occasion("mercadopago", account.pk, "GET", request.path)
    if row.previous and faults.take("stale_read", occasion) is not None:
        return row.previous
    return serialise.payment(row)


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    body = read_json(request)
    refuse_if_not_live(request, account)
    if "status" not in body:
        return serialise.payment(row)
    if body["status"] != "cancelled":
        raise cause(400, 2018, "The status change is not allowed")
    return serialise.payment(effects.cancel(row))


def refunds(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    return json_answer(existing(account, gid).data.get("refunds", []))


def create_refund(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    existing(account, gid)
    idempotency_key(request)
    refuse_if_not_live(request, account)
    raise not_yet("refunds")


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = MpPayment.objects.select_related("account", "order").filter(account=account)
    rows = _filtered(request, rows.filter(created_at__gte=clock.now() - WINDOW))
    rows = lag.without_newest(account, request.path, rows)
    offset, limit = number(request, "offset", 0), number(request, "limit", DEFAULT_LIMIT)
    if limit > LARGEST_LIMIT:
        raise cause(400, 1000, "Number of rows exceeded the limits.")
    column = SORT_COLUMNS.get(request.GET.get("sort", ""), "created_at")
    sign = "" if request.GET.get("criteria") == "asc" else "-"
    total = rows.count()
    shown = rows.order_by(f"{sign}{column}", f"{sign}id")[offset : offset + limit]
    return {
        "paging": {"total": total, "limit": limit, "offset": offset},
        "results": [serialise.payment(row) for row in shown],
    }


def _filtered(request: HttpRequest, rows: QuerySet) -> QuerySet:
    columns = {"external_reference": "external_reference", "status": "status", "payer.id": "data__payer_id"}
    for name, column in columns.items():
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    if request.GET.get("operation_type") not in (None, "", "regular_payment"):
        return rows.none()
    column = SORT_COLUMNS.get(request.GET.get("range", ""), "created_at")
    for name, lookup in (("begin_date", "gte"), ("end_date", "lte")):
        if request.GET.get(name):
            rows = rows.filter(**{f"{column}__{lookup}": _moment(request.GET[name])})
    return rows


def _moment(text: str) -> datetime:
    """ISO 8601, or NOW with an optional difference like NOW-30DAYS (mercadopago.md 3.4)."""
    relative = re.fullmatch(r"NOW(?:([+-]\d{1,6})(MINUTE|HOUR|DAY|WEEK)S?)?", text.upper())
    if relative:
        return clock.now() + timedelta(**{UNITS[relative[2] or "DAY"]: int(relative[1] or 0)})
    moment = effects.moment_of(text.replace(" ", "+"))
    if moment is None:
        raise cause(400, 1001, "Invalid date format")
    return moment


def number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdigit() else default
