"""Creations that did not finish: looked up by our reference, adopted, sent again or waited for."""

from __future__ import annotations

import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, zip_longest

from django.contrib.auth.models import User

from config import clock
from connections import waiting
from connections.gateways.base import (
    Exchange,
    Gateway,
    GatewayCharge,
    PaymentStatus,
    PreparedCall,
    ResourceKind,
)
from connections.gateways.errors import GatewayError, HostedPageRequired, RequestRefused
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS
from connections.services.accounts import patience
from payments.models import Charge, ChargeStatus, CreationAttempt, Payment
from payments.models.charges import AttemptState
from payments.services.answers import take_answer
from payments.services.creation import (
    LOOK_AFTER,
    WATCH_AFTER,
    Patience,
    come_back,
    complete,
    deliver,
    gateway_of,
    open_attempts,
    refuse,
    set_state,
    stop_creating,
    submit,
    wait,
)
from payments.services.earlier import DEAD, asks_for_it, asks_otherwise
from payments.services.timeline import note_exchanges, note_person

logger = logging.getLogger(__name__)

_WORKER_LEASE = timedelta(seconds=60)
_IN_DOUBT = (AttemptState.SENT, AttemptState.UNKNOWN)
_LOOK_AGAIN_AFTER = (*LOOK_AFTER, timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# A creating call that is not replayed is sent again at most four times, each after two vain look-ups.
_MOST_RESENDS = 8
_MOST_TRIES = 24
# At most two threads of a worker go on with creations: the rest stay free while a gateway hangs.
_passes = waiting.WaitingRoom(2)
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
# A creation that took so long of this process's own time met a gateway that hangs.
_SLOW_SECONDS = 5.0
_SLOW_FOR = 60.0
_slow_until: dict[int, float] = {}


def due_charge_ids(limit: int = 50) -> list[int]:
    """Charges whose creation a worker should go on with now: the longest waiting of each connection in turns.

    Connections whose gateway was slow a moment ago come last, so that they keep no other waiting.
    """
    due = Charge.objects.filter(creation_due_at__lte=clock.now()).order_by("creation_due_at")
    queues: defaultdict[int, list[int]] = defaultdict(list)
    for charge_id, connection_id in due.values_list("pk", "connection_id")[:_LOOK_AHEAD]:
        queues[connection_id].append(charge_id)
    quick = [queue for connection_id, queue in queues.items() if not _was_slow(connection_id)]
    slow = [queue for connection_id, queue in queues.items() if _was_slow(connection_id)]
    in_turns = chain(*zip_longest(*quick), *zip_longest(*slow))
    return [charge_id for charge_id in in_turns if charge_id][:limit]


def settle_due() -> None:
    """Go on with every creation that is due, for a while; one that breaks keeps no other waiting."""
    left = patience(_PASS_SECONDS)
    with _passes.seat() as is_seated:
        for charge_id in due_charge_ids() if is_seated else []:
            if left() <= 0:
                break
            began = left()
            try:
                settle(charge_id)
            except Exception:
                logger.exception("the creation of charge %s could not go on", charge_id)
            if began - left() > _SLOW_SECONDS:
                _note_slow(charge_id)


def _note_slow(charge_id: int) -> None:
    connection_id = Charge.objects.values_list("connection_id", flat=True).get(pk=charge_id)
    _slow_until[connection_id] = time.monotonic() + _SLOW_FOR


def _was_slow(connection_id: int) -> bool:
    return _slow_until.get(connection_id, 0.0) > time.monotonic()


def settle(charge_id: int) -> None:
    """Go on with a creation that did not finish: look it up, send it (again), or fetch its PIX code.

    Several workers may try; one UPDATE gives one of them the claim.
    """
    now = clock.now()
    mine = Charge.objects.filter(pk=charge_id, creation_due_at__lte=now)
    if not mine.update(creation_due_at=now + _WORKER_LEASE, creation_token=uuid.uuid4()):
        return
    charge = Charge.objects.select_related("connection", "customer").get(pk=charge_id)
    attempt = _unsettled(charge)
    if attempt is None and not _is_created(charge):
        submit(charge, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
        return
    _go_on(charge, attempt)


def _is_created(charge: Charge) -> bool:
    """A notification may have told of it before its answer came."""
    return charge.status not in (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)


def _unsettled(charge: Charge) -> CreationAttempt | None:
    """The creating call whose answer we do not have; one that was cut off is in doubt from now on."""
    attempt = open_attempts(charge).last()
    if attempt is None or (attempt.state == AttemptState.ANSWERED and _is_created(charge)):
        return None
    if attempt.state == AttemptState.SENT:
        set_state(attempt, AttemptState.UNKNOWN)
    return attempt


def may_send_again(charge: Charge) -> bool:
    """Whether a person may decide that nothing arrived: confirming, and looked up four times in vain."""
    attempt = charge.creation_attempts.last()
    if charge.status != ChargeStatus.CONFIRMING or attempt is None:
        return False
    return attempt.state in _IN_DOUBT and attempt.looked_up >= len(LOOK_AFTER)


def send_again(charge: Charge, *, actor: User) -> None:
    """A person decided: look once more, and create it anew only if there is still nothing.

    Does nothing unless ``may_send_again``. One UPDATE decides between two people who press at once.
    Raises ``AllSeatsTaken`` before anything is done.
    """
    attempt = charge.creation_attempts.last()
    if not attempt or not may_send_again(charge):
        return
    with waiting.room.insist():
        if _claim(charge):
            note_person(charge, "sent_again", actor=actor)
            _look_and_send(charge, attempt)


def _look_and_send(charge: Charge, attempt: CreationAttempt) -> None:
    exchanges: list[Exchange] = []
    patience = Patience(WEB_DEADLINE_SECONDS)
    try:
        gateway = gateway_of(charge, patience, exchanges, is_background=False)
        if found := _found(charge, attempt, gateway):
            _adopt(charge, attempt, found)
            complete(charge, gateway)
            return
    except GatewayError as err:
        wait(charge, err)
        return
    finally:
        note_exchanges(charge, exchanges, source="creation")
    _abandon(attempt)
    submit(charge, patience, is_background=False)


def _claim(charge: Charge) -> bool:
    """Take the claim from whoever holds it by what we last saw of it."""
    token = uuid.uuid4()
    seen = Charge.objects.filter(pk=charge.pk, creation_token=charge.creation_token)
    charge.creation_token = token
    return bool(seen.update(creation_token=token, creation_due_at=clock.now() + _WORKER_LEASE))


def _abandon(attempt: CreationAttempt) -> None:
    """It counts as never made. Should it land all the same, the watch, begun anew, finds it."""
    attempt.watched = 0
    attempt.next_watch_at = clock.now() + WATCH_AFTER[0]
    attempt.state = AttemptState.ABANDONED
    attempt.save(update_fields=["state", "watched", "next_watch_at"])


def _go_on(charge: Charge, in_doubt: CreationAttempt | None) -> None:
    """Only a creating call may fail a charge: a refused look-up or code says nothing about it."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(charge, Patience(WORKER_DEADLINE_SECONDS), exchanges, is_background=True)
        if in_doubt and not _look_up(charge, in_doubt, gateway):
            return
        complete(charge, gateway)
    except GatewayError as err:
        _try_later(charge, err)
    finally:
        note_exchanges(charge, exchanges, source="creation")


def _try_later(charge: Charge, error: GatewayError) -> None:
    """What only lacks its code or its link is not asked for without end."""
    wait(charge, error)
    if _is_created(charge) and charge.creation_tries >= _MOST_TRIES:
        stop_creating(charge)


def _look_up(charge: Charge, attempt: CreationAttempt, gateway: Gateway) -> bool:
    """Ask the gateway for what was made: adopt it, or send again, or wait, as the gateway allows."""
    if found := _found(charge, attempt, gateway):
        _adopt(charge, attempt, found)
        return True
    if not _is_created(charge) and _may_resend(attempt, gateway):
        return _resend(charge, attempt, gateway)
    _look_later(charge, attempt)
    return False


def _found(charge: Charge, attempt: CreationAttempt, gateway: Gateway) -> list[GatewayCharge]:
    """What this call made: known from a notification, else by our reference, in a list that may lag."""
    told = _told(charge)
    if told and attempt.kind == ResourceKind.PAYMENT:
        return [gateway.fetch_charge(ResourceKind.PAYMENT, told.gateway_id)]
    if told and attempt.kind == ResourceKind.PLAN and told.plan_id:
        return [gateway.fetch_charge(ResourceKind.PLAN, told.plan_id)]
    listed = gateway.find_charges(charge.reference)
    return [one for one in listed if one.kind == attempt.kind and not _is_from_before(charge, one)]


def _told(charge: Charge) -> Payment | None:
    payments = charge.payments.order_by("pk")
    if charge.creation_round:
        payments = payments.exclude(status__in=DEAD).exclude(asks_otherwise(charge))
    return payments.first()


def _is_from_before(charge: Charge, found: GatewayCharge) -> bool:
    """Whether an earlier code of the charge is meant: over another amount, or known to us and over."""
    if not charge.creation_round:
        return False
    if not asks_for_it(charge, found):
        return True
    is_over = not found.is_open and all(payment.status in DEAD for payment in found.payments)
    return is_over and charge.resources.filter(kind=found.kind, gateway_id=found.gateway_id).exists()


def _resend(charge: Charge, attempt: CreationAttempt, gateway: Gateway) -> bool:
    """Sent again and refused: only after the last look-up does that mean that nothing exists."""
    try:
        take_answer(charge, deliver(attempt, gateway, _stored_call(attempt)))
    except HostedPageRequired:  # the account can make no such payment, so it made none the first time
        set_state(attempt, AttemptState.REFUSED)
        submit(charge, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
        return False
    except RequestRefused as err:
        if attempt.looked_up < len(LOOK_AFTER):
            _look_later(charge, attempt)
        else:
            refuse(charge, err)
        return False
    return True


def _adopt(charge: Charge, attempt: CreationAttempt, found: Sequence[GatewayCharge]) -> None:
    """The paid one if there is one, else the oldest; what else was found is a twin, for the watch."""
    take_answer(charge, next((one for one in found if _is_paid(one)), found[0]))
    if len(found) > 1:
        attempt.next_watch_at = clock.now()
    set_state(attempt, AttemptState.ANSWERED)


def _is_paid(found: GatewayCharge) -> bool:
    return any(payment.status == PaymentStatus.PAID for payment in found.payments)


def _may_resend(attempt: CreationAttempt, gateway: Gateway) -> bool:
    """A replay makes no second one. Otherwise the list must have shown nothing twice: it may lag."""
    kind = ResourceKind(attempt.kind)
    if kind in gateway.capabilities.replays:
        return True
    was_looked_up_before = attempt.looked_up % 2 == 1 and attempt.looked_up < _MOST_RESENDS
    return kind in gateway.capabilities.resends and was_looked_up_before


def _look_later(charge: Charge, attempt: CreationAttempt) -> None:
    attempt.looked_up += 1
    attempt.save(update_fields=["looked_up"])
    if _is_created(charge) and attempt.looked_up >= len(LOOK_AFTER):
        stop_creating(charge)
        return
    come_back(charge, after=_LOOK_AGAIN_AFTER[min(attempt.looked_up, len(_LOOK_AGAIN_AFTER) - 1)])


def _stored_call(attempt: CreationAttempt) -> PreparedCall:
    return PreparedCall(
        kind=ResourceKind(attempt.kind),
        method=attempt.http_method,
        path=attempt.path,
        body=attempt.body,
        idempotency_key=attempt.idempotency_key,
    )
