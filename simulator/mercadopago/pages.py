"""Mercado Pago's hosted pages: the checkout of a preference and the ticket of a payment."""

import re
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import cards, emv, slips
from simulator.cards import BadCard
from simulator.clock import today
from simulator.documents import is_document
from simulator.mercadopago import boletos, effects, instalments, serialise
from simulator.mercadopago import checkout as flow
from simulator.mercadopago.errors import MpError
from simulator.mercadopago.sites import way_of
from simulator.models import Account, MpOrder, MpPayment, MpPreference
from simulator.money import brazilian

STATUS_TEXT = {
    "pending": "Aguardando pagamento",
    "in_process": "Pagamento em análise",
    "approved": "Pagamento aprovado",
    "cancelled": "Pagamento cancelado",
    "rejected": "Pagamento recusado",
    "refunded": "Pagamento devolvido",
    "in_mediation": "Reclamação aberta",
    "charged_back": "Pagamento contestado",
}
SIGNS = {"BRL": "R$"}
CLEARING = "Pago no banco, aguardando a compensação"
RETURN_KEYS = {"approved": "success", "pending": "pending", "in_process": "pending"}
HINT = "O nome no cartão decide: APRO aprova, CONT fica em análise, FUND, OTHE e outros recusam."


def checkout(request: HttpRequest) -> HttpResponse:
    """Opening the page makes the merchant order; each attempt makes a payment."""
    rows = MpPreference.objects.select_related("account")
    row = rows.filter(gid=request.GET.get("pref_id", "")).first()
    if row is None:
        raise Http404
    order = flow.open_order(row)
    if request.method == "POST":
        return _act(request, row, order)
    return _page(request, row, order)


def _page(request: HttpRequest, row: MpPreference, order: MpOrder, notice: str = "") -> HttpResponse:
    payments = list(MpPayment.objects.filter(order=order).order_by("-id"))
    return render(request, "simulator/pay.html", _checkout_context(row, payments, notice))


def _act(request: HttpRequest, row: MpPreference, order: MpOrder) -> HttpResponse:
    try:
        payment = _attempt(request, row)
    except MpError as err:
        return _page(request, row, order, err.body["message"])
    except BadCard as err:
        return _page(request, row, order, str(err))
    if request.POST.get("action") in ("show", "slip", "ticket"):
        return HttpResponseRedirect(f"/mercadopago/payments/{payment.number}/ticket")
    returns = row.data["auto_return"]
    is_sent_back = returns == "all" or (returns == "approved" and payment.status == "approved")
    return HttpResponseRedirect((is_sent_back and _way_back(row, payment)) or request.get_full_path())


def _attempt(request: HttpRequest, row: MpPreference) -> MpPayment:
    action = request.POST.get("action")
    if action == "card":
        count = request.POST.get("instalments", "1")
        card = cards.typed(request.POST.dict(), today())
        return flow.card(row, card, count=int(count) if count.isdigit() else 0)
    if action == "slip":
        _check_payer(request)
        return flow.boleto(row)
    if action == "ticket":
        return flow.ticket(row, request.POST.get("method", ""))
    payment = flow.pix(row)
    return payment if action == "show" else effects.approve(payment)


def _check_payer(request: HttpRequest) -> None:
    """The page asks less than the API: who pays, and the document of that person."""
    if not request.POST.get("name", "").strip():
        raise BadCard("Informe o nome completo.")
    if not is_document(re.sub(r"\W", "", request.POST.get("document", "")).upper()):
        raise BadCard("CPF ou CNPJ inválido.")


def _way_back(row: MpPreference, payment: MpPayment | None) -> str:
    """The return address with the parameters of mercadopago.md 2.4; missing values are the text null."""
    address = row.data["back_urls"][RETURN_KEYS.get(payment.status if payment else "", "failure")]
    if not address:
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
        "merchant_order_id": flow.open_order(row).number,
        "preference_id": row.gid,
        "site_id": row.data["site_id"],
        "processing_mode": "aggregator",
        "merchant_account_id": "null",
    }


def _checkout_context(row: MpPreference, payments: list[MpPayment], notice: str) -> dict[str, object]:
    """Paid or not, an open link takes another payment."""
    is_open, last, payer = flow.is_open(row), payments[0] if payments else None, row.data["payer"]
    with_pix = is_open and flow.offers(row, "pix")
    if last and last.status == "rejected" and is_open and not notice:
        notice = f"Pagamento recusado ({last.status_detail}). Tente outra vez ou de outra forma."
    return {
        "gateway": "Mercado Pago",
        "merchant": row.account.name,
        "title": ", ".join(item["title"] for item in row.data["items"]),
        "payer": payer["name"],
        "amount": amount_of(row.account, row.total_cents),
        "currency": sign_of(row.account),
        "status": _checkout_status(payments, is_open),
        "is_open": is_open,
        "is_paid": any(one.status == "approved" for one in payments),
        "can_pay_by_pix": with_pix,
        "can_show_pix": with_pix,
        "can_make_slip": is_open and flow.offers(row, boletos.METHOD),
        "slip_name": f"{payer['name']} {payer['surname']}".strip(),
        "slip_document": payer["identification"]["number"],
        "ways": flow.code_ways(row) if is_open else [],
        "can_pay_by_card": is_open and flow.offers_cards(row),
        "card_instalments": instalments.offered(row),
        "card_hint": HINT,
        "attempts": payments,
        "way_back": _way_back(row, last),
        "notice": notice,
    }


def amount_of(account: Account, cents: int) -> str:
    """Without decimals where the currency has none."""
    text = brazilian(cents)
    return text if serialise.smallest_cents(account) == 1 else text.partition(",")[0]


def sign_of(account: Account) -> str:
    currency = serialise.currency(account)
    return SIGNS.get(currency, currency)


def _checkout_status(payments: list[MpPayment], is_open: bool) -> str:
    states = {one.status for one in payments}
    decided = next((STATUS_TEXT[one] for one in ("approved", "in_process") if one in states), "")
    return decided or (STATUS_TEXT["pending"] if is_open else "Este link expirou")


def ticket(request: HttpRequest, gid: str) -> HttpResponse:
    rows = MpPayment.objects.select_related("account", "order__preference")
    row = rows.filter(number=int(gid)).first()
    if row is None:
        raise Http404
    notice = ""
    if request.method == "POST":
        try:
            boletos.pay(row) if boletos.is_boleto(row) else effects.approve(row)
            return HttpResponseRedirect(request.get_full_path())
        except MpError as err:
            notice = err.body["message"]
    return render(request, "simulator/pay.html", _ticket_context(row, notice))


def _ticket_context(row: MpPayment, notice: str) -> dict[str, object]:
    is_open = row.status in effects.PAYABLE and not effects.is_clearing(row)
    text, code = (row.data.get(key, "") if is_open else "" for key in ("qr_code", "slip_code"))
    return {
        "gateway": "Mercado Pago",
        "merchant": row.account.name,
        "title": row.data.get("description") or f"Pagamento {row.number}",
        "payer": row.data.get("payer_email"),
        "amount": amount_of(row.account, row.amount_cents),
        "currency": sign_of(row.account),
        "due": row.due_at,
        "status": CLEARING if effects.is_clearing(row) else STATUS_TEXT.get(row.status, row.status),
        "is_open": is_open,
        "can_pay_by_pix": bool(text),
        "qr_text": text,
        "qr_image": emv.png_base64(text) if text else "",
        "can_pay_by_slip": bool(code),
        "slip_line": slips.grouped(slips.line(code)) if code else "",
        "slip_code": code,
        "ticket_reference": row.data.get("ticket_reference", "") if is_open else "",
        "ticket_way": _way_name(row),
        "notice": notice,
    }


def _way_name(row: MpPayment) -> str:
    way = way_of(row.account.options["site"], row.method)
    return way.name if way else row.method
