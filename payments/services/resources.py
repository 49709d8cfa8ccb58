"""Leases on what we follow at the gateways: one fetch at a time, and who lost the right to write."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from config import clock
from connections.gateways.base import GatewayPayment, ResourceKind
from connections.models import Connection
from payments.models import Charge, GatewayResource, Subscription

# Longer than any fetch (its deadline is 20 s), short enough that a dead worker is soon replaced.
LEASE = timedelta(seconds=60)

# Called with the resource, and with what was fetched for it since when, where that was how it came about.
Matched = Callable[[int, GatewayPayment | None, datetime | None], None]
_followers: list[Matched] = []


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to fetch one resource until ``until``, and the ticket of the fetch about to begin."""

    resource_id: int
    token: uuid.UUID
    ticket: int
    until: datetime

    @property
    def taken_at(self) -> datetime:
        return self.until - LEASE


def find_or_add(
    connection: Connection, *, kind: ResourceKind, gateway_id: str, charge: Charge | None = None
) -> GatewayResource:
    """The row of a gateway id; tied to ``charge`` when it was not tied yet."""
    resource, _created = GatewayResource.objects.get_or_create(
        connection=connection, kind=kind, gateway_id=gateway_id, defaults={"charge": charge}
    )
    if charge and resource.charge_id is None:
        with transaction.atomic():
            if GatewayResource.objects.filter(pk=resource.pk, charge=None).update(charge=charge):
                tell_matched(resource.pk)
        resource.refresh_from_db(fields=["charge"])
    return resource


def join(resource: GatewayResource, *, subscription: Subscription, charge: Charge | None = None) -> None:
    """A locked row of a subscription or of one of its turns learns whose it is; who waits for it is told."""
    values: dict[str, Any] = {"subscription": subscription}
    if charge:
        values["charge"] = charge
    is_known = resource.subscription_id == subscription.pk and (charge is None or resource.charge_id)
    if is_known and not resource.is_missing:
        return
    GatewayResource.objects.filter(pk=resource.pk).update(**values, is_missing=False)
    tell_matched(resource.pk)


def lock(connection_id: int, kind: ResourceKind, gateway_id: str) -> GatewayResource:
    """The row of a gateway id, made where it is new, held for this transaction."""
    resource, _is_new = GatewayResource.objects.get_or_create(
        connection_id=connection_id, kind=kind, gateway_id=gateway_id
    )
    return GatewayResource.objects.select_for_update(no_key=True).get(pk=resource.pk)


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


def next_ticket(held: Lease) -> Lease | None:
    """The same lease with a ticket for one more fetch; None when it is no longer ours."""
    own = GatewayResource.objects.filter(pk=held.resource_id, lease_token=held.token)
    return _held(held.resource_id, held.token) if own.update(ticket=F("ticket") + 1) else None


def when_matched(follower: Matched) -> None:
    """Have the rooms above told, in the same transaction, when a resource is known as ours (again)."""
    if follower not in _followers:
        _followers.append(follower)


def tell_matched(resource_id: int, payment: GatewayPayment | None = None, held: Lease | None = None) -> None:
    """The resource learned its charge, or was found after it had been missing; its row is locked."""
    for follower in _followers:
        follower(resource_id, payment, held.taken_at if held else None)


def _held(resource_id: int, token: uuid.UUID) -> Lease | None:
    own = GatewayResource.objects.filter(pk=resource_id, lease_token=token)
    row = own.values_list("ticket", "lease_until").first()
    if row is None or row[1] is None:
        return None
    return Lease(resource_id=resource_id, token=token, ticket=row[0], until=row[1])
