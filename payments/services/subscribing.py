"""Making a subscription: the intent is stored first, then the gateway is called, then its answer is stored.

As for a charge (``payments.services.creation``) a call that may have worked is never repeated blindly:
without an answer it is *confirming*, and looked up by our reference until it shows or a person decides.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import (
    Cycle,
    Exchange,
    Gateway,
    GatewaySubscription,
    Method,
    PreparedCall,
    ResourceKind,
    SubscriptionOrder,
)
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    NotFound,
    RequestRefused,
)
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS, note_refusal
from connections.services.accounts import patience as patience_of
from payments.models import GatewayResource, Subscription, SubscriptionState
from payments.models.attempts import AttemptState
from payments.services import agreements, naming, resources, subscription_states
from payments.services.creation import GO_ON_AFTER, LOOK_AFTER, WATCH_AFTER, ClaimLost, Patience, gateway_of
from payments.services.customers import details_of, id_at_gateway
from payments.services.queues import in_turns
from payments.services.subscription_intents import NewSubscription as NewSubscription
from payments.services.subscription_intents import store_intent
from payments.services.timeline import note_exchanges, note_person

logger = logging.getLogger(__name__)

SOURCE = "creation"
SETTLE = "payments.tasks.settle_subscriptions"
_WORKER_LEASE = timedelta(seconds=60)
_LOOK_AGAIN_AFTER = (*LOOK_AFTER, timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# A creating call that is not replayed is sent again at most four times, each after two vain look-ups.
_MOST_RESENDS = 8
_IN_DOUBT = (AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ANSWERED)
_LIST_LAGS = timedelta(minutes=10)
_MOST_TRIES = 24
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
            _submit(own, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            return
    subscription_states.confirm(own.pk)
    _come_back(own, after=timedelta())
    wake(SETTLE)


def _submit(own: Subscription, patience: Patience, *, is_background: bool) -> None:
    """Make it as far as the patience goes. The caller holds the claim; whoever lost it sends nothing."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(own, patience, exchanges, is_background=is_background)
        if answer := _answer(own, gateway, patience):
            _take(own, answer, gateway)
    except GatewayError as err:
        _wait(own, err)
    finally:
        note_exchanges(own, exchanges, source=SOURCE)


def _answer(own: Subscription, gateway: Gateway, patience: Patience) -> GatewaySubscription | None:
    try:
        order = order_of(own, customer_id=id_at_gateway(gateway, own.connection, own.customer))
        patience.insist()
        prepared = gateway.prepare_subscription(order)
        _store_call(own, prepared)
        return _deliver(own, gateway, prepared)
    except ClaimLost:
        return None
    except (RequestRefused, CredentialsRefused) as err:
        _refuse(own, err)
        return None


def order_of(own: Subscription, *, customer_id: str) -> SubscriptionOrder:
    return SubscriptionOrder(
        reference=own.reference,
        idempotency_key=str(own.submission),
        customer=details_of(own.customer),
        customer_id=customer_id,
        method=Method(own.method),
        amount_cents=own.amount_cents,
        currency=own.currency,
        description=own.description,
        cycle=Cycle(own.cycle),
        starts_on=own.starts_on,
        ends_on=own.ends_on,
        turns=own.turns,
        return_url=settings.PUBLIC_URL,
    )


def _store_call(own: Subscription, prepared: PreparedCall) -> None:
    """Only the holder of the claim may send, and only while no earlier call may have worked."""
    with transaction.atomic():
        free = _mine(own).exclude(call_state__in=_IN_DOUBT).filter(gateway_id="")
        if not free.update(
            call_state=AttemptState.SENT,
            http_method=prepared.method,
            path=prepared.path,
            body=prepared.body,
            sent_at=clock.now(),
        ):
            raise ClaimLost
        subscription_states.confirm(own.pk)
    own.call_state = AttemptState.SENT


def _deliver(own: Subscription, gateway: Gateway, prepared: PreparedCall) -> GatewaySubscription:
    """Send the call and keep what became of it. Raises a ``GatewayError``, never ``NotFound``."""
    was_in_doubt = own.call_state == AttemptState.UNKNOWN
    try:
        answer = gateway.submit_subscription(prepared)
    except GatewayUnavailable as err:
        if not was_in_doubt:
            _set_call(own, AttemptState.UNKNOWN if err.maybe_sent else AttemptState.PREPARED)
        raise
    except GatewayError as err:
        if not was_in_doubt:
            _set_call(own, AttemptState.REFUSED)
        if isinstance(err, NotFound):  # nothing was looked for: what the order names is unknown there
            raise RequestRefused(err.text, code=err.code, http_status=err.http_status) from err
        raise
    _set_call(own, AttemptState.ANSWERED)
    return answer


def _set_call(own: Subscription, state: AttemptState) -> None:
    own.call_state = state
    Subscription.objects.filter(pk=own.pk).update(call_state=state)


def _take(own: Subscription, answer: GatewaySubscription, gateway: Gateway) -> None:
    """Store what was made, unless a notification was quicker; then ask for the turns there are already."""
    with transaction.atomic():
        row = resources.lock(own.connection_id, ResourceKind.SUBSCRIPTION, answer.gateway_id)
        if row.fetched_at is None or not agreements.is_older(row, answer, ticket=0):
            # Newer than every fetch that began before.
            GatewayResource.objects.filter(pk=row.pk).update(ticket=row.ticket + 1)
            agreements.take(own, row, answer, ticket=row.ticket + 1, source=SOURCE)
    Subscription.objects.filter(pk=own.pk).update(tries=0)
    own.refresh_from_db()
    _complete(own, gateway)


def _complete(own: Subscription, gateway: Gateway) -> None:
    """What exists has turns to be known, and one that began elsewhere has no reference of ours yet."""
    if own.adopted_at and not naming.is_named(own, gateway):
        _try_later(own)
        return
    if not own.adopted_at and agreements.look(own, source=SOURCE, gateway=gateway) is None:
        _come_back(own, after=timedelta(seconds=2))
        return
    _stop(own)


def _refuse(own: Subscription, error: GatewayError) -> None:
    """The gateway said no and holds nothing."""
    if isinstance(error, CredentialsRefused):
        note_refusal(own.connection, error)
    if isinstance(error, RequestRefused) and error.field == "customer":
        own.customer.at_gateways.filter(connection=own.connection).delete()
    words = getattr(error, "advice", "") if not error.text else error.text
    subscription_states.fail(own.pk, failure=words or error.code)
    if own.looked_up:  # sent more than once: what was lost may still land
        Subscription.objects.filter(pk=own.pk).update(check_due_at=clock.now() + WATCH_AFTER[0])
    _stop(own)


def _wait(own: Subscription, error: GatewayError) -> None:
    """Nobody knows yet, or nothing could be sent: a worker goes on."""
    subscription_states.confirm(own.pk)
    if isinstance(error, CredentialsRefused):
        note_refusal(own.connection, error)
    pause = getattr(error, "retry_after", None)
    is_patient = own.tries < len(LOOK_AFTER)
    _come_back(own, after=timedelta(seconds=pause) if pause and is_patient else None)


def _mine(own: Subscription) -> QuerySet[Subscription]:
    return Subscription.objects.filter(pk=own.pk, token=own.token)


def _come_back(own: Subscription, *, after: timedelta | None = None) -> None:
    """Let a worker go on later, each time later than the last, unless the claim is somebody else's now."""
    if after is None:
        after = GO_ON_AFTER[min(own.tries, len(GO_ON_AFTER) - 1)]
    _mine(own).update(due_at=clock.now() + after, tries=F("tries") + 1)


def _stop(own: Subscription) -> None:
    _mine(own).update(due_at=None, tries=0)


def _try_later(own: Subscription) -> None:
    """What exists is also polled: what it lacks is not asked for without end."""
    if own.tries >= _MOST_TRIES:
        _stop(own)
    else:
        _come_back(own)


# -- what did not finish ------------------------------------------------------------------------------------


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
    if not is_made and own.call_state not in _IN_DOUBT:
        _submit(own, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
        return
    if own.state == SubscriptionState.FAILED:
        _stop(own)
        return
    _go_on(own)


def _go_on(own: Subscription) -> None:
    """Only a creating call may fail it: a refused look-up says nothing about it."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(own, Patience(WORKER_DEADLINE_SECONDS), exchanges, is_background=True)
        if own.gateway_id:
            _complete(own, gateway)
        else:
            _look_up(own, gateway)
    except GatewayError as err:
        if own.gateway_id and own.tries >= _MOST_TRIES:
            _stop(own)
        else:
            _wait(own, err)
    finally:
        note_exchanges(own, exchanges, source=SOURCE)


def _look_up(own: Subscription, gateway: Gateway) -> None:
    """Ask for what was made: take it, or send again, or wait, as the gateway allows."""
    if own.call_state != AttemptState.UNKNOWN:  # cut off: in doubt from now on
        _set_call(own, AttemptState.UNKNOWN)
    if found := find(own, gateway):
        _set_call(own, AttemptState.ANSWERED)
        _take(own, best(found), gateway)
        return
    if _may_resend(own, gateway):
        _resend(own, gateway)
        return
    _look_later(own)


def find(own: Subscription, gateway: Gateway) -> list[GatewaySubscription]:
    """What the gateway lists under our reference, in lists that may lag. Raises a ``GatewayError``."""
    payer, since = details_of(own.customer), own.created_at - _LIST_LAGS
    listed = gateway.find_subscriptions(own.reference, payer=payer, since=since)
    return [one for one in listed if one.reference == own.reference]


def best(found: list[GatewaySubscription]) -> GatewaySubscription:
    """The oldest that lives; what else was found is a twin, for the watch."""
    return next((one for one in found if agreements.is_alive(one)), found[0])


def _may_resend(own: Subscription, gateway: Gateway) -> bool:
    """A replay makes no second one. Otherwise the list must have shown nothing twice: it may lag."""
    if ResourceKind.SUBSCRIPTION in gateway.capabilities.replays:
        return True
    was_looked_up = own.looked_up % 2 == 1 and own.looked_up < _MOST_RESENDS
    return ResourceKind.SUBSCRIPTION in gateway.capabilities.resends and was_looked_up


def _resend(own: Subscription, gateway: Gateway) -> None:
    """Sent again and refused: only after the last look-up does that mean that nothing exists."""
    try:
        answer = _deliver(own, gateway, _stored_call(own))
    except RequestRefused as err:
        if own.looked_up < len(LOOK_AFTER):
            _look_later(own)
        else:
            _refuse(own, err)
        return
    _take(own, answer, gateway)


def _look_later(own: Subscription) -> None:
    Subscription.objects.filter(pk=own.pk).update(looked_up=F("looked_up") + 1)
    own.looked_up += 1
    _come_back(own, after=_LOOK_AGAIN_AFTER[min(own.looked_up, len(_LOOK_AGAIN_AFTER) - 1)])


def _stored_call(own: Subscription) -> PreparedCall:
    return PreparedCall(
        kind=ResourceKind.SUBSCRIPTION,
        method=own.http_method,
        path=own.path,
        body=own.body,
        idempotency_key=str(own.submission),
    )


def may_send_again(own: Subscription) -> bool:
    """Whether a person may decide that nothing arrived: confirming, and looked up four times in vain."""
    is_in_doubt = own.state == SubscriptionState.CONFIRMING and own.call_state in _IN_DOUBT
    return is_in_doubt and own.looked_up >= len(LOOK_AFTER)


def send_again(own: Subscription, *, actor: User) -> None:
    """A person decided: look once more, and make it anew only if there is still nothing.

    Does nothing unless ``may_send_again``. One UPDATE decides between two people who press at once.
    Raises ``AllSeatsTaken`` before anything is done.
    """
    if not may_send_again(own):
        return
    with waiting.room.insist():
        token = uuid.uuid4()
        if not _mine(own).update(token=token, due_at=clock.now() + _WORKER_LEASE):
            return
        own.token = token
        note_person(own, "sent_again", actor=actor)
        _look_and_send(own)


def _look_and_send(own: Subscription) -> None:
    exchanges: list[Exchange] = []
    patience = Patience(WEB_DEADLINE_SECONDS)
    try:
        gateway = gateway_of(own, patience, exchanges, is_background=False)
        if found := find(own, gateway):
            _set_call(own, AttemptState.ANSWERED)
            _take(own, best(found), gateway)
            return
    except GatewayError as err:
        _wait(own, err)
        return
    finally:
        note_exchanges(own, exchanges, source=SOURCE)
    _set_call(own, AttemptState.ABANDONED)
    _submit(own, patience, is_background=False)
