"""The controls with which a customer, or the gateway's risk team, decides about money."""

from typing import Any

from simulator.asaas import checkouts, sessions
from simulator.asaas import paying as asaas
from simulator.control.effects import Target, attempt, find, told
from simulator.control.errors import ControlError
from simulator.control.inputs import amount_of, card_of
from simulator.mercadopago import boletos, checkout
from simulator.mercadopago import effects as mercadopago
from simulator.models import AsaasCheckout, AsaasPayment, MpPayment, MpPreference, write

OUTCOMES = {"approve": True, "reject": False}


def pay(body: dict[str, Any]) -> dict[str, Any]:
    """By the `method` named; else as the charge says: a boleto at a bank, by a good card, or by PIX."""
    target = _offering(find(body), body)
    if isinstance(target, AsaasCheckout):
        return told(_pay_checkout(target, body))
    if isinstance(target, AsaasPayment):
        return told(_pay_charge(target, body))
    return told(_pay_at_mercadopago(target, body))


def _offering(target: Target, body: dict[str, Any]) -> Target:
    """For a card the checkout behind a PIX code that waits: there the payer may still choose otherwise."""
    wants_card = body.get("method") == "card" or body.get("instalments") is not None
    if not (isinstance(target, AsaasPayment) and wants_card and target.billing_type == "PIX"):
        return target
    gid = target.data.get("checkoutSession")
    active = AsaasCheckout.objects.filter(gid=gid, status=sessions.ACTIVE) if gid else None
    return (active and active.first()) or target


def _pay_checkout(session: AsaasCheckout, body: dict[str, Any]) -> AsaasPayment:
    """Instalments ask for a card; else PIX where it is taken."""
    is_by_pix = checkouts.takes_pix(session) and body.get("instalments") is None
    if _method(body, "pix" if is_by_pix else "card", "pix", "card") == "card":
        return _by_card(session, body)
    force = bool(body.get("force", False))
    return attempt(lambda: checkouts.by_pix(session, amount_cents=amount_of(body), force=force))


def _by_card(session: AsaasCheckout, body: dict[str, Any]) -> AsaasPayment:
    """As many parcels as asked for; else the fewest that the checkout takes."""
    count = int(body.get("instalments") or min(checkouts.card_counts(session), default=1))
    terms: dict[str, Any] = {"amount_cents": amount_of(body), "force": bool(body.get("force", False))}
    return attempt(lambda: checkouts.by_card(session, card_of(body), count=count, **terms))


def _pay_charge(charge: AsaasPayment, body: dict[str, Any]) -> AsaasPayment:
    terms: dict[str, Any] = {"amount_cents": amount_of(body), "force": bool(body.get("force", False))}
    usual = {"BOLETO": "boleto", "CREDIT_CARD": "card"}.get(charge.billing_type, "pix")
    method = _method(body, usual, "pix", "boleto", "card")
    if method == "card":
        return attempt(lambda: asaas.by_card(charge, card_of({}), **terms))
    if method == "boleto":
        return attempt(lambda: asaas.by_slip(charge, is_cleared=bool(body.get("cleared")), **terms))
    return attempt(lambda: asaas.by_pix(charge, **terms))


def _method(body: dict[str, Any], usual: str, *known: str) -> str:
    method = str(body.get("method") or usual)
    if method not in known:
        raise ControlError(f"method must be one of {', '.join(known)}")
    return method


def _pay_at_mercadopago(target: MpPayment | MpPreference, body: dict[str, Any]) -> MpPayment:
    if isinstance(target, MpPreference):
        ways = [way.id for way in checkout.code_ways(target)]
        method = _method(body, ways[0] if ways else "pix", "pix", "boleto", *ways)
        makes = {"pix": checkout.pix, "boleto": checkout.boleto}
        make = makes.get(method, lambda preference: checkout.ticket(preference, method))
        with write():
            return _pay_payment(attempt(lambda: make(target)), body)
    _method(body, "boleto" if boletos.is_boleto(target) else target.method, "pix", "boleto", target.method)
    return _pay_payment(target, body)


def _pay_payment(payment: MpPayment, body: dict[str, Any]) -> MpPayment:
    """A payment is of one kind: there the method changes nothing."""
    terms: dict[str, Any] = {"amount_cents": amount_of(body), "force": bool(body.get("force", False))}
    if boletos.is_boleto(payment):
        return attempt(lambda: boletos.pay(payment, is_cleared=bool(body.get("cleared")), **terms))
    return attempt(lambda: mercadopago.approve(payment, **terms))


def pay_card(body: dict[str, Any]) -> dict[str, Any]:
    """On the hosted page, without the page. A refusal is an outcome, not an error."""
    found = _offering(find(body), body | {"method": "card"})
    target, amount, card = _payable_by_card(found), amount_of(body), card_of(body)
    if isinstance(target, MpPreference):
        count = int(body.get("instalments", 1))
        payment = attempt(lambda: checkout.card(target, card, amount_cents=amount, count=count))
        return _explained(payment) | {"refused": payment.status == "rejected"}
    force = bool(body.get("force", False))
    try:
        if isinstance(target, AsaasCheckout):
            return told(_by_card(target, body)) | {"refused": False}
        charge = attempt(lambda: asaas.by_card(target, card, amount_cents=amount, force=force))
        return told(charge) | {"refused": False}
    except ControlError as err:
        if isinstance(err.__cause__, checkouts.Refused):
            return told(err.__cause__.session) | {"refused": True}
        if isinstance(err.__cause__, asaas.CardRefused):
            return told(err.__cause__.payment) | {"refused": True}
        raise


def _payable_by_card(target: Target) -> AsaasPayment | AsaasCheckout | MpPreference:
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
