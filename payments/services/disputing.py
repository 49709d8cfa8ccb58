"""Chargebacks and claims: fetched by their own id or by their payment, kept beside it, never as refunds."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
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
from payments.services.resources import Lease
from payments.services.timeline import note_change, note_exchanges

RESOURCES = {
    DisputeKind.CHARGEBACK: ResourceKind.CHARGEBACK,
    DisputeKind.CLAIM: ResourceKind.CLAIM,
}

# Payments that are contested now, as far as we know.
_UNDECIDED = (*UNDECIDED, "")
OPEN = Q(status=PaymentStatus.DISPUTED) | Q(disputes__state__in=_UNDECIDED)

# What the end of a payment says about a dispute that nothing else tells of: is its money there?
_BY_END = {
    PaymentStatus.PAID: DisputeState.WON,
    PaymentStatus.CHARGED_BACK: DisputeState.LOST,
    PaymentStatus.REFUNDED: DisputeState.LOST,  # given back of our own will while it was contested
    PaymentStatus.CANCELLED: DisputeState.LOST,
    PaymentStatus.EXPIRED: DisputeState.LOST,
    PaymentStatus.FAILED: DisputeState.LOST,
}


def is_wanted(payment: Payment, *, is_told: bool = False) -> bool:
    """Whether the gateway is to be asked for disputes: its money is contested, or was when we last asked.

    ``is_told``: what was fetched of it just now tells of a dispute, which may have come and gone unseen.
    """
    if payment.status in CONTESTED:
        return True
    states = set(payment.disputes.values_list("state", flat=True))
    return not states.isdisjoint(_UNDECIDED) or (is_told and not states)


def look(payment: Payment, gateway: Gateway, *, source: str) -> None:
    """Ask for every dispute about a payment and keep what it says. Raises a ``GatewayError``.

    A list may lag: an open dispute that has an id of its own and is not in it is asked for by that.
    """
    began = clock.now()
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
    _close_unseen(payment, {(one.kind, one.gateway_id) for one in found}, source=source, began=began)


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
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    gateway: Gateway | None = None,
) -> tuple[GatewayDispute | None, list[Payment]]:
    """A dispute by its own id and those of its payments that are ours, which are to be fetched next.

    Nothing where the gateway does not know it. Raises a ``GatewayError``.
    """
    exchanges: list[Exchange] = []
    gateway = gateway or gateway_for(connection, on_exchange=exchanges.append)
    own = GatewayResource.objects.filter(pk=resource.pk, lease_token=held.token)
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
        # One that names none is taken by a look at the payment, with what the payment tells.
        if fetched.payment_ids and take(payment, [fetched], source=source):
            note_exchanges(payment.charge, exchanges, source=source)
    return fetched, payments


def take(payment: Payment, found: Iterable[GatewayDispute], *, source: str) -> bool:
    """Keep what was fetched of a payment's disputes; what is older than what we hold is left.

    Returns whether the timeline tells of any of it.
    """
    is_news = False
    for one in found:
        with transaction.atomic():
            resource = _resource(payment, one)
            charge = transitions.hold(payment.charge_id)
            held = _held(payment, one)
            if held and held.version and one.version and one.version < held.version:
                continue
            is_news |= _write(charge, payment, one, held, resource=resource, source=source)
    return is_news


def _held(payment: Payment, one: GatewayDispute) -> Dispute | None:
    """Our row of it. Where disputes have no id of their own it is the last one, unless that is another."""
    same = payment.disputes.filter(kind=one.kind).order_by("-pk")
    if one.gateway_id != payment.gateway_id:
        return same.filter(gateway_id=one.gateway_id).first()
    last = same.filter(resource=None).first()
    return None if last and _is_another(one, last) else last


def _is_another(one: GatewayDispute, last: Dispute) -> bool:
    """Begun after the last one was: that is over, and the payment was contested once more."""
    return last.closed_at is not None and one.opened_at is not None and one.opened_at > last.opened_at


def _new_name(payment: Payment, one: GatewayDispute) -> str:
    """The gateway's id of it; of a second one that goes by its payment's id, that and its number."""
    earlier = payment.disputes.filter(kind=one.kind, resource=None).count()
    is_further = one.gateway_id == payment.gateway_id and earlier
    return f"{one.gateway_id}/{earlier + 1}" if is_further else one.gateway_id


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
) -> bool:
    """What an answer does not tell stays as it was told before. Returns whether it is news."""
    now = clock.now()
    state = one.state.value if one.state else (held.state if held else "")
    is_over = state not in (*UNDECIDED, "")
    amount = held.amount_cents if held else payment.received_cents
    values: dict[str, Any] = {
        "connection_id": payment.connection_id,
        "charge": charge,
        "resource": resource,
        "state": state,
        "gateway_status": one.gateway_status[:80],
        "amount_cents": amount if one.amount_cents is None else one.amount_cents,
        "currency": (one.currency or payment.currency)[:8],
        "reason": one.reason[:200] or (held.reason if held else ""),
        "opened_at": one.opened_at or (held.opened_at if held else now),
        "deadline": one.deadline or (held.deadline if held else None),
        "closed_at": (one.closed_at or (held and held.closed_at) or now) if is_over else None,
        "link": one.link[:500] or (held.link if held else ""),
        "version": one.version or (held.version if held else None),
        "seen_at": now,
    }
    told = (held.state, held.deadline) if held else None
    dispute, _is_new = Dispute.objects.update_or_create(
        payment=payment,
        kind=one.kind.value,
        gateway_id=held.gateway_id if held else _new_name(payment, one),
        defaults=values,
    )
    if told == (dispute.state, dispute.deadline):
        return False
    _tell(dispute, source=source)
    return True


def _close_unseen(
    payment: Payment, seen: set[tuple[DisputeKind, str]], *, source: str, began: datetime
) -> None:
    """A gateway that knows disputes only as a state of their payment has decided what it shows no more.

    Which way, the payment tells. One with an id of its own is over only where no money is left to decide
    about: what is shown nowhere may be a list that lags. What was seen after ``began`` is left alone.
    """
    now = clock.now()
    with transaction.atomic():
        transitions.hold(payment.charge_id)
        payment.refresh_from_db(fields=["status"])
        decided = _BY_END.get(PaymentStatus(payment.status)) if payment.status else None
        if decided is None:
            return
        open_ones = payment.disputes.filter(state__in=_UNDECIDED, seen_at__lte=began)
        for dispute in open_ones:
            name = dispute.gateway_id if dispute.resource_id else payment.gateway_id
            is_lagging = dispute.resource_id and decided != DisputeState.LOST
            if is_lagging or (DisputeKind(dispute.kind), name) in seen:
                continue
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
