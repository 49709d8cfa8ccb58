"""/v3/payments and its sandbox controls (asaas.md 3)."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock, emv, faults, partial, veil
from simulator.answers import json_answer, read_json
from simulator.asaas import bank_slips, effects, instalments, paying, serialise, throttle, validate, wanted
from simulator.asaas.errors import not_found
from simulator.models import Account, AsaasCustomer, AsaasPayment
from simulator.money import amount_text

QR_STATES = ("PENDING", "OVERDUE")


def existing(account: Account, gid: str) -> AsaasPayment:
    row = AsaasPayment.objects.filter(account_id=account.pk, gid=gid).order_by().first()
    if row is None:
        raise not_found()
    row.account = account
    return row


def create(request: HttpRequest, account: Account) -> HttpResponse:
    limits = throttle.count(account)
    body = read_json(request)
    if wanted.is_plan(body):
        payment = instalments.create(account, wanted.parcels_of_charge(body, account))
    else:
        payment = effects.create(*_new_charge(body, account))
    response = json_answer(serialise.payment(payment))
    for name, value in limits.items():
        response[name] = value
    return response


def _new_charge(
    body: dict[str, Any], account: Account
) -> tuple[AsaasCustomer, dict[str, Any], dict[str, Any]]:
    """Stops at the first error, the customer first (asaas.md 1.5)."""
    customer = wanted.payer(body, account)
    validate.later_work(body)
    billing_type = validate.billing_type(body.get("billingType"))
    value = validate.amount(body)
    terms = wanted.terms(body)
    validate.floor(value, terms.get("discount"))
    validate.dearest(value, billing_type)
    due = validate.due_date(body.get("dueDate"))
    validate.callback(body, account)
    fields = {
        "billing_type": billing_type,
        "value_cents": value,
        "due_date": due,
        "external_reference": validate.text(body.get("externalReference")),
    }
    return customer, fields, {**wanted.loose(body), **wanted.dated(terms, due)}


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """As it can be seen at this moment; raises not found for what is not to be seen yet."""
    row = existing(account, gid)
    if veil.covers(row.gid):
        if row.previous is None:
            raise not_found()
        return row.previous
    occasion = faults.Occasion("asaas", account.pk, "GET", request.path)
    if row.previous and faults.take("stale_read", occasion) is not None:
        return row.previous
    return serialise.payment(row)


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    return serialise.payment(change(row, partial.thinned(request, account, read_json(request))))


def change(row: AsaasPayment, body: dict[str, Any]) -> AsaasPayment:
    terms = wanted.terms(body)
    fields = _changed_fields(body)
    value = fields.get("value_cents", row.value_cents)
    validate.floor(value, terms.get("discount", row.data.get("discount")))
    validate.dearest(value, fields.get("billing_type", row.billing_type))
    due = fields.get("due_date", row.due_date)
    return effects.change(row, fields, {**wanted.loose(body), **wanted.dated(terms, due)})


def _changed_fields(body: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if body.get("value") is not None:
        fields["value_cents"] = validate.amount(body)
    if body.get("dueDate") is not None:
        fields["due_date"] = validate.due_date(body["dueDate"])
    if body.get("billingType") is not None:
        fields["billing_type"] = validate.billing_type(body["billingType"])
    if "externalReference" in body:
        fields["external_reference"] = validate.text(body["externalReference"])
    return fields


def delete(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return {"deleted": True, "id": effects.delete(existing(account, gid)).gid}


def restore(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return serialise.payment(effects.restore(existing(account, gid)))


def status(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return {"status": show(request, account, gid)["status"]}


def pix_qr_code(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    if row.deleted or row.status not in QR_STATES or row.billing_type == "CREDIT_CARD":
        raise not_found()
    if row.billing_type == "BOLETO" and not bank_slips.is_payable(row):
        raise not_found()
    text = qr_text(row)
    expires = qr_expiry(row).isoformat()
    return {
        "success": True,
        "encodedImage": emv.png_base64(text),
        "payload": text,
        "expirationDate": f"{expires} 23:59:59",
    }


def identification_field(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """Only while the boleto can be paid (our decision for paid, removed and cancelled ones)."""
    row = existing(account, gid)
    if not bank_slips.is_payable(row):
        raise not_found()
    return bank_slips.numbers(row)


def qr_text(row: AsaasPayment) -> str:
    """Without a key of its own the account charges through a partner bank (asaas.md 3.4)."""
    options = row.account.options
    if not options.get("has_pix_key"):
        host = "qrpix-h.bradesco.com.br"
    else:
        host = "pix-h.asaas.com" if row.account.environment == "sandbox" else "pix.asaas.com"
    return emv.payload(
        emv.BrCode(
            account_field="25",
            account_value=f"{host}/qr/cobv/{row.data['qr']}",
            amount=amount_text(row.value_cents),
            merchant=row.account.name.upper(),
            city="SAO PAULO",
            txid="***",
            once=True,
        )
    )


def qr_expiry(row: AsaasPayment) -> date:
    if not row.account.options.get("has_pix_key"):
        return clock.today()
    try:
        return row.due_date.replace(year=row.due_date.year + 1)
    except ValueError:
        return row.due_date.replace(year=row.due_date.year + 1, day=28)


def sandbox_confirm(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    _only_in_sandbox(account)
    return serialise.payment(paying.by_simulation(existing(account, gid)))


def sandbox_overdue(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    _only_in_sandbox(account)
    return serialise.payment(effects.overdue(existing(account, gid)))


def _only_in_sandbox(account: Account) -> None:
    if account.environment != "sandbox":
        raise not_found()
