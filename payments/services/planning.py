"""Reusable plans: made at gateways that keep them, ours alone elsewhere, closed, and asked who used them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

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
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    NotFound,
    RequestRefused,
)
from connections.services import (
    WEB_DEADLINE_SECONDS,
    WORKER_DEADLINE_SECONDS,
    gateway_for,
    note_refusal,
    note_success,
    pausing,
)
from connections.services.accounts import patience as patience_of
from payments.models import Plan, PlanState, Subscription
from payments.services import agreements, outages, plan_states, resources
from payments.services.creation import GO_ON_AFTER, LOOK_AFTER, Patience, gateway_of
from payments.services.plan_states import POLL_EVERY as POLL_EVERY
from payments.services.plan_states import SOURCE
from payments.services.plan_states import close_plan as close_plan
from payments.services.plan_states import is_local as is_local
from payments.services.plan_states import refresh as refresh
from payments.services.queues import in_turns
from payments.services.refreshing import Refreshed
from payments.services.subscription_intents import Agreement

logger = logging.getLogger(__name__)

SETTLE = "payments.tasks.settle_subscriptions"
_LEASE = timedelta(seconds=60)
_BEING_MADE = (PlanState.DRAFT, PlanState.CONFIRMING)
# Who had the page open when a plan was closed may begin for so long afterwards.
_STILL_BEGUN = timedelta(days=2)
# One whose answer was lost is sent again once, then a person decides: each is a public link.
_MOST_SENDS = 2
_TWINS_SHOW = timedelta(hours=25)
_MOST_TRIES = 24
_AT_ONCE = 20
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)


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


def _submit(own: Plan, patience: Patience, *, is_background: bool, is_asked_for: bool = False) -> None:
    """Look for it where it may exist, else make it; ``is_asked_for``: a person wants it sent once more."""
    try:
        gateway = gateway_of(own, patience, list[Exchange](), is_background=is_background)
        if own.sent_at is None:
            _send(own, gateway, patience)
        elif found := list(gateway.find_plans(own.reference)):
            _take(own, next((one for one in found if one.is_active), found[0]))
        elif is_asked_for or (own.tries >= len(LOOK_AFTER) and own.sends < _MOST_SENDS):  # lists lag
            _send(own, gateway, patience)
        else:
            _wait(own, most=len(LOOK_AFTER))
    except GatewayError as err:  # what a look-up is refused says nothing about the plan
        if isinstance(err, CredentialsRefused):
            note_refusal(own.connection, err)
        _wait(own, most=_MOST_TRIES)


def _send(own: Plan, gateway: Gateway, patience: Patience) -> None:
    """Only the creating call may fail it. Raises a ``GatewayError`` where it may, or could not, be sent."""
    patience.insist()
    sent = {"state": PlanState.CONFIRMING, "sent_at": clock.now(), "sends": F("sends") + 1, "tries": 0}
    if not _mine(own).filter(gateway_id="").update(**sent):
        return
    try:
        made = gateway.create_plan(_order_of(own))
    except (RequestRefused, CredentialsRefused, NotFound) as err:
        words = err.text or getattr(err, "advice", "") or err.code
        if own.sent_at:  # an earlier call may have made it: that doubt stays
            _mine(own).update(failure=words)
            own.tries = 0
            raise
        if isinstance(err, CredentialsRefused):
            note_refusal(own.connection, err)
        _mine(own).update(state=PlanState.FAILED, failure=words, due_at=None)
        return
    except GatewayUnavailable as err:
        if err.maybe_sent:
            own.sent_at, own.tries = clock.now(), 0
        else:
            _mine(own).update(sent_at=own.sent_at, sends=own.sends, tries=own.tries)
        raise
    _take(own, made)


def _wait(own: Plan, *, most: int) -> None:
    """A worker goes on, or a person, where that was in vain so often: the plan may be there."""
    if own.sent_at and own.tries >= most:
        _mine(own).update(due_at=None)
    else:
        _come_back(own)


def may_send_again(own: Plan) -> bool:
    """Whether a person may decide that it is not there: every look-up was in vain."""
    return own.state == PlanState.CONFIRMING and own.due_at is None


def send_again(own: Plan) -> None:
    """Look once more, and make it anew only if there is still nothing. Does nothing unless it may be.

    One UPDATE decides between two people who press at once. Raises ``AllSeatsTaken`` before anything is done.
    """
    with waiting.room.insist():
        open_ones = Plan.objects.filter(pk=own.pk, state=PlanState.CONFIRMING, due_at=None)
        if open_ones.update(token=uuid.uuid4(), due_at=clock.now() + _LEASE):
            mine = Plan.objects.select_related("connection").get(pk=own.pk)
            _submit(mine, Patience(WEB_DEADLINE_SECONDS), is_background=False, is_asked_for=True)


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
    """What was made, or found under our reference; a fetch may have been quicker to show it."""
    plan_states.store(own, found, held=None)
    _mine(own).update(due_at=None, tries=0)


def _mine(own: Plan) -> QuerySet[Plan]:
    return Plan.objects.filter(pk=own.pk, token=own.token)


def _come_back(own: Plan, *, after: timedelta | None = None) -> None:
    if after is None:
        after = GO_ON_AFTER[min(own.tries, len(GO_ON_AFTER) - 1)]
    _mine(own).filter(state__in=_BEING_MADE).update(
        due_at=clock.now() + after, tries=F("tries") + 1, state=PlanState.CONFIRMING
    )


# -- by the clock -------------------------------------------------------------------------------------------


def settle_due() -> None:
    """Go on with every plan that is being made, for a while; one that breaks keeps no other waiting."""
    left = patience_of(_PASS_SECONDS)
    due = Plan.objects.filter(due_at__lte=clock.now()).exclude(connection__in=pausing.away())
    rows = in_turns(due.order_by("due_at", "pk").values_list("pk", "connection_id")[:_LOOK_AHEAD])[:_AT_ONCE]
    with _passes.seat() as is_seated:
        for plan_id, _connection in rows if is_seated else []:
            if left() <= 0:
                break
            try:
                _settle(plan_id)
            except Exception:
                logger.exception("the plan %s could not be made", plan_id)


def _settle(plan_id: int) -> None:
    now = clock.now()
    due = Plan.objects.filter(pk=plan_id, due_at__lte=now)
    if not due.update(due_at=now + _LEASE, token=uuid.uuid4()):
        return
    own = Plan.objects.select_related("connection").get(pk=plan_id)
    if own.state in _BEING_MADE:
        _submit(own, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
    else:
        _mine(own).update(due_at=None)


def poll_due() -> int:
    """Ask for subscriptions that were begun by our links and nobody told us of; returns how many plans."""
    now, left = clock.now(), patience_of(_PASS_SECONDS)
    due = Plan.objects.filter(check_due_at__lte=now).exclude(connection__in=pausing.away())
    rows = in_turns(due.order_by("check_due_at").values_list("pk", "connection_id")[:_LOOK_AHEAD])[:_AT_ONCE]
    away: set[int] = set()
    asked = 0
    for plan_id, connection_id in rows:
        mine = Plan.objects.filter(pk=plan_id, check_due_at__lte=now)
        if left() <= 0:
            break
        if connection_id in away or not pausing.may_ask(connection_id):
            continue
        if not mine.update(check_due_at=now + POLL_EVERY):
            continue
        own = Plan.objects.select_related("connection").get(pk=plan_id)
        asked += 1
        try:
            poll(own)
        except GatewayError as err:
            if outages.wait_after(own.connection, err):
                away.add(connection_id)
        except Exception:
            logger.exception("the subscriptions of plan %s could not be asked for", plan_id)
    return asked


def poll(own: Plan) -> None:
    """Adopt what is new, and see whether the plan is as we know it. Raises the first ``GatewayError``.

    One that was closed is asked for some days more.
    """
    gateway = gateway_for(own.connection)
    listed = gateway.find_plan_subscriptions(own.gateway_id)
    note_success(own.connection)
    known = Subscription.objects.filter(connection=own.connection, gateway_id__in=listed)
    new = set(listed) - set(known.values_list("gateway_id", flat=True))
    errands: list[Callable[[], object]] = [
        partial(_ask, own, gateway, ResourceKind.SUBSCRIPTION, name, agreements.refresh)
        for name in listed
        if name in new
    ]
    errands.append(partial(_ask, own, gateway, ResourceKind.RECURRING_PLAN, own.gateway_id, refresh))
    if own.sends > 1 and own.sent_at and clock.now() - own.sent_at < _TWINS_SHOW:
        errands.append(partial(_close_twins, own, gateway))
    try:
        outages.for_each(errands, lambda errand: errand())
    finally:
        closed = Plan.objects.filter(pk=own.pk, state=PlanState.CLOSED)
        closed.exclude(closed_at__gt=clock.now() - _STILL_BEGUN).update(check_due_at=None)


def _ask(
    own: Plan, gateway: Gateway, kind: ResourceKind, gateway_id: str, fetch: Callable[..., Refreshed]
) -> None:
    row = resources.find_or_add(own.connection, kind=kind, gateway_id=gateway_id)
    if held := resources.lease(row.pk):
        try:
            fetch(own.connection, row, held, source=SOURCE, gateway=gateway)
        finally:
            resources.release(held)


def _close_twins(own: Plan, gateway: Gateway) -> None:
    """One that was sent twice may be there twice; nobody was given the link of the other."""
    for one in gateway.find_plans(own.reference):
        if one.is_active and one.gateway_id != own.gateway_id:
            gateway.close_plan(one.gateway_id)
