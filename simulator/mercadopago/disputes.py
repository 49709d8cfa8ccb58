"""Chargebacks and claims: opened, answered, decided (mercadopago.md 5)."""

from datetime import timedelta
from typing import Any

from simulator import clock, known, numbering
from simulator.mercadopago import dispute_bodies as bodies
from simulator.mercadopago import effects, notify, refunding
from simulator.mercadopago.errors import cause, plain
from simulator.mercadopago.topics import CHARGEBACK, CLAIM
from simulator.models import MpChargeback, MpClaim, MpPayment, write

INSTANT = timedelta(milliseconds=1)
IN_PROCESS, SETTLED, REIMBURSED = "in_process", "settled", "reimbursed"
NOT_APPLICABLE, PENDING, REVIEW = "not_applicable", "pending", "review_pending"
VALID, INVALID, NOT_SUPPLIED = "valid", "invalid", "not_supplied"
ANSWERED = (REVIEW, VALID, INVALID)
DAYS_TO_ANSWER = 10
"""As in the published sample: opened on the 10th, due on the 20th."""
FIRST_NUMBER = 233_000_061_680_860_000
"""Above 2**53, as in the published sample (mercadopago.md 1.1)."""
OPENED, CLOSED = "opened", "closed"


def open_chargeback(
    payment: MpPayment, *, amount_cents: int | None = None, asks_documents: bool = False
) -> MpChargeback:
    """Of an approved card payment; the money is held while it runs."""
    with write():
        paid = effects.fresh(payment)
        amount = _contestable(paid) if amount_cents is None else amount_cents
        if "card" not in paid.data or amount > _contestable(paid):
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        row = MpChargeback(
            account=paid.account,
            payment=paid,
            number=numbering.scattered("mp-chargebacks", FIRST_NUMBER),
            status=IN_PROCESS,
            amount_cents=amount,
            held_cents=amount,
            documentation_status=NOT_APPLICABLE,
            data={"documents": [], "before": paid.status_detail},
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        if asks_documents:
            _ask(row)
        row.save()
        effects.conclude(paid, "charged_back", IN_PROCESS)
        _tell(row, "created")
    return row


def _contestable(paid: MpPayment) -> int:
    if paid.status != "approved" or refunding.left_cents(paid) <= 0:
        raise cause(400, 2063, "The action requested is not valid for the current payment state")
    return refunding.left_cents(paid)


def _ask(row: MpChargeback) -> None:
    row.documentation_status = PENDING
    row.due_at = clock.now() + timedelta(days=DAYS_TO_ANSWER)
    row.data["deadline"] = row.due_at.isoformat()


def _fresh(chargeback: MpChargeback) -> MpChargeback:
    row = MpChargeback.objects.select_related("payment").get(pk=chargeback.pk)
    row.account = known.by_id(row.account_id)
    row.previous = bodies.chargeback(row)
    return row


def _running(chargeback: MpChargeback) -> MpChargeback:
    row = _fresh(chargeback)
    if row.status != IN_PROCESS:
        raise plain(400, "The chargeback is already decided")
    return row


def _changed(row: MpChargeback) -> MpChargeback:
    row.updated_at = max(clock.now(), row.updated_at + INSTANT)
    row.save()
    _tell(row, "changed_case_status")
    return row


def _tell(row: MpChargeback, action: str) -> None:
    extra = {"payment_id": row.payment.number, "version": int(row.updated_at.timestamp())}
    reference = row.payment.external_reference
    notify.tell(row.account, CHARGEBACK, action, str(row.number), reference=reference, extra=extra)


def ask_documents(chargeback: MpChargeback) -> MpChargeback:
    with write():
        row = _running(chargeback)
        if row.documentation_status != NOT_APPLICABLE:
            raise plain(400, "Documents were already asked for")
        _ask(row)
        return _changed(row)


def take_documents(chargeback: MpChargeback, files: list[dict[str, Any]]) -> MpChargeback:
    """Until the deadline, and again while they are reviewed (our decision)."""
    with write():
        row = _running(chargeback)
        if row.documentation_status not in (PENDING, REVIEW):
            raise plain(400, "The chargeback takes no documentation")
        row.data["documents"] = [*row.data["documents"], *files]
        row.documentation_status, row.due_at = REVIEW, None
        return _changed(row)


def miss_deadline(chargeback: MpChargeback) -> MpChargeback:
    """The clock's: nobody sent what was asked for; who wins is still to be decided."""
    with write():
        row = _running(chargeback)
        row.documentation_status, row.due_at = NOT_SUPPLIED, None
        return _changed(row)


def decide(chargeback: MpChargeback, *, is_covered: bool) -> MpChargeback:
    """Covered: the seller keeps the money. The payment stays charged_back unless the account says else."""
    with write():
        row = _running(chargeback)
        row.status = REIMBURSED if is_covered else SETTLED
        row.held_cents = 0 if is_covered else row.amount_cents
        if row.documentation_status == REVIEW:
            row.documentation_status = VALID if is_covered else INVALID
        elif row.documentation_status == PENDING:
            row.documentation_status = NOT_SUPPLIED
        row.due_at = None
        paid = effects.fresh(row.payment)
        if is_covered and row.account.options.get("reimbursed_as_approved"):
            effects.conclude(paid, "approved", row.data["before"])
        else:
            effects.conclude(paid, "charged_back", row.status)
        return _changed(row)


def open_claim(payment: MpPayment, *, kind: str = "mediations", reason: str = "PNR9501") -> MpClaim:
    """A buyer opened a dispute about an approved payment, however it was made."""
    with write():
        paid = effects.fresh(payment)
        held = _contestable(paid)
        row = MpClaim(
            account=paid.account,
            payment=paid,
            number=numbering.scattered("mp-claims", 5_040_000_000),
            held_cents=held,
            data={"type": kind, "reason": reason, "before": paid.status_detail, "benefited": ""},
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        row.save()
        effects.conclude(paid, "in_mediation", "pending")
        _tell_claim(row, "created")
    return row


def close_claim(claim: MpClaim, *, for_payer: bool) -> MpClaim:
    """For the payer Mercado Pago gives back all that is left; for the seller the payment is what it was."""
    with write():
        row = MpClaim.objects.select_related("payment").get(pk=claim.pk)
        row.account = known.by_id(row.account_id)
        if row.status != OPENED:
            raise plain(400, "The claim is already closed")
        row.previous = bodies.claim(row)
        held, row.held_cents, row.status = row.held_cents, 0, CLOSED
        row.data["benefited"] = "complainant" if for_payer else "respondent"
        row.updated_at = max(clock.now(), row.updated_at + INSTANT)
        row.save()
        paid = effects.fresh(row.payment)
        if for_payer:
            _give_back(paid, held)
        else:
            effects.conclude(paid, "approved", row.data["before"])
        _tell_claim(row, "updated")
    return row


def _give_back(paid: MpPayment, cents: int) -> None:
    item = {
        "id": numbering.scattered("mp-refunds", 2_200_000_000),
        "cents": cents,
        "status": refunding.APPROVED,
        "at": clock.now().isoformat(),
        "by": "admin",
    }
    paid.data["refunds"] = [*paid.data.get("refunds", []), item]
    paid.refunded_cents += cents
    effects.conclude(paid, "refunded", "by_admin")


def _tell_claim(row: MpClaim, action: str) -> None:
    reference = row.payment.external_reference
    notify.tell(row.account, CLAIM, action, str(row.number), reference=reference)
