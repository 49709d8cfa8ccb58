"""Chargebacks of paid card charges: contested, documented, won or lost (asaas.md 3.3, 3.6, 5.5)."""

from datetime import timedelta
from typing import Any

from simulator import clock, numbering
from simulator.asaas import fees, refunding
from simulator.asaas.effects import fresh
from simulator.asaas.errors import forbidden_action
from simulator.asaas.notify import emit
from simulator.days import weekdays_after
from simulator.models import AsaasPayment, write

REQUESTED, DISPUTE, REVERSAL = "CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL"
CONTESTABLE = ("CONFIRMED", "RECEIVED")
DAYS_FOR_DOCUMENTS, DAYS_TO_GIVE_BACK = 7, 2
"""Our choices; the second are weekdays."""
REASON = "FRAUD"
"""Our word: the document lists none."""


def start(payment: AsaasPayment, reason: str = REASON) -> AsaasPayment:
    """The card holder contests what is left of it; nothing settles meanwhile."""
    with write():
        row = fresh(payment)
        if row.deleted or row.billing_type != "CREDIT_CARD" or row.status not in CONTESTABLE:
            raise forbidden_action("Somente cobranças pagas com cartão de crédito podem ser contestadas.")
        if _item(row):
            raise forbidden_action("Esta cobrança já foi contestada.")
        deadline = clock.today() + timedelta(days=DAYS_FOR_DOCUMENTS)
        row.data["chargeback"] = {
            "id": numbering.fresh_uuid(),
            "status": "REQUESTED",
            "reason": reason,
            "opened": clock.today().isoformat(),
            "cents": refunding.left_cents(row),
            "dispute": None,
            "deadline": deadline.isoformat(),
        }
        row.due_at = None
        return _become(row, REQUESTED)


def send_documents(payment: AsaasPayment) -> AsaasPayment:
    """By the merchant, in the panel."""
    with write():
        row = _in(payment, REQUESTED)
        _item(row).update(status="IN_DISPUTE", dispute="REQUESTED")
        return _become(row, DISPUTE)


def win(payment: AsaasPayment) -> AsaasPayment:
    """The clock brings the money back two weekdays later (our decision)."""
    with write():
        row = _in(payment, DISPUTE)
        _item(row).update(status="REVERSED", dispute="ACCEPTED")
        row.due_at = fees.settlement_moment(weekdays_after(clock.today(), DAYS_TO_GIVE_BACK))
        return _become(row, REVERSAL)


def give_back(payment: AsaasPayment) -> AsaasPayment:
    """CONFIRMED until its credit date, RECEIVED from then on, then with today's date if it never was."""
    with write():
        row = _in(payment, REVERSAL)
        _item(row)["returned"] = True
        credit = row.estimated_credit_date
        if credit is not None and credit > clock.today() and row.payment_date is None:
            row.due_at = fees.settlement_moment(credit)
            return _become(row, "CONFIRMED")
        if row.payment_date is None:
            row.payment_date = row.estimated_credit_date = clock.today()
            row.data["creditDate"] = clock.today().isoformat()
        return _become(row, "RECEIVED")


def lose(payment: AsaasPayment) -> AsaasPayment:
    """Disputed or not; no refund was asked, so `refunds` tells none (our decision)."""
    with write():
        row = _in(payment, REQUESTED, DISPUTE)
        is_disputed = row.status == DISPUTE
        lost = {"status": "DISPUTE_LOST", "dispute": "REJECTED"} if is_disputed else {"status": "DONE"}
        _item(row).update(lost)
        return _become(row, "REFUNDED")


def _in(payment: AsaasPayment, *states: str) -> AsaasPayment:
    row = fresh(payment)
    row.due_at = None
    if row.status not in states:
        raise forbidden_action("A contestação desta cobrança não está nessa etapa.")
    return row


def _item(row: AsaasPayment) -> dict[str, Any]:
    return row.data.get("chargeback") or {}


def _become(row: AsaasPayment, status: str) -> AsaasPayment:
    row.status = status
    row.save()
    emit(row, f"PAYMENT_{status}")
    return row
