"""Asaas's words as ours (asaas.md sections 3 and 6.1)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from connections.gateways import boletos, refunds
from connections.gateways.asaas import terms
from connections.gateways.base import (
    Boleto,
    GatewayCharge,
    GatewayPayment,
    Method,
    PaymentStatus,
    PixCode,
    RefundItem,
    RefundState,
    ResourceKind,
)
from connections.gateways.money import to_cents
from connections.gateways.values import Record, civil_date, instant, record, records, text

# Times carry no zone and mean São Paulo (asaas.md 1.7).
ZONE_NAME = "America/Sao_Paulo"
ZONE = ZoneInfo(ZONE_NAME)
CURRENCY = "BRL"

_REFUND_STATE = {
    "PENDING": RefundState.PENDING,
    "AWAITING_CRITICAL_ACTION_AUTHORIZATION": RefundState.PENDING,
    "AWAITING_CUSTOMER_EXTERNAL_AUTHORIZATION": RefundState.PENDING,
    "DONE": RefundState.DONE,
    "CANCELLED": RefundState.DENIED,
}

# A refund in progress is a Refund of ours, not a status: until it is done the customer has paid.
STATUS = {
    "PENDING": PaymentStatus.PENDING,
    "AUTHORIZED": PaymentStatus.AUTHORIZED,
    "AWAITING_RISK_ANALYSIS": PaymentStatus.AUTHORIZED,
    "CONFIRMED": PaymentStatus.PAID,
    "RECEIVED": PaymentStatus.PAID,
    "RECEIVED_IN_CASH": PaymentStatus.PAID,
    "DUNNING_RECEIVED": PaymentStatus.PAID,
    "REFUND_REQUESTED": PaymentStatus.PAID,
    "REFUND_IN_PROGRESS": PaymentStatus.PAID,
    "REFUNDED": PaymentStatus.REFUNDED,
    "CHARGEBACK_REQUESTED": PaymentStatus.DISPUTED,
    "CHARGEBACK_DISPUTE": PaymentStatus.DISPUTED,
    "AWAITING_CHARGEBACK_REVERSAL": PaymentStatus.DISPUTED,
    "OVERDUE": PaymentStatus.OVERDUE,
    "DUNNING_REQUESTED": PaymentStatus.OVERDUE,
}

METHOD = {
    "PIX": Method.PIX,
    "BOLETO": Method.BOLETO,
    "CREDIT_CARD": Method.CARD,
    "DEBIT_CARD": Method.CARD,
    "UNDEFINED": Method.ANY,
}

BILLING_TYPE = {
    Method.PIX: "PIX",
    Method.BOLETO: "BOLETO",
    Method.CARD: "CREDIT_CARD",
    Method.ANY: "UNDEFINED",
}

_MONEY_CAME = {PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.DISPUTED}
_SETTLED = {"RECEIVED", "RECEIVED_IN_CASH", "DUNNING_RECEIVED"}
# Of a chargeback (3.3); one that was won is ``REVERSED``.
_NOT_WON = {"REQUESTED", "IN_DISPUTE", "DISPUTE_LOST", "DONE"}
_BEING_REFUNDED = {"REFUND_REQUESTED", "REFUND_IN_PROGRESS"}
PAYABLE = {PaymentStatus.PENDING, PaymentStatus.OVERDUE}
_ORIGINS = ("subscription", "installment", "checkoutSession", "paymentLink")


def to_payment(raw: Record, *, account_id: str) -> GatewayPayment:
    """One payment object.

    ``value`` is the face value until a different sum is paid; then it is what was paid and ``originalValue``
    what was asked (asaas.md 3.3). ``netValue`` is an estimate while unpaid: fee and net stay unknown.
    ``interestValue`` is fine and interest together. No key tells a discount: it is worked out for the day.
    """
    word = text(raw.get("status"), 60)
    value, net = to_cents(raw.get("value")) or 0, to_cents(raw.get("netValue"))
    has_money = STATUS.get(word) in _MONEY_CAME
    received = value if has_money else 0
    listed = tuple(_to_refund(item) for item in records(raw.get("refunds")))
    status, refunded = _became(raw, word, received, listed)
    is_deleted, asked = raw.get("deleted") is True, to_cents(raw.get("originalValue")) or value
    return GatewayPayment(
        gateway_id=text(raw.get("id"), 100),
        reference=text(raw.get("externalReference")),
        status=status,
        gateway_status=word,
        method=_method(raw, has_money=has_money),
        amount_cents=asked,
        received_cents=received,
        refunded_cents=refunded,
        currency=CURRENCY,
        account_id=account_id,
        is_deleted=is_deleted,
        is_cash=word == "RECEIVED_IN_CASH",
        is_refunding=word in _BEING_REFUNDED or refunds.is_any_under_way(listed),
        is_anticipated=has_money and raw.get("anticipated") is True,
        interest_cents=to_cents(raw.get("interestValue")) if has_money else None,
        discount_cents=terms.granted(raw, asked) if has_money else None,
        fee_cents=value - net if has_money and net is not None else None,
        net_cents=net if has_money else None,
        due_date=civil_date(raw.get("dueDate")),
        created_at=_first_day(raw, "dateCreated"),
        paid_at=_first_day(raw, "clientPaymentDate", "confirmedDate", "paymentDate") if has_money else None,
        settles_at=_first_day(raw, "creditDate", "estimatedCreditDate") if has_money else None,
        settled_at=_settled_at(raw, word) if has_money else None,
        link=text(raw.get("invoiceUrl")),
        refunds=listed,
        origin_id=next((text(raw.get(key), 100) for key in _ORIGINS if raw.get(key)), ""),
        terms=terms.read(raw, asked),
        parcel=_parcel(raw),
        plan_id=text(raw.get("installment"), 100),
        checkout_id=text(raw.get("checkoutSession"), 100),
        description=text(raw.get("description"), 500),
        customer_id=text(raw.get("customer"), 100),
        subscription_id=text(raw.get("subscription"), 100),
        has_dispute=STATUS.get(word) == PaymentStatus.DISPUTED or bool(record(raw.get("chargeback"))),
    )


def to_charge(payment: GatewayPayment) -> GatewayCharge:
    """A charge of ours is one payment at Asaas; it is open while somebody can still pay it."""
    return GatewayCharge(
        kind=ResourceKind.PAYMENT,
        gateway_id=payment.gateway_id,
        reference=payment.reference,
        link=payment.link,
        payments=(payment,),
        is_open=payment.status in PAYABLE,
    )


def to_pix_code(raw: Record) -> PixCode | None:
    """The QR text; ``None`` while Asaas has none (asaas.md 3.4: briefly not ready after creation)."""
    code = text(raw.get("payload"), 2000)
    if not code or raw.get("success") is False:
        return None
    return PixCode(text=code, expires_at=instant(raw.get("expirationDate"), ZONE))


def to_boleto(raw: Record, *, asked_cents: int, pdf_url: str) -> Boleto | None:
    """Line and bar code of ``identificationField``; ``None`` unless they are a boleto of this amount."""
    line, barcode = text(raw.get("identificationField"), 60), text(raw.get("barCode"), 60)
    return boletos.to_boleto(line, barcode, amount_cents=asked_cents, pdf_url=pdf_url)


def _method(raw: Record, *, has_money: bool) -> Method | None:
    """A boleto has a PIX code, too, and keeps its billing type when it is paid by it (3.3 and 3.4)."""
    method = METHOD.get(text(raw.get("billingType"), 60))
    is_by_pix = has_money and bool(raw.get("pixTransaction") or raw.get("pixQrCodeId"))
    return Method.PIX if is_by_pix and method in (Method.BOLETO, Method.ANY) else method


def _parcel(raw: Record) -> int | None:
    number = raw.get("installmentNumber")
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 < number < 1000
    return number if is_number and raw.get("installment") else None  # type: ignore[return-value]


def _settled_at(raw: Record, word: str) -> datetime | None:
    """The day the money was credited; a receipt in cash has no credit date (asaas.md 3.7).

    A word that tells of a refund or a dispute hides whether the money had come before: then ``paymentDate``
    tells, which is null as long as it had not (3.3), also after a refund before settlement (3.8).
    """
    came = word in _SETTLED or instant(raw.get("paymentDate"), ZONE) is not None
    return _first_day(raw, "creditDate", "paymentDate") if came else None


def _became(
    raw: Record, word: str, received: int, listed: tuple[RefundItem, ...]
) -> tuple[PaymentStatus | None, int]:
    """Status and cents given back: read deleted first, then refunds, then the word (asaas.md 6.1).

    Everything was given back when Asaas says so, also without listing it; but not what a chargeback took.
    """
    done = _sum_done(listed)
    is_lost = _is_lost(word, record(raw.get("chargeback")), received, listed)
    refunded = max(done, received) if word == "REFUNDED" and not is_lost else done
    if raw.get("deleted") is True:
        return PaymentStatus.CANCELLED, refunded
    if is_lost:
        return PaymentStatus.CHARGED_BACK, refunded
    return (PaymentStatus.REFUNDED if 0 < received <= refunded else STATUS.get(word)), refunded


def _sum_done(listed: tuple[RefundItem, ...]) -> int:
    return sum(refund.amount_cents for refund in listed if refund.is_done)


def _is_lost(word: str, chargeback: Record, received: int, listed: tuple[RefundItem, ...]) -> bool:
    """A lost chargeback is called ``REFUNDED`` too (asaas.md 5.5), but no refund is listed for it."""
    is_ours = text(chargeback.get("disputeStatus"), 60) == "ACCEPTED"
    is_taken = text(chargeback.get("status"), 60) in _NOT_WON and not is_ours
    return word == "REFUNDED" and is_taken and _sum_done(listed) < received


def _to_refund(raw: Record) -> RefundItem:
    """A refund has no id at Asaas: it is known by its time and value (asaas.md 3.8)."""
    status = text(raw.get("status"), 60)
    return RefundItem(
        refund_id="",
        amount_cents=to_cents(raw.get("value")) or 0,
        status=status,
        state=_REFUND_STATE.get(status),
        created_at=instant(raw.get("dateCreated"), ZONE),
    )


def _first_day(raw: Record, *keys: str) -> datetime | None:
    """A day without a time is its midnight in São Paulo."""
    return next((found for key in keys if (found := instant(raw.get(key), ZONE))), None)
