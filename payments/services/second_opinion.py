"""Whose failure it is when a gateway gives no answer about one thing: its own, or that thing's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from connections.gateways.base import Gateway, ResourceKind
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
)
from connections.models import Connection
from connections.services import gateway_for, note_refusal, pausing
from connections.services.accounts import patience
from payments.models import GatewayResource
from payments.services import refreshing, resources

SOURCE = "check"
# The lease of the thing that failed outlasts two fetches of 20 s and this.
PATIENCE_SECONDS = 10.0
_ABOUT_ALL = (CredentialsRefused, RateLimited, BudgetExhausted)


def is_about_one_thing(
    connection: Connection, resource: GatewayResource, error: GatewayError, *, listed: Iterable[str] = ()
) -> bool:
    """Whether the gateway answers for another payment right after it failed for this one.

    Asked is for the one we fetched last, then for those that a list of the gateway named. Where there is
    none it cannot be told, and is not held against the thing: whose account it is says another service.
    What is met is noted for the connection, so that a gateway that is away is known to be so soon.
    """
    if isinstance(error, _ABOUT_ALL):
        return False
    failure: GatewayError | None = None
    try:
        gateway = gateway_for(connection, seconds_left=patience(PATIENCE_SECONDS))
        for ask in _others(connection, gateway, resource, listed):
            if not (failure := _failure_of(ask)):
                pausing.note_answer(connection.pk)
                return True
    except CredentialsRefused as err:
        note_refusal(connection, err)
        failure = err
    except (RateLimited, BudgetExhausted) as err:
        failure = err
    if failure:
        pausing.note_failure(connection.pk, failure)
    return False


def _others(
    connection: Connection, gateway: Gateway, resource: GatewayResource, listed: Iterable[str]
) -> Iterator[Callable[[], object]]:
    known = GatewayResource.objects.filter(
        connection=connection, kind=ResourceKind.PAYMENT, is_missing=False, fetched_at__isnull=False
    )
    last = known.exclude(pk=resource.pk).order_by("-fetched_at")[:1]
    named = (name for name in listed if name != resource.gateway_id)
    yield from chain(
        (partial(_refresh, connection, gateway, other) for other in last),
        (partial(gateway.fetch_payment, name) for name in named),
    )


def _refresh(connection: Connection, gateway: Gateway, other: GatewayResource) -> None:
    """What is asked is also kept, unless somebody else is asking for it just now."""
    held = resources.lease(other.pk)
    if held is None:
        gateway.fetch_payment(other.gateway_id)
        return
    try:
        refreshing.refresh(connection, other, held, source=SOURCE, gateway=gateway)
    finally:
        resources.release(held)


def _failure_of(ask: Callable[[], object]) -> GatewayError | None:
    """Also a refusal is an answer. Raises what concerns the whole connection."""
    try:
        ask()
    except _ABOUT_ALL:
        raise
    except GatewayUnavailable as err:
        return err
    except GatewayError:
        return None
    return None
