"""How a Mercado Pago payment is given back (mercadopago.md 3.6)."""

from datetime import timedelta
from typing import Any

from django.db.models import F, Sum

from simulator import clock, numbering
from simulator.mercadopago import serialise
from simulator.mercadopago.effects import conclude, fresh
from simulator.mercadopago.errors import MpError, cause
from simulator.models import Account, MpChargeback, MpClaim, MpPayment, write
from simulator.money import parse_cents

LONGEST_AGE = timedelta(days=180)
WHOLE_ONLY = ("MPE",)
APPROVED, WAITS, REJECTED = "approved", "in_process", "rejected"


def left_cents(row: MpPayment) -> int:
    taken = sum(one["cents"] for one in row.data.get("refunds", []) if one["status"] != REJECTED)
    return row.paid_cents - taken


def balance_cents(account: Account) -> int:
    """The opening balance and all that was collected, released or not, net of fees and refunds.

    Without what disputes hold or took; their fees do not come back (our decision).
    """
    collected = MpPayment.objects.filter(account_id=account.pk, paid_cents__gt=0)
    step = serialise.smallest_cents(account)
    fee_back = F("fee_cents") * F("refunded_cents") / (F("paid_cents") * step) * step
    total = Sum(F("paid_cents") - F("fee_cents") - F("refunded_cents") + fee_back)
    opening = parse_cents(account.options.get("opening_balance", 0)) or 0
    held = sum(
        model.objects.filter(account_id=account.pk).aggregate(cents=Sum("held_cents"))["cents"] or 0
        for model in (MpChargeback, MpClaim)
    )
    return opening + (collected.aggregate(total=total)["total"] or 0) - held


def refund(
    payment: MpPayment, amount_cents: int | None = None, *, is_forced: bool = False
) -> tuple[MpPayment, dict[str, Any]]:
    """Without an amount all that is left. Answers payment and refund; forced, whatever the balance."""
    with write():
        row = fresh(payment)
        amount = _checked(row, amount_cents, is_forced)
        item = {
            "id": numbering.scattered("mp-refunds", 2_200_000_000),
            "cents": amount,
            "status": WAITS,
            "at": clock.now().isoformat(),
        }
        row.data["refunds"] = [*row.data.get("refunds", []), item]
        if row.account.options.get("slow_refunds"):
            return conclude(row, row.status, row.status_detail), item
        return _done(row, item), item


def _checked(row: MpPayment, amount_cents: int | None, is_forced: bool) -> int:
    left = left_cents(row)
    amount = left if amount_cents is None else amount_cents
    if row.status != "approved" or left <= 0:
        raise cause(400, 2063, "The action requested is not valid for the current payment state")
    if row.approved_at is None or clock.now() - row.approved_at > LONGEST_AGE:
        raise cause(400, 2024, "Payment too old to be refunded")
    if amount <= 0:
        raise cause(400, 4040, "amount attribute must be positive")
    if amount > left:
        raise cause(400, 2017, "Invalid transaction_amount for update")
    if amount != row.paid_cents and row.account.options["site"] in WHOLE_ONLY:
        raise cause(400, 3024, "Not valid action: partial refund unsupported")
    fee_back = serialise.fee_back_cents(row, row.refunded_cents + amount) - serialise.fee_back_cents(row)
    if not is_forced and balance_cents(row.account) < amount - fee_back:
        raise cause(400, 2031, "Insufficient funds to refund the payment")
    return amount


def _done(row: MpPayment, item: dict[str, Any]) -> MpPayment:
    item["status"] = APPROVED
    row.refunded_cents += item["cents"]
    if row.refunded_cents >= row.paid_cents:
        return conclude(row, "refunded", "refunded")
    return conclude(row, "approved", "partially_refunded")


def finish(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        return _done(row, _waiting(row))


def deny(payment: MpPayment) -> MpPayment:
    with write():
        row = fresh(payment)
        _waiting(row)["status"] = REJECTED
        return conclude(row, row.status, row.status_detail)


def _waiting(row: MpPayment) -> dict[str, Any]:
    for item in row.data.get("refunds", []):
        if item["status"] == WAITS:
            return item
    raise _none_waits()


def _none_waits() -> MpError:
    return cause(400, 2063, "The payment has no refund in process")
