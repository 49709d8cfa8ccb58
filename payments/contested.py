"""A chargeback that was lost is no refund, though a gateway may call both the same. Pure."""

from __future__ import annotations

from dataclasses import replace

from connections.gateways.base import Capabilities, GatewayPayment, PaymentStatus


def reading(fetched: GatewayPayment, *, can: Capabilities) -> GatewayPayment:
    """What was fetched of a payment that had been contested before, as money that was taken back.

    Only of a gateway that has no word of its own for it (``Capabilities.lost_as_refunded``): elsewhere the
    list of refunds may merely lag.
    """
    listed = sum(refund.amount_cents for refund in fetched.refunds if refund.is_done)
    is_lost = can.lost_as_refunded and fetched.status == PaymentStatus.REFUNDED
    if not is_lost or listed >= fetched.received_cents:
        return fetched
    return replace(fetched, status=PaymentStatus.CHARGED_BACK, refunded_cents=listed)
