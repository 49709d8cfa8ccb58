"""What a notification is about decides how the gateway is asked; every kind answers in the same words."""

from __future__ import annotations

from typing import Protocol

from connections.gateways.base import Gateway, ResourceKind
from connections.models import Connection
from payments.models import GatewayResource
from payments.services import agreements, dispute_refreshing, plan_states, refreshing, turns
from payments.services.refreshing import Refreshed
from payments.services.resources import Lease


class Refresh(Protocol):
    def __call__(
        self,
        connection: Connection,
        resource: GatewayResource,
        held: Lease,
        *,
        source: str,
        cause: str = "",
        gateway: Gateway | None = None,
    ) -> Refreshed:
        """Fetch the thing under its lease and write what is new. Raises a ``GatewayError``."""


_BY_KIND: dict[ResourceKind, Refresh] = {
    ResourceKind.PAYMENT: refreshing.refresh,
    ResourceKind.SUBSCRIPTION: agreements.refresh,
    ResourceKind.TURN: turns.refresh,
    ResourceKind.RECURRING_PLAN: plan_states.refresh,
    ResourceKind.CHARGEBACK: dispute_refreshing.refresh,
    ResourceKind.CLAIM: dispute_refreshing.refresh,
}

SOURCE = "webhook"
# Somebody here had it sent: what is found then is our own find, and the gateway may have missed to tell it.
OWN_LOOK = "check"


def ask(
    connection: Connection, resource: GatewayResource, held: Lease, *, cause: str, is_told: bool
) -> Refreshed:
    """``is_told``: the gateway itself notified of it. Raises a ``GatewayError``."""
    refresh = _BY_KIND[ResourceKind(resource.kind)]
    return refresh(connection, resource, held, source=SOURCE if is_told else OWN_LOOK, cause=cause)
