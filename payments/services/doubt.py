"""Creations that did not finish: looked up by our reference, adopted, sent again or waited for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from config import clock
from connections.gateways.base import Exchange, Gateway, GatewayCharge, PreparedCall, ResourceKind
from connections.gateways.errors import GatewayError, RequestRefused
from connections.services import WORKER_DEADLINE_SECONDS
from payments import transitions
from payments.models import Charge, ChargeStatus, CreationAttempt, ReviewReason
from payments.models.charges import AttemptState
from payments.services.answers import take_answer
from payments.services.creation import (
    LOOK_AFTER,
    Patience,
    complete,
    deliver,
    gateway_of,
    refuse,
    set_state,
    submit,
    wait,
)
from payments.services.timeline import note_exchanges

_WORKER_LEASE = timedelta(seconds=60)
_NEVER_TAKEN = (AttemptState.PREPARED, AttemptState.REFUSED)


def due_charge_ids(limit: int = 50) -> list[int]:
    """Charges whose creation a worker should go on with now, longest waiting first."""
    due = Charge.objects.filter(creation_due_at__lte=clock.now()).order_by("creation_due_at")
    return list(due.values_list("pk", flat=True)[:limit])


def settle(charge_id: int) -> None:
    """Go on with a creation that did not finish: look it up, send it (again), or fetch its PIX code.

    Several workers may try; one UPDATE decides who does.
    """
    now = clock.now()
    mine = Charge.objects.filter(pk=charge_id, creation_due_at__lte=now)
    if not mine.update(creation_due_at=now + _WORKER_LEASE):
        return
    charge = Charge.objects.select_related("connection", "customer").get(pk=charge_id)
    attempt = charge.creation_attempts.last()
    is_created = charge.status not in (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)
    if not is_created and (attempt is None or attempt.state in _NEVER_TAKEN):
        submit(charge, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
        return
    _go_on(charge, None if is_created else attempt)


def _go_on(charge: Charge, in_doubt: CreationAttempt | None) -> None:
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(charge, Patience(WORKER_DEADLINE_SECONDS), exchanges, is_background=True)
        if in_doubt and not _look_up(charge, in_doubt, gateway):
            return
        complete(charge, gateway)
    except RequestRefused as err:
        refuse(charge, err)
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
    if _may_send_again(ResourceKind(attempt.kind), gateway):
        take_answer(charge, deliver(attempt, gateway, _stored_call(attempt)))
        return True
    _look_later(charge, attempt)
    return False


def _adopt(charge: Charge, found: Sequence[GatewayCharge]) -> None:
    take_answer(charge, found[0])
    if len(found) > 1:
        transitions.flag(charge.pk, ReviewReason.TWIN)


def _may_send_again(kind: ResourceKind, gateway: Gateway) -> bool:
    return kind in gateway.capabilities.replays | gateway.capabilities.resends


def _look_later(charge: Charge, attempt: CreationAttempt) -> None:
    attempt.looked_up += 1
    attempt.save(update_fields=["looked_up"])
    pause = LOOK_AFTER[min(attempt.looked_up, len(LOOK_AFTER) - 1)]
    Charge.objects.filter(pk=charge.pk).update(creation_due_at=clock.now() + pause)


def _stored_call(attempt: CreationAttempt) -> PreparedCall:
    return PreparedCall(
        kind=ResourceKind(attempt.kind),
        method=attempt.http_method,
        path=attempt.path,
        body=attempt.body,
        idempotency_key=attempt.idempotency_key,
    )
