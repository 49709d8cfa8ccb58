"""A dispute was told of: fetch it, and then every payment of ours that it is about."""

from __future__ import annotations

from connections.gateways.base import Gateway
from connections.models import Connection
from payments.models import GatewayResource
from payments.services import disputing, following
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Under its lease; *stale* while a payment of it is in other hands. Raises a ``GatewayError``.

    Its payments take their state from a fetch of their own: a dispute moves no status by itself.
    """
    fetched, payments = disputing.fetch(connection, resource, source=source, gateway=gateway)
    if fetched is None:
        return Refreshed(outcome=Outcome.MISSING, charge_id=resource.charge_id)
    if not payments:
        return Refreshed(outcome=Outcome.NOT_OURS)
    charge_id = payments[0].charge_id
    for payment in payments:
        done = following.fetch_and_store(
            payment.charge, payment.gateway_id, cause=cause, gateway=gateway, source=source
        )
        if done is None:
            return Refreshed(outcome=Outcome.STALE, charge_id=charge_id)
    return Refreshed(outcome=Outcome.APPLIED, charge_id=charge_id)
