"""Asaas's pages: the invoice, where a person pays, its boleto, the form of a boleto's refund."""

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import cards, emv, slips
from simulator.asaas import bank_slips, effects, fees, instalments, paying, payments, refunding, serialise
from simulator.asaas.errors import AsaasError
from simulator.cards import BadCard
from simulator.clock import today
from simulator.documents import is_document
from simulator.models import AsaasPayment
from simulator.money import brazilian

STATUS_TEXT = {
    "PENDING": "Aguardando pagamento",
    "OVERDUE": "Vencida",
    "CONFIRMED": "Pagamento confirmado",
    "RECEIVED": "Pagamento recebido",
    "RECEIVED_IN_CASH": "Recebida em dinheiro",
    "REFUND_REQUESTED": "Estorno solicitado",
    "REFUND_IN_PROGRESS": "Estorno em andamento",
    "REFUNDED": "Estornada",
    "CHARGEBACK_REQUESTED": "Contestada",
    "CHARGEBACK_DISPUTE": "Contestada, em disputa",
    "AWAITING_CHARGEBACK_REVERSAL": "Disputa ganha, valor a receber",
}


def invoice(request: HttpRequest, environment: str, code: str) -> HttpResponse:
    row = _row(environment, code)
    notice = ""
    if request.method == "POST":
        try:
            _pay(request, row)
            return HttpResponseRedirect(_after_payment(row, request.path))
        except AsaasError as err:
            notice = _words(err)
        except BadCard as err:
            notice = str(err)
    return render(request, "simulator/pay.html", _context(effects.seen(row), notice))


def _words(err: AsaasError) -> str:
    return err.body["errors"][0]["description"] if err.body else ""


def _pay(request: HttpRequest, row: AsaasPayment) -> None:
    if request.POST.get("action") == "card":
        paying.by_card(row, cards.typed(request.POST.dict(), today()))
    elif request.POST.get("action") == "slip":
        paying.by_slip(row)
    else:
        paying.by_pix(row)


def _row(environment: str, code: str) -> AsaasPayment:
    rows = AsaasPayment.objects.select_related("customer", "account")
    row = rows.filter(gid=f"pay_{code}", account__environment=environment).first()
    if row is None:
        raise Http404
    return row


def _after_payment(row: AsaasPayment, page: str) -> str:
    callback = row.data.get("callback") or {}
    return callback["successUrl"] if callback.get("autoRedirect", True) and "successUrl" in callback else page


def _context(row: AsaasPayment, notice: str) -> dict[str, object]:
    is_open, with_slip = instalments.is_open(row), bank_slips.is_payable(row)
    text = payments.qr_text(row) if is_open and _takes_pix(row) else ""
    return {
        "gateway": "Asaas",
        "merchant": row.account.name,
        "title": row.data.get("description") or f"Cobrança {row.data['invoiceNumber']}",
        "payer": row.customer.name,
        "amount": brazilian(_owed(row) if is_open else row.value_cents),
        "due": row.due_date,
        "status": "Cobrança removida" if row.deleted else STATUS_TEXT.get(row.status, row.status),
        "is_open": is_open,
        "qr_text": text,
        "qr_image": emv.png_base64(text) if text else "",
        "can_pay_by_pix": bool(text),
        "can_pay_by_slip": with_slip,
        "slip_line": slips.grouped(bank_slips.numbers(row)["identificationField"]) if with_slip else "",
        "slip_url": serialise.slip_url(row) if with_slip else "",
        "can_pay_by_card": is_open and row.billing_type in paying.BY_CARD,
        "notice": notice,
    }


def _takes_pix(row: AsaasPayment) -> bool:
    return row.billing_type in ("PIX", "UNDEFINED") or bank_slips.is_payable(row)


def _owed(row: AsaasPayment) -> int:
    """By card all parcels of a plan together."""
    rows = paying.bought_together(row)
    return sum(fees.payable(one.value_cents, one.due_date, one.data, today())[0] for one in rows)


def bank_slip(request: HttpRequest, environment: str, code: str) -> HttpResponse:
    """The boleto itself; gone once it is paid or removed."""
    row = _row(environment, code)
    if not bank_slips.is_payable(row):
        raise Http404
    return HttpResponse(bank_slips.document(effects.slip_seen(row)), content_type="application/pdf")


def refund_request(request: HttpRequest, environment: str, code: str) -> HttpResponse:
    """Where the payer of a boleto says where the money shall go (asaas.md 3.8); kept nowhere."""
    rows = AsaasPayment.objects.select_related("customer", "account")
    row = rows.filter(data__refundRequest=code, account__environment=environment).first()
    if row is None:
        raise Http404
    notice = ""
    if request.method == "POST":
        notice = _asked_back(request, row)
        if not notice:
            return HttpResponseRedirect(request.path)
    context = _context(row, notice)
    context["can_ask_refund"] = row.status == "REFUND_REQUESTED"
    return render(request, "simulator/pay.html", context)


def _asked_back(request: HttpRequest, row: AsaasPayment) -> str:
    """Why the form is not taken; empty when it is."""
    given = {name: request.POST.get(name, "").strip() for name in ("document", "bank", "branch", "account")}
    if not all(given.values()):
        return "Preencha CPF ou CNPJ, banco, agência e conta."
    if not is_document(re.sub(r"\W", "", given["document"]).upper()):
        return "CPF ou CNPJ inválido."
    try:
        refunding.allow(row)
    except AsaasError as err:
        return _words(err)
    return ""
