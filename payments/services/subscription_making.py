"""One attempt to make a subscription at its gateway: the call is stored, then sent, then its answer kept.

Each step is for the holder of the claim (``Subscription.token``).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from config import clock
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
from connections.services import note_refusal
from payments.models import GatewayResource, Subscription
from payments.models.attempts import AttemptState
from payments.services import agreements, naming, resources, subscription_states
from payments.services.creation import GO_ON_AFTER, LOOK_AFTER, WATCH_AFTER, ClaimLost, Patience, gateway_of
from payments.services.customers import details_of, drop_id, id_at_gateway
from payments.services.timeline import note_exchanges

SOURCE = "creation"
IN_DOUBT = (AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ANSWERED)
MOST_TRIES = 24


def submit(own: Subscription, patience: Patience, *, is_background: bool) -> None:
    """Make it as far as the patience goes. The caller holds the claim; whoever lost it sends nothing."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(own, patience, exchanges, is_background=is_background)
        if answer := _answer(own, gateway, patience):
            take(own, answer, gateway)
    except GatewayError as err:
        wait(own, err)
    finally:
        note_exchanges(own, exchanges, source=SOURCE)


def _answer(own: Subscription, gateway: Gateway, patience: Patience) -> GatewaySubscription | None:
    try:
        order = order_of(own, customer_id=id_at_gateway(gateway, own.connection, own.customer))
        patience.insist()
        prepared = gateway.prepare_subscription(order)
        _store_call(own, prepared, email=order.customer.email)
        return deliver(own, gateway, prepared, was_in_doubt=bool(own.looked_up))
    except ClaimLost:
        return None
    except (RequestRefused, CredentialsRefused) as err:
        refuse(own, err)
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


def _store_call(own: Subscription, prepared: PreparedCall, *, email: str) -> None:
    """Only the holder of the claim may send, and only while no earlier call may have worked."""
    with transaction.atomic():
        free = mine(own).exclude(call_state__in=IN_DOUBT).filter(gateway_id="")
        if not free.update(
            call_state=AttemptState.SENT,
            http_method=prepared.method,
            path=prepared.path,
            body=prepared.body,
            sent_at=clock.now(),
            sent_to="\n".join(dict.fromkeys([*own.sent_to.splitlines(), email])),
        ):
            raise ClaimLost
        subscription_states.confirm(own.pk)


def deliver(
    own: Subscription, gateway: Gateway, prepared: PreparedCall, *, was_in_doubt: bool = False
) -> GatewaySubscription:
    """Send the call and keep what became of it: a doubt stays whatever becomes of another call.

    Raises a ``GatewayError``, never ``NotFound``.
    """
    try:
        answer = gateway.submit_subscription(prepared)
    except GatewayUnavailable as err:
        may_exist = was_in_doubt or err.maybe_sent
        set_call(own, AttemptState.UNKNOWN if may_exist else AttemptState.PREPARED)
        raise
    except GatewayError as err:
        set_call(own, AttemptState.UNKNOWN if was_in_doubt else AttemptState.REFUSED)
        if isinstance(err, NotFound):  # nothing was looked for: what the order names is unknown there
            raise RequestRefused(err.text, code=err.code, http_status=err.http_status) from err
        raise
    set_call(own, AttemptState.ANSWERED)
    return answer


def set_call(own: Subscription, state: AttemptState) -> None:
    own.call_state = state
    Subscription.objects.filter(pk=own.pk).update(call_state=state)


def take(own: Subscription, answer: GatewaySubscription, gateway: Gateway) -> None:
    """Store what was made, unless a notification was quicker; then ask for the turns there are already."""
    with transaction.atomic():
        row = resources.lock(own.connection_id, ResourceKind.SUBSCRIPTION, answer.gateway_id)
        if row.fetched_at is None or not agreements.is_older(row, answer, ticket=0):
            # Newer than every fetch that began before.
            GatewayResource.objects.filter(pk=row.pk).update(ticket=row.ticket + 1)
            agreements.take(own, row, answer, ticket=row.ticket + 1, source=SOURCE)
    Subscription.objects.filter(pk=own.pk).update(tries=0)
    own.refresh_from_db()
    complete(own, gateway)


def complete(own: Subscription, gateway: Gateway) -> None:
    """What exists has turns to be known, and one that began elsewhere has no reference of ours yet."""
    if own.adopted_at:
        if naming.is_named(own, gateway):
            stop(own)
        else:
            _try_later(own)
    elif agreements.look(own, source=SOURCE, gateway=gateway) is None:
        come_back(own, after=timedelta(seconds=2))
    elif _lacks_its_first_charge(own) and own.tries < len(LOOK_AFTER):
        come_back(own)
    else:
        stop(own)


def _lacks_its_first_charge(own: Subscription) -> bool:
    """Where no page comes first there is one at once (asaas.md 4.2), but the list of them may lag."""
    rule = own.connection.capabilities.subscriptions
    return bool(rule and not rule.is_hosted and not own.charges.exists())


def refuse(own: Subscription, error: GatewayError) -> None:
    """The gateway said no and holds nothing."""
    if isinstance(error, CredentialsRefused):
        note_refusal(own.connection, error)
    if isinstance(error, RequestRefused) and error.field == "customer":
        drop_id(own.connection, own.customer)
    words = getattr(error, "advice", "") if not error.text else error.text
    subscription_states.fail(own.pk, failure=words or error.code)
    if own.looked_up:  # sent more than once: what was lost may still land
        Subscription.objects.filter(pk=own.pk).update(check_due_at=clock.now() + WATCH_AFTER[0])
    stop(own)


def wait(own: Subscription, error: GatewayError) -> None:
    """Nobody knows yet, or nothing could be sent: a worker goes on."""
    subscription_states.confirm(own.pk)
    if isinstance(error, CredentialsRefused):
        note_refusal(own.connection, error)
    pause = getattr(error, "retry_after", None)
    is_patient = own.tries < len(LOOK_AFTER)
    come_back(own, after=timedelta(seconds=pause) if pause and is_patient else None)


def mine(own: Subscription) -> QuerySet[Subscription]:
    return Subscription.objects.filter(pk=own.pk, token=own.token)


def come_back(own: Subscription, *, after: timedelta | None = None) -> None:
    """Let a worker go on later, each time later than the last, unless the claim is somebody else's now."""
    if after is None:
        after = GO_ON_AFTER[min(own.tries, len(GO_ON_AFTER) - 1)]
    mine(own).update(due_at=clock.now() + after, tries=F("tries") + 1)


def stop(own: Subscription) -> None:
    mine(own).update(due_at=None, tries=0)


def _try_later(own: Subscription) -> None:
    """What exists is also polled: what it lacks is not asked for without end."""
    if own.tries >= MOST_TRIES:
        stop(own)
    else:
        come_back(own)
