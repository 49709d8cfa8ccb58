"""Creations that did not finish: looked up by our reference, adopted, sent again or waited for."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.models import User

from config import clock
from connections.gateways.base import (
    Exchange,
    Gateway,
    GatewayCharge,
    PaymentStatus,
    PreparedCall,
    ResourceKind,
)
from connections.gateways.errors import GatewayError, RequestRefused
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS
from payments import transitions
from payments.models import Charge, ChargeStatus, CreationAttempt, ReviewReason
from payments.models.charges import AttemptState
from payments.services.answers import take_answer
from payments.services.creation import (
    GO_ON_AFTER,
    LOOK_AFTER,
    MAY_EXIST,
    Patience,
    come_back,
    complete,
    deliver,
    gateway_of,
    refuse,
    set_state,
    submit,
    wait,
)
from payments.services.timeline import note_exchanges, note_person

logger = logging.getLogger(__name__)

_WORKER_LEASE = timedelta(seconds=60)
_IN_DOUBT = (AttemptState.SENT, AttemptState.UNKNOWN)


def due_charge_ids(limit: int = 50) -> list[int]:
    """Charges whose creation a worker should go on with now, longest waiting first."""
    due = Charge.objects.filter(creation_due_at__lte=clock.now()).order_by("creation_due_at")
    return list(due.values_list("pk", flat=True)[:limit])


def settle_due() -> None:
    """Go on with every creation that is due; one that breaks keeps no other waiting."""
    for charge_id in due_charge_ids():
        try:
            settle(charge_id)
        except Exception:
            logger.exception("the creation of charge %s could not go on", charge_id)


def settle(charge_id: int) -> None:
    """Go on with a creation that did not finish: look it up, send it (again), or fetch its PIX code.

    Several workers may try; one UPDATE gives one of them the claim.
    """
    now = clock.now()
    mine = Charge.objects.filter(pk=charge_id, creation_due_at__lte=now)
    if not mine.update(creation_due_at=now + _WORKER_LEASE, creation_token=uuid.uuid4()):
        return
    charge = Charge.objects.select_related("connection", "customer").get(pk=charge_id)
    is_created = charge.status not in (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)
    in_doubt = None if is_created else charge.creation_attempts.filter(state__in=MAY_EXIST).last()
    if not is_created and in_doubt is None:
        submit(charge, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
        return
    _go_on(charge, in_doubt)


def may_send_again(charge: Charge) -> bool:
    """Whether a person may decide that nothing arrived: confirming, and looked up four times in vain."""
    attempt = charge.creation_attempts.last()
    if charge.status != ChargeStatus.CONFIRMING or attempt is None:
        return False
    return attempt.state in _IN_DOUBT and attempt.looked_up >= len(LOOK_AFTER)


def send_again(charge: Charge, *, actor: User) -> None:
    """A person decided: look once more, and create it anew only if there is still nothing.

    Does nothing unless ``may_send_again``. One UPDATE decides between two people who press at once.
    """
    attempt = charge.creation_attempts.last()
    if not attempt or not may_send_again(charge) or not _claim(charge):
        return
    note_person(charge, "sent_again", actor=actor)
    exchanges: list[Exchange] = []
    patience = Patience(WEB_DEADLINE_SECONDS)
    try:
        gateway = gateway_of(charge, patience, exchanges, is_background=False)
        found = gateway.find_charges(charge.reference)
        if found:
            _adopt(charge, found)
            set_state(attempt, AttemptState.ANSWERED)
            complete(charge, gateway)
            return
    except GatewayError as err:
        wait(charge, err)
        return
    finally:
        note_exchanges(charge, exchanges, source="creation")
    set_state(attempt, AttemptState.ABANDONED)
    submit(charge, patience, is_background=False)


def _claim(charge: Charge) -> bool:
    """Take the claim from whoever holds it by what we last saw of it."""
    token = uuid.uuid4()
    seen = Charge.objects.filter(pk=charge.pk, creation_token=charge.creation_token)
    charge.creation_token = token
    return bool(seen.update(creation_token=token, creation_due_at=clock.now() + _WORKER_LEASE))


def _go_on(charge: Charge, in_doubt: CreationAttempt | None) -> None:
    """Only a creating call may fail a charge: a refused look-up or code says nothing about it."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(charge, Patience(WORKER_DEADLINE_SECONDS), exchanges, is_background=True)
        if in_doubt and not _look_up(charge, in_doubt, gateway):
            return
        complete(charge, gateway)
    except GatewayError as err:
        wait(charge, err)
    finally:
        note_exchanges(charge, exchanges, source="creation")


def _look_up(charge: Charge, attempt: CreationAttempt, gateway: Gateway) -> bool:
    """Ask the gateway's list for our reference: adopt it, or send again, or wait, as the gateway allows."""
    found = gateway.find_charges(charge.reference)
    if found:
        _adopt(charge, found)
        set_state(attempt, AttemptState.ANSWERED)
        return True
    if _may_resend(ResourceKind(attempt.kind), gateway):
        return _resend(charge, attempt, gateway)
    _look_later(charge, attempt)
    return False


def _resend(charge: Charge, attempt: CreationAttempt, gateway: Gateway) -> bool:
    """Sent again and refused: only after the last look-up does that mean that nothing exists."""
    try:
        take_answer(charge, deliver(attempt, gateway, _stored_call(attempt)))
    except RequestRefused as err:
        if attempt.looked_up < len(LOOK_AFTER):
            _look_later(charge, attempt)
        else:
            refuse(charge, err)
        return False
    return True


def _adopt(charge: Charge, found: Sequence[GatewayCharge]) -> None:
    """The paid one if there is one, else the oldest; what else was found is a twin."""
    best = next((one for one in found if _is_paid(one)), found[0])
    take_answer(charge, best)
    if len(found) > 1:
        transitions.flag(charge.pk, ReviewReason.TWIN)


def _is_paid(found: GatewayCharge) -> bool:
    return any(payment.status == PaymentStatus.PAID for payment in found.payments)


def _may_resend(kind: ResourceKind, gateway: Gateway) -> bool:
    return kind in gateway.capabilities.replays | gateway.capabilities.resends


def _look_later(charge: Charge, attempt: CreationAttempt) -> None:
    attempt.looked_up += 1
    attempt.save(update_fields=["looked_up"])
    come_back(charge, after=GO_ON_AFTER[min(attempt.looked_up, len(GO_ON_AFTER) - 1)])


def _stored_call(attempt: CreationAttempt) -> PreparedCall:
    return PreparedCall(
        kind=ResourceKind(attempt.kind),
        method=attempt.http_method,
        path=attempt.path,
        body=attempt.body,
        idempotency_key=attempt.idempotency_key,
    )
