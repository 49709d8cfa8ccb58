"""A dispute was told of: fetch it, and then every payment of ours that it is about."""

from __future__ import annotations

from connections.gateways.base import DisputeState, Gateway, GatewayDispute, PaymentStatus
from connections.models import Connection
from payments.models import GatewayResource, Payment
from payments.services import disputing, following
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease

_MOVES_THE_PAYMENT = (DisputeState.OPEN, DisputeState.DOCUMENTS, DisputeState.REVIEW, DisputeState.LOST)


def _is_unmoved(payment: Payment, told: GatewayDispute) -> bool:
    """Whether it does not tell of the dispute yet. One that was lost in part leaves the rest paid."""
    payment.refresh_from_db(fields=["status", "refunded_cents"])
    if payment.status != PaymentStatus.PAID:
        return False
    is_given_back = bool(told.amount_cents) and payment.refunded_cents >= (told.amount_cents or 0)
    return not (told.state is DisputeState.LOST and is_given_back)


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Under its lease; *stale* while a payment of it is in other hands or does not tell of it yet.

    Its payments take their state from a fetch of their own: a dispute moves no status by itself. Raises a
    ``GatewayError``.
    """
    fetched, payments = disputing.fetch(connection, resource, held, source=source, gateway=gateway)
    if fetched is None:
        return Refreshed(outcome=Outcome.MISSING, charge_id=resource.charge_id)
    if not payments:  # what has a charge by now cannot be put aside: it would be asked for without end
        is_known = GatewayResource.objects.filter(pk=resource.pk, charge__isnull=False).exists()
        return Refreshed(outcome=Outcome.STALE if is_known else Outcome.NOT_OURS)
    charge_id = payments[0].charge_id
    for payment in payments:
        done = following.fetch_and_store(
            payment.charge, payment.gateway_id, cause=cause, gateway=gateway, source=source
        )
        if done is None or done.outcome == Outcome.LEASE_LOST:
            return Refreshed(outcome=Outcome.STALE, charge_id=charge_id)
    if fetched.state in _MOVES_THE_PAYMENT and any(_is_unmoved(payment, fetched) for payment in payments):
        return Refreshed(outcome=Outcome.STALE, charge_id=charge_id)
    return Refreshed(outcome=Outcome.APPLIED, charge_id=charge_id)
