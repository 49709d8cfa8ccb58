"""Subscriptions that customers began by the link of a plan of ours: they become ours, with their charges.

The link cannot carry a reference (mercadopago.md 4.2), so ours is written into the subscription afterwards by
a worker. Until that is done its payments are known by the subscription they name.
"""

from __future__ import annotations

from django.db import transaction

from config import clock
from connections.gateways.base import CustomerDetails, Gateway, GatewaySubscription
from connections.models import Connection
from payments.models import (
    GatewayResource,
    Plan,
    Subscription,
    SubscriptionAmount,
    SubscriptionState,
)
from payments.services import customers
from payments.services.resources import Lease
from payments.services.timeline import note_change

SOURCE = "adoption"


def plan_of(connection: Connection, fetched: GatewaySubscription) -> Plan | None:
    if not fetched.plan_id:
        return None
    return Plan.objects.filter(connection=connection, gateway_id=fetched.plan_id).first()


def adopt(
    connection: Connection,
    gateway: Gateway,
    resource: GatewayResource,
    held: Lease,
    fetched: GatewaySubscription,
) -> Subscription | None:
    """The subscription as a row of ours, made once; None where it is not from a plan of ours.

    Raises a ``GatewayError``.
    """
    plan = plan_of(connection, fetched)
    if plan is None:
        return None
    payer = customers.payer_of(connection, gateway, fetched.customer_id, fetched.payer)
    with transaction.atomic():
        row = GatewayResource.objects.select_for_update(no_key=True).filter(
            pk=resource.pk, lease_token=held.token
        )
        if row.first() is None:
            return None
        same = Subscription.objects.filter(connection=connection, gateway_id=fetched.gateway_id)
        return same.first() or _make(connection, plan, fetched, payer)


def _make(
    connection: Connection, plan: Plan, fetched: GatewaySubscription, payer: CustomerDetails | None
) -> Subscription:
    """The amount is agreed if it is that of the plan; any other is for a person."""
    now = clock.now()
    customer = customers.customer_of(connection, fetched.customer_id, payer)
    own = Subscription.objects.create(
        connection=connection,
        customer=customer,
        plan=plan,
        method=fetched.method or plan.method,
        currency=fetched.currency or plan.currency,
        amount_cents=plan.amount_cents,
        description=(fetched.description or plan.name)[:200],
        cycle=fetched.cycle or plan.cycle,
        starts_on=fetched.starts_on or clock.today(connection.time_zone),
        ends_on=fetched.ends_on,
        turns=fetched.turns or plan.turns,
        state=SubscriptionState.DRAFT,
        gateway_id=fetched.gateway_id,
        link=fetched.link[:500],
        adopted_at=now,
        foreign_reference=fetched.reference[:200],
        created_at=min(fetched.created_at or now, now),
        due_at=now,
    )
    SubscriptionAmount.objects.create(
        subscription=own, since=own.created_at, amount_cents=plan.amount_cents, is_agreed=True
    )
    note_change(own, "adopted", source=SOURCE, plan=plan.reference, reference=fetched.reference[:64])
    return own
