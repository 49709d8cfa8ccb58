"""The page for people: accounts and keys, payments to pay, notifications and their answers."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import clock
from simulator.asaas import checkouts, instalments, paying, refunding, sessions
from simulator.asaas import effects as asaas
from simulator.asaas.errors import AsaasError
from simulator.cards import MASTERCARD, Card
from simulator.mercadopago import boletos, checkout, subscribing
from simulator.mercadopago import effects as mercadopago
from simulator.mercadopago import refunding as mercadopago_refunding
from simulator.mercadopago.errors import MpError
from simulator.models import (
    Account,
    AsaasCheckout,
    AsaasPayment,
    Delivery,
    MpPayment,
    MpPlan,
    MpPreference,
    MpSubscription,
)
from simulator.money import brazilian

SHOWN = 30
STYLE = (Path(__file__).parent / "style.css").read_text()


def style(request: HttpRequest) -> HttpResponse:
    return HttpResponse(STYLE, content_type="text/css; charset=utf-8")


def index(request: HttpRequest) -> HttpResponse:
    context = {
        "now": clock.now(),
        "offset": round(clock.offset_seconds()),
        "accounts": [_account(row) for row in Account.objects.order_by("id")],
        "payments": sorted(_payments(), key=lambda line: line["at"], reverse=True)[:SHOWN],
        "deliveries": [_delivery(row) for row in Delivery.objects.order_by("-id")[:SHOWN]],
    }
    return render(request, "simulator/panel.html", context)


def _account(row: Account) -> dict[str, Any]:
    options = row.options
    keys = {"API key": row.key}
    if row.gateway == "mercadopago":
        keys = {"Access token": row.key, "Webhook secret": options["webhook_secret"]}
    return {
        "gateway": "Asaas" if row.gateway == "asaas" else "Mercado Pago",
        "environment": row.environment,
        "name": row.name,
        "keys": keys,
        "is_enabled": row.key_enabled,
    }


def _payments() -> list[dict[str, Any]]:
    charges = AsaasPayment.objects.select_related("account").order_by("-id")[:SHOWN]
    attempts = MpPayment.objects.select_related("account").order_by("-id")[:SHOWN]
    preferences = MpPreference.objects.select_related("account").filter(mporder=None).order_by("-id")[:SHOWN]
    hosted = AsaasCheckout.objects.select_related("account").filter(status=sessions.ACTIVE)
    own = [*map(_charge, charges), *map(_checkout, hosted.order_by("-id")[:SHOWN])]
    agreements = MpSubscription.objects.select_related("account").exclude(status="cancelled").order_by("-id")
    plans = MpPlan.objects.select_related("account").filter(status="active").order_by("-id")
    own += [*map(_agreement, agreements[:SHOWN]), *map(_agreement, plans[:SHOWN])]
    return [*own, *map(_attempt, attempts), *map(_preference, preferences)]


def _charge(row: AsaasPayment) -> dict[str, Any]:
    return {
        "at": row.created_at,
        "gateway": "Asaas",
        "id": row.gid,
        "reference": row.external_reference,
        "amount": brazilian(row.value_cents),
        "status": f"{row.status} (deleted)" if row.deleted else row.status,
        "page": f"/asaas/{row.account.environment}/i/{row.gid.removeprefix('pay_')}",
        "pay": f"/pay/asaas/{row.gid}" if row.status in asaas.OPEN and not row.deleted else "",
        "refund": f"/refund/asaas/{row.gid}" if instalments.is_refundable(row) else "",
    }


def _checkout(row: AsaasCheckout) -> dict[str, Any]:
    return {
        "at": row.created_at,
        "gateway": "Asaas",
        "id": row.gid,
        "reference": row.external_reference,
        "amount": brazilian(row.total_cents),
        "status": "checkout, not paid",
        "page": f"/asaas/{row.account.environment}/checkoutSession/show/{row.gid}",
        "pay": f"/pay/asaas-checkout/{row.gid}",
    }


def _attempt(row: MpPayment) -> dict[str, Any]:
    is_clearing = mercadopago.is_clearing(row)
    is_payable = row.status in mercadopago.PAYABLE and not is_clearing
    return {
        "at": row.created_at,
        "gateway": "Mercado Pago",
        "id": row.number,
        "reference": row.external_reference,
        "amount": brazilian(row.amount_cents),
        "status": f"{row.status} / {row.status_detail}" + (", paid at a bank" if is_clearing else ""),
        "page": f"/mercadopago/payments/{row.number}/ticket",
        "pay": f"/pay/mercadopago/{row.number}" if is_payable else "",
        "refund": f"/refund/mercadopago/{row.number}" if row.status == "approved" else "",
    }


def _preference(row: MpPreference) -> dict[str, Any]:
    return {
        "at": row.created_at,
        "gateway": "Mercado Pago",
        "id": row.gid,
        "reference": row.external_reference,
        "amount": brazilian(row.total_cents),
        "status": "preference, not opened",
        "page": f"/mercadopago/checkout/v1/redirect?pref_id={row.gid}",
        "pay": f"/pay/preference/{row.gid}",
    }


def _agreement(row: MpSubscription | MpPlan) -> dict[str, Any]:
    """A subscription that nobody authorized yet can be, by a good card; a plan has its link."""
    is_plan = isinstance(row, MpPlan)
    name = "preapproval_plan_id" if is_plan else "preapproval_id"
    return {
        "at": row.created_at,
        "gateway": "Mercado Pago",
        "id": row.gid,
        "reference": row.external_reference,
        "amount": brazilian(row.amount_cents),
        "status": f"{'plan' if is_plan else 'subscription'}, {row.status}",
        "page": f"/mercadopago/subscriptions/checkout?{name}={row.gid}",
        "pay": f"/pay/subscription/{row.gid}" if row.status == "pending" else "",
    }


def _delivery(row: Delivery) -> dict[str, Any]:
    last = row.attempts[-1] if row.attempts else {}
    return {
        "at": row.created_at,
        "event": row.event,
        "resource_id": row.resource_id,
        "url": row.url,
        "state": row.state,
        "tries": len(row.attempts),
        "answer": last.get("status") or last.get("error") or "",
        "body": _indented(last.get("body", "")),
        "next": row.next_attempt_at,
    }


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=1, ensure_ascii=False)
    except ValueError:
        return body


def pay(request: HttpRequest, gateway: str, identifier: str) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(status=405)
    with suppress(AsaasError, MpError):
        _pay(gateway, identifier)
    return HttpResponseRedirect("/#payments")


def refund(request: HttpRequest, gateway: str, identifier: str) -> HttpResponse:
    """All that is left goes back, whatever the balance."""
    if request.method != "POST":
        return HttpResponse(status=405)
    with suppress(AsaasError, MpError):
        if gateway == "asaas":
            _refund_charge(_found(AsaasPayment.objects.filter(gid=identifier)))
        elif identifier.isdigit():
            payment = _found(MpPayment.objects.filter(number=int(identifier)))
            mercadopago_refunding.refund(payment, is_forced=True)
    return HttpResponseRedirect("/#payments")


def _refund_charge(charge: AsaasPayment) -> None:
    """The link of a boleto is answered at once, as if its payer had filled in the form."""
    if refunding.way_paid(charge) != "slip":
        refunding.refund(charge, is_forced=True)
        return
    refunding.refund_by_link(charge, is_forced=True)
    refunding.allow(charge)
    refunding.finish(charge)


def _pay(gateway: str, identifier: str) -> None:
    """As the charge says: a boleto at a bank, by a good card, else by PIX."""
    if gateway == "asaas":
        _pay_charge(_found(AsaasPayment.objects.filter(gid=identifier)))
    elif gateway == "asaas-checkout":
        _pay_checkout(_found(AsaasCheckout.objects.filter(gid=identifier)))
    elif gateway == "mercadopago" and identifier.isdigit():
        payment = _found(MpPayment.objects.filter(number=int(identifier)))
        boletos.pay(payment) if boletos.is_boleto(payment) else mercadopago.approve(payment)
    elif gateway == "subscription":
        subscribing.authorize(_found(MpSubscription.objects.filter(gid=identifier)), Card(MASTERCARD, "APRO"))
    else:
        preference = _found(MpPreference.objects.select_related("account").filter(gid=identifier))
        if checkout.offers(preference, "pix"):
            mercadopago.approve(checkout.pix(preference))
        else:
            checkout.card(preference, Card(MASTERCARD, "APRO"))


def _pay_checkout(session: AsaasCheckout) -> None:
    """By a card in as few parcels as it takes, else by PIX."""
    counts = checkouts.card_counts(session)
    if counts:
        checkouts.by_card(session, Card(MASTERCARD, "APRO"), count=counts[0])
    else:
        checkouts.by_pix(session)


def _pay_charge(charge: AsaasPayment) -> None:
    if charge.billing_type == "CREDIT_CARD":
        paying.by_card(charge, Card(MASTERCARD, "APRO"))
    elif charge.billing_type == "BOLETO":
        paying.by_slip(charge)
    else:
        paying.by_pix(charge)


def _found(rows: Any) -> Any:
    row = rows.first()
    if row is None:
        raise Http404
    return row
