"""Leases on what we follow at the gateways: one fetch at a time, and who lost the right to write."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from config import clock
from connections.gateways.base import ResourceKind
from connections.models import Connection
from payments.models import Charge, GatewayResource

# Longer than any fetch (its deadline is 20 s), short enough that a dead worker is soon replaced.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to fetch one resource until ``until``, and the ticket of the fetch about to begin."""

    resource_id: int
    token: uuid.UUID
    ticket: int
    until: datetime


def find_or_add(
    connection: Connection, *, kind: ResourceKind, gateway_id: str, charge: Charge | None = None
) -> GatewayResource:
    """The row of a gateway id; tied to ``charge`` when it was not tied yet."""
    resource, _created = GatewayResource.objects.get_or_create(
        connection=connection, kind=kind, gateway_id=gateway_id, defaults={"charge": charge}
    )
    if charge and resource.charge_id is None:
        GatewayResource.objects.filter(pk=resource.pk, charge=None).update(charge=charge)
        resource.refresh_from_db(fields=["charge"])
    return resource


def lease(resource_id: int) -> Lease | None:
    """Take the lease and a ticket by one committed UPDATE; None while somebody else holds it."""
    now, token = clock.now(), uuid.uuid4()
    is_free = Q(lease_until=None) | Q(lease_until__lte=now)
    taken = GatewayResource.objects.filter(is_free, pk=resource_id).update(
        lease_token=token, lease_until=now + LEASE, ticket=F("ticket") + 1
    )
    return _held(resource_id, token) if taken else None


def release(held: Lease) -> None:
    GatewayResource.objects.filter(pk=held.resource_id, lease_token=held.token).update(
        lease_token=None, lease_until=None
    )


def _held(resource_id: int, token: uuid.UUID) -> Lease | None:
    own = GatewayResource.objects.filter(pk=resource_id, lease_token=token)
    row = own.values_list("ticket", "lease_until").first()
    if row is None or row[1] is None:
        return None
    return Lease(resource_id=resource_id, token=token, ticket=row[0], until=row[1])
