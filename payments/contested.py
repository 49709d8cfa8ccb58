"""A chargeback that was lost is no refund, though a gateway may call both the same. Pure."""

from __future__ import annotations

from dataclasses import replace

from connections.gateways.base import GatewayPayment, PaymentStatus
from payments.models.payments import CONTESTED


def reading(fetched: GatewayPayment, *, held_status: str) -> GatewayPayment:
    """What was fetched, as money that was taken back where it had been contested before.

    Asaas shows a lost chargeback as ``REFUNDED`` (asaas.md 5.5), without listing a refund for it.
    """
    listed = sum(refund.amount_cents for refund in fetched.refunds if refund.is_done)
    is_lost = fetched.status == PaymentStatus.REFUNDED and held_status in CONTESTED
    if not is_lost or listed >= fetched.received_cents:
        return fetched
    return replace(fetched, status=PaymentStatus.CHARGED_BACK, refunded_cents=listed)
