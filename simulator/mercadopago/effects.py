"""What happens to a Mercado Pago payment: created, paid, reviewed, cancelled, expired."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator import clock, known, numbering
from simulator.mercadopago import serialise
from simulator.mercadopago.errors import cause
from simulator.mercadopago.notify import emit, tell
from simulator.mercadopago.topics import MERCHANT_ORDER
from simulator.models import Account, MpOrder, MpPayment, write

PIX_FEE_RATE = Decimal("0.0099")
"""Our choice: mercadopago.md gives no PIX fee."""
BOLETO_FEE = 349
"""Our choice, in cents: mercadopago.md gives no fee of a boleto."""
CARD_FEE_RATE = Decimal("0.0498")
"""7.47 of 149.90 in the sample of mercadopago.md 9, which releases the money after 30 days."""
CARD_RELEASE = timedelta(days=30)
REVIEW_REJECTED = "cc_rejected_high_risk"
PIX_LIFE = timedelta(hours=24)
PIX_ISSUER = "12501"
CANCELLABLE = ("pending", "in_process", "authorized")
PAYABLE = ("pending",)


def create_pix(
    account: Account,
    *,
    amount_cents: int,
    expires_at: datetime | None = None,
    order: MpOrder | None = None,
    columns: dict[str, Any],
    data: dict[str, Any],
) -> MpPayment:
    """`columns` are external_reference and notification_url, `data` the rest in the API's words."""
    payment = new_waiting(
        account,
        method="pix",
        kind="bank_transfer",
        detail="pending_waiting_transfer",
        amount_cents=amount_cents,
        expires_at=expires_at or clock.now() + PIX_LIFE,
        order=order,
        columns=columns,
    )
    payment.data |= data | {"issuer_id": PIX_ISSUER}
    payment.data["qr_code"] = serialise.qr_code(payment)
    return announced(payment)


def new_waiting(
    account: Account,
    *,
    method: str,
    kind: str,
    detail: str,
    amount_cents: int,
    expires_at: datetime,
    order: MpOrder | None,
    columns: dict[str, Any],
) -> MpPayment:
    """What a buyer pays later, by a code; not stored yet."""
    now = clock.now()
    payment = MpPayment(
        account=account,
        order=order,
        number=numbering.scattered("mp-payments", 98_000_000_000),
        status="pending",
        status_detail=detail,
        method=method,
        kind=kind,
        amount_cents=amount_cents,
        created_at=now,
        updated_at=now,
        due_at=expires_at,
        **columns,
    )
    payment.data = {
        "date_of_expiration": serialise.stamp(expires_at),
        "issuer_id": None,
        "payer_id": str(numbering.scattered("mp-payers", 1_505_000_000)),
        "ticket_hash": numbering.fresh_uuid(),
    }
    return payment


def announced(payment: MpPayment) -> MpPayment:
    with write():
        payment.save()
        emit(payment, "payment.created")
        touch_order(payment)
    return payment


def fresh(payment: MpPayment) -> MpPayment:
    """The row as it is now, with its present answer remembered as the previous one."""
    row = MpPayment.objects.get(pk=payment.pk)
    row.account = known.by_id(row.account_id)
    row.previous = serialise.payment(row)
    return row


def conclude(row: MpPayment, status: str, detail: str) -> MpPayment:
    """Stores the new state and tells of it."""
    row.status, row.status_detail = status, detail
    row.due_at = None
    row.updated_at = max(clock.now(), row.updated_at + timedelta(milliseconds=1))
    row.save()
    emit(row, "payment.updated")
    touch_order(row)
    return row


def touch_order(row: MpPayment) -> None:
    """The merchant order changes with each of its payments, which the panel tells where it is ticked."""
    if row.order is None:
        return
    MpOrder.objects.filter(pk=row.order_id).update(updated_at=row.updated_at)
    number, reference = str(row.order.number), row.external_reference
    tell(row.account, MERCHANT_ORDER, "update", number, reference=reference)


def approve(payment: MpPayment, *, amount_cents: int | None = None, force: bool = False) -> MpPayment:
    with write():
        row = fresh(payment)
        if not force and row.status not in PAYABLE:
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        row.amount_cents = row.amount_cents if amount_cents is None else amount_cents
        credit(row)
        return conclude(row, "approved", "accredited")


def review(payment: MpPayment, *, is_approved: bool) -> MpPayment:
    """The end of a manual review; why it rejects is our choice."""
    with write():
        row = fresh(payment)
        if row.status != "in_process":
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        if not is_approved:
            return conclude(row, "rejected", REVIEW_REJECTED)
        credit(row)
        return conclude(row, "approved", "accredited")


def credit(row: MpPayment) -> None:
    """The money's own fields; the caller sets the status and saves."""
    is_card = "card" in row.data
    row.paid_cents = row.amount_cents
    row.fee_cents = _fee(row)
    row.approved_at = clock.now()
    row.released_at = row.approved_at + (CARD_RELEASE if is_card else timedelta())
    if is_card:
        row.data["authorization_code"] = numbering.digits(6)
    elif row.method == "pix":
        row.data |= _pix_transfer()


def _fee(row: MpPayment) -> int:
    if "slip_code" in row.data:
        return min(BOLETO_FEE, row.paid_cents)
    rate = PIX_FEE_RATE if row.method == "pix" else CARD_FEE_RATE
    step = serialise.smallest_cents(row.account)
    return int((row.paid_cents * rate / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def _pix_transfer() -> dict[str, Any]:
    stamp = clock.now().strftime("%Y%m%d%H%M")
    return {
        "bank_transfer_id": numbering.scattered("mp-transfers", 52_000_000_000),
        "transaction_id": f"E18236120{stamp}s{numbering.alphanumeric(10)}",
        "payer_bank": {"account_id": None, "id": "18236120", "long_name": "BANCO SIMULADO S.A."},
    }


def cancel(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        if row.status not in CANCELLABLE:
            raise cause(400, 2018, "The status change is not allowed for the current payment state")
        return conclude(row, "cancelled", "by_collector")


def is_clearing(row: MpPayment) -> bool:
    """A boleto paid at a bank whose money has not come yet."""
    return row.status in PAYABLE and "paid_at_bank" in row.data


def clear(payment: MpPayment) -> MpPayment:
    """The money of a boleto paid at a bank has come."""
    return approve(payment, amount_cents=payment.data["paid_at_bank"]["cents"])


def expire(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        if row.status not in PAYABLE or is_clearing(row):
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        return conclude(row, "cancelled", "expired")


def moment_of(value: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=serialise.ZONE)
