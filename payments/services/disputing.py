"""Chargebacks and claims: fetched by their own id or by their payment, kept beside it, never as refunds."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models import Q

from config import clock
from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    Exchange,
    Gateway,
    GatewayDispute,
    PaymentStatus,
    ResourceKind,
)
from connections.gateways.errors import NotFound
from connections.models import Connection
from connections.services import gateway_for, note_success, pausing
from payments import transitions
from payments.models import UNDECIDED, Charge, Dispute, GatewayResource, Payment
from payments.models.payments import CONTESTED
from payments.services import resources
from payments.services.timeline import note_change, note_exchanges

RESOURCES = {
    DisputeKind.CHARGEBACK: ResourceKind.CHARGEBACK,
    DisputeKind.CLAIM: ResourceKind.CLAIM,
}

# Payments that are contested now, as far as we know.
_UNDECIDED = (*UNDECIDED, "")
OPEN = Q(status=PaymentStatus.DISPUTED) | Q(disputes__state__in=(*UNDECIDED, ""))


def is_wanted(payment: Payment) -> bool:
    """Whether the gateway is to be asked for disputes: its money is contested, or was when we last asked."""
    return payment.status in CONTESTED or payment.disputes.filter(state__in=(*UNDECIDED, "")).exists()


def look(payment: Payment, gateway: Gateway, *, source: str) -> None:
    """Ask for every dispute about a payment and keep what it says. Raises a ``GatewayError``.

    A list may lag: an open dispute that has an id of its own and is not in it is asked for by that.
    """
    try:
        found = list(gateway.find_disputes(payment.gateway_id))
    except NotFound:
        return
    listed = {(one.kind, one.gateway_id) for one in found}
    for held in payment.disputes.filter(state__in=_UNDECIDED, resource__isnull=False):
        if (DisputeKind(held.kind), held.gateway_id) not in listed:
            with suppress(NotFound):
                found.append(gateway.fetch_dispute(DisputeKind(held.kind), held.gateway_id))
    take(payment, found, source=source)
    _close_unlisted(payment, listed, source=source)


def look_alone(payment_id: int, gateway: Gateway, *, source: str) -> None:
    """The same for who does not hold the payment's lease; who does, looks by itself."""
    held = resources.lease(Payment.objects.values_list("resource_id", flat=True).get(pk=payment_id))
    if held is None:
        return
    try:
        payment = Payment.objects.select_related("charge", "connection").get(pk=payment_id)
        look(payment, gateway, source=source)
    finally:
        resources.release(held)


def fetch(
    connection: Connection, resource: GatewayResource, *, source: str, gateway: Gateway | None = None
) -> tuple[GatewayDispute | None, list[Payment]]:
    """A dispute by its own id and those of its payments that are ours, which are to be fetched next.

    Nothing where the gateway does not know it. Raises a ``GatewayError``.
    """
    exchanges: list[Exchange] = []
    gateway = gateway or gateway_for(connection, on_exchange=exchanges.append)
    own = GatewayResource.objects.filter(pk=resource.pk)
    try:
        fetched = gateway.fetch_dispute(DisputeKind(resource.kind), resource.gateway_id)
    except NotFound:
        pausing.note_answer(connection.pk)
        own.update(is_missing=True, fetched_at=clock.now())
        return None, []
    note_success(connection)
    own.update(is_missing=False, fetched_at=clock.now())
    named = Q(gateway_id__in=fetched.payment_ids) | Q(disputes__resource=resource)
    known = Payment.objects.filter(named, connection=connection).distinct()
    payments = list(known.select_related("charge"))
    for payment in payments:
        if fetched.payment_ids:  # else a look at the payment takes it, with what the payment tells
            take(payment, [fetched], source=source)
        note_exchanges(payment.charge, exchanges, source=source)
    return fetched, payments


def take(payment: Payment, found: Iterable[GatewayDispute], *, source: str) -> None:
    """Keep what was fetched of a payment's disputes; what is older than what we hold is left."""
    for one in found:
        with transaction.atomic():
            resource = _resource(payment, one)
            charge = transitions.hold(payment.charge_id)
            held = Dispute.objects.filter(payment=payment, kind=one.kind, gateway_id=one.gateway_id).first()
            if held and held.version and one.version and one.version < held.version:
                continue
            _write(charge, payment, one, held, resource=resource, source=source)


def _resource(payment: Payment, one: GatewayDispute) -> GatewayResource | None:
    """Known as ours from now on, so that notifications that came before it count again."""
    if one.gateway_id == payment.gateway_id:
        return None
    return resources.find_or_add(
        payment.connection, kind=RESOURCES[one.kind], gateway_id=one.gateway_id, charge=payment.charge
    )


def _write(
    charge: Charge,
    payment: Payment,
    one: GatewayDispute,
    held: Dispute | None,
    *,
    resource: GatewayResource | None,
    source: str,
) -> None:
    now = clock.now()
    state = one.state.value if one.state else (held.state if held else "")
    is_over = state not in (*UNDECIDED, "")
    values: dict[str, Any] = {
        "connection_id": payment.connection_id,
        "charge": charge,
        "resource": resource,
        "state": state,
        "gateway_status": one.gateway_status[:80],
        "amount_cents": payment.received_cents if one.amount_cents is None else one.amount_cents,
        "currency": (one.currency or payment.currency)[:8],
        "reason": one.reason[:200],
        "opened_at": one.opened_at or (held.opened_at if held else now),
        "deadline": one.deadline,
        "closed_at": (one.closed_at or (held and held.closed_at) or now) if is_over else None,
        "link": one.link[:500],
        "version": one.version or (held.version if held else None),
        "seen_at": now,
    }
    told = (held.state, held.deadline) if held else None
    dispute, _is_new = Dispute.objects.update_or_create(
        payment=payment, kind=one.kind.value, gateway_id=one.gateway_id, defaults=values
    )
    if told != (dispute.state, dispute.deadline):
        _tell(dispute, source=source)


def _close_unlisted(payment: Payment, listed: set[tuple[DisputeKind, str]], *, source: str) -> None:
    """A gateway that knows disputes only as a state of their payment has decided what it shows no more.

    Which way, the payment tells: its money is there again, or was taken.
    """
    ended = {PaymentStatus.CHARGED_BACK: DisputeState.LOST, PaymentStatus.PAID: DisputeState.WON}
    decided = ended.get(PaymentStatus(payment.status)) if payment.status else None
    if payment.status == PaymentStatus.REFUNDED:  # given back of our own will while it was contested
        decided = DisputeState.LOST
    if decided is None:
        return
    now = clock.now()
    with transaction.atomic():
        transitions.hold(payment.charge_id)
        for dispute in payment.disputes.filter(state__in=_UNDECIDED, resource=None):
            if (DisputeKind(dispute.kind), dispute.gateway_id) not in listed:
                dispute.state, dispute.closed_at, dispute.seen_at = decided.value, now, now
                dispute.save(update_fields=["state", "closed_at", "seen_at"])
                _tell(dispute, source=source)


def _tell(dispute: Dispute, *, source: str) -> None:
    note_change(
        dispute.charge,
        "dispute",
        source=source,
        kind=dispute.kind,
        state=dispute.state,
        amount_cents=dispute.amount_cents,
        currency=dispute.currency,
        deadline=dispute.deadline.isoformat() if dispute.deadline else None,
        gateway_id=dispute.gateway_id,
    )


def forbid_delivery(charge_id: int, *, source: str) -> None:
    """The gateway suspects fraud: a person must look before anything is handed over."""
    with transaction.atomic():
        unwarned = Charge.objects.filter(pk=charge_id, fraud_alert_at=None)
        if unwarned.update(fraud_alert_at=clock.now()):
            note_change(Charge(pk=charge_id), "fraud_alert", source=source)
            transitions.apply(charge_id, source=source)
