"""Ask the gateway for a subscription with all its turns, and believe only that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction

from config import clock
from connections.gateways.base import (
    Exchange,
    Gateway,
    GatewaySubscription,
    ResourceKind,
    SubscriptionStatus,
)
from connections.gateways.errors import NotFound
from connections.models import Connection
from connections.services import gateway_for, note_success, pausing
from payments.models import (
    GatewayResource,
    Subscription,
    SubscriptionAmount,
    SubscriptionReview,
    SubscriptionState,
)
from payments.services import adopting, mirroring, resources, subscription_states, turns
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease
from payments.services.timeline import note_change, note_exchanges

_SOON, _DAILY = timedelta(minutes=10), timedelta(days=1)
# So many answers in a row that show as alive what is over are put down to reads that lag.
_MOST_DOUBTED = 6
STATES = {
    SubscriptionStatus.PENDING: SubscriptionState.PENDING,
    SubscriptionStatus.ACTIVE: SubscriptionState.ACTIVE,
    SubscriptionStatus.PAUSED: SubscriptionState.PAUSED,
    SubscriptionStatus.CANCELLED: SubscriptionState.CANCELLED,
    SubscriptionStatus.ENDED: SubscriptionState.ENDED,
}


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """Who asks, why, with whose patience, and whether for its turns, too."""

    source: str
    cause: str = ""
    gateway: Gateway | None = None
    with_turns: bool = True


def state_of(fetched: GatewaySubscription) -> SubscriptionState | None:
    """Removed comes before what else it says (asaas.md 4.2); None for a word we do not know."""
    if fetched.is_deleted:
        return SubscriptionState.CANCELLED
    return STATES[fetched.status] if fetched.status else None


def look(
    subscription: Subscription,
    *,
    source: str,
    gateway: Gateway | None = None,
    cause: str = "",
    with_turns: bool = True,
) -> Refreshed | None:
    """Fetch a subscription that exists at its gateway; None while somebody else does.

    Raises a ``GatewayError``.
    """
    resource = resources.find_or_add(
        subscription.connection, kind=ResourceKind.SUBSCRIPTION, gateway_id=subscription.gateway_id
    )
    held = resources.lease(resource.pk)
    if held is None:
        return None
    try:
        how = _Asking(source=source, cause=cause, gateway=gateway, with_turns=with_turns)
        return _refresh(subscription.connection, resource, held, how)
    finally:
        resources.release(held)


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Fetch one subscription and its turns under a lease and write what is new. Raises a ``GatewayError``.

    An answer that comes too late is not written, and asked for once more. One that was made from a plan of
    ours becomes ours. A ``gateway`` of the caller keeps to its patience and has its exchanges noted by it.
    """
    return _refresh(connection, resource, held, _Asking(source=source, cause=cause, gateway=gateway))


def _refresh(connection: Connection, resource: GatewayResource, held: Lease, how: _Asking) -> Refreshed:
    exchanges: list[Exchange] = []
    gateway = how.gateway or gateway_for(connection, on_exchange=exchanges.append)
    fetch = partial(_fetch, connection, resource, gateway=gateway, how=how)
    before = resource.subscription.revision if resource.subscription else -1
    refreshed = fetch(held=held)
    if refreshed.outcome == Outcome.STALE and (again := resources.next_ticket(held)):
        refreshed = fetch(held=again)
    if refreshed.subscription_id and exchanges:
        own = Subscription.objects.get(pk=refreshed.subscription_id)
        if own.revision != before:
            note_exchanges(own, exchanges, source=how.source)
    return refreshed


def _fetch(
    connection: Connection, resource: GatewayResource, *, held: Lease, gateway: Gateway, how: _Asking
) -> Refreshed:
    try:
        fetched = gateway.fetch_subscription(resource.gateway_id)
    except NotFound:
        pausing.note_answer(connection.pk)
        _mine(resource, held).update(is_missing=True, fetched_at=clock.now())
        return Refreshed(outcome=Outcome.MISSING, subscription_id=resource.subscription_id)
    note_success(connection)
    own = mirroring.subscription_of(connection.pk, fetched.gateway_id, fetched.reference)
    own = own or adopting.adopt(connection, gateway, resource, held, fetched)
    if own is None:
        _mine(resource, held).update(is_missing=False, fetched_at=clock.now())
        return Refreshed(outcome=Outcome.NOT_OURS, subscription=fetched)
    done = store(own, resource, fetched, held, source=how.source, cause=how.cause)
    if how.with_turns and done.outcome == Outcome.APPLIED:
        turns.take_all(own, fetched.gateway_id, gateway, source=how.source)
    return done


def store(
    subscription: Subscription,
    resource: GatewayResource,
    fetched: GatewaySubscription,
    held: Lease,
    *,
    source: str,
    cause: str = "",
) -> Refreshed:
    """Write what was fetched if the lease is still ours and nothing newer was written before."""
    with transaction.atomic():
        row = _mine(resource, held).select_for_update(no_key=True).first()
        if row is None:
            return Refreshed(outcome=Outcome.LEASE_LOST)
        if is_older(row, fetched, ticket=held.ticket) or _is_over(subscription, row, fetched, held, source):
            return Refreshed(outcome=Outcome.STALE, subscription=fetched, subscription_id=subscription.pk)
        take(subscription, row, fetched, ticket=held.ticket, source=source, cause=cause)
    return Refreshed(
        outcome=Outcome.APPLIED,
        subscription=fetched,
        subscription_id=subscription.pk,
        counter=fetched.version,
    )


def is_older(row: GatewayResource, fetched: GatewaySubscription, *, ticket: int) -> bool:
    """By the gateway's own count of changes where it has one, and between equals by when it was asked."""
    if fetched.version is not None and row.gateway_counter is not None:
        return (fetched.version, ticket) < (row.gateway_counter, row.applied_ticket)
    return ticket < row.applied_ticket


def _is_over(
    subscription: Subscription, row: GatewayResource, fetched: GatewaySubscription, held: Lease, source: str
) -> bool:
    """Whether it was removed, which is final (asaas.md 4.2, mercadopago.md 4.4), and shows as if it lived.

    That is an answer from before, also where its gateway has no count that tells. It is asked for again
    soon; what goes on showing so is for a person. ``row`` is locked.
    """
    own = subscription_states.hold(subscription.pk)
    is_same = own.gateway_id == fetched.gateway_id
    if not is_same or own.state != SubscriptionState.CANCELLED or not is_alive(fetched):
        return False
    goes_on = held.ticket - row.applied_ticket > _MOST_DOUBTED
    if goes_on:
        subscription_states.flag(own.pk, SubscriptionReview.NOT_APPLIED, source=source)
    again = clock.now() + (_DAILY if goes_on else _SOON)
    Subscription.objects.filter(pk=own.pk).update(check_due_at=again)
    return True


def take(
    subscription: Subscription,
    row: GatewayResource,
    fetched: GatewaySubscription,
    *,
    ticket: int,
    source: str,
    cause: str = "",
) -> None:
    """Write an answer that is not older than what we hold; ``row`` is locked.

    A second one under our reference is a twin: it changes nothing of ours, and a person looks at it.
    """
    resources.join(row, subscription=subscription)
    GatewayResource.objects.filter(pk=row.pk).update(
        gateway_counter=fetched.version if fetched.version is not None else row.gateway_counter,
        applied_ticket=max(ticket, row.applied_ticket),
        fetched_at=clock.now(),
        is_missing=False,
    )
    own = subscription_states.hold(subscription.pk)
    if own.gateway_id not in ("", fetched.gateway_id):
        if is_alive(fetched):
            subscription_states.flag(own.pk, SubscriptionReview.TWIN, source=source)
        return
    if own.state == SubscriptionState.FAILED:  # given up here; people were told that nothing exists
        if not is_alive(fetched):
            return
        subscription_states.flag(own.pk, SubscriptionReview.LANDED, source=source)
    _write(own, fetched, source=source)
    _follow_amount(own, fetched, source=source)
    state = state_of(fetched)
    unknown = SubscriptionReview.UNKNOWN_STATUS
    if state is None:
        subscription_states.flag(own.pk, unknown, source=source)
        return
    subscription_states.unflag(own.pk, unknown, source=source)
    if state in subscription_states.OVER:  # whatever was asked for, it charges nobody any more
        subscription_states.unflag(own.pk, SubscriptionReview.NOT_APPLIED, source=source)
    own.refresh_from_db(fields=["revision"])
    subscription_states.follow(own, state, source=source, cause=cause)


def is_alive(fetched: GatewaySubscription) -> bool:
    """Whether it may still charge somebody."""
    return state_of(fetched) not in (SubscriptionState.CANCELLED, SubscriptionState.ENDED)


def _mine(resource: GatewayResource, held: Lease) -> Any:
    return GatewayResource.objects.filter(pk=resource.pk, lease_token=held.token)


def _write(own: Subscription, fetched: GatewaySubscription, *, source: str) -> None:
    """What it says of itself; what it does not tell stays as we know it."""
    told: dict[str, Any] = {
        "description": fetched.description[:200],
        "link": fetched.link[:500],
        "ends_on": fetched.ends_on,
        "turns": fetched.turns,
        "cycle": fetched.cycle.value if fetched.cycle else "",
    }
    if own.customer.anonymised_at:  # what it is called there may name the person
        del told["description"]
    values = {name: value for name, value in told.items() if value}
    moved = {name for name, value in values.items() if name != "link" and value != getattr(own, name)}
    values |= {
        "gateway_id": fetched.gateway_id,
        "gateway_status": fetched.gateway_status[:60],
        "next_due_on": fetched.next_due_on,
    }
    if own.gateway_id and moved:
        note_change(own, "agreement", source=source, **{name: str(values[name]) for name in sorted(moved)})
    Subscription.objects.filter(pk=own.pk).update(**values, updated_at=clock.now())


def _follow_amount(own: Subscription, fetched: GatewaySubscription, *, source: str) -> None:
    """What was agreed once is right; anything else waits for a person."""
    cents = fetched.amount_cents
    newest = own.amounts.last()
    if newest is None or own.amounts.filter(amount_cents=cents, is_agreed=True).exists():
        _keep_agreed(own, cents, newest, source=source)
        return
    if newest.amount_cents != cents:
        SubscriptionAmount.objects.create(
            subscription=own, since=clock.now(), amount_cents=cents, is_agreed=False
        )
        note_change(
            own,
            "amount",
            source=source,
            is_agreed=False,
            before=own.amount_cents,
            after=cents,
            currency=own.currency,
        )
    subscription_states.flag(own.pk, SubscriptionReview.AMOUNT, source=source)


def _keep_agreed(own: Subscription, cents: int, newest: SubscriptionAmount | None, *, source: str) -> None:
    """It is the newest version again, also where one that nobody agreed to was seen in between."""
    if newest is None or not newest.is_agreed:
        SubscriptionAmount.objects.create(
            subscription=own, since=clock.now(), amount_cents=cents, is_agreed=True
        )
    subscription_states.unflag(own.pk, SubscriptionReview.AMOUNT, source=source)
    if own.amount_cents != cents:
        Subscription.objects.filter(pk=own.pk).update(amount_cents=cents)
        note_change(
            own,
            "amount",
            source=source,
            is_agreed=True,
            before=own.amount_cents,
            after=cents,
            currency=own.currency,
        )
