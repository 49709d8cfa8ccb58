"""Making a charge: the intent is stored first, then the gateway is called, then its answer is stored.

A call that may have worked is never repeated blindly: without an answer the charge is *confirming*, and
``payments.services.doubt`` goes on where the request stopped.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import (
    Exchange,
    Gateway,
    GatewayCharge,
    PaymentStatus,
    PreparedCall,
    ResourceKind,
)
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    HostedPageRequired,
    NotFound,
    RequestRefused,
)
from connections.services import (
    WEB_DEADLINE_SECONDS,
    gateway_for,
    note_refusal,
)
from payments import parcels, transitions
from payments.models import Charge, CreationAttempt, Plan, Subscription
from payments.models.charges import AttemptState
from payments.services import gathering, lifetimes
from payments.services.answers import fetch_code, has_its_code, take_answer
from payments.services.customers import drop_id, id_at_gateway
from payments.services.earlier import make_way
from payments.services.intents import NewCharge as NewCharge
from payments.services.intents import store_intent
from payments.services.ordering import order_of
from payments.services.timeline import note_exchanges
from payments.services.waits import GO_ON_AFTER as GO_ON_AFTER
from payments.services.waits import LOOK_AFTER as LOOK_AFTER
from payments.services.waits import WATCH_AFTER as WATCH_AFTER

SETTLE = "payments.tasks.settle_doubts"
_LEAST_SECONDS = 2.0
# An attempt in one of these states may have made the charge at the gateway.
MAY_EXIST = (AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ANSWERED)
_WAITING = (PaymentStatus.PENDING, PaymentStatus.OVERDUE)


class Patience:
    """How long the caller still waits for gateways, over several calls."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.1, self._end - time.monotonic())

    def insist(self) -> None:
        """Raises ``GatewayUnavailable`` when too little is left to wait for the answer of a creating call."""
        if self.left() < _LEAST_SECONDS:
            raise GatewayUnavailable("too late to begin", maybe_sent=False)


class ClaimLost(Exception):
    """Somebody else is making this charge, or it may exist already: send nothing."""


def create_charge(new: NewCharge) -> Charge:
    """Store the charge, then create it at the gateway within eight seconds, or leave that to a worker.

    Never raises for what the gateway does: a refusal makes the charge *failed* with the gateway's
    sentence, no answer leaves it *confirming*. The same ``submission`` gives the same charge.
    """
    charge, is_new = store_intent(new, next_look=LOOK_AFTER[0])
    if is_new:
        _submit_from_web(charge)
    charge.refresh_from_db()
    return charge


def _submit_from_web(charge: Charge) -> None:
    """The caller of a web request waits while a seat is free; else a worker makes the charge."""
    with waiting.room.seat() as is_seated:
        if is_seated:
            submit(charge, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            return
    transitions.confirm_with_gateway(charge.pk)
    come_back(charge, after=timedelta())
    wake(SETTLE)


def submit(charge: Charge, patience: Patience, *, is_background: bool) -> GatewayError | None:
    """Create the charge at its gateway as far as the patience goes; what the gateway does is not raised.

    The caller holds the claim (``creation_token``); whoever lost it meanwhile sends nothing. Returns the
    error that ended it, if one did.
    """
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(charge, patience, exchanges, is_background=is_background)
        try:
            answer = _answer(charge, gateway, patience)
        except (RequestRefused, CredentialsRefused) as err:
            refuse(charge, err)
            return err
        if answer:
            take_answer(charge, answer)
            complete(charge, gateway)
    except GatewayError as err:
        wait(charge, err)
        return err
    finally:
        note_exchanges(charge, exchanges, source="creation")
    return None


def _answer(charge: Charge, gateway: Gateway, patience: Patience) -> GatewayCharge | None:
    """What the gateway created; None where nothing is to be made, or somebody else is at it.

    Raises ``RequestRefused`` and ``CredentialsRefused`` where nothing was made.
    """
    try:
        if not _is_wanted(charge, gateway):
            stop_creating(charge)
            return None
        return _create(charge, gateway, patience)
    except ClaimLost:
        return None


def _is_wanted(charge: Charge, gateway: Gateway) -> bool:
    """Whether something is to be made now: not before a code is asked for, nor while an earlier one lives.

    Raises ``RequestRefused`` for what this gateway could never make.
    """
    if charge.creation_round:
        is_free = make_way(charge, gateway)
        if not is_free:
            transitions.end_renewal(charge.pk, failure="")
        return is_free
    if not lifetimes.is_on_demand(charge.connection, charge.method, charge.due_date):
        return True
    gateway.prepare_charge(order_of(charge, customer_id=""))
    transitions.open_for_payment(charge.pk, source="creation")
    return False


def gateway_of(
    thing: Charge | Subscription | Plan,
    patience: Patience,
    exchanges: list[Exchange],
    *,
    is_background: bool,
) -> Gateway:
    return gateway_for(
        thing.connection,
        seconds_left=patience.left,
        is_background=is_background,
        on_exchange=exchanges.append,
    )


def _create(charge: Charge, gateway: Gateway, patience: Patience) -> GatewayCharge:
    order = order_of(charge, customer_id=id_at_gateway(gateway, charge.connection, charge.customer))
    patience.insist()
    if ends := lifetimes.checkout_expiry(charge):
        order = replace(order, expires_at=ends)
        charge.link_expires_at = ends
        charge.save(update_fields=["link_expires_at"])
    try:
        return _send(charge, gateway, gateway.prepare_charge(order))
    except HostedPageRequired:
        patience.insist()
        charge.expires_at = lifetimes.page_expiry(charge.connection, charge.due_date)
        charge.save(update_fields=["expires_at"])
        hosted = replace(order, hosted=True, expires_at=charge.expires_at)
        return _send(charge, gateway, gateway.prepare_charge(hosted))


def _send(charge: Charge, gateway: Gateway, prepared: PreparedCall) -> GatewayCharge:
    """Store the call, send it, store what became of it. Raises ``ClaimLost`` and what the gateway raises."""
    with transaction.atomic():
        _insist_on_claim(charge)
        attempt = CreationAttempt.objects.create(
            charge=charge,
            round=charge.creation_round,
            kind=prepared.kind,
            http_method=prepared.method,
            path=prepared.path,
            body=prepared.body,
            idempotency_key=prepared.idempotency_key,
            state=AttemptState.SENT,
            sent_at=clock.now(),
        )
        confirm = transitions.renew if charge.creation_round else transitions.confirm_with_gateway
        confirm(charge.pk)
    return deliver(attempt, gateway, prepared)


def _insist_on_claim(charge: Charge) -> None:
    """Only the holder of the claim may send, and only while no earlier call may have worked.

    The UPDATE holds the row until the attempt is stored, so that two can never both pass.
    """
    mine = Charge.objects.filter(pk=charge.pk, creation_token=charge.creation_token)
    if not mine.update(updated_at=clock.now()):
        raise ClaimLost
    if open_attempts(charge).exists():
        raise ClaimLost


def open_attempts(charge: Charge) -> QuerySet[CreationAttempt]:
    """The calls of the newest round that may have made something."""
    return charge.creation_attempts.filter(round=charge.creation_round, state__in=MAY_EXIST)


def deliver(attempt: CreationAttempt, gateway: Gateway, prepared: PreparedCall) -> GatewayCharge:
    """Send the call and keep what became of it. Raises a ``GatewayError``, never ``NotFound``."""
    try:
        answer = gateway.submit_charge(prepared)
    except GatewayUnavailable as err:
        if attempt.state != AttemptState.UNKNOWN:
            set_state(attempt, AttemptState.UNKNOWN if err.maybe_sent else AttemptState.PREPARED)
        raise
    except GatewayError as err:
        # Sent again and refused says nothing about the first time: that one stays in doubt.
        if attempt.state != AttemptState.UNKNOWN:
            set_state(attempt, AttemptState.REFUSED)
        if isinstance(err, NotFound):  # nothing was looked for: what the order names is unknown there
            raise _as_refusal(err) from err
        raise
    set_state(attempt, AttemptState.ANSWERED)
    return answer


def _as_refusal(error: NotFound) -> RequestRefused:
    return RequestRefused(
        error.text, code=error.code, http_status=error.http_status, request_id=error.request_id
    )


def set_state(attempt: CreationAttempt, state: AttemptState) -> None:
    """Keep what became of an attempt; one whose answer was lost is watched from now on."""
    if state == AttemptState.UNKNOWN:
        attempt.next_watch_at = clock.now() + WATCH_AFTER[0]
    attempt.state = state
    attempt.save(update_fields=["state", "next_watch_at"])


def refuse(charge: Charge, error: GatewayError) -> None:
    """The gateway said no and holds nothing: the charge failed, with the gateway's sentence.

    One that only lacks a code goes back to what its payments say.
    """
    if isinstance(error, CredentialsRefused):
        note_refusal(charge.connection, error)
    if isinstance(error, RequestRefused) and error.field == "customer":
        drop_id(charge.connection, charge.customer)
    failure = error.text or error.code
    if charge.creation_round:
        _close_page(charge)
        transitions.end_renewal(charge.pk, failure=failure)
    else:
        transitions.fail(charge.pk, source="creation", failure=failure)
    stop_creating(charge)


def _close_page(charge: Charge) -> None:
    """The time of the page that was not made must not keep an old one open."""
    if charge.link_expires_at:
        Charge.objects.filter(pk=charge.pk).update(link_expires_at=None)
        return
    has_page = charge.resources.filter(kind=ResourceKind.PREFERENCE).exists()
    Charge.objects.filter(pk=charge.pk).update(expires_at=clock.now() if has_page else None)


def wait(charge: Charge, error: GatewayError) -> None:
    """Nobody knows yet, or nothing could be sent: the charge stays *confirming* and a worker goes on."""
    transitions.confirm_with_gateway(charge.pk)
    if isinstance(error, CredentialsRefused):
        note_refusal(charge.connection, error)
    pause = getattr(error, "retry_after", None)
    is_patient = charge.creation_tries < len(LOOK_AFTER)
    come_back(charge, after=timedelta(seconds=pause) if pause and is_patient else None)


def come_back(charge: Charge, *, after: timedelta | None = None) -> None:
    """Let a worker go on later, each time later than the last, unless the claim is somebody else's now."""
    if after is None:
        after = GO_ON_AFTER[min(charge.creation_tries, len(GO_ON_AFTER) - 1)]
    mine = Charge.objects.filter(pk=charge.pk, creation_token=charge.creation_token)
    mine.update(creation_due_at=clock.now() + after, creation_tries=F("creation_tries") + 1)


def stop_creating(charge: Charge) -> None:
    mine = Charge.objects.filter(pk=charge.pk, creation_token=charge.creation_token)
    mine.update(creation_due_at=None, creation_tries=0)


def complete(charge: Charge, gateway: Gateway) -> None:
    """Fetch the code where the creating answer had none (Asaas); after a few misses the link must do."""
    fields = ["pix_text", "boleto_line", "status", "review_reason", "creation_tries"]
    charge.refresh_from_db(fields=fields)
    payment = charge.payments.filter(status__in=_WAITING).first()
    is_plan = parcels.are_ours(charge)
    if has_its_code(charge) or charge.review_reason or not (payment or is_plan):
        stop_creating(charge)
        return
    if is_plan:
        is_there = gathering.complete(charge, gateway)
    else:
        is_there = payment is not None and fetch_code(charge, gateway, payment.gateway_id)
    if is_there or charge.creation_tries >= len(LOOK_AFTER):
        stop_creating(charge)
        return
    come_back(charge)
