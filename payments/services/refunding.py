"""Giving money back: reserved first, then asked for at the gateway once, then followed until it is certain.

What is reserved, asked for and given back never exceeds what the payment brought: one UPDATE decides. Of one
payment, one refund is on its way to the gateway at a time, so that what appears there can be told apart.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import (
    Exchange,
    Gateway,
    PreparedCall,
    RefundAnswer,
    RefundItem,
    RefundOrder,
)
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable, RequestRefused
from connections.gateways.texts import gettext_noop
from connections.services import WEB_DEADLINE_SECONDS, note_refusal
from payments.models import Payment, Refund, RefundProgress, RefundReason
from payments.models.payments import CONTESTED
from payments.models.refunds import IN_FLIGHT
from payments.services import refund_following, refund_looks, refundable
from payments.services.creation import Patience, gateway_of
from payments.services.refund_states import SOURCE, come_back, deny, hold, move, note
from payments.services.refundable import NotPossible, Obstacle
from payments.services.timeline import note_exchanges

SETTLE = "payments.tasks.settle_refunds"
# Longer than a web request waits, and than a worker waits for one answer.
_WEB_LEASE = timedelta(seconds=15)
CALL_LEASE = timedelta(seconds=60)
_SHORTLY = timedelta(seconds=2)
# So long a refund that could not be asked for is tried; after that nobody expects it any more.
_LONGEST_TRYING = timedelta(hours=24)

NO_LONGER = gettext_noop(
    "Meanwhile so much is no longer left of this payment: money was given back at the gateway, or the"
    " customer contests it. Look at what is left and ask again."
)
NOT_REACHED = gettext_noop("The gateway could not be reached for a day, so nothing was asked for. Ask again.")
NO_WORDS = gettext_noop("The gateway refused without saying why. Look at the payment in its panel.")


@dataclass(frozen=True, kw_only=True)
class NewRefund:
    """What a person asks for. ``submission`` names the filled form: sent twice, it makes one refund."""

    payment: Payment
    amount_cents: int
    reason: RefundReason
    submission: uuid.UUID
    note: str = ""
    actor: User | None = None


def give_back(new: NewRefund) -> Refund:
    """Reserve the money, then ask the gateway within eight seconds, or leave that to a worker.

    Never raises for what the gateway does: a refusal makes the refund *denied* with the gateway's sentence,
    a lost answer leaves it *unsure*. The same ``submission`` gives the same refund. Raises ``NotPossible``.
    """
    if known := _known(new):
        return known
    refundable.insist(new.payment.charge, new.payment, new.amount_cents)
    refund, is_new = _reserve(new)
    if is_new:
        _submit_from_web(refund)
    refund.refresh_from_db()
    return refund


def _known(new: NewRefund) -> Refund | None:
    return Refund.objects.filter(submission=new.submission).first()


def _reserve(new: NewRefund) -> tuple[Refund, bool]:
    """One UPDATE takes the amount from what is left; the refund is stored with it or not at all."""
    now = clock.now()
    try:
        with transaction.atomic():
            left = Payment.objects.filter(pk=new.payment.pk).with_left(new.amount_cents)
            if not left.update(reserved_cents=F("reserved_cents") + new.amount_cents):
                return _refused(new), False
            refund = Refund.objects.create(
                submission=new.submission,
                payment=new.payment,
                charge=new.payment.charge,
                amount_cents=new.amount_cents,
                reason=new.reason,
                note=new.note,
                requested_by=new.actor,
                created_at=now,
                token=uuid.uuid4(),
                due_at=now + _WEB_LEASE,
            )
            note(refund, "reserved", actor=new.actor)
    except IntegrityError:  # the same form, sent twice at once
        return Refund.objects.get(submission=new.submission), False
    return refund, True


def _refused(new: NewRefund) -> Refund:
    """The same form may have taken it a moment ago. Raises ``NotPossible``."""
    if known := _known(new):
        return known
    left = Payment.objects.get(pk=new.payment.pk).left_cents
    raise NotPossible(Obstacle.TOO_MUCH if left else Obstacle.NOTHING_LEFT, left_cents=left)


def _submit_from_web(refund: Refund) -> None:
    """The caller of a web request waits while a seat is free; else a worker asks."""
    with waiting.room.seat() as is_seated:
        if is_seated:
            submit(refund, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            return
    come_back(refund, after=timedelta())
    wake(SETTLE)


def submit(refund: Refund, patience: Patience, *, is_background: bool) -> bool:
    """Ask the gateway for a reserved refund; what the gateway does is not raised. False when it was away.

    The payment is fetched first: what was given back in the gateway's panel meanwhile is known then, and
    cannot be taken for this one. The caller holds the claim (``token``); whoever lost it sends nothing.
    """
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(refund.charge, patience, exchanges, is_background=is_background)
        prepared = _make_ready(refund, gateway, patience)
        if prepared:
            send(refund, gateway, prepared)
    except (CredentialsRefused, RequestRefused) as err:
        refuse(refund, err, before=RefundProgress.RESERVED)
    except GatewayError as err:
        _try_later(refund, err)
        return False
    finally:
        note_exchanges(refund.charge, exchanges, source=SOURCE)
    return True


def _make_ready(refund: Refund, gateway: Gateway, patience: Patience) -> PreparedCall | None:
    """Look at the payment, then store the call; None where nothing is to be sent now.

    Nothing is sent before this returns. Raises a ``GatewayError``.
    """
    if not refund_looks.look(refund, gateway):
        come_back(refund, after=_SHORTLY)
        return None
    patience.insist()
    return _store_call(refund, gateway)


def _store_call(refund: Refund, gateway: Gateway) -> PreparedCall | None:
    """The call as it is sent, committed before it is; None when it is no longer ours to send."""
    now = clock.now()
    with transaction.atomic():
        payment = hold(refund.payment_id)
        mine = Refund.objects.filter(pk=refund.pk, token=refund.token, state=RefundProgress.RESERVED)
        if not mine.exists():
            return None
        is_another_out = payment.refunds.filter(state__in=IN_FLIGHT).exists()
        is_right = payment.connection.is_active and not is_another_out and not is_over(payment)
        if is_right:
            prepared = gateway.prepare_refund(_order(refund, payment))
            mine.update(
                state=RefundProgress.REQUESTED,
                requested_at=now,
                due_at=now + CALL_LEASE,
                call_kind=prepared.kind,
                http_method=prepared.method,
                path=prepared.path,
                body=prepared.body,
            )
    if is_right:
        refund.refresh_from_db()
        return prepared
    if is_another_out:
        come_back(refund)
    else:
        deny(refund, RefundProgress.RESERVED, advice=NO_LONGER)
    return None


def is_over(payment: Payment) -> bool:
    """Whether more is spoken for than there is, this refund included."""
    if payment.status in CONTESTED:
        return True
    taken = payment.given_back_cents + payment.reserved_cents + payment.contested_cents
    return taken > payment.received_cents


def _order(refund: Refund, payment: Payment) -> RefundOrder:
    nothing_else = payment.reserved_cents == refund.amount_cents
    fills = payment.refunded_cents + refund.amount_cents == payment.received_cents
    return RefundOrder(
        payment_id=payment.gateway_id,
        method=refundable.method_of(payment),
        amount_cents=refund.amount_cents,
        currency=payment.currency or payment.charge.currency,
        idempotency_key=str(refund.submission),
        reason=payment.charge.description,
        is_rest=nothing_else and fills,
        is_cash=payment.is_cash,
    )


def send(refund: Refund, gateway: Gateway, prepared: PreparedCall) -> None:
    """Send the stored call for the first time, and keep what became of it."""
    try:
        answer = gateway.submit_refund(prepared)
    except GatewayUnavailable as err:
        if err.maybe_sent:
            lose_sight(refund)
        else:
            move(refund, (RefundProgress.REQUESTED,), RefundProgress.RESERVED, only_mine=True)
            _try_later(refund, err)
            return
        come_back(refund, after=pause_of(err))
    except GatewayError as err:
        refuse(refund, err, before=RefundProgress.REQUESTED)
    else:
        take_answer(refund, answer)
        refund_looks.try_look(refund, gateway)


def lose_sight(refund: Refund) -> None:
    """The call is out and its answer is not: it may have been made."""
    move(refund, (RefundProgress.REQUESTED,), RefundProgress.UNSURE, values={"tries": 0}, only_mine=True)


def pause_of(error: GatewayError) -> timedelta | None:
    seconds = getattr(error, "retry_after", None)
    return timedelta(seconds=seconds) if seconds else None


def take_answer(refund: Refund, answer: RefundAnswer) -> None:
    """It exists at the gateway now. A notification may have told so before."""
    with transaction.atomic():
        payment = hold(refund.payment_id)
        told = {"is_certain": True, "is_for_person": False, "due_at": clock.now() + CALL_LEASE}
        move(refund, IN_FLIGHT, RefundProgress.PENDING, values=told)
        if answer.payer_link:
            Refund.objects.filter(pk=refund.pk).update(payer_link=answer.payer_link[:500])
        if answer.refund and answer.refund.refund_id:
            _identify(refund, answer.refund)
        items = answer.payment.refunds if answer.payment else ()
        refund_following.follow(payment, (answer.refund,) if answer.refund else items, is_in_sum=False)


def _identify(refund: Refund, item: RefundItem) -> None:
    """The answer to our own call is ours, whatever its amount: "the rest" may have become less meanwhile."""
    is_known = Refund.objects.filter(payment=refund.payment_id, gateway_key=item.refund_id).exists()
    if not is_known and item.amount_cents > 0:
        own = Refund.objects.filter(pk=refund.pk, gateway_key="")
        own.update(gateway_key=item.refund_id, amount_cents=item.amount_cents)


def refuse(refund: Refund, error: GatewayError, *, before: RefundProgress) -> None:
    """The gateway said no, and nothing was made."""
    if isinstance(error, CredentialsRefused):
        note_refusal(refund.charge.connection, error)
    advice = getattr(error, "advice", "")
    deny(refund, before, failure=error.text, advice=advice or ("" if error.text else NO_WORDS))


def _try_later(refund: Refund, error: GatewayError) -> None:
    """Nothing was sent: a worker goes on, but not for ever."""
    if clock.now() - refund.created_at > _LONGEST_TRYING:
        deny(refund, RefundProgress.RESERVED, advice=NOT_REACHED)
        return
    come_back(refund, after=pause_of(error))
