"""Fetch one payment of a charge at once, under its lease, whether or not we knew of it."""

from __future__ import annotations

from connections.gateways.base import Gateway, ResourceKind
from payments.models import Charge
from payments.services import refreshing, resources


def fetch_and_store(
    charge: Charge, gateway_id: str, *, cause: str, gateway: Gateway | None = None, source: str = "creation"
) -> refreshing.Refreshed | None:
    """None while somebody else is fetching it. Raises a ``GatewayError``.

    A caller with little time brings its own ``gateway``. ``source`` says who asked, as in ``transitions``.
    """
    resource = resources.find_or_add(
        charge.connection, kind=ResourceKind.PAYMENT, gateway_id=gateway_id, charge=charge
    )
    held = resources.lease(resource.pk)
    if held is None:
        return None
    try:
        return refreshing.refresh(
            charge.connection, resource, held, source=source, cause=cause, gateway=gateway
        )
    finally:
        resources.release(held)
