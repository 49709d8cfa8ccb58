"""Asaas's invoice page, where a person pays."""

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import cards, emv
from simulator.asaas import effects, fees, paying, payments, refunding
from simulator.asaas.errors import AsaasError
from simulator.cards import BadCard
from simulator.clock import today
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
}


def invoice(request: HttpRequest, environment: str, code: str) -> HttpResponse:
    row = _row(environment, code)
    notice = ""
    if request.method == "POST":
        try:
            _pay(request, row)
            return HttpResponseRedirect(_after_payment(row, request.path))
        except AsaasError as err:
            notice = err.body["errors"][0]["description"] if err.body else ""
        except BadCard as err:
            notice = str(err)
    return render(request, "simulator/pay.html", _context(effects.seen(row), notice))


def _pay(request: HttpRequest, row: AsaasPayment) -> None:
    if request.POST.get("action") == "card":
        paying.by_card(row, cards.typed(request.POST.dict(), today()))
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
    owed, _ = fees.payable(row.value_cents, row.due_date, row.data, today())
    is_open = row.status in effects.OPEN and not row.deleted
    text = payments.qr_text(row) if is_open and row.billing_type != "CREDIT_CARD" else ""
    return {
        "gateway": "Asaas",
        "merchant": row.account.name,
        "title": row.data.get("description") or f"Cobrança {row.data['invoiceNumber']}",
        "payer": row.customer.name,
        "amount": brazilian(owed if is_open else row.value_cents),
        "due": row.due_date,
        "status": "Cobrança removida" if row.deleted else STATUS_TEXT.get(row.status, row.status),
        "is_open": is_open,
        "qr_text": text,
        "qr_image": emv.png_base64(text) if text else "",
        "can_pay_by_pix": bool(text),
        "can_pay_by_card": is_open and row.billing_type in paying.BY_CARD,
        "notice": notice,
    }


def refund_request(request: HttpRequest, environment: str, code: str) -> HttpResponse:
    """Where the payer of a boleto asks for the money back (asaas.md 3.8)."""
    rows = AsaasPayment.objects.select_related("customer", "account")
    row = rows.filter(data__refundRequest=code, account__environment=environment).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        with suppress(AsaasError):
            refunding.allow(row)
        return HttpResponseRedirect(request.path)
    context = _context(row, "")
    context["can_ask_refund"] = row.status == "REFUND_REQUESTED"
    return render(request, "simulator/pay.html", context)
