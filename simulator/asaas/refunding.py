"""How an Asaas charge is given back (asaas.md 3.8): asked, waiting, done or denied."""

from datetime import UTC
from typing import Any

from simulator import clock, numbering
from simulator.asaas import fees, serialise
from simulator.asaas.balance import balance_cents
from simulator.asaas.effects import fresh
from simulator.asaas.errors import forbidden_action, invalid
from simulator.asaas.notify import emit
from simulator.models import AsaasPayment, write

DONE, PENDING, CANCELLED = "DONE", "PENDING", "CANCELLED"
AWAITS_OWNER = "AWAITING_CRITICAL_ACTION_AUTHORIZATION"
AWAITS_PAYER = "AWAITING_CUSTOMER_EXTERNAL_AUTHORIZATION"
OPEN_STATES = (PENDING, AWAITS_OWNER, AWAITS_PAYER)
REFUNDABLE = {"card": ("CONFIRMED", "RECEIVED"), "pix": ("RECEIVED",), "slip": ("RECEIVED",)}
INSTITUTION = "19540550"


def way_paid(row: AsaasPayment) -> str:
    """A boleto paid by its PIX code is refunded like a PIX (our decision)."""
    if row.billing_type == "CREDIT_CARD":
        return "card"
    return "pix" if row.data.get("pixTransaction") else "slip"


def left_cents(row: AsaasPayment) -> int:
    """What was paid, less every refund that is not cancelled."""
    taken = sum(one["cents"] for one in _items(row) if one["status"] != CANCELLED)
    return row.paid_cents - taken


def _items(row: AsaasPayment) -> list[dict[str, Any]]:
    return row.data.get("refunds") or []


def refund(
    payment: AsaasPayment,
    amount_cents: int | None = None,
    description: str | None = None,
    *,
    is_forced: bool = False,
) -> AsaasPayment:
    """Card and PIX; without an amount all that is left. Forced, the balance is not looked at."""
    with write():
        row = fresh(payment)
        if way_paid(row) == "slip":
            raise forbidden_action("O estorno de boleto é feito pelo link de solicitação de estorno.")
        item = _asked(row, amount_cents, description, is_forced)
        options = row.account.options
        if options.get("critical_action_protection"):
            return _waiting(row, item, AWAITS_OWNER)
        return _scheduled(row, item) if options.get("slow_refunds") else _done(row, item)


def refund_by_link(
    payment: AsaasPayment, amount_cents: int | None = None, *, is_forced: bool = False
) -> AsaasPayment:
    """A boleto: the payer has to fill in a form first. Its address is in `refundRequest`.

    Only the panel asks for a part; the API's request has no documented field for it.
    """
    with write():
        row = fresh(payment)
        if way_paid(row) != "slip":
            raise forbidden_action("Somente boletos são estornados por link.")
        item = _asked(row, amount_cents, None, is_forced)
        row.data["refundRequest"] = numbering.fresh_uuid()
        return _waiting(row, item, AWAITS_PAYER)


def allow(payment: AsaasPayment) -> AsaasPayment:
    """The owner authorises the critical action, or the payer sends the form of the link."""
    with write():
        row = fresh(payment)
        item = _open_item(row)
        if item["status"] == PENDING:
            raise forbidden_action("O estorno já está em andamento.")
        was_asked_of_payer = item["status"] == AWAITS_PAYER
        is_slow = was_asked_of_payer or row.account.options.get("slow_refunds")
        return _scheduled(row, item) if is_slow else _done(row, item)


def finish(payment: AsaasPayment) -> AsaasPayment:
    with write():
        row = fresh(payment)
        return _done(row, _open_item(row))


def deny(payment: AsaasPayment) -> AsaasPayment:
    """Told only about boletos (asaas.md 3.8)."""
    with write():
        row = fresh(payment)
        _open_item(row)["status"] = CANCELLED
        _as_before(row)
        row.save()
        if way_paid(row) == "slip":
            emit(row, "PAYMENT_REFUND_DENIED")
    return row


def _asked(
    row: AsaasPayment, amount_cents: int | None, description: str | None, is_forced: bool
) -> dict[str, Any]:
    if row.status not in REFUNDABLE[way_paid(row)]:
        raise forbidden_action("Esta cobrança não pode ser estornada na situação em que se encontra.")
    left = left_cents(row)
    amount = left if amount_cents is None else amount_cents
    if amount <= 0:
        raise invalid("value", "O valor do estorno deve ser maior que zero.")
    if amount > left:
        raise forbidden_action("O valor do estorno é maior que o valor disponível da cobrança.")
    if row.payment_date and not is_forced and balance_cents(row.account) < amount:
        raise forbidden_action("Saldo insuficiente para realizar o estorno.")
    is_card, is_pix = way_paid(row) == "card", way_paid(row) == "pix"
    now = clock.now()
    stamp = f"{now.astimezone(UTC):%Y%m%d%H%M}"
    receipt = f"{serialise.panel_url(row.account)}/comprovantes/{numbering.digits(16)}"
    item = {
        "cents": amount,
        "status": PENDING,
        "at": now.isoformat(),
        "done_at": None,
        "description": description,
        "end_to_end": f"D{INSTITUTION}{stamp}{numbering.alphanumeric(11)}" if is_pix else None,
        "receipt": row.data.get("transactionReceiptUrl") if is_card else receipt,
    }
    row.data["refunds"] = [*_items(row), item]
    return item


def _open_item(row: AsaasPayment) -> dict[str, Any]:
    for item in _items(row):
        if item["status"] in OPEN_STATES:
            return item
    raise forbidden_action("Esta cobrança não tem estorno em andamento.")


def _waiting(row: AsaasPayment, item: dict[str, Any], state: str) -> AsaasPayment:
    """Asked and not yet allowed: no event is documented for that."""
    item["status"] = state
    _hold(row, "REFUND_REQUESTED")
    row.save()
    return row


def _scheduled(row: AsaasPayment, item: dict[str, Any]) -> AsaasPayment:
    item["status"] = PENDING
    _hold(row, "REFUND_IN_PROGRESS")
    row.save()
    emit(row, "PAYMENT_REFUND_IN_PROGRESS")
    return row


def _hold(row: AsaasPayment, status: str) -> None:
    """The status tells of a refund under way only when nothing is left (our decision)."""
    if left_cents(row) == 0:
        row.data.setdefault("statusBeforeRefund", row.status)
        row.status, row.due_at = status, None


def _as_before(row: AsaasPayment) -> None:
    before = row.data.pop("statusBeforeRefund", None)
    if before is None:
        return
    row.status = before
    if before == "CONFIRMED" and row.estimated_credit_date:
        row.due_at = fees.settlement_moment(row.estimated_credit_date)


def _done(row: AsaasPayment, item: dict[str, Any]) -> AsaasPayment:
    """Whatever completes the paid value sends PAYMENT_REFUNDED (our decision, asaas.md 3.8: unknown)."""
    item["status"], item["done_at"] = DONE, clock.now().isoformat()
    _as_before(row)
    row.refunded_cents += item["cents"]
    is_whole = row.refunded_cents >= row.paid_cents
    if is_whole:
        row.status, row.due_at = "REFUNDED", None
        row.data |= {"pixTransaction": None, "transactionReceiptUrl": item["receipt"]}
    else:
        _hold(row, "REFUND_IN_PROGRESS")
    row.save()
    emit(row, "PAYMENT_REFUNDED" if is_whole else "PAYMENT_PARTIALLY_REFUNDED")
    return row
