"""The controls about chargebacks and claims of Mercado Pago, and what the books say of them."""

from collections.abc import Iterable
from typing import Any

from simulator.control.effects import attempt
from simulator.control.errors import ControlError
from simulator.control.inputs import amount_of
from simulator.control.refunds import paid
from simulator.mercadopago import disputes
from simulator.mercadopago.dispute_bodies import COVERAGE
from simulator.models import MpChargeback, MpClaim, MpPayment
from simulator.money import plain_number

STEPS: dict[str, Any] = {
    "ask_documents": disputes.ask_documents,
    "won": lambda row: disputes.decide(row, is_covered=True),
    "lost": lambda row: disputes.decide(row, is_covered=False),
}
WINNERS = {"payer": True, "seller": False}
Dispute = MpChargeback | MpClaim


def contest(payment: MpPayment, body: dict[str, Any]) -> dict[str, Any]:
    """All that is left of it, or `amount`."""
    amount = amount_of(body)
    asks = bool(body.get("documents", False))
    made = attempt(lambda: disputes.open_chargeback(payment, amount_cents=amount, asks_documents=asks))
    return _told(payment, chargeback=_chargeback_line(made))


def chargeback_of(body: dict[str, Any]) -> MpChargeback | None:
    return _dispute(MpChargeback, body)


def decide(chargeback: MpChargeback, body: dict[str, Any]) -> dict[str, Any]:
    step = STEPS.get(str(body.get("outcome")))
    if step is None:
        raise ControlError(f"outcome must be one of {', '.join(STEPS)}")
    row = attempt(lambda: step(chargeback))
    return _told(row.payment, chargeback=_chargeback_line(row))


def claim(body: dict[str, Any]) -> dict[str, Any]:
    payment, kind = _payment(body), str(body.get("type") or "mediations")
    made = attempt(lambda: disputes.open_claim(payment, kind=kind))
    return _told(payment, claim=_claim_line(made))


def claim_step(body: dict[str, Any]) -> dict[str, Any]:
    for_payer = WINNERS.get(str(body.get("outcome")))
    if for_payer is None:
        raise ControlError(f"outcome must be one of {', '.join(WINNERS)}")
    target = _dispute(MpClaim, body)
    if target is None:
        raise ControlError("no claim at Mercado Pago by that id or reference", 404)
    row = attempt(lambda: disputes.close_claim(target, for_payer=for_payer))
    return _told(row.payment, claim=_claim_line(row))


def _payment(body: dict[str, Any]) -> MpPayment:
    target = paid(body)
    if not isinstance(target, MpPayment):
        raise ControlError("only payments of Mercado Pago know this")
    return target


def _dispute(model: Any, body: dict[str, Any]) -> Any:
    """By its own id, that of its payment, or the reference of the payment: the newest."""
    rows = model.objects.select_related("account", "payment").order_by("-id")
    if body.get("account") is not None:
        rows = rows.filter(account_id=body["account"])
    if str(body.get("id") or "").isdigit():
        number = int(body["id"])
        return rows.filter(number=number).first() or rows.filter(payment__number=number).first()
    if body.get("id") is None and body.get("reference") is not None:
        return rows.filter(payment__external_reference=str(body["reference"])).first()
    return None


def _told(payment: MpPayment, **more: Any) -> dict[str, Any]:
    now = MpPayment.objects.get(pk=payment.pk)
    return {"id": now.number, "status": now.status, "status_detail": now.status_detail, **more}


def chargeback_lines(rows: Iterable[MpChargeback]) -> list[dict[str, Any]]:
    return [_chargeback_line(row) for row in rows]


def _chargeback_line(row: MpChargeback) -> dict[str, Any]:
    own = {
        "coverage_applied": COVERAGE[row.status],
        "documentation_status": row.documentation_status,
        "documents": len(row.data["documents"]),
        "deadline": row.data.get("deadline"),
    }
    return _line(row, row.amount_cents) | own


def claim_lines(rows: Iterable[MpClaim]) -> list[dict[str, Any]]:
    return [_claim_line(row) for row in rows]


def _claim_line(row: MpClaim) -> dict[str, Any]:
    winners = {"complainant": "payer", "respondent": "seller"}
    return _line(row, row.held_cents) | {"type": row.data["type"], "for": winners.get(row.data["benefited"])}


def _line(row: Dispute, amount: int) -> dict[str, Any]:
    """An id is a text: it may be more than a JavaScript number holds."""
    return {
        "id": str(row.number),
        "payment": str(row.payment.number),
        "reference": row.payment.external_reference,
        "status": row.status,
        "amount": plain_number(amount),
        "held": plain_number(row.held_cents),
        "gateway": row.account.gateway,
        "account": row.account_id,
        "created_at": row.created_at.isoformat(),
    }
