"""Making a subscription: the intent is stored first, then the gateway is called, then its answer is stored.

As for a charge (``payments.services.creation``) a call that may have worked is never repeated blindly:
without an answer it is *confirming*, and looked up by our reference until it shows or a person decides.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import F, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import Exchange, Gateway, GatewaySubscription, PreparedCall, ResourceKind
from connections.gateways.errors import GatewayError, GatewayUnavailable, RequestRefused
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS
from connections.services.accounts import patience as patience_of
from payments.models import Subscription, SubscriptionReview, SubscriptionState
from payments.models.attempts import AttemptState
from payments.services import agreements, subscription_states
from payments.services.creation import LOOK_AFTER, Patience, gateway_of
from payments.services.customers import details_of
from payments.services.queues import in_turns
from payments.services.subscription_intents import NewSubscription as NewSubscription
from payments.services.subscription_intents import store_intent
from payments.services.subscription_making import (
    IN_DOUBT,
    MOST_TRIES,
    SOURCE,
    come_back,
    complete,
    deliver,
    mine,
    refuse,
    set_call,
    stop,
    submit,
    take,
    wait,
)
from payments.services.timeline import note_exchanges, note_person

logger = logging.getLogger(__name__)

SETTLE = "payments.tasks.settle_subscriptions"
_WORKER_LEASE = timedelta(seconds=60)
_LOOK_AGAIN_AFTER = (*LOOK_AFTER, timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# A creating call that is not replayed is sent again at most four times, each after two vain look-ups.
_MOST_RESENDS = 8
# So long after it was sent last it is looked up; then a person decides, or its notification tells of it.
_LONGEST = timedelta(days=14)
_LIST_LAGS = timedelta(minutes=10)
_AT_ONCE = 50
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)


def create_subscription(new: NewSubscription) -> Subscription:
    """Store the subscription, then make it at the gateway within eight seconds, or leave that to a worker.

    Never raises for what the gateway does: a refusal makes it *failed* with the gateway's sentence, no answer
    leaves it *confirming*. The same ``submission`` gives the same subscription.
    """
    own, is_new = store_intent(new, next_look=LOOK_AFTER[0])
    if is_new:
        _submit_from_web(own)
    own.refresh_from_db()
    return own


def _submit_from_web(own: Subscription) -> None:
    with waiting.room.seat() as is_seated:
        if is_seated:
            submit(own, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            return
    subscription_states.confirm(own.pk)
    come_back(own, after=timedelta())
    wake(SETTLE)


def settle_due() -> None:
    """Go on with every creation that is due, for a while; one that breaks keeps no other waiting."""
    left = patience_of(_PASS_SECONDS)
    due = Subscription.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    rows = in_turns(due.values_list("pk", "connection_id")[:_LOOK_AHEAD])[:_AT_ONCE]
    with _passes.seat() as is_seated:
        for subscription_id, _connection in rows if is_seated else []:
            if left() <= 0:
                break
            try:
                settle(subscription_id)
            except Exception:
                logger.exception("the creation of subscription %s could not go on", subscription_id)


def settle(subscription_id: int) -> None:
    """Go on with one; several workers may try, one UPDATE gives one of them the claim."""
    now = clock.now()
    due = Subscription.objects.filter(pk=subscription_id, due_at__lte=now)
    if not due.update(due_at=now + _WORKER_LEASE, token=uuid.uuid4()):
        return
    own = Subscription.objects.select_related("connection", "customer").get(pk=subscription_id)
    is_made = own.gateway_id or own.state not in subscription_states.BEING_MADE
    # Once looked up, an earlier call may still have worked: nothing is sent without another look.
    if not is_made and own.call_state not in IN_DOUBT and not own.looked_up:
        submit(own, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
        return
    if own.state == SubscriptionState.FAILED:
        stop(own)
        return
    _go_on(own)


def _go_on(own: Subscription) -> None:
    """Only a creating call may fail it: a refused look-up says nothing about it."""
    exchanges: list[Exchange] = []
    patience = Patience(WORKER_DEADLINE_SECONDS)
    try:
        gateway = gateway_of(own, patience, exchanges, is_background=True)
        if own.gateway_id:
            complete(own, gateway)
        else:
            _look_up(own, gateway, patience)
    except GatewayError as err:
        if own.gateway_id and own.tries >= MOST_TRIES:
            stop(own)
        else:
            wait(own, err)
    finally:
        note_exchanges(own, exchanges, source=SOURCE)


def _look_up(own: Subscription, gateway: Gateway, patience: Patience) -> None:
    """Ask for what was made: take it, or send again, or wait, as the gateway allows."""
    if own.call_state != AttemptState.UNKNOWN:  # cut off: in doubt from now on
        set_call(own, AttemptState.UNKNOWN)
    if found := find(own, gateway):
        _adopt(own, found, gateway)
        return
    if _may_resend(own, gateway) and _is_time_left(patience):
        _resend(own, gateway)
    else:
        _look_later(own)


def _is_time_left(patience: Patience) -> bool:
    try:
        patience.insist()
    except GatewayUnavailable:
        return False
    return True


def find(own: Subscription, gateway: Gateway) -> list[GatewaySubscription]:
    """What the gateway lists under our reference, oldest first, in lists that may lag.

    Some are searched by the payer: by whatever address a call named, not that of today. Raises a
    ``GatewayError``.
    """
    payer, since = details_of(own.customer), own.created_at - _LIST_LAGS
    found: dict[str, GatewaySubscription] = {}
    for email in own.sent_to.splitlines() or [payer.email]:
        asked = replace(payer, email=email)
        for one in gateway.find_subscriptions(own.reference, payer=asked, since=since):
            if one.reference == own.reference:
                found[one.gateway_id] = one
    return sorted(found.values(), key=lambda one: one.created_at or clock.now())


def _adopt(own: Subscription, found: list[GatewaySubscription], gateway: Gateway) -> None:
    """The oldest that lives; what else was found is a twin, for the watch, however long ago it was sent."""
    set_call(own, AttemptState.ANSWERED)
    alive = [one for one in found if agreements.is_alive(one)]
    if len(alive) > 1:
        subscription_states.flag(own.pk, SubscriptionReview.TWIN, source=SOURCE)
    take(own, (alive or found)[0], gateway)


def _may_resend(own: Subscription, gateway: Gateway) -> bool:
    """A replay makes no second one. Otherwise the list must have shown nothing twice: it may lag."""
    if ResourceKind.SUBSCRIPTION in gateway.capabilities.replays:
        return True
    was_looked_up = own.looked_up % 2 == 1 and own.looked_up < _MOST_RESENDS
    return ResourceKind.SUBSCRIPTION in gateway.capabilities.resends and was_looked_up


def _resend(own: Subscription, gateway: Gateway) -> None:
    """Counted and dated before it is sent, so that it ends some day and its twin is watched for.

    Sent again and refused: only after the last look-up does that mean that nothing exists.
    """
    own.looked_up += 1
    still = mine(own).filter(call_state=AttemptState.UNKNOWN, gateway_id="")
    if not still.update(call_state=AttemptState.SENT, looked_up=own.looked_up, sent_at=clock.now()):
        return
    try:
        answer = deliver(own, gateway, _stored_call(own), was_in_doubt=True)
    except RequestRefused as err:
        if own.looked_up <= len(LOOK_AFTER):
            come_back(own, after=_after_look(own))
        else:
            refuse(own, err)
        return
    take(own, answer, gateway)


def _look_later(own: Subscription) -> None:
    Subscription.objects.filter(pk=own.pk).update(looked_up=F("looked_up") + 1)
    own.looked_up += 1
    is_old = own.sent_at is not None and clock.now() - own.sent_at > _LONGEST
    if is_old and own.looked_up >= len(_LOOK_AGAIN_AFTER):
        stop(own)
    else:
        come_back(own, after=_after_look(own))


def _after_look(own: Subscription) -> timedelta:
    return _LOOK_AGAIN_AFTER[min(own.looked_up, len(_LOOK_AGAIN_AFTER) - 1)]


def _stored_call(own: Subscription) -> PreparedCall:
    return PreparedCall(
        kind=ResourceKind.SUBSCRIPTION,
        method=own.http_method,
        path=own.path,
        body=own.body,
        idempotency_key=str(own.submission),
    )


def may_send_again(own: Subscription) -> bool:
    """Whether a person may decide that nothing arrived: confirming, and looked up four times in vain.

    Not while a worker is sending it; one that was cut off there says so when its lease is over.
    """
    is_in_doubt = own.state == SubscriptionState.CONFIRMING and own.call_state == AttemptState.UNKNOWN
    return is_in_doubt and own.looked_up >= len(LOOK_AFTER)


def send_again(own: Subscription, *, actor: User) -> None:
    """A person decided: look once more, and make it anew only if there is still nothing.

    Does nothing unless ``may_send_again``. One UPDATE decides between two people who press at once, and
    takes the claim of a worker that is looking. Raises ``AllSeatsTaken`` before anything is done.
    """
    if not may_send_again(own):
        return
    with waiting.room.insist():
        token = uuid.uuid4()
        if not _undecided(own).update(token=token, due_at=clock.now() + _WORKER_LEASE):
            return
        own.token = token
        note_person(own, "sent_again", actor=actor)
        _look_and_send(own)


def _undecided(own: Subscription) -> QuerySet[Subscription]:
    """The row while it is as ``own`` says and still in doubt."""
    return mine(own).filter(
        state=SubscriptionState.CONFIRMING, call_state=AttemptState.UNKNOWN, gateway_id=""
    )


def _look_and_send(own: Subscription) -> None:
    exchanges: list[Exchange] = []
    patience = Patience(WEB_DEADLINE_SECONDS)
    try:
        gateway = gateway_of(own, patience, exchanges, is_background=False)
        if found := find(own, gateway):
            _adopt(own, found, gateway)
            return
    except GatewayError as err:
        wait(own, err)
        return
    finally:
        note_exchanges(own, exchanges, source=SOURCE)
    if _undecided(own).update(call_state=AttemptState.ABANDONED):
        own.call_state = AttemptState.ABANDONED
        submit(own, patience, is_background=False)
