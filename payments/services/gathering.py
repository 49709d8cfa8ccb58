"""Asking for the parcels of a plan that we do not have, and for the boleto of the one that is next."""

from __future__ import annotations

from connections.gateways.base import Boleto, Gateway, GatewayCharge, ResourceKind
from payments import boletos, parcels, transitions
from payments.models import Charge, Payment, ReviewReason
from payments.services import comparing, plans, terms
from payments.services.following import fetch_and_store


def complete(charge: Charge, gateway: Gateway) -> bool:
    """Fetch the parcels and the boleto that are missing; whether none is any more.

    Raises a ``GatewayError``.
    """
    if parcels.lacks_some(charge, list(charge.payments.all())):
        for plan in charge.resources.filter(kind=ResourceKind.PLAN, is_missing=False):
            take_parcels(charge, gateway.fetch_charge(ResourceKind.PLAN, plan.gateway_id), gateway)
    following = parcels.next_to_pay(list(charge.payments.all()))
    if following and not following.boleto_line:
        if boleto := gateway.fetch_boleto(following.gateway_id):
            _take_boleto(charge, following, boleto)
        else:
            return False
    return plans.has_all(charge)


def take_parcels(
    charge: Charge, found: GatewayCharge, gateway: Gateway | None, *, source: str = "creation"
) -> None:
    """Ask by itself for each payment of a plan that is new to us, or not as we hold it."""
    plans.note_size(charge, found)
    held = {payment.gateway_id: payment for payment in charge.payments.all()}
    for payment in found.payments:
        own = held.get(payment.gateway_id)
        if own is None or comparing.differs(payment, own) or terms.is_news(charge, payment):
            fetch_and_store(charge, payment.gateway_id, cause="plan", gateway=gateway, source=source)


def _take_boleto(charge: Charge, payment: Payment, boleto: Boleto) -> None:
    """Keep a boleto that asks for the amount of its parcel; another one is for a person."""
    if not boletos.fits(boleto.line, boleto.barcode, asked=(payment.amount_cents,)):
        transitions.flag(charge.pk, ReviewReason.PIX_CODE)
        return
    Payment.objects.filter(pk=payment.pk).update(
        boleto_line=boleto.line, boleto_barcode=boleto.barcode, boleto_url=boleto.pdf_url
    )
