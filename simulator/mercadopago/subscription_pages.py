"""The hosted page on which a person authorizes a subscription (mercadopago.md 4.1, 4.2)."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from simulator import cards
from simulator.cards import BadCard, Card
from simulator.clock import today
from simulator.mercadopago import pages, subscribing
from simulator.mercadopago.errors import MpError
from simulator.models import MpPayment, MpPlan, MpSubscription

STATUS_TEXT = {
    "pending": "Aguardando autorização",
    "authorized": "Assinatura ativa",
    "paused": "Assinatura pausada",
    "cancelled": "Assinatura cancelada",
    "active": "Plano aberto a assinaturas",
}
UNITS = {"months": ("mês", "meses"), "days": ("dia", "dias")}
HINT = "O nome no cartão decide: APRO é aceito, FUND, OTHE e outros são recusados ao assinar."

Agreement = MpPlan | MpSubscription


def checkout(request: HttpRequest) -> HttpResponse:
    """Any other parameter, our reference included, is ignored (mercadopago.md 4.2)."""
    row = _wanted(request)
    if request.method != "POST":
        return _page(request, row)
    try:
        made = _authorize(
            row, cards.typed(request.POST.dict(), today()), request.POST.get("email", "").strip()
        )
    except MpError as err:
        return _page(request, row, err.body["message"])
    except BadCard as err:
        return _page(request, row, str(err))
    return HttpResponseRedirect(way_back(made))


def _wanted(request: HttpRequest) -> Agreement:
    given = request.GET
    row: Agreement | None
    if given.get("preapproval_id"):
        subscriptions = MpSubscription.objects.select_related("account", "plan")
        row = subscriptions.filter(gid=given["preapproval_id"]).first()
    else:
        plans = MpPlan.objects.select_related("account")
        row = plans.filter(gid=given.get("preapproval_plan_id", "")).first()
    if row is None:
        raise Http404
    return row


def _authorize(row: Agreement, card: Card, email: str) -> MpSubscription:
    if "@" not in email:
        raise BadCard("Informe o seu e-mail.")
    if isinstance(row, MpSubscription):
        return subscribing.authorize(row, card, email)
    return subscribing.join(row, card, email)


def way_back(row: MpSubscription) -> str:
    address = row.data["back_url"]
    return address + ("&" if "?" in address else "?") + urlencode({"preapproval_id": row.gid})


def _page(request: HttpRequest, row: Agreement, notice: str = "") -> HttpResponse:
    is_subscription = isinstance(row, MpSubscription)
    is_open = row.status == ("pending" if is_subscription else subscribing.ACTIVE)
    payments = MpPayment.objects.filter(data__subscription=row.gid).order_by("-id") if is_subscription else []
    context = {
        "gateway": "Mercado Pago",
        "merchant": row.account.name,
        "title": row.data["reason"],
        "amount": pages.amount_of(row.account, row.amount_cents),
        "currency": pages.sign_of(row.account),
        "terms": terms_of(row),
        "status": STATUS_TEXT[row.status],
        "is_open": is_open,
        "can_pay_by_card": is_open,
        "asks_email": True,
        "email": row.data.get("payer_email", ""),
        "card_button": "Assinar com cartão (simulado)",
        "card_hint": HINT,
        "attempts": payments,
        "way_back": way_back(row) if isinstance(row, MpSubscription) else row.data["back_url"],
        "notice": notice,
    }
    return render(request, "simulator/pay.html", context)


def terms_of(row: Agreement) -> str:
    terms = row.data["auto_recurring"]
    count, units = terms["frequency"], UNITS[terms["frequency_type"]]
    text = f"a cada {units[0]}" if count == 1 else f"a cada {count} {units[1]}"
    text += f", {terms['repetitions']} vezes" if terms["repetitions"] else ""
    if terms["free_trial"]:
        text += f", depois de {_span(terms['free_trial'])} grátis"
    return text


def _span(trial: dict) -> str:
    units = UNITS[trial["frequency_type"]]
    return f"{trial['frequency']} {units[trial['frequency'] > 1]}"
