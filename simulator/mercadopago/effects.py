"""What happens to a Mercado Pago payment: created, paid, cancelled, expired."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator import clock, known, numbering
from simulator.mercadopago import serialise
from simulator.mercadopago.errors import MpError, cause
from simulator.mercadopago.notify import emit
from simulator.models import Account, MpOrder, MpPayment, MpPreference, write

PIX_FEE_RATE = Decimal("0.0099")
"""Our choice: mercadopago.md gives no PIX fee."""
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


def _conclude(row: MpPayment, status: str, detail: str) -> MpPayment:
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
        row.paid_cents = row.amount_cents
        row.fee_cents = int((row.paid_cents * PIX_FEE_RATE).quantize(Decimal(1), ROUND_HALF_UP))
        row.approved_at = row.released_at = clock.now()
        stamp = clock.now().strftime("%Y%m%d%H%M")
        row.data |= {
            "money_release_status": "released",
            "bank_transfer_id": numbering.scattered("mp-transfers", 52_000_000_000),
            "transaction_id": f"E18236120{stamp}s{numbering.alphanumeric(10)}",
            "payer_bank": {"account_id": None, "id": "18236120", "long_name": "BANCO SIMULADO S.A."},
        }
        return _conclude(row, "approved", "accredited")


def cancel(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        if row.status not in CANCELLABLE:
            raise cause(400, 2018, "The status change is not allowed for the current payment state")
        return _conclude(row, "cancelled", "by_collector")


def expire(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        if row.status not in PAYABLE:
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        return _conclude(row, "cancelled", "expired")


def open_order(preference: MpPreference) -> MpOrder:
    """The merchant order of a preference, made when its page is first opened (mercadopago.md 2.5)."""
    with write():
        existing = MpOrder.objects.filter(preference=preference).first()
        if existing:
            return existing
        return MpOrder.objects.create(
            number=numbering.scattered("mp-orders", 38_000_000_000),
            account=preference.account,
            preference=preference,
            created_at=clock.now(),
            updated_at=clock.now(),
        )


def is_open(preference: MpPreference) -> bool:
    """Usable only inside its window when `expires` is true (mercadopago.md 2.1)."""
    data = preference.data
    if not data["expires"]:
        return True
    start, end = (moment_of(data[key]) for key in ("expiration_date_from", "expiration_date_to"))
    now = clock.now()
    return (start is None or start <= now) and (end is None or now < end)


def moment_of(value: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=serialise.ZONE)


def pix_of_preference(preference: MpPreference) -> MpPayment:
    """The buyer chose PIX on the hosted page."""
    if not is_open(preference):
        raise MpError(400, {"message": "preference expired", "error": "expired", "status": 400, "cause": []})
    data = preference.data
    with write():
        order = open_order(preference)
        return create_pix(
            preference.account,
            amount_cents=preference.total_cents,
            expires_at=moment_of(data["date_of_expiration"]),
            order=order,
            columns={
                "external_reference": data["external_reference"],
                "notification_url": data["notification_url"] or "",
            },
            data={
                "description": data["items"][0]["title"],
                "payer_email": data["payer"]["email"] or None,
                "metadata": data["metadata"],
                "statement_descriptor": data["statement_descriptor"],
            },
        )
