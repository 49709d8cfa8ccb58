"""Every turn of a subscription as a charge: found by its payment or by the turn itself, made once.

Nothing here asks a gateway except ``turn_of``. The row of the turn (on Asaas that of its payment) is locked
while its charge is made, so that whatever tells of it first there is one charge.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from config import clock
from connections.gateways.base import (
    Gateway,
    GatewayPayment,
    GatewayTurn,
    ResourceKind,
    Terms,
    TurnState,
)
from payments import transitions
from payments.models import Charge, GatewayResource, Subscription, SubscriptionReview
from payments.services import findings, resources, subscription_states, terms
from payments.services.timeline import note_change

_COLLECTING = (TurnState.SCHEDULED, TurnState.RETRYING)
# Longer than most looks at a subscription take.
_SOON = timedelta(seconds=30)


def subscription_of(connection_id: int, gateway_id: str, reference: str = "") -> Subscription | None:
    """Ours with this id at the gateway, else with this reference: its answer may still be on the way."""
    if not gateway_id:
        return None
    own = Subscription.objects.filter(connection=connection_id).select_related("connection", "customer")
    known = own.filter(gateway_id=gateway_id).first()
    twin = own.filter(resources__kind=ResourceKind.SUBSCRIPTION, resources__gateway_id=gateway_id)
    return known or twin.first() or (own.filter(reference=reference).first() if reference else None)


def are_ours(connection_id: int, listed: list[GatewayPayment]) -> set[str]:
    """The ids, and the references, of those among a list's subscriptions that we follow."""
    ids = {one.subscription_id for one in listed if one.subscription_id}
    if not ids:
        return set()
    own = Subscription.objects.filter(connection=connection_id)
    named = {one.reference for one in listed if one.subscription_id and one.reference}
    found = set(own.filter(gateway_id__in=ids).values_list("gateway_id", flat=True))
    return found | set(own.filter(reference__in=named).values_list("reference", flat=True))


def turn_of(gateway: Gateway, resource: GatewayResource, fetched: GatewayPayment) -> GatewayTurn | None:
    """The turn that a payment is to collect, asked for where we follow its subscription.

    None where it is no turn of ours, has a charge already, or the gateway does not show it yet. Raises a
    ``GatewayError``.
    """
    if resource.charge_id or not is_awaited(resource.connection_id, fetched):
        return None
    return gateway.find_turn(fetched.gateway_id)


def is_awaited(connection_id: int, fetched: GatewayPayment) -> bool:
    """Whether the payment belongs to a turn of a subscription of ours."""
    if fetched.is_card_check or not fetched.subscription_id:
        return False
    return subscription_of(connection_id, fetched.subscription_id, fetched.reference) is not None


def have_looked_at(connection_id: int, fetched: GatewayPayment) -> None:
    """A turn is there that we do not know: its subscription is asked for soon.

    Not at once: somebody may be asking now, and may have begun before the turn was there.
    """
    own = subscription_of(connection_id, fetched.subscription_id, fetched.reference)
    if own is None:
        return
    soon = clock.now() + _SOON
    later = Subscription.objects.filter(Q(check_due_at=None) | Q(check_due_at__gt=soon), pk=own.pk)
    later.exclude(gateway_id="").update(check_due_at=soon)


def charge_of(
    resource: GatewayResource, fetched: GatewayPayment, turn: GatewayTurn | None, *, source: str
) -> Charge | None:
    """The charge of the turn that this payment is to collect, made if new. The payment's row is locked."""
    if turn is None or fetched.is_card_check:
        return None
    reference = fetched.reference or turn.reference
    own = subscription_of(resource.connection_id, fetched.subscription_id or turn.subscription_id, reference)
    if own is None:
        return None
    findings.settle_not_ours(resource.connection_id, fetched.gateway_id)
    if turn.gateway_id == fetched.gateway_id:
        return _make(own, turn, fetched, source=source)
    return _keep(own, turn, fetched, source=source)


def keep(subscription: Subscription, turn: GatewayTurn, *, source: str) -> Charge:
    """The charge of a turn, made if it is new.

    The rows of its payments are locked before that of the turn, as where a payment is stored: one of them may
    be taken over as a charge of its own just now.
    """
    with transaction.atomic():
        if not is_its_payment(turn) and not _has_charge(subscription, turn):
            for name in sorted(payments_of(turn)):
                resources.lock(subscription.connection_id, ResourceKind.PAYMENT, name)
        return _keep(subscription, turn, turn.payment, source=source)


def payments_of(turn: GatewayTurn) -> list[str]:
    """The ids of the attempts to collect it, the newest last, as far as told."""
    return list(dict.fromkeys([*turn.payment_ids, *([turn.payment.gateway_id] if turn.payment else [])]))


def _has_charge(subscription: Subscription, turn: GatewayTurn) -> bool:
    known = GatewayResource.objects.filter(connection=subscription.connection_id, kind=ResourceKind.TURN)
    return known.filter(gateway_id=turn.gateway_id).exclude(charge=None).exists()


def is_its_payment(turn: GatewayTurn) -> bool:
    """Whether turn and payment are one thing at this gateway (asaas.md 4.2)."""
    return turn.gateway_id in turn.payment_ids or bool(
        turn.payment and turn.payment.gateway_id == turn.gateway_id
    )


def follow(charge: Charge, turn: GatewayTurn, *, source: str, cause: str = "") -> transitions.Change | None:
    """What the gateway will do about a turn by itself. Belongs in the transaction that dates the turn's row.

    Refused and collected on it stays open; cancelled before anybody tried it is cancelled; otherwise its
    payments speak.
    """
    if turn.state is None:
        if charge.subscription_id:
            unknown = SubscriptionReview.UNKNOWN_STATUS
            subscription_states.flag(charge.subscription_id, unknown, source=source)
        return None
    is_collecting = turn.state in _COLLECTING
    is_called_off = turn.state == TurnState.CANCELLED and not turn.payment_ids
    values: dict[str, Any] = {
        "is_collecting": is_collecting,
        "next_try_at": turn.next_try_at if is_collecting else None,
    }
    if is_called_off != bool(charge.called_off_at):
        values["called_off_at"] = clock.now() if is_called_off else None
    Charge.objects.filter(pk=charge.pk).update(**values)
    return transitions.apply(charge.pk, source=source, cause=cause)


def _keep(
    subscription: Subscription, turn: GatewayTurn, payment: GatewayPayment | None, *, source: str
) -> Charge:
    kind = ResourceKind.PAYMENT if is_its_payment(turn) else ResourceKind.TURN
    row = resources.lock(subscription.connection_id, kind, turn.gateway_id)
    charge = row.charge or _of_its_payments(subscription, turn)
    if charge is None:
        charge = _make(subscription, turn, payment, source=source)
    elif charge.subscription_id is None:
        _join(subscription, charge, source=source)
    resources.join(row, subscription=subscription, charge=charge)
    return charge


def _of_its_payments(subscription: Subscription, turn: GatewayTurn) -> Charge | None:
    """The charge that a payment of it became before its subscription was known, or by another attempt."""
    names = payments_of(turn)
    rows = GatewayResource.objects.filter(
        connection=subscription.connection_id, kind=ResourceKind.PAYMENT, gateway_id__in=names
    )
    own = rows.filter(Q(charge__subscription=None) | Q(charge__subscription=subscription))
    found = {row.gateway_id: row.charge for row in own.exclude(charge=None).select_related("charge")}
    return next((found[name] for name in reversed(names) if name in found), None)


def _join(subscription: Subscription, charge: Charge, *, source: str) -> None:
    """What was taken over by itself turns out to be a turn."""
    Charge.objects.filter(pk=charge.pk, subscription=None).update(subscription=subscription)
    charge.subscription = subscription
    _note(charge, subscription, source=source)
    transitions.apply(charge.pk, source=source)


def _note(charge: Charge, subscription: Subscription, *, source: str) -> None:
    note_change(charge, "turn", source=source, subscription=subscription.reference)
    due, cents = charge.due_date.isoformat(), charge.amount_cents
    note_change(subscription, "turn", source=source, charge=charge.reference, due=due, amount_cents=cents)


def _make(
    subscription: Subscription, turn: GatewayTurn, payment: GatewayPayment | None, *, source: str
) -> Charge:
    """What was agreed for a turn is asked for; another amount is for a person, once its payment is there."""
    now = clock.now()
    agreed = subscription.amounts.filter(is_agreed=True)
    is_agreed = agreed.filter(amount_cents=turn.amount_cents).exists()
    newest = agreed.values_list("amount_cents", flat=True).last()
    cents = turn.amount_cents if is_agreed or newest is None else newest
    reference = (payment.reference if payment else "") or turn.reference
    made_at = payment.created_at if payment else None
    charge = Charge.objects.create(
        connection=subscription.connection,
        customer=subscription.customer,
        subscription=subscription,
        method=(payment.method if payment else None) or subscription.method,
        currency=subscription.currency,
        subtotal_cents=cents,
        amount_cents=cents,
        description=subscription.description,
        due_date=turn.due_on or (payment.due_date if payment else None) or _today(subscription),
        expires_at=payment.expires_at if payment else None,
        link=payment.link[:500] if payment else "",
        foreign_reference=reference[:200],
        is_collecting=not is_its_payment(turn) and turn.state in _COLLECTING,
        next_try_at=turn.next_try_at,
        created_at=min(made_at or now, now),
    )
    terms.keep_first(charge, (payment.terms if payment else None) or Terms())
    _note(charge, subscription, source=source)
    transitions.open_for_payment(charge.pk, source=source)
    terms.have_code_fetched(charge)
    return charge


def _today(subscription: Subscription) -> Any:
    return clock.today(subscription.connection.time_zone)
