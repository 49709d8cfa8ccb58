"""Chargebacks of cards (asaas.md 3.3, 3.6 and 5.5). Asaas has no claims.

While one is open the payment's status tells of it. Once it is decided the payment is paid again or given
back, and only the ``chargeback`` object, where there is one, still tells that there was a dispute.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from connections.gateways.asaas import mapping
from connections.gateways.asaas.api import AsaasApi, quoted
from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    Environment,
    GatewayDispute,
    GatewayPayment,
    Method,
    PaymentStatus,
)
from connections.gateways.errors import CredentialsRefused, NotFound, RequestRefused
from connections.gateways.money import to_cents
from connections.gateways.values import Record, civil_date, instant, record, text

PANELS = {
    Environment.PRODUCTION: "https://www.asaas.com",
    Environment.SANDBOX: "https://sandbox.asaas.com",
}
# The holder contested it: papers may be sent; they were sent; we won, the acquirer is to give the money back.
_BY_PAYMENT = {
    "CHARGEBACK_REQUESTED": DisputeState.DOCUMENTS,
    "CHARGEBACK_DISPUTE": DisputeState.REVIEW,
    "AWAITING_CHARGEBACK_REVERSAL": DisputeState.WON,
}
_BY_CHARGEBACK = {
    "REQUESTED": DisputeState.DOCUMENTS,
    "IN_DISPUTE": DisputeState.REVIEW,
    "DISPUTE_LOST": DisputeState.LOST,
    "REVERSED": DisputeState.WON,
}
_BY_ANSWER = {"ACCEPTED": DisputeState.WON, "REJECTED": DisputeState.LOST}
_BY_END = {
    PaymentStatus.PAID: DisputeState.WON,
    PaymentStatus.REFUNDED: DisputeState.LOST,
    PaymentStatus.CHARGED_BACK: DisputeState.LOST,
}
_DECIDED = {DisputeState.WON, DisputeState.LOST}
_LAST_SECOND = time(23, 59, 59)


def find(api: AsaasApi, raw: Record, payment: GatewayPayment, *, link: str) -> Sequence[GatewayDispute]:
    """The dispute about a payment, ``raw`` as just read, or none.

    None is no decision: of one that was open before, the payment says how it ended (paid again: won; given
    back: lost, asaas.md 5.5).
    """
    word = text(raw.get("status"), 60)
    found = record(raw.get("chargeback")) or _ask(api, payment)
    if word not in _BY_PAYMENT and not text(found.get("status"), 60):
        return ()
    return (to_dispute(found, payment, link=link),)


def to_dispute(raw: Record, payment: GatewayPayment, *, link: str = "") -> GatewayDispute:
    """A dispute goes by the id of its payment: the three statuses are told without any id of its own.

    The day until which papers are taken counts whole.
    """
    word = payment.gateway_status
    shown = word if word in _BY_PAYMENT else text(raw.get("status"), 60)
    return GatewayDispute(
        kind=DisputeKind.CHARGEBACK,
        gateway_id=payment.gateway_id,
        payment_ids=(payment.gateway_id,),
        state=_BY_PAYMENT[word] if word in _BY_PAYMENT else _state(raw, payment),
        gateway_status=shown,
        amount_cents=_amount(raw, payment),
        currency=payment.currency,
        reason=text(raw.get("reason")),
        opened_at=instant(raw.get("disputeStartDate"), mapping.ZONE),
        deadline=_deadline(raw),
        link=link,
    )


def _ask(api: AsaasApi, payment: GatewayPayment) -> Record:
    """The chargeback by its own call, where the payment does not hold it; only cards have any.

    No document says what that answers for a payment without one: every refusal means that there is none.
    """
    if payment.method is not Method.CARD or not payment.received_cents:
        return {}
    try:
        answer = api.ask("GET", f"/payments/{quoted(payment.gateway_id)}/chargeback")
    except (NotFound, RequestRefused):
        return {}
    except CredentialsRefused as error:
        if error.http_status == 401:
            raise
        return {}
    found = record(answer.data)
    return found if text(found.get("payment"), 100) in ("", payment.gateway_id) else {}


def _state(raw: Record, payment: GatewayPayment) -> DisputeState | None:
    """Of a payment whose status tells of no dispute any more. What ``DONE`` means is said nowhere, and an
    open word beside such a payment is left over: the answer to our papers decides, else what became of it.
    """
    word = text(raw.get("status"), 60)
    state = _BY_CHARGEBACK.get(word)
    if state in _DECIDED or (state is None and word != "DONE"):
        return state
    answered = _BY_ANSWER.get(text(raw.get("disputeStatus"), 60))
    if answered or payment.status is None:
        return answered
    return _BY_END.get(payment.status)


def _deadline(raw: Record) -> datetime | None:
    written = raw.get("deadlineToSendDisputeDocuments")
    day = civil_date(written)
    if day is None or ":" in text(written):
        return instant(written, mapping.ZONE)
    return datetime.combine(day, _LAST_SECOND, tzinfo=mapping.ZONE).astimezone(UTC)


def _amount(raw: Record, payment: GatewayPayment) -> int | None:
    """More than the payment is the sum of a whole plan, whose parcels are disputed one by one."""
    cents = to_cents(raw.get("value"))
    return cents if cents and 0 < cents <= payment.received_cents else None
