"""Whose failure it is when a gateway gives no answer about one thing: its own, or that thing's."""

from __future__ import annotations

from connections.gateways.base import ResourceKind
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    NotFound,
    RateLimited,
)
from connections.models import Connection
from connections.services import gateway_for, pausing
from payments.models import GatewayResource


def is_about_one_thing(connection: Connection, resource: GatewayResource, error: GatewayError) -> bool:
    """Whether the gateway answers for another payment right after it failed for this one.

    Where we know no other payment, the account itself is asked for. What that meets is noted for the
    connection, so that a gateway that is away is known to be so after the first notification.
    """
    if isinstance(error, CredentialsRefused | RateLimited | BudgetExhausted):
        return False
    gateway = gateway_for(connection)
    others = GatewayResource.objects.filter(
        connection=connection, kind=ResourceKind.PAYMENT, is_missing=False
    )
    other = others.exclude(pk=resource.pk).filter(fetched_at__isnull=False).order_by("-fetched_at").first()
    try:
        if other:
            gateway.fetch_payment(other.gateway_id)
        else:
            gateway.check_credentials()
    except NotFound:
        pass
    except GatewayError as err:
        pausing.note_failure(connection.pk, err)
        return False
    pausing.note_answer(connection.pk)
    return True
