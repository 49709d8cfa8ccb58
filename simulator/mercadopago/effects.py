"""What happens to a Mercado Pago payment: created, paid, reviewed, cancelled, expired."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator import clock, known, numbering
from simulator.mercadopago import serialise
from simulator.mercadopago.errors import cause
from simulator.mercadopago.notify import emit
from simulator.models import Account, MpOrder, MpPayment, write

PIX_FEE_RATE = Decimal("0.0099")
"""Our choice: mercadopago.md gives no PIX fee."""
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
    now = clock.now()
    expires_at = expires_at or now + PIX_LIFE
    with write():
        payment = MpPayment(
            account=account,
            order=order,
            number=numbering.scattered("mp-payments", 98_000_000_000),
            status="pending",
            status_detail="pending_waiting_transfer",
            method="pix",
            kind="bank_transfer",
            amount_cents=amount_cents,
            created_at=now,
            updated_at=now,
            due_at=expires_at,
            **columns,
        )
        payment.data = data | {
            "date_of_expiration": serialise.stamp(expires_at),
            "issuer_id": PIX_ISSUER,
            "payer_id": str(numbering.scattered("mp-payers", 1_505_000_000)),
            "ticket_hash": numbering.fresh_uuid(),
        }
        payment.data["qr_code"] = serialise.qr_code(payment)
        payment.save()
        emit(payment, "payment.created")
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
    if row.order:
        MpOrder.objects.filter(pk=row.order_id).update(updated_at=row.updated_at)
    emit(row, "payment.updated")
    return row


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
    is_pix = row.method == "pix"
    rate = PIX_FEE_RATE if is_pix else CARD_FEE_RATE
    row.paid_cents = row.amount_cents
    row.fee_cents = int((row.paid_cents * rate).quantize(Decimal(1), ROUND_HALF_UP))
    row.approved_at = clock.now()
    row.released_at = row.approved_at + (timedelta() if is_pix else CARD_RELEASE)
    row.data |= _pix_transfer() if is_pix else {"authorization_code": numbering.digits(6)}


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


def expire(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        if row.status not in PAYABLE:
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        return conclude(row, "cancelled", "expired")


def moment_of(value: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=serialise.ZONE)
