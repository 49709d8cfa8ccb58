"""Asking for the turns of a subscription, and for the payments that were to collect them."""

from __future__ import annotations

from django.db import transaction

from config import clock
from connections.gateways.base import Exchange, Gateway, GatewayTurn, PaymentStatus, ResourceKind
from connections.gateways.errors import NotFound
from connections.models import Connection
from connections.services import gateway_for, note_success, pausing
from payments import transitions
from payments.models import Charge, GatewayResource, Payment, Subscription
from payments.services import comparing, findings, mirroring, outages, resources, terms
from payments.services.following import fetch_and_store
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease
from payments.services.timeline import note_exchanges

_MAY_MOVE = ("", PaymentStatus.PENDING, PaymentStatus.OVERDUE, PaymentStatus.AUTHORIZED)


def take_all(subscription: Subscription, gateway_id: str, gateway: Gateway, *, source: str) -> None:
    """Keep every turn that the gateway lists, with the payments that are new.

    Raises the first ``GatewayError`` after all that could be kept.
    """
    try:
        listed = gateway.fetch_turns(gateway_id)
    except NotFound:
        return
    outages.for_each(listed, lambda turn: take(subscription, turn, gateway, source=source))


def take(subscription: Subscription, turn: GatewayTurn, gateway: Gateway, *, source: str) -> None:
    """Keep one turn of a list. Its payments come first: they tell what its state means.

    Raises a ``GatewayError``, its own where it could not be read.
    """
    if turn.unread:
        raise turn.unread
    charge = mirroring.keep(subscription, turn, source=source)
    _take_payments(charge, turn, gateway, source=source)
    if mirroring.is_its_payment(turn):
        return
    row = GatewayResource.objects.get(
        connection=subscription.connection, kind=ResourceKind.TURN, gateway_id=turn.gateway_id
    )
    if turn.version or row.fetched_at is None:
        _store(row, turn, source=source)
    elif held := resources.lease(row.pk):  # only a ticket can tell which answer is newer
        try:
            refresh(subscription.connection, row, held, source=source, gateway=gateway)
        finally:
            resources.release(held)


def check(charge: Charge, *, source: str, gateway: Gateway | None = None) -> bool:
    """Ask for the turn a charge stands for, where it is a thing of its own. Raises a ``GatewayError``.

    False when somebody else is asking for it.
    """
    is_whole = True
    for row in charge.resources.filter(kind=ResourceKind.TURN):
        if held := resources.lease(row.pk):
            try:
                refresh(charge.connection, row, held, source=source, gateway=gateway)
            finally:
                resources.release(held)
        is_whole &= held is not None
    return is_whole


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Fetch one turn under a lease and write what is new, as ``refreshing.refresh`` does for a payment."""
    exchanges: list[Exchange] = []
    gateway = gateway or gateway_for(connection, on_exchange=exchanges.append)
    try:
        turn = gateway.fetch_turn(resource.gateway_id)
    except NotFound:
        pausing.note_answer(connection.pk)
        own = GatewayResource.objects.filter(pk=resource.pk, lease_token=held.token)
        own.update(is_missing=True, fetched_at=clock.now())
        return Refreshed(outcome=Outcome.MISSING, charge_id=resource.charge_id)
    note_success(connection)
    subscription = mirroring.subscription_of(connection.pk, turn.subscription_id, turn.reference)
    if subscription is None:
        _mark(resource, turn, held)
        return Refreshed(outcome=Outcome.NOT_OURS)
    charge = mirroring.keep(subscription, turn, source=source)
    _take_payments(charge, turn, gateway, source=source, cause=cause)
    stored = _store(resource, turn, source=source, cause=cause, held=held)
    if stored.change:
        note_exchanges(charge, exchanges, source=source)
    return stored


def _take_payments(
    charge: Charge, turn: GatewayTurn, gateway: Gateway, *, source: str, cause: str = ""
) -> None:
    """Ask by itself for each payment that is new to us, may have moved, or is listed otherwise."""

    def ask(name: str) -> None:
        fetch_and_store(charge, name, cause=cause or "turn", gateway=gateway, source=source)
        terms.have_code_fetched(charge)
        findings.settle_not_ours(charge.connection_id, name)

    known = {payment.gateway_id: payment for payment in charge.payments.select_related("resource")}
    names = mirroring.payments_of(turn)
    outages.for_each([name for name in names if _is_news(turn, known.get(name), name)], ask)


def _is_news(turn: GatewayTurn, held: Payment | None, name: str) -> bool:
    if held is None:
        return True
    if turn.payment and turn.payment.gateway_id == name:
        return comparing.is_news(turn.payment, held) or turn.payment.amount_cents != held.amount_cents
    return held.status in _MAY_MOVE


def _store(
    resource: GatewayResource, turn: GatewayTurn, *, source: str, cause: str = "", held: Lease | None = None
) -> Refreshed:
    """What its gateway does about it, unless something newer was written before."""
    with transaction.atomic():
        own = GatewayResource.objects.select_for_update(no_key=True).get(pk=resource.pk)
        if held and own.lease_token != held.token:
            return Refreshed(outcome=Outcome.LEASE_LOST)
        done = Refreshed(outcome=Outcome.APPLIED, charge_id=own.charge_id)
        if own.charge is None or _is_older(own, turn, held):
            return done
        _date(own, turn, held)
        change: transitions.Change | None = mirroring.follow(own.charge, turn, source=source, cause=cause)
    return Refreshed(outcome=Outcome.APPLIED, charge_id=own.charge_id, change=change)


def _is_older(own: GatewayResource, turn: GatewayTurn, held: Lease | None) -> bool:
    if turn.version and own.gateway_version:
        return turn.version < own.gateway_version
    return held is not None and held.ticket < own.applied_ticket


def _mark(resource: GatewayResource, turn: GatewayTurn, held: Lease) -> None:
    own = GatewayResource.objects.filter(pk=resource.pk, lease_token=held.token)
    own.update(fetched_at=clock.now(), is_missing=False)


def _date(own: GatewayResource, turn: GatewayTurn, held: Lease | None) -> None:
    GatewayResource.objects.filter(pk=own.pk).update(
        gateway_version=turn.version or own.gateway_version,
        applied_ticket=max(held.ticket if held else 0, own.applied_ticket),
        fetched_at=clock.now(),
        is_missing=False,
    )
