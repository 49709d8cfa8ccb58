"""Taking what the gateway created for a charge: the thing itself, its payments, its code to pay."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from config import clock
from connections.gateways.base import (
    Boleto,
    Gateway,
    GatewayCharge,
    GatewayPayment,
    Method,
    ResourceKind,
)
from payments import boletos, brcode, gate, parcels, transitions
from payments.models import Charge, GatewayResource, ReviewReason
from payments.services import plans, refreshing, resources, terms


def take_answer(charge: Charge, answer: GatewayCharge) -> None:
    """Store what the gateway created. A notification that was quicker is newer and stays as it is.

    Resources are locked before the charge, as a notification's worker does it.
    """
    with transaction.atomic():
        own = [_lock(charge, ResourceKind.PAYMENT, payment.gateway_id) for payment in answer.payments]
        if answer.kind != ResourceKind.PAYMENT:
            _lock(charge, answer.kind, answer.gateway_id)
            plans.note_size(charge, answer)
        for resource, payment in zip(own, answer.payments, strict=True):
            _take_payment(charge, resource, payment)
        link = {"link": answer.link} if answer.link else {}
        Charge.objects.filter(pk=charge.pk).update(**link, creation_tries=0)
        transitions.open_for_payment(charge.pk, source="creation")
        transitions.apply(charge.pk, source="creation")


def _lock(charge: Charge, kind: ResourceKind, gateway_id: str) -> GatewayResource:
    resource = resources.find_or_add(charge.connection, kind=kind, gateway_id=gateway_id, charge=charge)
    return GatewayResource.objects.select_for_update(no_key=True).get(pk=resource.pk)


def _take_payment(charge: Charge, own: GatewayResource, payment: GatewayPayment) -> None:
    if own.fetched_at is None or not refreshing.is_older(own, payment, ticket=0):
        refreshing.write_payment(charge, own, payment)
        terms.follow(charge, payment, source="creation")
        # Newer than every fetch that began before: their answers may still be on the way.
        GatewayResource.objects.filter(pk=own.pk).update(
            gateway_version=payment.version or own.gateway_version,
            fetched_at=clock.now(),
            is_missing=False,
            ticket=own.ticket + 1,
            applied_ticket=own.ticket + 1,
        )
    if payment.pix:
        take_code(charge, payment.pix.text, payment.pix.expires_at)
    if payment.boleto:
        take_boleto(charge, payment.boleto)


def has_its_code(charge: Charge) -> bool:
    """Whether the charge holds what it is paid by; one that is paid on a page has none."""
    if parcels.are_ours(charge):
        return plans.has_all(charge)
    return not _missing(charge)


def _missing(charge: Charge) -> frozenset[Method]:
    there = {Method.PIX: charge.pix_text, Method.BOLETO: charge.boleto_line}
    return frozenset(method for method in charge.codes if not there[method])


def fetch_code(charge: Charge, gateway: Gateway, gateway_id: str) -> bool:
    """Fetch what the charge is paid by; whether the gateway has all of it now. Raises a ``GatewayError``."""
    is_there = True
    for method in sorted(_missing(charge)):
        if method == Method.BOLETO:
            boleto = gateway.fetch_boleto(gateway_id)
            is_there &= boleto is not None and take_boleto(charge, boleto)
        else:
            code = gateway.fetch_pix_code(gateway_id)
            is_there &= code is not None and take_code(charge, code.text, code.expires_at)
    return is_there


def take_code(charge: Charge, text: str, expires_at: datetime | None) -> bool:
    """Keep a PIX code that a bank reads and that asks for what is owed; another one is for a person.

    False for one of an amount that was asked for before: the gateway has a newer one.
    """
    newest, *earlier = _owed_today(charge)
    if not brcode.fits(text, asked=newest):
        if any(brcode.fits(text, asked=before) for before in earlier):
            return False
        transitions.flag(charge.pk, ReviewReason.PIX_CODE)
        return True
    Charge.objects.filter(pk=charge.pk).update(pix_text=text, pix_expires_at=expires_at)
    return True


def take_boleto(charge: Charge, boleto: Boleto) -> bool:
    """Keep a boleto that asks for the amount of the charge; another one is for a person.

    Discount, fine and interest are not in it: the bank adds them on the day of payment. False for one of
    an amount that was asked for before.
    """
    agreed = charge.terms.filter(is_agreed=True, parcel=None).order_by("-pk")
    newest, *earlier = [*agreed.values_list("amount_cents", flat=True)] or [charge.amount_cents]
    if not boletos.fits(boleto.line, boleto.barcode, asked=(newest,)):
        if boletos.fits(boleto.line, boleto.barcode, asked=tuple(earlier)):
            return False
        transitions.flag(charge.pk, ReviewReason.PIX_CODE)
        return True
    Charge.objects.filter(pk=charge.pk).update(
        boleto_line=boleto.line, boleto_barcode=boleto.barcode, boleto_url=boleto.pdf_url
    )
    return True


def _owed_today(charge: Charge) -> list[gate.Range]:
    """By every version that was agreed, the newest first."""
    agreed = charge.terms.filter(is_agreed=True, parcel=None).order_by("-pk")
    today = clock.today(charge.connection.time_zone)
    owed = [gate.payable(version, today) for version in agreed]
    return owed or [gate.Range(charge.amount_cents, charge.amount_cents)]
