"""The controls about chargebacks: a card holder contests, the merchant answers, the dispute ends."""

from typing import Any

from simulator.asaas import disputes
from simulator.control import mp_disputes, refunds
from simulator.control.effects import attempt, told
from simulator.control.errors import ControlError
from simulator.models import AsaasPayment, MpPayment
from simulator.money import plain_number

STEPS = {
    "documents": disputes.send_documents,
    "won": disputes.win,
    "given_back": disputes.give_back,
    "lost": disputes.lose,
}


def chargeback(body: dict[str, Any]) -> dict[str, Any]:
    """The newest paid charge with the reference, or the one with the id."""
    target, reason = refunds.paid(body), str(body.get("reason") or disputes.REASON)
    if isinstance(target, MpPayment):
        return mp_disputes.contest(target, body)
    return _told(attempt(lambda: disputes.start(target, reason)))


def chargeback_step(body: dict[str, Any]) -> dict[str, Any]:
    elsewhere = mp_disputes.chargeback_of(body)
    if elsewhere is not None:
        return mp_disputes.decide(elsewhere, body)
    step = STEPS.get(str(body.get("outcome")))
    if step is None:
        raise ControlError(f"outcome must be one of {', '.join(STEPS)}")
    target = _charge(body)
    return _told(attempt(lambda: step(target)))


def _charge(body: dict[str, Any]) -> AsaasPayment:
    target = refunds.paid(body)
    if not isinstance(target, AsaasPayment):
        raise ControlError("only charges of Asaas know this")
    return target


def _told(charge: AsaasPayment) -> dict[str, Any]:
    return told(charge) | {"chargeback": line(charge)}


def line(charge: AsaasPayment) -> dict[str, Any] | None:
    item = charge.data.get("chargeback")
    if not item:
        return None
    return {
        "id": item["id"],
        "status": item["status"],
        "dispute": item["dispute"],
        "reason": item["reason"],
        "amount": plain_number(item["cents"]),
        "deadline": item["deadline"],
    }
