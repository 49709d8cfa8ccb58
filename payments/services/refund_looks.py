"""Fetch the payment of a refund, and with it what the gateway says of its refunds."""

from __future__ import annotations

from connections.gateways.base import Gateway
from connections.gateways.errors import GatewayError, RequestRefused
from connections.gateways.texts import gettext_noop
from payments.models import Refund
from payments.services import refreshing, resources
from payments.services.refund_states import SOURCE, come_back

UNKNOWN = gettext_noop("The gateway does not know this payment any more. Look for it in its panel.")


def look(refund: Refund, gateway: Gateway) -> bool:
    """Fetch and write the payment; False while somebody else does, or when the answer was an old one.

    Raises a ``GatewayError``; ``RequestRefused`` where the gateway does not know the payment.
    """
    payment = refund.payment
    held = resources.lease(payment.resource_id)
    if held is None:
        return False
    try:
        refreshed = refreshing.refresh(
            refund.charge.connection, payment.resource, held, source=SOURCE, cause=SOURCE, gateway=gateway
        )
    finally:
        resources.release(held)
    if refreshed.outcome == refreshing.Outcome.MISSING:
        raise RequestRefused(advice=UNKNOWN)
    refund.refresh_from_db()
    return refreshed.outcome == refreshing.Outcome.APPLIED


def try_look(refund: Refund, gateway: Gateway) -> None:
    """The same, where a worker looks soon if it does not work now."""
    refund.refresh_from_db()
    try:
        if look(refund, gateway):
            return
    except GatewayError:
        pass
    if refund.due_at:
        come_back(refund)
