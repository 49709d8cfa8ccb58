"""The controls with which a customer, or the gateway's risk team, decides about money."""

from typing import Any

from simulator.asaas import paying as asaas
from simulator.control.effects import Target, attempt, find, told
from simulator.control.errors import ControlError
from simulator.control.inputs import amount_of, card_of
from simulator.mercadopago import checkout
from simulator.mercadopago import effects as mercadopago
from simulator.models import AsaasPayment, MpPayment, MpPreference, write

OUTCOMES = {"approve": True, "reject": False}


def pay(body: dict[str, Any]) -> dict[str, Any]:
    """By PIX; a charge of Asaas that takes only cards, by a good one."""
    target, amount, force = find(body), amount_of(body), bool(body.get("force", False))
    if isinstance(target, AsaasPayment):
        if target.billing_type == "CREDIT_CARD":
            return told(attempt(lambda: asaas.by_card(target, card_of({}), amount_cents=amount, force=force)))
        return told(attempt(lambda: asaas.by_pix(target, amount_cents=amount, force=force)))
    if isinstance(target, MpPreference):
        with write():
            payment = attempt(lambda: checkout.pix(target))
            return told(attempt(lambda: mercadopago.approve(payment, amount_cents=amount)))
    return told(attempt(lambda: mercadopago.approve(target, amount_cents=amount, force=force)))


def pay_card(body: dict[str, Any]) -> dict[str, Any]:
    """On the hosted page, without the page. A refusal is an outcome, not an error."""
    target, amount, card = _payable_by_card(find(body)), amount_of(body), card_of(body)
    if isinstance(target, MpPreference):
        payment = attempt(lambda: checkout.card(target, card, amount_cents=amount))
        return _explained(payment) | {"refused": payment.status == "rejected"}
    force = bool(body.get("force", False))
    try:
        charge = attempt(lambda: asaas.by_card(target, card, amount_cents=amount, force=force))
        return told(charge) | {"refused": False}
    except ControlError as err:
        if isinstance(err.__cause__, asaas.CardRefused):
            return told(err.__cause__.payment) | {"refused": True}
        raise


def _payable_by_card(target: Target) -> AsaasPayment | MpPreference:
    """The preference behind a payment of Mercado Pago: there every card attempt is a new payment."""
    if not isinstance(target, MpPayment):
        return target
    if target.order:
        return target.order.preference
    same = MpPreference.objects.filter(
        account=target.account_id, external_reference=target.external_reference
    )
    preference = same.order_by("-id").first() if target.external_reference else None
    if preference is None:
        raise ControlError("a payment made by the API takes no card; give a preference")
    return preference


def review(body: dict[str, Any]) -> dict[str, Any]:
    outcome = OUTCOMES.get(str(body.get("outcome")))
    if outcome is None:
        raise ControlError("outcome must be approve or reject")
    payment = _in_review(body)
    return _explained(attempt(lambda: mercadopago.review(payment, is_approved=outcome)))


def _explained(payment: MpPayment) -> dict[str, Any]:
    return told(payment) | {"status_detail": payment.status_detail}


def _in_review(body: dict[str, Any]) -> MpPayment:
    """By id, or the newest one in review with the reference."""
    rows = MpPayment.objects.order_by("-id")
    if body.get("id") is not None:
        rows = rows.filter(number=int(body["id"]))
    else:
        rows = rows.filter(external_reference=str(body.get("reference")), status="in_process")
    if body.get("account") is not None:
        rows = rows.filter(account_id=body["account"])
    payment = rows.first()
    if payment is None:
        raise ControlError("no such payment of Mercado Pago", 404)
    return payment
