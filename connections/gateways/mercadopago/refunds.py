"""Giving money back at Mercado Pago (mercadopago.md 1.5, 1.6 and 3.6)."""

from __future__ import annotations

from connections.gateways import refunds
from connections.gateways.base import PreparedCall, RefundAnswer, RefundOrder, ResourceKind
from connections.gateways.errors import CredentialsRefused, HostedPageRequired, NotFound, RequestRefused
from connections.gateways.mercadopago import mapping
from connections.gateways.mercadopago.api import MercadoPagoApi, quoted, required_id
from connections.gateways.mercadopago.orders import amount
from connections.gateways.mercadopago.refusals import NOT_THE_OWNER
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import text

DAYS = 180

_WHOLE_IN_PERU = _("In Peru Mercado Pago gives back whole payments only.")
_TEST_SELLER = _(
    "Mercado Pago lets no test seller give money back by its API; the key is not the reason. Try it with "
    "a real account."
)
_NOT_NOW = _("Mercado Pago does not allow this: look at the payment in its panel.")
_TOO_OLD = _("Mercado Pago gives money back until 180 days after the payment: agree on another way.")
_AS_A_WHOLE = _("This way of paying cannot be given back in parts: give back the whole payment.")
_MORE_THAN_LEFT = _("It is more than is left of this payment.")

# Cause code: what to do, and which of our fields it is about.
_ADVICE = {
    "2017": (_MORE_THAN_LEFT, "amount"),
    "2024": (_TOO_OLD, ""),
    "15016": (_TOO_OLD, ""),
    "2031": (_("The balance at Mercado Pago does not cover it: add money and try again."), ""),
    "2063": (_("Nothing is left to give back of this payment, or its state does not allow it."), ""),
    "2084": (_("This payment cannot be given back like this: try the whole of it."), "amount"),
    "3024": (_AS_A_WHOLE, "amount"),
    "4040": (_("The amount to give back must be more than zero."), "amount"),
}


def prepare(order: RefundOrder) -> PreparedCall:
    """Without an amount Mercado Pago gives back all that is left, also where parts are refused (3024)."""
    refunds.check(order)
    if order.currency == "PEN" and not order.is_rest:
        raise RequestRefused(_WHOLE_IN_PERU, field="amount")
    part = {"amount": amount(order.amount_cents, order.currency)}
    return PreparedCall(
        kind=ResourceKind.PAYMENT,
        method="POST",
        path=_path(order.payment_id),
        body="" if order.is_rest else encode(part),
        idempotency_key=order.idempotency_key,
    )


def submit(api: MercadoPagoApi, prepared: PreparedCall) -> RefundAnswer:
    """201, 200 and 202 are all yes; a repeat with the same key is answered with an empty body (1.5)."""
    try:
        answer = api.ask(prepared.method, prepared.path, body=prepared.body, key=prepared.idempotency_key)
    except HostedPageRequired as error:
        raise refunds.explained(error, advice=_TEST_SELLER) from error
    except RequestRefused as error:
        advice, field = _ADVICE.get(error.code, (_NOT_NOW, ""))
        raise refunds.explained(error, advice=advice, field=field) from error
    except CredentialsRefused as error:
        if error.http_status == 403 and error.code == NOT_THE_OWNER:
            raise NotFound(error.text, code=error.code, http_status=403) from error
        raise
    if not answer.data:
        return RefundAnswer()
    required_id(answer)
    refunded = answer.record()
    payment_id = text(refunded.get("payment_id"), 100)
    if payment_id and _path(payment_id) != prepared.path:
        raise answer.unreadable()
    return RefundAnswer(refund=mapping.to_refund(refunded))


def _path(payment_id: str) -> str:
    return f"/v1/payments/{quoted(payment_id)}/refunds"
