"""A plan as its gateway shows it: open or closed, ordered by when it was asked; and closing one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from config import clock
from connections import waiting
from connections.gateways.base import Exchange, Gateway, GatewayPlan, ResourceKind
from connections.gateways.errors import GatewayUnavailable, NotFound
from connections.models import Connection
from connections.services import WEB_DEADLINE_SECONDS, gateway_for, note_success, pausing
from payments.models import GatewayResource, Plan, PlanState
from payments.services import resources
from payments.services.creation import Patience, gateway_of
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease

# Who asks by ourselves.
SOURCE = "check"
# How often we ask who used a link; notifications are quicker.
POLL_EVERY = timedelta(minutes=30)
# So long an answer may be older than the closing.
_CLOSING_LAGS = timedelta(minutes=10)


def is_local(plan: Plan) -> bool:
    """Whether only we know it: a form filled in beforehand, without a link of its own."""
    rule = plan.connection.capabilities.subscriptions
    return not (rule and rule.has_plans)


def store(own: Plan, found: GatewayPlan, *, held: Lease | None) -> Outcome:
    """Write an answer that is not older than what we hold. The link is good once and for all; the amount of
    ours is what was agreed. Without a lease nothing that was fetched by itself is written over.
    """
    now = clock.now()
    with transaction.atomic():
        row = resources.lock(own.connection_id, ResourceKind.RECURRING_PLAN, found.gateway_id)
        if held and row.lease_token != held.token:
            return Outcome.LEASE_LOST
        ticket = held.ticket if held else row.ticket + 1
        own = Plan.objects.get(pk=own.pk)
        if row.applied_ticket > (held.ticket if held else 0) or _was_just_closed(own, found, now):
            return Outcome.STALE
        is_still_closed = own.state == PlanState.CLOSED and not found.is_active
        is_new = row.recurring_plan_id is None or row.is_missing
        GatewayResource.objects.filter(pk=row.pk).update(
            recurring_plan=own,
            is_missing=False,
            fetched_at=now,
            ticket=max(ticket, row.ticket),
            applied_ticket=ticket,
        )
        if is_new:
            resources.tell_matched(row.pk)
        Plan.objects.filter(pk=own.pk).update(
            gateway_id=found.gateway_id,
            link=found.link[:500] or own.link,
            state=PlanState.ACTIVE if found.is_active else PlanState.CLOSED,
            closed_at=None if found.is_active else own.closed_at or now,
            failure="",
            check_due_at=own.check_due_at if is_still_closed else own.check_due_at or now + POLL_EVERY,
        )
    return Outcome.APPLIED


def _was_just_closed(own: Plan, found: GatewayPlan, now: datetime) -> bool:
    return bool(found.is_active and own.closed_at and now - own.closed_at < _CLOSING_LAGS)


def close_plan(plan: Plan) -> None:
    """Nobody begins another subscription by it; those there are go on. May be repeated.

    Raises a ``GatewayError``: then it is still open, or ``maybe_sent`` says that nobody knows.
    """
    if is_local(plan) or not plan.gateway_id:
        Plan.objects.filter(pk=plan.pk).update(state=PlanState.CLOSED, closed_at=clock.now())
        return
    with waiting.room.insist():
        patience = Patience(WEB_DEADLINE_SECONDS)
        gateway = gateway_of(plan, patience, list[Exchange](), is_background=False)
        try:
            gateway.close_plan(plan.gateway_id)
        except GatewayUnavailable as err:
            if err.maybe_sent:
                Plan.objects.filter(pk=plan.pk).update(check_due_at=clock.now())
            raise
    with transaction.atomic():  # newer than every fetch that began before
        row = resources.lock(plan.connection_id, ResourceKind.RECURRING_PLAN, plan.gateway_id)
        newest = row.ticket + 1
        GatewayResource.objects.filter(pk=row.pk).update(ticket=newest, applied_ticket=newest)
        now = clock.now()
        poll_at = plan.check_due_at or now + POLL_EVERY
        Plan.objects.filter(pk=plan.pk).update(state=PlanState.CLOSED, closed_at=now, check_due_at=poll_at)


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Fetch one plan under a lease and write what is new; then ask who used it. Raises a ``GatewayError``.

    An answer that comes too late is not written, and asked for once more.
    """
    gateway = gateway or gateway_for(connection)
    refreshed = _fetch(connection, resource, held, gateway)
    if refreshed.outcome == Outcome.STALE and (again := resources.next_ticket(held)):
        refreshed = _fetch(connection, resource, again, gateway)
    if refreshed.outcome == Outcome.APPLIED and source != SOURCE:
        Plan.objects.filter(resources=resource).update(check_due_at=clock.now())
    return refreshed


def _fetch(connection: Connection, resource: GatewayResource, held: Lease, gateway: Gateway) -> Refreshed:
    mine = GatewayResource.objects.filter(pk=resource.pk, lease_token=held.token)
    try:
        found = gateway.fetch_plan(resource.gateway_id)
    except NotFound:
        pausing.note_answer(connection.pk)
        mine.update(is_missing=True, fetched_at=clock.now())
        return Refreshed(outcome=Outcome.MISSING)
    note_success(connection)
    named = Plan.objects.filter(connection=connection)
    own = named.filter(gateway_id=found.gateway_id).first()
    if own is None and found.reference:
        own = named.filter(reference=found.reference, gateway_id="").first()
    if own is None:
        mine.update(is_missing=False, fetched_at=clock.now())
        return Refreshed(outcome=Outcome.NOT_OURS)
    return Refreshed(outcome=store(own, found, held=held))
