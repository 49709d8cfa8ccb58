"""/v1/payments (mercadopago.md 3)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import faults, partial
from simulator.answers import json_answer, read_json
from simulator.mercadopago import boletos, effects, seen, serialise, validate
from simulator.mercadopago.errors import cause, live_credentials, not_yet, payment_not_found
from simulator.mercadopago.sites import is_code, way_of
from simulator.models import Account, MpIdempotency, MpPayment, write

ENDPOINT = "payments"
LONGEST_KEY = 64
LOTTERY = "pec"


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
    if body.get("token") or method == LOTTERY:
        raise not_yet(str(method or "card token"))
    makers = {"pix": _create_pix, boletos.METHOD: _create_boleto}
    way = way_of(account.options["site"], str(method))
    if way and method not in makers and is_code(way):
        raise not_yet(str(method))
    if way is None or method not in makers:
        raise cause(400, 2131, "Cannot infer Payment Method")
    validate.limits(body, way)
    return makers[method](body, account)


def _create_pix(body: dict[str, Any], account: Account) -> MpPayment:
    amount = validate.amount(body)
    payer = validate.payer(body)
    if not account.options["has_pix_key"]:
        raise cause(400, 1, "Collector user without key enabled for QR render")
    return effects.create_pix(
        account,
        amount_cents=amount,
        expires_at=validate.pix_expiry(body.get("date_of_expiration")),
        columns=_columns(body),
        data=payer | _words(body),
    )


def _create_boleto(body: dict[str, Any], account: Account) -> MpPayment:
    """The document names the rules of discount, fine and interest, but not what is in them."""
    if body.get("payment_method"):
        raise not_yet("payment_method.data.rules")
    amount = validate.amount(body)
    payer = validate.boleto_payer(body)
    return boletos.create(
        account,
        amount_cents=amount,
        expires_at=validate.boleto_expiry(body.get("date_of_expiration")),
        columns=_columns(body),
        data=payer | _words(body),
    )


def _columns(body: dict[str, Any]) -> dict[str, Any]:
    reference = body.get("external_reference")
    return {
        "external_reference": None if reference is None else str(reference),
        "notification_url": validate.notification_url(body.get("notification_url")),
    }


def _words(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": body.get("description"),
        "metadata": validate.metadata(body.get("metadata")),
        "additional_info": validate.additional_info(body.get("additional_info")),
        "statement_descriptor": body.get("statement_descriptor"),
        "binary_mode": bool(body.get("binary_mode", False)),
    }


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """As it can be seen at this moment; raises not found for what is not to be seen yet."""
    row = existing(account, gid)
    return seen.body(request, row, str(row.number), serialise.payment, payment_not_found())


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    body = partial.thinned(request, account, read_json(request))
    refuse_if_not_live(request, account)
    if "status" not in body:
        return serialise.payment(row)
    if body["status"] != "cancelled":
        raise cause(400, 2018, "The status change is not allowed")
    return serialise.payment(effects.cancel(row))
