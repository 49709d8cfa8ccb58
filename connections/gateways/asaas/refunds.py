"""Giving money back at Asaas (asaas.md 3.8)."""

from __future__ import annotations

from urllib.parse import urlsplit

from connections.gateways import refunds
from connections.gateways.asaas import mapping
from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.base import Method, PreparedCall, RefundAnswer, RefundOrder, ResourceKind
from connections.gateways.errors import RequestRefused
from connections.gateways.money import encode, from_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import text

REASONS = {
    "AWAITING_CRITICAL_ACTION_AUTHORIZATION": _("It waits until somebody allows it in the panel of Asaas."),
    "AWAITING_CUSTOMER_EXTERNAL_AUTHORIZATION": _("It waits until the payer says where the money shall go."),
}

_BY_LINK = "/bankSlip/refund"
_WHOLE_BOLETO = _("Asaas gives back a boleto only as a whole: the payer gets a link to ask for it.")
_MORE_THAN_LEFT = _("It is more than is left of this payment.")
_NO_BALANCE = _(
    "The balance at Asaas does not cover it. The fee of the payment is not given back, so the whole amount "
    "needs more than came in: add balance and try again."
)
_NOT_NOW = _(
    "Asaas does not allow this now: the payment may be given back already, or its money not there yet."
)

# Asaas says nearly everything with one code, "invalid_action", so its sentence decides; first match wins.
_ADVICE_BY_WORDS = (
    ("crítica", "", _("Somebody has to allow it in the panel of Asaas first.")),
    ("insuficiente", "", _NO_BALANCE),
    ("parcial", "amount", _("This payment is given back as a whole only.")),
    ("maior que", "amount", _MORE_THAN_LEFT),
    ("superior", "amount", _MORE_THAN_LEFT),
    ("saldo", "", _NO_BALANCE),
    ("prazo", "", _("The payment is too old to be given back through Asaas.")),
)


def prepare(order: RefundOrder) -> PreparedCall:
    """The amount is always said: without one Asaas gives back everything it still holds of the payment.

    Only a boleto has none, as its payer asks for the money with a form behind a link.
    """
    refunds.check(order)
    path, body = f"/payments/{quoted(order.payment_id)}", ""
    if order.method is not Method.BOLETO:
        value = {"value": from_cents(order.amount_cents)}
        description = order.reason.strip()[:250]
        path, body = f"{path}/refund", encode({**value, "description": description} if description else value)
    elif order.is_rest:
        path += _BY_LINK
    else:
        raise RequestRefused(_WHOLE_BOLETO, field="amount")
    return PreparedCall(
        kind=ResourceKind.PAYMENT,
        method="POST",
        path=path,
        body=body,
        idempotency_key=order.idempotency_key,
    )


def submit(api: AsaasApi, prepared: PreparedCall, *, account_id: str) -> RefundAnswer:
    """Never to be sent twice: Asaas honours no key, a repeat gives the money back again (1.6)."""
    try:
        answer = api.ask(prepared.method, prepared.path, body=prepared.body)
    except RequestRefused as error:
        advice, field = _advice(error.text)
        raise refunds.explained(error, advice=advice, field=field) from error
    if prepared.path.endswith(_BY_LINK):
        link = text(answer.record().get("requestUrl"), 2000)
        if not _is_web_address(link):
            raise answer.unreadable()
        return RefundAnswer(payer_link=link)
    if f"/payments/{quoted(required_id(answer))}/refund" != prepared.path:
        raise answer.unreadable()
    return RefundAnswer(payment=mapping.to_payment(answer.record(), account_id=account_id))


def _advice(said: str) -> tuple[str, str]:
    """Our sentence, and which of our fields it is about."""
    lowered = said.casefold()
    found = ((advice, field) for words, field, advice in _ADVICE_BY_WORDS if words in lowered)
    return next(found, (_NOT_NOW, ""))


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.netloc)
