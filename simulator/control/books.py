"""What the simulator itself holds true, and what it sent."""

from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest

from simulator import clock
from simulator.asaas import balance, sessions
from simulator.control import asaas_subscriptions, disputes, mp_disputes, mp_subscriptions, refunds
from simulator.control.errors import ControlError
from simulator.mercadopago import refunding
from simulator.mercadopago.effects import is_clearing
from simulator.mercadopago.serialise import REGULAR, currency
from simulator.models import (
    Account,
    AsaasCheckout,
    AsaasPayment,
    AsaasSubscription,
    Delivery,
    MpChargeback,
    MpClaim,
    MpPayment,
    MpPlan,
    MpPreference,
    MpSubscription,
)
from simulator.money import plain_number

OPEN_STATES = (Delivery.WAITING, Delivery.HELD)


def books(request: HttpRequest) -> dict[str, Any]:
    checkouts = list(_chosen(request, AsaasCheckout.objects.select_related("account")))
    charges = AsaasPayment.objects.select_related("account").defer("previous")
    recurring = list(_chosen(request, AsaasSubscription.objects.select_related("account")))
    born = Q(data__checkoutSession__in=[one.gid for one in checkouts])
    born |= Q(data__subscription__in=[one.gid for one in recurring])
    charges = _chosen(request, charges, or_else=born)
    preference = MpPreference.objects.filter(mporder=OuterRef("order")).values("gid")[:1]
    attempts = MpPayment.objects.select_related("account").defer("previous")
    attempts = _chosen(request, attempts.annotate(preference=Subquery(preference)))
    lines = [*map(_asaas_line, charges), *map(_mp_line, attempts)]
    return {
        "payments": lines,
        "checkouts": [*map(_checkout_line, checkouts)],
        "subscriptions": asaas_subscriptions.lines(recurring) + _mp_subscriptions(request),
        **_agreements(request),
        "balance": _balance(request.GET.get("account", "")),
    }


def _balance(account: str) -> Any:
    """Of the one account asked for."""
    known = Account.objects.filter(pk=account).first() if account.isdigit() else None
    if known is None:
        return None
    balance_cents = refunding.balance_cents if known.gateway == "mercadopago" else balance.balance_cents
    return plain_number(balance_cents(known))


def _mp_subscriptions(request: HttpRequest) -> list[dict[str, Any]]:
    rows = MpSubscription.objects.select_related("account", "plan")
    return mp_subscriptions.lines(_chosen(request, rows))


def _agreements(request: HttpRequest) -> dict[str, Any]:
    """Plans and disputes, of Mercado Pago only: those of Asaas are in its payments."""
    disputed = [model.objects.select_related("account", "payment") for model in (MpChargeback, MpClaim)]
    chargebacks, claims = (_chosen(request, rows, of="payment__external_reference") for rows in disputed)
    plans = _chosen(request, MpPlan.objects.select_related("account"))
    return {
        "plans": mp_subscriptions.plan_lines(plans),
        "chargebacks": mp_disputes.chargeback_lines(chargebacks),
        "claims": mp_disputes.claim_lines(claims),
    }


def _chosen(request: HttpRequest, rows: Any, or_else: Q | None = None, of: str = "external_reference") -> Any:
    """By their own reference, or those of the checkout or subscription that has it."""
    if request.GET.get("reference"):
        own = Q(**{of: request.GET["reference"]})
        rows = rows.filter(own | or_else if or_else else own)
    if request.GET.get("account"):
        rows = rows.filter(account_id=request.GET["account"])
    return rows.order_by("id")


def _asaas_line(row: AsaasPayment) -> dict[str, Any]:
    fee = row.value_cents - row.net_cents if row.paid_cents else 0
    own = {"id": row.gid, "currency": "BRL", "method": row.billing_type}
    dates = {"deleted": row.deleted, "due_date": row.due_date.isoformat()}
    dates |= {"credit_date": row.data.get("creditDate"), "is_settled": row.status == "RECEIVED"}
    plan = {"installment": row.data.get("installment"), "parcel": row.data.get("installmentNumber")}
    plan |= {"checkout": row.data.get("checkoutSession"), "subscription": row.data.get("subscription")}
    plan |= {"chargeback": disputes.line(row)}
    return _line(row, row.value_cents, fee) | own | dates | plan


def _released(row: MpPayment) -> dict[str, Any]:
    if row.released_at is None:
        return {}
    day = row.released_at.astimezone(clock.SAO_PAULO).date()
    return {"credit_date": day.isoformat(), "is_settled": row.released_at <= clock.now()}


def _checkout_line(row: AsaasCheckout) -> dict[str, Any]:
    return {
        "id": row.gid,
        "reference": row.external_reference,
        "status": row.status,
        "amount": plain_number(row.total_cents),
        "currency": "BRL",
        "gateway": row.account.gateway,
        "account": row.account_id,
        "created_at": row.created_at.isoformat(),
        "expires_at": row.due_at.isoformat() if row.due_at else None,
        "payments": [one.gid for one in sessions.payments(row)],
    }


def _mp_line(row: MpPayment) -> dict[str, Any]:
    own = {"id": str(row.number), "currency": currency(row.account), "method": row.method}
    more = {"status_detail": row.status_detail, "preference": row.preference}  # type: ignore[attr-defined]
    more |= {"credit_date": None, "is_settled": False} | _released(row)
    more |= {"is_clearing": is_clearing(row), "instalments": row.data.get("installments", 1)}
    more |= {"operation_type": row.data.get("operation_type", REGULAR)}
    more |= {"subscription": row.data.get("subscription"), "expires_at": row.data.get("date_of_expiration")}
    return _line(row, row.amount_cents, row.fee_cents) | own | more


def _line(row: AsaasPayment | MpPayment, amount: int, fee: int) -> dict[str, Any]:
    return {
        "id": "",
        "reference": row.external_reference,
        "status": row.status,
        "amount": plain_number(amount),
        "paid": plain_number(row.paid_cents),
        "refunded": plain_number(row.refunded_cents),
        "refunds": refunds.lines(row),
        "fee": plain_number(fee),
        "net": plain_number(row.paid_cents - fee if row.paid_cents else 0),
        "currency": "",
        "method": "",
        "description": row.data.get("description"),
        "gateway": row.account.gateway,
        "account": row.account_id,
        "created_at": row.created_at.isoformat(),
    }


def deliveries(request: HttpRequest) -> dict[str, Any]:
    rows = Delivery.objects.order_by("id")
    columns = {
        "state": "state",
        "account": "account_id",
        "reference": "reference",
        "resource_id": "resource_id",
        "event": "event",
        "topic": "resource",
    }
    for name, column in columns.items():
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    since = request.GET.get("since", "0")
    if not since.isdigit():
        raise ControlError("since must be the id of a delivery")
    return {"deliveries": [delivery(row) for row in rows.filter(id__gt=int(since))]}


def delivery(row: Delivery) -> dict[str, Any]:
    last = row.attempts[-1] if row.attempts else {}
    return {
        "id": row.pk,
        "account": row.account_id,
        "webhook": row.webhook_id,
        "form": row.form,
        "event": row.event,
        "event_id": row.event_id,
        "resource": row.resource,
        "resource_id": row.resource_id,
        "reference": row.reference,
        "state": row.state,
        "created_at": row.created_at.isoformat(),
        "next_attempt_at": row.next_attempt_at.isoformat() if row.next_attempt_at else None,
        "url": last.get("url", row.url),
        "headers": last.get("headers"),
        "body": last.get("body"),
        "attempts": row.attempts,
    }
