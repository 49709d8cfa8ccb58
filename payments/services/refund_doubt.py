"""Refunds that are not finished: sent, sent again where that makes no second one, looked for, or asked about.

Where the gateway knows no idempotency key a refund whose answer was lost is never sent again: it is looked
for, and when it cannot be told whether it is there, a person says so.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction

from config import clock
from connections import waiting
from connections.gateways.base import Exchange, Gateway, PreparedCall, ResourceKind
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable, RequestRefused
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS, note_refusal
from connections.services.accounts import patience
from payments.models import Refund, RefundProgress
from payments.models.refunds import IN_FLIGHT
from payments.services.creation import LOOK_AFTER, Patience, gateway_of
from payments.services.queues import in_turns
from payments.services.refund_following import next_look
from payments.services.refund_looks import look, try_look
from payments.services.refund_states import SOURCE, ask_person, come_back, hold, move, note
from payments.services.refunding import is_over, lose_sight, pause_of, refuse, submit, take_answer
from payments.services.timeline import note_exchanges

logger = logging.getLogger(__name__)

_WORKER_LEASE = timedelta(seconds=60)
_LOOKS = (*LOOK_AFTER, timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# How long a gateway is trusted to know an idempotency key again.
_KEY_LIVES = timedelta(hours=12)
_AT_ONCE = 50
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)


class Decided(StrEnum):
    """What became of a person's word about a refund."""

    DONE = "done"
    FOUND = "found"
    NOT_THERE = "not_there"
    NOT_ASKED = "not_asked"
    CHANGED = "changed"


def settle_due() -> None:
    """Go on with every refund that is due, for a while; a connection that fails keeps no other waiting."""
    left = patience(_PASS_SECONDS)
    away: set[int] = set()
    with _passes.seat() as is_seated:
        for refund_id, connection_id in _due() if is_seated else []:
            if left() <= 0:
                break
            if connection_id in away:
                continue
            try:
                if not settle(refund_id):
                    away.add(connection_id)
            except Exception:
                logger.exception("the refund %s could not go on", refund_id)


def _due() -> list[tuple[int, int]]:
    due = Refund.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    return in_turns(due.values_list("pk", "payment__connection_id")[:_LOOK_AHEAD])[:_AT_ONCE]


def settle(refund_id: int) -> bool:
    """Go on with one refund; False when its gateway could not be reached.

    Several workers may try; one UPDATE gives one of them the claim.
    """
    now, token = clock.now(), uuid.uuid4()
    mine = Refund.objects.filter(pk=refund_id, due_at__lte=now)
    if not mine.update(due_at=now + _WORKER_LEASE, token=token):
        return True
    refund = _read(refund_id)
    if refund.state == RefundProgress.RESERVED:
        return submit(refund, Patience(WORKER_DEADLINE_SECONDS), is_background=True)
    if refund.state == RefundProgress.REQUESTED:  # whoever sent it did not come back
        lose_sight(refund)
    return _go_on(refund)


def _read(refund_id: int) -> Refund:
    rows = Refund.objects.select_related("charge__connection", "payment__resource")
    return rows.get(pk=refund_id)


def _go_on(refund: Refund) -> bool:
    exchanges: list[Exchange] = []
    was_unsure = refund.state == RefundProgress.UNSURE
    try:
        gateway = gateway_of(refund.charge, Patience(WORKER_DEADLINE_SECONDS), exchanges, is_background=True)
        is_new = look(refund, gateway)
        if refund.state == RefundProgress.UNSURE:
            _resolve(refund, gateway, is_new=is_new)
        elif not is_new:
            come_back(refund)
        else:
            _wait_for_end(refund)
    except RequestRefused:  # the gateway does not know the payment
        if was_unsure:
            ask_person(refund)
            _look_later(refund)
        else:
            come_back(refund)
    except GatewayError as err:
        if isinstance(err, CredentialsRefused):
            note_refusal(refund.charge.connection, err)
        come_back(refund, after=pause_of(err))
        return not isinstance(err, GatewayUnavailable)
    finally:
        if was_unsure:
            note_exchanges(refund.charge, exchanges, source=SOURCE)
    return True


def _wait_for_end(refund: Refund) -> None:
    mine = Refund.objects.filter(pk=refund.pk, token=refund.token)
    mine.update(due_at=next_look(refund))


def _resolve(refund: Refund, gateway: Gateway, *, is_new: bool) -> None:
    """The look did not show it. Send it again, or look later, or have a person say."""
    if not is_new:
        come_back(refund)
        return
    refund.payment.refresh_from_db()  # the customer may contest it by now
    if _may_resend(refund, gateway) and not is_over(refund.payment):
        _resend(refund, gateway)
        return
    if refund.look_alikes or refund.looked_up + 1 >= len(LOOK_AFTER):
        ask_person(refund)
    _look_later(refund)


def _look_later(refund: Refund) -> None:
    """Each time later; after the last look only a notification or a person can tell."""
    refund.looked_up += 1
    refund.save(update_fields=["looked_up"])
    if refund.looked_up >= len(_LOOKS):
        ask_person(refund)
        Refund.objects.filter(pk=refund.pk, token=refund.token).update(due_at=None)
    else:
        come_back(refund, after=_LOOKS[refund.looked_up])


def _may_resend(refund: Refund, gateway: Gateway) -> bool:
    if not gateway.capabilities.replays_refunds or refund.requested_at is None:
        return False
    return clock.now() - refund.requested_at < _KEY_LIVES


def _resend(refund: Refund, gateway: Gateway) -> None:
    """The same bytes with the same key. Refused says nothing about the first time before some looks."""
    try:
        answer = gateway.submit_refund(_stored_call(refund))
    except (GatewayUnavailable, CredentialsRefused):
        raise
    except GatewayError as err:
        if refund.looked_up + 1 >= len(LOOK_AFTER) and not refund.look_alikes:
            refuse(refund, err, before=RefundProgress.UNSURE)
        else:
            _look_later(refund)
        return
    take_answer(refund, answer)
    try_look(refund, gateway)


def _stored_call(refund: Refund) -> PreparedCall:
    return PreparedCall(
        kind=ResourceKind(refund.call_kind),
        method=refund.http_method,
        path=refund.path,
        body=refund.body,
        idempotency_key=str(refund.submission),
    )


def decide(refund: Refund, *, was_made: bool, actor: User) -> Decided:
    """A person looked at the gateway's panel: the refund is there, or it is not.

    The gateway is asked once more: what surely is ours is found, whatever was said. Said to be there, the
    oldest of its amount is taken for it; said not to be there, the money is free again. Raises
    ``AllSeatsTaken`` before anything is done.
    """
    with waiting.room.insist():
        refund = _read(refund.pk)
        if not refund.is_for_person or not _claim(refund):
            return Decided.CHANGED
        outcome = _ask_once_more(refund, was_made=was_made, actor=actor)
        if outcome in (Decided.NOT_ASKED, Decided.NOT_THERE):
            come_back(refund)
        return outcome


def _claim(refund: Refund) -> bool:
    """Take the claim from whoever holds it by what we last saw of it."""
    token = uuid.uuid4()
    seen = Refund.objects.filter(pk=refund.pk, token=refund.token, is_for_person=True)
    refund.token = token
    return bool(seen.update(token=token, due_at=clock.now() + _WORKER_LEASE))


def _ask_once_more(refund: Refund, *, was_made: bool, actor: User) -> Decided:
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(refund.charge, Patience(WEB_DEADLINE_SECONDS), exchanges, is_background=False)
        if not look(refund, gateway):
            return Decided.NOT_ASKED
        if refund.state != RefundProgress.UNSURE:
            return Decided.FOUND
        if was_made:
            return _take_as_ours(refund, gateway, actor=actor)
        move(refund, (RefundProgress.UNSURE,), RefundProgress.WITHDRAWN, only_mine=True, actor=actor)
        try_look(refund, gateway)
        return Decided.DONE
    except GatewayError as err:
        if isinstance(err, CredentialsRefused):
            note_refusal(refund.charge.connection, err)
        return Decided.NOT_ASKED
    finally:
        note_exchanges(refund.charge, exchanges, source=SOURCE)


def _take_as_ours(refund: Refund, gateway: Gateway, *, actor: User) -> Decided:
    """What looks like it is taken for it; where nothing does, it stays in doubt."""
    if not refund.look_alikes:
        return Decided.NOT_THERE
    with transaction.atomic():
        hold(refund.payment_id)
        Refund.objects.filter(pk=refund.pk, state__in=IN_FLIGHT).update(is_certain=True)
    look(refund, gateway)
    if refund.state == RefundProgress.UNSURE:
        Refund.objects.filter(pk=refund.pk).update(is_certain=False)
        return Decided.NOT_THERE
    note(refund, "confirmed", actor=actor)
    return Decided.DONE
