"""Mercado Pago's hosted pages: the checkout of a preference and the ticket of a payment."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import emv
from simulator.mercadopago import effects
from simulator.mercadopago.errors import MpError
from simulator.models import MpPayment, MpPreference
from simulator.money import brazilian

STATUS_TEXT = {
    "pending": "Aguardando pagamento",
    "approved": "Pagamento aprovado",
    "cancelled": "Pagamento cancelado",
    "rejected": "Pagamento recusado",
    "refunded": "Pagamento devolvido",
}


def checkout(request: HttpRequest) -> HttpResponse:
    """Opening the page makes the merchant order; the buttons make and pay a PIX payment."""
    rows = MpPreference.objects.select_related("account")
    row = rows.filter(gid=request.GET.get("pref_id", "")).first()
    if row is None:
        raise Http404
    order = effects.open_order(row)
    if request.method == "POST":
        return _act(request, row)
    payments = MpPayment.objects.filter(order=order).order_by("-id")
    return render(request, "simulator/pay.html", _checkout_context(row, list(payments)))


def _act(request: HttpRequest, row: MpPreference) -> HttpResponse:
    try:
        payment = effects.pix_of_preference(row)
        if request.POST.get("action") != "show":
            payment = effects.approve(payment)
            return HttpResponseRedirect(_way_back(row, payment) or request.get_full_path())
    except MpError as err:
        context = _checkout_context(row, []) | {"notice": err.body["message"]}
        return render(request, "simulator/pay.html", context)
    return HttpResponseRedirect(f"/mercadopago/payments/{payment.number}/ticket")


def _way_back(row: MpPreference, payment: MpPayment | None) -> str:
    """The return address with the parameters of mercadopago.md 2.4; missing values are the text null."""
    data = row.data
    is_paid = payment is not None and payment.status == "approved"
    address = data["back_urls"]["success" if is_paid else "failure"]
    if not address or (is_paid and not data["auto_return"]):
        return ""
    return address + ("&" if "?" in address else "?") + urlencode(_return_query(row, payment))


def _return_query(row: MpPreference, payment: MpPayment | None) -> dict[str, Any]:
    number = payment.number if payment else "null"
    status = payment.status if payment else "null"
    return {
        "collection_id": number,
        "collection_status": status,
        "payment_id": number,
        "status": status,
        "external_reference": row.data["external_reference"] or "null",
        "payment_type": payment.kind if payment else "null",
        "merchant_order_id": effects.open_order(row).number,
        "preference_id": row.gid,
        "site_id": row.data["site_id"],
        "processing_mode": "aggregator",
        "merchant_account_id": "null",
    }


def _checkout_context(row: MpPreference, payments: list[MpPayment]) -> dict[str, object]:
    is_paid = any(one.status == "approved" for one in payments)
    is_open = effects.is_open(row) and not is_paid
    status = "Pagamento aprovado" if is_paid else "Aguardando pagamento" if is_open else "Este link expirou"
    return {
        "gateway": "Mercado Pago",
        "merchant": row.account.name,
        "title": ", ".join(item["title"] for item in row.data["items"]),
        "payer": row.data["payer"]["name"],
        "amount": brazilian(row.total_cents),
        "status": status,
        "is_open": is_open,
        "can_pay_by_pix": is_open,
        "can_show_pix": is_open,
        "attempts": payments,
        "way_back": _way_back(row, None),
        "notice": "",
    }


def ticket(request: HttpRequest, gid: str) -> HttpResponse:
    rows = MpPayment.objects.select_related("account", "order__preference")
    row = rows.filter(number=int(gid)).first()
    if row is None:
        raise Http404
    notice = ""
    if request.method == "POST":
        try:
            effects.approve(row)
            return HttpResponseRedirect(request.get_full_path())
        except MpError as err:
            notice = err.body["message"]
    return render(request, "simulator/pay.html", _ticket_context(row, notice))


def _ticket_context(row: MpPayment, notice: str) -> dict[str, object]:
    is_open = row.status in effects.PAYABLE
    return {
        "gateway": "Mercado Pago",
        "merchant": row.account.name,
        "title": row.data.get("description") or f"Pagamento {row.number}",
        "payer": row.data.get("payer_email"),
        "amount": brazilian(row.amount_cents),
        "due": row.due_at,
        "status": STATUS_TEXT.get(row.status, row.status),
        "is_open": is_open,
        "can_pay_by_pix": is_open,
        "qr_text": row.data["qr_code"] if is_open else "",
        "qr_image": emv.png_base64(row.data["qr_code"]) if is_open else "",
        "notice": notice,
    }
