"""Reusable plans: made at gateways that keep them, ours alone elsewhere, closed, and asked who used them."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import (
    Cycle,
    Exchange,
    Gateway,
    GatewayPlan,
    PlanOrder,
    ResourceKind,
)
from connections.gateways.errors import CredentialsRefused, GatewayError, NotFound, RequestRefused
from connections.models import Connection
from connections.services import (
    WEB_DEADLINE_SECONDS,
    WORKER_DEADLINE_SECONDS,
    gateway_for,
    note_refusal,
    note_success,
    pausing,
)
from payments.models import GatewayResource, Plan, PlanState, Subscription
from payments.services import agreements, resources
from payments.services.creation import GO_ON_AFTER, LOOK_AFTER, Patience, gateway_of
from payments.services.queues import in_turns
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease
from payments.services.subscription_intents import Agreement

logger = logging.getLogger(__name__)

SETTLE = "payments.tasks.settle_subscriptions"
_LEASE = timedelta(seconds=60)
_BEING_MADE = (PlanState.DRAFT, PlanState.CONFIRMING)
# How often we ask who used a link; notifications are quicker.
POLL_EVERY = timedelta(minutes=30)
_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True)
class NewPlan(Agreement):
    """What an operator asks for. ``submission`` names the filled form: sent twice, it makes one plan."""

    name: str
    submission: uuid.UUID
    actor: User | None = None


def create_plan(new: NewPlan) -> Plan:
    """Store the plan, then make it at a gateway that keeps plans, or leave that to a worker.

    Never raises for what the gateway does; elsewhere it is ours alone and active at once.
    """
    own, is_new = _store_intent(new)
    if is_new and own.state == PlanState.DRAFT:
        with waiting.room.seat() as is_seated:
            if is_seated:
                _submit(own, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            else:
                _come_back(own, after=timedelta())
                wake(SETTLE)
    own.refresh_from_db()
    return own


def is_local(plan: Plan) -> bool:
    """Whether only we know it: a form filled in beforehand, without a link of its own."""
    rule = plan.connection.capabilities.subscriptions
    return not (rule and rule.has_plans)


def _store_intent(new: NewPlan) -> tuple[Plan, bool]:
    if known := Plan.objects.filter(submission=new.submission).first():
        return known, False
    now = clock.now()
    try:
        with transaction.atomic():
            own = Plan.objects.create(
                submission=new.submission,
                connection=new.connection,
                name=new.name,
                method=new.method,
                currency=new.connection.currency,
                amount_cents=new.amount_cents,
                cycle=new.cycle,
                turns=new.turns,
                created_by=new.actor,
                created_at=now,
                token=uuid.uuid4(),
                due_at=now + LOOK_AFTER[0],
            )
            if is_local(own):
                own.state, own.due_at = PlanState.ACTIVE, None
                own.save(update_fields=["state", "due_at"])
    except IntegrityError:
        return Plan.objects.get(submission=new.submission), False
    return own, True


def _submit(own: Plan, patience: Patience, *, is_background: bool) -> None:
    """Look for it where it may exist, else make it. A plan charges nobody, so a second one is only untidy."""
    try:
        gateway = gateway_of(own, patience, list[Exchange](), is_background=is_background)
        found = list(gateway.find_plans(own.reference)) if own.sent_at else []
        if not found:
            if own.sent_at and own.tries < len(LOOK_AFTER):  # lists lag
                _come_back(own)
                return
            patience.insist()
            if not _mine(own).update(state=PlanState.CONFIRMING, sent_at=clock.now()):
                return
            found = [gateway.create_plan(_order_of(own))]
        _take(own, found[0])
        _mine(own).update(due_at=None, tries=0)
    except (RequestRefused, CredentialsRefused, NotFound) as err:
        if isinstance(err, CredentialsRefused):
            note_refusal(own.connection, err)
        words = err.text or getattr(err, "advice", "") or err.code
        _mine(own).update(state=PlanState.FAILED, failure=words, due_at=None)
    except GatewayError as err:
        if not getattr(err, "maybe_sent", False):
            _mine(own).update(sent_at=own.sent_at)
        _come_back(own)


def _order_of(own: Plan) -> PlanOrder:
    return PlanOrder(
        reference=own.reference,
        amount_cents=own.amount_cents,
        currency=own.currency,
        description=own.name,
        cycle=Cycle(own.cycle),
        turns=own.turns,
        return_url=settings.PUBLIC_URL,
    )


def _take(own: Plan, found: GatewayPlan) -> None:
    """What its gateway shows. The link is good once and for all; the amount of ours is what was agreed."""
    now = clock.now()
    with transaction.atomic():
        row = resources.lock(own.connection_id, ResourceKind.RECURRING_PLAN, found.gateway_id)
        is_new = row.recurring_plan_id is None or row.is_missing
        GatewayResource.objects.filter(pk=row.pk).update(recurring_plan=own, is_missing=False, fetched_at=now)
        if is_new:
            resources.tell_matched(row.pk)
        Plan.objects.filter(pk=own.pk).update(
            gateway_id=found.gateway_id,
            link=found.link[:500] or own.link,
            state=PlanState.ACTIVE if found.is_active else PlanState.CLOSED,
            failure="",
        )
        Plan.objects.filter(pk=own.pk, check_due_at=None).update(check_due_at=now + POLL_EVERY)


def _mine(own: Plan) -> QuerySet[Plan]:
    return Plan.objects.filter(pk=own.pk, token=own.token)


def _come_back(own: Plan, *, after: timedelta | None = None) -> None:
    if after is None:
        after = GO_ON_AFTER[min(own.tries, len(GO_ON_AFTER) - 1)]
    _mine(own).filter(state__in=_BEING_MADE).update(
        due_at=clock.now() + after, tries=F("tries") + 1, state=PlanState.CONFIRMING
    )


def close_plan(plan: Plan) -> None:
    """Nobody begins another subscription by it; those there are go on. May be repeated.

    Raises a ``GatewayError``: then it is still open.
    """
    if not is_local(plan) and plan.gateway_id:
        with waiting.room.insist():
            patience = Patience(WEB_DEADLINE_SECONDS)
            gateway = gateway_of(plan, patience, list[Exchange](), is_background=False)
            gateway.close_plan(plan.gateway_id)
            _take(plan, gateway.fetch_plan(plan.gateway_id))
            return
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.CLOSED)


def refresh(
    connection: Connection,
    resource: GatewayResource,
    held: Lease,
    *,
    source: str,
    cause: str = "",
    gateway: Gateway | None = None,
) -> Refreshed:
    """Fetch one plan under a lease and write what is new; then ask who used it. Raises a ``GatewayError``."""
    gateway = gateway or gateway_for(connection)
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
    _take(own, found)
    Plan.objects.filter(pk=own.pk).update(check_due_at=clock.now())
    return Refreshed(outcome=Outcome.APPLIED)


# -- by the clock -------------------------------------------------------------------------------------------


def settle_due() -> None:
    """Go on with every plan that is being made; one that breaks keeps no other waiting."""
    now = clock.now()
    for plan_id in list(Plan.objects.filter(due_at__lte=now).values_list("pk", flat=True)[:_AT_ONCE]):
        due = Plan.objects.filter(pk=plan_id, due_at__lte=now)
        if not due.update(due_at=now + _LEASE, token=uuid.uuid4()):
            continue
        own = Plan.objects.select_related("connection").get(pk=plan_id)
        try:
            if own.state in _BEING_MADE:
                _submit(own, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
            else:
                _mine(own).update(due_at=None)
        except Exception:
            logger.exception("the plan %s could not be made", plan_id)


def poll_due() -> int:
    """Ask for subscriptions that were begun by our links and nobody told us of; returns how many plans."""
    now = clock.now()
    due = Plan.objects.filter(check_due_at__lte=now).exclude(connection__in=pausing.away())
    rows = in_turns(due.order_by("check_due_at").values_list("pk", "connection_id")[:500])[:_AT_ONCE]
    asked = 0
    for plan_id, connection_id in rows:
        mine = Plan.objects.filter(pk=plan_id, check_due_at__lte=now)
        if not pausing.may_ask(connection_id) or not mine.update(check_due_at=now + POLL_EVERY):
            continue
        own = Plan.objects.select_related("connection").get(pk=plan_id)
        asked += 1
        try:
            poll(own)
        except GatewayError as err:
            pausing.note_failure(connection_id, err)
        except Exception:
            logger.exception("the subscriptions of plan %s could not be asked for", plan_id)
    return asked


def poll(own: Plan) -> None:
    """Adopt what is new; after a last look a closed plan is asked for no more. Raises a ``GatewayError``."""
    gateway = gateway_for(own.connection)
    listed = gateway.find_plan_subscriptions(own.gateway_id)
    note_success(own.connection)
    known = Subscription.objects.filter(connection=own.connection, gateway_id__in=listed)
    held_back = set(listed) - set(known.values_list("gateway_id", flat=True))
    for gateway_id in [name for name in listed if name in held_back]:
        _adopt(own, gateway, gateway_id)
    if own.state != PlanState.ACTIVE:
        Plan.objects.filter(pk=own.pk).update(check_due_at=None)


def _adopt(own: Plan, gateway: Gateway, gateway_id: str) -> None:
    row = resources.find_or_add(own.connection, kind=ResourceKind.SUBSCRIPTION, gateway_id=gateway_id)
    if held := resources.lease(row.pk):
        try:
            agreements.refresh(own.connection, row, held, source="check", gateway=gateway)
        finally:
            resources.release(held)
