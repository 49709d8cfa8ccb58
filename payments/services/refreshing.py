"""Ask the gateway for the full state of a payment and believe only that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import transaction

from config import clock
from connections.gateways.base import (
    Exchange,
    Gateway,
    GatewayPayment,
    GatewaySubscription,
    GatewayTurn,
)
from connections.gateways.errors import NotFound
from connections.models import Connection
from connections.services import gateway_for, note_success, pausing
from payments import contested, transitions
from payments.deriving import MONEY_IN
from payments.models import Charge, GatewayResource, Payment, ReviewReason
from payments.models.payments import CONTESTED
from payments.services import (
    comparing,
    disputing,
    mirroring,
    missed,
    plans,
    refund_following,
    resources,
    terms,
)
from payments.services.resources import Lease
from payments.services.timeline import note_exchanges

_GONE_AGAIN = timedelta(minutes=2)


class Outcome(StrEnum):
    APPLIED = "applied"
    STALE = "stale"
    MISSING = "missing"
    NOT_OURS = "not_ours"
    # Of a subscription of ours, and the gateway does not show which turn it is to collect.
    NOT_YET = "not_yet"
    # Only to prove a card: no money, and nobody's charge.
    CARD_CHECK = "card_check"
    LEASE_LOST = "lease_lost"


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a fetch led to. ``change`` is None where the charge was already as fetched.

    ``counter``: which change of the thing the answer shows, where its gateway counts them.
    """

    outcome: Outcome
    payment: GatewayPayment | None = None
    charge_id: int | None = None
    change: transitions.Change | None = None
    subscription: GatewaySubscription | None = None
    subscription_id: int | None = None
    counter: int | None = None


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Fetch one payment under a lease and write what is new. Raises a ``GatewayError``.

    An answer that comes too late and says something else is not written, and asked for once more.
    A ``gateway`` of the caller keeps to the caller's patience, and its exchanges are the caller's to note.
    No transaction is open during the call; the answer is written only while the lease is still ours.
    """
    exchanges: list[Exchange] = []
    gateway = gateway or gateway_for(connection, on_exchange=exchanges.append)
    fetch = partial(_fetch, connection, resource, gateway, source=source, cause=cause)
    refreshed = fetch(held)
    if refreshed.outcome == Outcome.STALE and (again := resources.next_ticket(held)):
        refreshed = fetch(again)
    try:
        if refreshed.outcome == Outcome.APPLIED:
            _look_at_disputes(resource, refreshed.payment, gateway, source=source)
    finally:  # no answer about disputes takes nothing from what the payment was found to be
        if refreshed.change and refreshed.charge_id:
            note_exchanges(Charge(pk=refreshed.charge_id), exchanges, source=source)
    return refreshed


def _look_at_disputes(
    resource: GatewayResource, fetched: GatewayPayment | None, gateway: Gateway, *, source: str
) -> None:
    payment = Payment.objects.filter(resource=resource).first()
    if payment and disputing.is_wanted(payment, is_told=bool(fetched and fetched.has_dispute)):
        disputing.look(payment, gateway, source=source)


def _fetch(
    connection: Connection,
    resource: GatewayResource,
    gateway: Gateway,
    held: Lease,
    *,
    source: str,
    cause: str,
) -> Refreshed:
    try:
        fetched = gateway.fetch_payment(resource.gateway_id)
    except NotFound:
        pausing.note_answer(connection.pk)
        GatewayResource.objects.filter(pk=resource.pk, lease_token=held.token).update(
            is_missing=True, fetched_at=clock.now()
        )
        return Refreshed(outcome=Outcome.MISSING, charge_id=resource.charge_id)
    note_success(connection)
    turn = mirroring.turn_of(gateway, resource, fetched)
    return store(resource, fetched, held, source=source, cause=cause, turn=turn)


def store(
    resource: GatewayResource,
    fetched: GatewayPayment,
    held: Lease,
    *,
    source: str,
    cause: str,
    turn: GatewayTurn | None = None,
) -> Refreshed:
    """Write a fetched payment if the lease is still ours and nothing newer was written before.

    ``turn``: what it is to collect, where it belongs to a subscription of ours and has no charge yet.
    """
    with transaction.atomic():
        own = (
            GatewayResource.objects.select_for_update(no_key=True)
            .filter(pk=resource.pk, lease_token=held.token)
            .first()
        )
        if own is None:
            return Refreshed(outcome=Outcome.LEASE_LOST)
        if is_older(own, fetched, ticket=held.ticket):
            outcome = Outcome.APPLIED if _is_known(own, fetched) else Outcome.STALE
            return Refreshed(outcome=outcome, payment=fetched, charge_id=own.charge_id)
        charge = _charge_of(own, fetched) or mirroring.charge_of(own, fetched, turn, source=source)
        _mark_fetched(own, fetched, charge, ticket=held.ticket)
        if charge is None:
            return Refreshed(outcome=_why_nobodys(own, fetched), payment=fetched)
        if own.charge_id is None or own.is_missing:
            resources.tell_matched(own.pk, fetched, held)
        before = missed.facts_of(Payment.objects.filter(resource=own).first())
        write_payment(charge, own, fetched)
        plans.follow(charge, fetched)  # before anything locks the charge, as in ``answers.take_answer``
        terms.follow(charge, fetched, source=source)
        if charge.review_reason != ReviewReason.MOVED_BACK:  # what comes back then was told of before
            missed.note(own, charge, before, source=source)
        change = transitions.apply(charge.pk, source=source, cause=cause)
        if not fetched.received_cents and _may_be_gone(charge, change):
            _ask_again_for_gone_money(charge.pk)
    return Refreshed(outcome=Outcome.APPLIED, payment=fetched, charge_id=charge.pk, change=change)


def _may_be_gone(before: Charge, change: transitions.Change | None) -> bool:
    """Whether money that had come in may be missing: since before this answer, or by what it changed."""
    is_now = change is not None and change.after in MONEY_IN
    return is_now or before.review_reason == ReviewReason.MOVED_BACK


def _ask_again_for_gone_money(charge_id: int) -> None:
    """Who counts no versions may have answered as it was before: asked for until the money shows."""
    gone = Charge.objects.filter(pk=charge_id, review_reason=ReviewReason.MOVED_BACK, check_due_at=None)
    gone.update(check_due_at=clock.now() + _GONE_AGAIN)


def _why_nobodys(resource: GatewayResource, fetched: GatewayPayment) -> Outcome:
    if fetched.is_card_check:
        return Outcome.CARD_CHECK
    if not mirroring.is_awaited(resource.connection_id, fetched):
        return Outcome.NOT_OURS
    mirroring.have_looked_at(resource.connection_id, fetched)
    return Outcome.NOT_YET


def is_older(resource: GatewayResource, fetched: GatewayPayment, *, ticket: int) -> bool:
    """Whether something newer than this answer was already written (design rule 4)."""
    if fetched.version and resource.gateway_version:
        return fetched.version < resource.gateway_version
    return ticket < resource.applied_ticket


def _is_known(resource: GatewayResource, fetched: GatewayPayment) -> bool:
    """Whether an answer that came too late says nothing else than what was written meanwhile."""
    written = Payment.objects.filter(resource=resource).first()
    return fetched.version is None and written is not None and not comparing.differs(fetched, written)


def _charge_of(resource: GatewayResource, fetched: GatewayPayment) -> Charge | None:
    if resource.charge_id:
        return resource.charge
    own = Charge.objects.filter(connection=resource.connection_id, reference=fetched.reference)
    named = own.first() if fetched.reference else None
    return named or plans.charge_of(resource.connection_id, fetched)


def _mark_fetched(
    resource: GatewayResource, fetched: GatewayPayment, charge: Charge | None, *, ticket: int
) -> None:
    GatewayResource.objects.filter(pk=resource.pk).update(
        charge=charge,
        gateway_version=fetched.version or resource.gateway_version,
        applied_ticket=max(ticket, resource.applied_ticket),
        fetched_at=clock.now(),
        is_missing=False,
    )


def write_payment(charge: Charge, resource: GatewayResource, fetched: GatewayPayment) -> None:
    """Make the payment's row say what was fetched, word for word; how it was paid outlasts an undoing.

    What was given back is told apart into refunds.
    """
    own = Payment.objects.filter(resource=resource)
    held_status = own.values_list("status", flat=True).first() or ""
    if held_status in CONTESTED:
        fetched = contested.reading(fetched, can=charge.connection.capabilities)
    values: dict[str, Any] = {
        "charge": charge,
        "connection_id": resource.connection_id,
        "gateway_id": fetched.gateway_id,
        "reference": fetched.reference[:200],
        "status": fetched.status.value if fetched.status else "",
        "gateway_status": fetched.gateway_status[:80],
        "method": fetched.method.value if fetched.method else "",
        "currency": fetched.currency[:8],
        "account_id": fetched.account_id,
        "amount_cents": fetched.amount_cents,
        "received_cents": fetched.received_cents,
        "refunded_cents": fetched.refunded_cents,
        "fee_cents": fetched.fee_cents,
        "net_cents": fetched.net_cents,
        "fee_returned_cents": fetched.fee_returned_cents,
        "paid_at": fetched.paid_at,
        "settles_at": fetched.settles_at,
        "settled_at": fetched.settled_at,
        "is_anticipated": fetched.is_anticipated,
        "expires_at": fetched.expires_at,
        "link": fetched.link,
        "parcel": fetched.parcel,
        "plan_id": fetched.plan_id,
        "due_date": fetched.due_date,
    }
    if fetched.received_cents:
        values["is_cash"] = fetched.is_cash
    # Not by update_or_create: its lock keeps out who only names the payment, and both could wait for ever.
    if fetched.parcel:  # another amount or day has another boleto
        moved = own.exclude(amount_cents=fetched.amount_cents, due_date=fetched.due_date)
        moved.update(boleto_line="", boleto_barcode="", boleto_url="")
    payment = own.get() if own.update(**values) else Payment.objects.create(resource=resource, **values)
    refund_following.follow(payment, fetched.refunds, is_in_sum=True)
