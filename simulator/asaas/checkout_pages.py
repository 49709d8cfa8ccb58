"""The page of a hosted checkout, where a person pays by PIX or by card, in parcels if offered."""

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import cards, emv
from simulator.asaas import checkouts, instalments, payments, sessions, wanted
from simulator.asaas.errors import AsaasError
from simulator.cards import BadCard
from simulator.clock import today
from simulator.documents import is_document
from simulator.models import AsaasCheckout, write
from simulator.money import brazilian

STATUS_TEXT = {
    "ACTIVE": "Aguardando pagamento",
    "CANCELED": "Checkout cancelado",
    "EXPIRED": "Checkout expirado",
    "PAID": "Pagamento confirmado",
}
EVERY = {
    "WEEKLY": "toda semana",
    "BIWEEKLY": "a cada duas semanas",
    "MONTHLY": "todo mês",
    "BIMONTHLY": "a cada dois meses",
    "QUARTERLY": "a cada três meses",
    "SEMIANNUALLY": "a cada seis meses",
    "YEARLY": "todo ano",
}
WAY_BACK = {"ACTIVE": "cancelUrl", "CANCELED": "cancelUrl", "EXPIRED": "expiredUrl", "PAID": "successUrl"}


def show(request: HttpRequest, environment: str, code: str = "") -> HttpResponse:
    rows = AsaasCheckout.objects.select_related("customer", "account")
    row = rows.filter(gid=code or request.GET.get("id", ""), account__environment=environment).first()
    if row is None:
        raise Http404
    notice = ""
    if request.method == "POST":
        try:
            _act(request, row)
            return HttpResponseRedirect(_after(row) or request.get_full_path())
        except AsaasError as err:
            notice = err.body["errors"][0]["description"] if err.body else ""
        except BadCard as err:
            notice = str(err)
    return render(request, "simulator/pay.html", _context(sessions.fresh(row), notice))


def _act(request: HttpRequest, row: AsaasCheckout) -> None:
    action = request.POST.get("action")
    if action == "payer":
        _remember_payer(request, row)
    elif not _is_payer_known(row):
        raise BadCard("Informe quem paga.")
    elif action == "card":
        count = request.POST.get("instalments", "1")
        card = cards.typed(request.POST.dict(), today())
        checkouts.by_card(row, card, count=int(count) if count.isdigit() else 0)
    elif action == "show":
        checkouts.pix_code(row)
    else:
        checkouts.by_pix(row)


def _is_payer_known(row: AsaasCheckout) -> bool:
    return bool(row.customer_id or row.data["customerData"] or row.data.get("typed"))


def _remember_payer(request: HttpRequest, row: AsaasCheckout) -> None:
    name = request.POST.get("name", "").strip()
    document = re.sub(r"\W", "", request.POST.get("document", "")).upper()
    if not name:
        raise BadCard("Informe o nome completo.")
    if not is_document(document):
        raise BadCard("CPF ou CNPJ inválido.")
    with write():
        row.data["typed"] = {"name": name, "cpfCnpj": document}
        row.save(update_fields=["data"])


def _after(row: AsaasCheckout) -> str:
    """Once paid the page sends the person back (asaas.md 3.2, autoRedirect)."""
    paid = sessions.fresh(row)
    return _way_back(paid) if paid.status == sessions.PAID else ""


def _way_back(row: AsaasCheckout) -> str:
    return (row.data["callback"] or {}).get(WAY_BACK[row.status]) or ""


def _context(row: AsaasCheckout, notice: str) -> dict[str, object]:
    is_open, is_known = row.status == sessions.ACTIVE, _is_payer_known(row)
    is_payable, with_pix = is_open and is_known, is_open and is_known and checkouts.takes_pix(row)
    codes = [one for one in sessions.payments(row) if instalments.is_open(one)] if with_pix else []
    text = payments.qr_text(codes[0]) if codes else ""
    counts = checkouts.card_counts(row)
    return {
        "gateway": "Asaas",
        "merchant": row.account.name,
        "title": ", ".join(item["name"] for item in row.data["items"]),
        "payer": _payer_name(row),
        "amount": brazilian(row.total_cents),
        "status": STATUS_TEXT[row.status],
        "is_open": is_open,
        "can_name_payer": is_open and not is_known,
        "qr_text": text,
        "qr_image": emv.png_base64(text) if text else "",
        "can_pay_by_pix": with_pix,
        "can_show_pix": with_pix and not text,
        "can_pay_by_card": is_payable and bool(counts),
        "card_instalments": _offered(row, [] if row.data.get("subscription") else counts),
        "card_hint": _recurring_hint(row),
        "way_back": _way_back(row),
        "notice": notice,
    }


def _payer_name(row: AsaasCheckout) -> str:
    if row.customer is not None:
        return row.customer.name
    return str((row.data["customerData"] or row.data.get("typed") or {}).get("name", ""))


def _offered(row: AsaasCheckout, counts: list[int]) -> list[dict[str, object]]:
    """The last parcel takes the rest, so the first one is the one to show."""
    return [
        {"count": count, "text": f"{count}x de {brazilian(wanted.parts(row.total_cents, count)[0])}"}
        for count in counts
    ]


def _recurring_hint(row: AsaasCheckout) -> str:
    asked = row.data.get("subscription")
    if not asked:
        return ""
    return f"Assinatura: o cartão é cobrado agora e depois {EVERY[asked['cycle']]}, sem nova confirmação."
