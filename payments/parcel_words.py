"""The parcels of a charge as people see them: staff and customers alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format

from connections.gateways.base import PaymentStatus
from payments import boletos, parcels
from payments.models import Charge, ChargeStatus, Payment
from payments.money import format_cents

_TONES = {
    PaymentStatus.PENDING: ChargeStatus.PENDING,
    PaymentStatus.AUTHORIZED: ChargeStatus.AUTHORIZED,
    PaymentStatus.PAID: ChargeStatus.PAID,
    PaymentStatus.OVERDUE: ChargeStatus.OVERDUE,
    PaymentStatus.EXPIRED: ChargeStatus.EXPIRED,
    PaymentStatus.CANCELLED: ChargeStatus.CANCELLED,
    PaymentStatus.FAILED: ChargeStatus.FAILED,
    PaymentStatus.REFUNDED: ChargeStatus.REFUNDED,
    PaymentStatus.DISPUTED: ChargeStatus.DISPUTED,
    PaymentStatus.CHARGED_BACK: ChargeStatus.CHARGED_BACK,
}


@dataclass(frozen=True, kw_only=True)
class ParcelLine:
    """One parcel. ``tone`` names colour and icon, ``can_pay``: somebody still can, ``digits``: its boleto."""

    payment: Payment
    number: int
    count: int
    amount: str
    due: str
    status: str
    tone: str
    can_pay: bool
    is_next: bool
    can_give_back: bool
    digits: str
    line: str


def lines(charge: Charge) -> list[ParcelLine]:
    """In their order; empty for a charge that has none."""
    own = list(charge.payments.prefetch_related("disputes"))
    if not parcels.is_several(own):
        return []
    following = parcels.next_to_pay(own)
    ordered = parcels.in_order([payment for payment in own if payment.parcel])
    return [_line(charge, payment, _count(charge, own), following) for payment in ordered]


def next_line(found: Sequence[ParcelLine]) -> ParcelLine | None:
    return next((line for line in found if line.is_next), None)


def _count(charge: Charge, own: Sequence[Payment]) -> int:
    if parcels.are_ours(charge):
        return charge.instalments
    return max(payment.parcel or 0 for payment in own)


def _line(charge: Charge, payment: Payment, count: int, following: Payment | None) -> ParcelLine:
    tone = _TONES.get(PaymentStatus(payment.status), ChargeStatus.DRAFT) if payment.status else ""
    can_pay = charge.is_payable and payment.status in parcels.WAITING
    return ParcelLine(
        payment=payment,
        number=payment.parcel or 0,
        count=count,
        amount=format_cents(payment.amount_cents, charge.currency),
        due=date_format(payment.due_date, "SHORT_DATE_FORMAT") if payment.due_date else "–",
        status=str(ChargeStatus(tone).label) if tone else payment.gateway_status,
        tone=tone or ChargeStatus.DRAFT,
        can_pay=can_pay,
        is_next=can_pay and following is not None and payment.pk == following.pk,
        can_give_back=payment.left_cents > 0 and not payment.is_cash,
        digits=payment.boleto_line if can_pay else "",
        line=boletos.grouped(payment.boleto_line) if can_pay and payment.boleto_line else "",
    )
