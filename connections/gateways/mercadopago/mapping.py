"""Mercado Pago's words as ours (mercadopago.md sections 1.4, 2.2, 3.3 and 7)."""

from __future__ import annotations

from datetime import UTC, datetime

from connections.gateways import refunds
from connections.gateways.base import (
    CustomerDetails,
    GatewayCharge,
    GatewayPayment,
    Method,
    PaymentStatus,
    PixCode,
    RefundItem,
    RefundState,
    ResourceKind,
)
from connections.gateways.countries import BRAZIL
from connections.gateways.mercadopago import boletos
from connections.gateways.mercadopago.sites import method_of
from connections.gateways.money import to_cents
from connections.gateways.values import Record, instant, record, records, text

STATUS = {
    "pending": PaymentStatus.PENDING,
    "in_process": PaymentStatus.AUTHORIZED,  # under review at the gateway (design.md section 4)
    "authorized": PaymentStatus.AUTHORIZED,
    "approved": PaymentStatus.PAID,
    "refunded": PaymentStatus.REFUNDED,
    "in_mediation": PaymentStatus.DISPUTED,
    "charged_back": PaymentStatus.DISPUTED,  # money held, outcome open
    "cancelled": PaymentStatus.CANCELLED,
    "rejected": PaymentStatus.FAILED,
}

# Where the detail says more than the status.
STATUS_WITH_DETAIL = {
    ("cancelled", "expired"): PaymentStatus.EXPIRED,
    ("charged_back", "settled"): PaymentStatus.CHARGED_BACK,
    ("charged_back", "reimbursed"): PaymentStatus.PAID,
}

_REFUND_STATE = {
    "approved": RefundState.DONE,
    "in_process": RefundState.PENDING,
    "authorized": RefundState.PENDING,
    "rejected": RefundState.DENIED,
    "cancelled": RefundState.DENIED,
}
_MONEY_CAME = {"approved", "refunded", "in_mediation", "charged_back"}
OPEN = {PaymentStatus.PENDING, PaymentStatus.AUTHORIZED}
# What the payer hands over here includes interest that is not the merchant's.
_WITH_INTEREST = {"credit_card", "debit_card", "prepaid_card", "digital_currency"}


def to_payment(raw: Record, *, now: datetime | None = None) -> GatewayPayment:
    """One payment object, as it is ``now`` (by itself, when it was changed last).

    Our reading of the amounts: ``transaction_amount`` is what was asked. What was received is
    ``total_paid_amount`` for PIX, boleto and wallet money; for cards and credit lines that figure includes
    the payer's interest, so there it is ``transaction_amount`` (mercadopago.md 3.3). Fees are those of the
    collector (``fee_payer``); interest for instalments is the payer's.
    """
    word = text(raw.get("status"), 60)
    details = record(raw.get("transaction_details"))
    asked = to_cents(raw.get("transaction_amount")) or 0
    has_money = word in _MONEY_CAME
    received = _received(raw, asked) if has_money else 0
    net = to_cents(details.get("net_received_amount"))
    listed = tuple(to_refund(item) for item in records(raw.get("refunds")))
    version = _time(raw, "date_last_updated")
    return GatewayPayment(
        gateway_id=text(raw.get("id"), 100),
        reference=text(raw.get("external_reference")),
        status=_status(word, text(raw.get("status_detail"), 100)),
        gateway_status="/".join(filter(None, (word, text(raw.get("status_detail"), 100)))),
        method=_method(raw),
        amount_cents=asked,
        received_cents=received,
        refunded_cents=_refunded(raw, word, received, listed),
        currency=text(raw.get("currency_id"), 10),
        account_id=text(raw.get("collector_id"), 100),
        is_refunding=refunds.is_any_under_way(listed),
        fee_cents=_fee(raw, received, net) if has_money else None,
        net_cents=net if has_money else None,
        fee_returned_cents=_fee_returned(raw) if has_money else 0,
        created_at=_time(raw, "date_created"),
        paid_at=_time(raw, "date_approved"),
        settles_at=_time(raw, "money_release_date") if has_money else None,
        settled_at=_settled_at(raw, now or version) if _was_kept(received, listed, raw) else None,
        expires_at=_time(raw, "date_of_expiration"),
        version=version,
        pix=_to_pix_code(raw),
        boleto=boletos.read(raw),
        link=text(transaction_data(raw).get("ticket_url")) or text(details.get("external_resource_url")),
        refunds=listed,
        origin_id=text(record(raw.get("order")).get("id"), 100),
        description=text(raw.get("description")),
        order_id=text(record(raw.get("order")).get("id"), 100),
        payer=_payer(raw),
        subscription_id=subscription_id_of(raw),
        is_card_check=text(raw.get("operation_type"), 60) == "card_validation",
        has_dispute=word in ("in_mediation", "charged_back"),
    )


def _payer(raw: Record) -> CustomerDetails | None:
    """Often without a name and a document, for privacy (mercadopago.md 3.3); ``None`` without anything."""
    payer = record(raw.get("payer"))
    identification, phone = record(payer.get("identification")), record(payer.get("phone"))
    names = (text(payer.get("first_name"), 60), text(payer.get("last_name"), 60))
    document = "".join(part for part in text(identification.get("number"), 32) if part.isalnum()).upper()
    found = CustomerDetails(
        reference=text(payer.get("id"), 100),
        name=" ".join(filter(None, names)),
        document=document,
        document_type=text(identification.get("type"), 16) if document else "",
        email=text(payer.get("email"), 254),
        phone=text(phone.get("area_code"), 8) + text(phone.get("number"), 24),
    )
    return found if any((found.reference, found.name, found.document, found.email)) else None


def to_direct_charge(payment: GatewayPayment) -> GatewayCharge:
    """A payment we created ourselves."""
    return GatewayCharge(
        kind=ResourceKind.PAYMENT,
        gateway_id=payment.gateway_id,
        reference=payment.reference,
        link=payment.link,
        payments=(payment,),
        is_open=payment.status in OPEN,
        asked_cents=payment.amount_cents,
    )


def to_hosted_charge(raw: Record, *, payments: tuple[GatewayPayment, ...], now: datetime) -> GatewayCharge:
    """A preference and its payments. ``init_point`` is the link in every environment (mercadopago.md 2.2)."""
    ends = _time(raw, "expiration_date_to")
    return GatewayCharge(
        kind=ResourceKind.PREFERENCE,
        gateway_id=text(raw.get("id"), 100),
        reference=text(raw.get("external_reference")),
        link=text(raw.get("init_point")),
        payments=payments,
        is_open=not (raw.get("expires") is True and ends is not None and ends <= now),
        asked_cents=_asked_on_page(raw),
    )


def _asked_on_page(raw: Record) -> int | None:
    """The page asks for the sum of its items; ``total_amount`` may be null (mercadopago.md 2.1 and 2.2)."""
    items = records(raw.get("items"))
    prices = [to_cents(item.get("unit_price")) for item in items]
    counts = [to_cents(item.get("quantity")) for item in items]
    if not items or not all(prices) or not all(counts):
        return None
    return sum((price or 0) * (count or 0) for price, count in zip(prices, counts, strict=True)) // 100


def is_from_hosted_page(raw: Record) -> bool:
    """Payments of the checkout belong to a merchant order, direct ones have ``{}`` there (section 2.5)."""
    place = text(record(raw.get("point_of_interaction")).get("type"), 60)
    return bool(record(raw.get("order")).get("id")) or place == "CHECKOUT"


def subscription_id_of(raw: Record) -> str:
    """The preapproval whose turn a payment collects (mercadopago.md 3.3)."""
    return text(transaction_data(raw).get("subscription_id"), 100)


def transaction_data(raw: Record) -> Record:
    return record(record(raw.get("point_of_interaction")).get("transaction_data"))


def created_at(raw: Record) -> datetime:
    """For ordering only: what has no date comes last."""
    return _time(raw, "date_created") or datetime.max.replace(tzinfo=UTC)


def _status(word: str, detail: str) -> PaymentStatus | None:
    return STATUS_WITH_DETAIL.get((word, detail)) or STATUS.get(word)


def _method(raw: Record) -> Method | None:
    code, kind = (text(raw.get(name), 60) for name in ("payment_method_id", "payment_type_id"))
    return method_of(code, kind, text(raw.get("currency_id"), 10) or BRAZIL.currency)


def _received(raw: Record, asked: int) -> int:
    if text(raw.get("payment_type_id"), 60) in _WITH_INTEREST:
        return asked
    return to_cents(record(raw.get("transaction_details")).get("total_paid_amount")) or asked


def _refunded(raw: Record, word: str, received: int, listed: tuple[RefundItem, ...]) -> int:
    sum_listed = sum(refund.amount_cents for refund in listed if refund.is_done)
    done = to_cents(raw.get("transaction_amount_refunded")) or sum_listed
    return done or received if word == "refunded" else done


def _fee(raw: Record, received: int, net: int | None) -> int | None:
    """What the seller pays; the difference to the net where nothing is itemised."""
    items = records(raw.get("fee_details"))
    if items:
        ours = (item for item in items if text(item.get("fee_payer")) == "collector")
        return sum(to_cents(item.get("amount")) or 0 for item in ours)
    return received - net if net else None


def _fee_returned(raw: Record) -> int:
    """``fee_details`` stays as it was; each charge says what of it came back (mercadopago.md 3.3)."""
    ours = (
        charge
        for charge in records(raw.get("charges_details"))
        if text(charge.get("type")) == "fee"
        and text(record(charge.get("accounts")).get("from")) == "collector"
    )
    return sum(to_cents(record(charge.get("amounts")).get("refunded")) or 0 for charge in ours)


def _was_kept(received: int, listed: tuple[RefundItem, ...], raw: Record) -> bool:
    """Whether anything was left to release: what was given back before, was never released."""
    released = _time(raw, "money_release_date") or datetime.min.replace(tzinfo=UTC)
    gone = [one for one in listed if one.is_done and one.created_at and one.created_at < released]
    return sum(one.amount_cents for one in gone) < received


def _settled_at(raw: Record, at: datetime | None) -> datetime | None:
    """The release date once the money is released; older answers have the date without a status."""
    released = _time(raw, "money_release_date")
    word = text(raw.get("money_release_status"), 60)
    if word:
        return released if word == "released" else None
    return released if released and at and released <= at else None


def to_refund(raw: Record) -> RefundItem:
    status = text(raw.get("status"), 60)
    return RefundItem(
        refund_id=text(raw.get("id"), 100),
        amount_cents=to_cents(raw.get("amount")) or 0,
        status=status,
        state=_REFUND_STATE.get(status),
        created_at=_time(raw, "date_created"),
    )


def _to_pix_code(raw: Record) -> PixCode | None:
    code = text(transaction_data(raw).get("qr_code"), 2000)
    return PixCode(text=code, expires_at=_time(raw, "date_of_expiration")) if code else None


def _time(raw: Record, key: str) -> datetime | None:
    """Offsets are always written (mercadopago.md 1.1); a time without one is read as UTC."""
    return instant(raw.get(key), UTC)
