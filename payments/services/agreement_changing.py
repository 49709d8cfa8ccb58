"""Changing a subscription: what is wanted is stored first, then the gateway is asked until a fetch shows it.

A gateway may answer 200 and drop the change (mercadopago.md 4.4): it is read back field by field, asked for
once more, and then refused. Every change here may be asked for again without harm.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import (
    Exchange,
    Gateway,
    GatewaySubscription,
    SubscriptionChange,
    SubscriptionStatus,
)
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    NotFound,
    RequestRefused,
)
from connections.gateways.texts import gettext_noop
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS, note_refusal
from connections.services.accounts import patience as patience_of
from payments.models import (
    AgreementChange,
    AgreementChangeKind,
    Charge,
    SubscriptionAmount,
    SubscriptionReview,
    SubscriptionState,
)
from payments.services import agreements, subscription_states
from payments.services.agreement_hindrances import (
    Hindrance,
    NewAgreementChange,
    NotPossible,
    hindrance,
    typed_hindrance,
)
from payments.services.cancelling import BeingFetched
from payments.services.creation import GO_ON_AFTER, Patience, gateway_of
from payments.services.queues import in_turns
from payments.services.timeline import note_change, note_exchanges, note_person

logger = logging.getLogger(__name__)

SOURCE = "change"
SETTLE = "payments.tasks.settle_subscriptions"
_WEB_LEASE = timedelta(seconds=15)
_WORKER_LEASE = timedelta(seconds=60)
_SHORTLY = timedelta(seconds=2)
# A gateway's own reads may lag behind what it said it did.
_READ_AGAIN = timedelta(seconds=5)
_MOST_ANSWERS = 2
_LONGEST_TRYING = timedelta(hours=24)
_AT_ONCE = 50
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)
NOT_APPLIED = gettext_noop(
    "The gateway said yes twice and changed nothing. Look at the subscription in its panel, or ask the"
    " gateway's support."
)
NOT_REACHED = gettext_noop(
    "For a day the gateway did not show it as done, so we no longer try. Look at the subscription in its"
    " panel: what is changed there shows here."
)
NO_WORDS = gettext_noop("The gateway refused without saying why. Look at the subscription in its panel.")
OVER = gettext_noop("The subscription is over at the gateway: nothing is left to change.")


_WANTED = {
    AgreementChangeKind.PAUSE: SubscriptionStatus.PAUSED,
    AgreementChangeKind.RESUME: SubscriptionStatus.ACTIVE,
    AgreementChangeKind.CANCEL: SubscriptionStatus.CANCELLED,
}


def change(new: NewAgreementChange) -> AgreementChange:
    """Store what is wanted, then ask the gateway within eight seconds, or leave that to a worker.

    Never raises for what the gateway does: a refusal makes the change *refused*, no answer leaves it *open*.
    The same ``submission`` gives the same change. Raises ``NotPossible``.
    """
    stored, is_new = _store_intent(new)
    if is_new:
        _submit_from_web(stored)
        stored.refresh_from_db()
    return stored


def _store_intent(new: NewAgreementChange) -> tuple[AgreementChange, bool]:
    if known := AgreementChange.objects.filter(submission=new.submission).first():
        return known, False
    now = clock.now()
    try:
        with transaction.atomic():
            own = subscription_states.hold(new.subscription.pk)
            if found := hindrance(own, new.kind) or typed_hindrance(new):
                raise NotPossible(found)
            stored = AgreementChange.objects.create(
                submission=new.submission,
                subscription=own,
                kind=new.kind,
                amount_cents=new.amount_cents,
                with_open=new.with_open,
                text=new.text[:200],
                requested_by=new.actor,
                created_at=now,
                token=uuid.uuid4(),
                due_at=now + _WEB_LEASE,
            )
            _agree(stored)
            _note(stored, "asked", actor=new.actor)
    except IntegrityError:  # another one a moment ago, or the same form sent twice at once
        if known := AgreementChange.objects.filter(submission=new.submission).first():
            return known, False
        raise NotPossible(Hindrance.BUSY) from None
    return stored, True


def _agree(stored: AgreementChange) -> None:
    """A new amount is right from the moment it is asked for: a turn may show it before the answer comes."""
    if stored.kind != AgreementChangeKind.AMOUNT or stored.amount_cents is None:
        return
    SubscriptionAmount.objects.create(
        subscription=stored.subscription,
        since=stored.created_at,
        amount_cents=stored.amount_cents,
        is_agreed=True,
        agreed_by=stored.requested_by,
    )


def _submit_from_web(stored: AgreementChange) -> None:
    with waiting.room.seat() as is_seated:
        if is_seated:
            _submit(stored, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            return
    _come_back(stored, after=timedelta())
    wake(SETTLE)


def _submit(stored: AgreementChange, patience: Patience, *, is_background: bool) -> bool:
    """Bring about what is wanted; what the gateway does is not raised. False when it was away."""
    exchanges: list[Exchange] = []
    own = stored.subscription
    try:
        gateway = gateway_of(own, patience, exchanges, is_background=is_background)
        _bring_about(stored, gateway, patience)
    except (CredentialsRefused, RequestRefused, NotFound) as err:
        if isinstance(err, CredentialsRefused):
            note_refusal(own.connection, err)
        words = getattr(err, "advice", "") or ("" if err.text else NO_WORDS)
        _finish(stored, "refused", failure=err.text, advice=words)
    except GatewayError as err:
        _try_later(stored, err)
        return isinstance(err, BeingFetched)
    finally:
        note_exchanges(own, exchanges, source=SOURCE)
    return True


def _bring_about(stored: AgreementChange, gateway: Gateway, patience: Patience) -> None:
    """Look; ask only for what is not there yet; look again. Raises a ``GatewayError``."""
    if _settle(stored, _look(stored, gateway)):
        return
    if stored.answered >= _MOST_ANSWERS:
        _finish(stored, "refused", advice=NOT_APPLIED)
        return
    patience.insist()
    if not _mine(stored).update(sent_at=clock.now()):
        return
    refusal: GatewayError | None = None
    try:
        gateway.change_subscription(stored.subscription.gateway_id, _asked(stored))
        _mine(stored).update(answered=F("answered") + 1)
    except (RequestRefused, NotFound) as err:
        refusal = err
    if _settle(stored, _look(stored, gateway)):
        return
    if refusal:
        raise refusal
    _come_back(stored, after=_READ_AGAIN)


def _asked(stored: AgreementChange) -> SubscriptionChange:
    if stored.kind == AgreementChangeKind.AMOUNT:
        return SubscriptionChange(amount_cents=stored.amount_cents, with_open=_moves_open(stored))
    if stored.kind == AgreementChangeKind.DESCRIPTION:
        return SubscriptionChange(description=stored.text)
    return SubscriptionChange(status=_WANTED[AgreementChangeKind(stored.kind)])


def _look(stored: AgreementChange, gateway: Gateway) -> GatewaySubscription:
    """As it is now, with its turns. Raises a ``GatewayError``, also while somebody else is fetching it."""
    seen = agreements.look(stored.subscription, source=SOURCE, gateway=gateway)
    if seen is None:
        raise BeingFetched(maybe_sent=False)
    if seen.subscription is None:
        raise NotFound()
    return seen.subscription


def _settle(stored: AgreementChange, seen: GatewaySubscription) -> bool:
    """Whether it is decided by what was just fetched: there already, or no longer possible."""
    state = agreements.state_of(seen)
    if _is_there(stored, seen, state):
        _finish(stored, "done")
        return True
    if state in (SubscriptionState.CANCELLED, SubscriptionState.ENDED):
        _finish(stored, "refused", advice=OVER)
        return True
    return False


def _is_there(stored: AgreementChange, seen: GatewaySubscription, state: SubscriptionState | None) -> bool:
    if stored.kind == AgreementChangeKind.AMOUNT:
        return seen.amount_cents == stored.amount_cents and not _lags(stored)
    if stored.kind == AgreementChangeKind.DESCRIPTION:
        return seen.description.strip() == stored.text.strip()
    wanted = agreements.STATES[_WANTED[AgreementChangeKind(stored.kind)]]
    return state == wanted or (stored.kind == AgreementChangeKind.CANCEL and state == SubscriptionState.ENDED)


def _moves_open(stored: AgreementChange) -> bool:
    """Whether what was issued before shall follow, and its gateway can do that."""
    rule = stored.subscription.connection.capabilities.subscriptions
    return bool(stored.with_open and rule and rule.moves_open)


def _lags(stored: AgreementChange) -> bool:
    """Whether something that was issued before, and that shall ask for the new amount, does not yet."""
    if not _moves_open(stored):
        return False
    waiting_ones = Charge.objects.filter(
        subscription=stored.subscription,
        status__in=("pending", "overdue"),
        payments__status__in=("pending", "overdue"),
    )
    return waiting_ones.exclude(amount_cents=stored.amount_cents or 0).exists()


def _finish(stored: AgreementChange, state: str, *, failure: str = "", advice: str = "") -> None:
    """Close a change that is still ours, and bring the subscription in line with it."""
    with transaction.atomic():
        own = subscription_states.hold(stored.subscription_id)
        said = {"state": state, "finished_at": clock.now(), "failure": failure, "advice": advice}
        if not _mine(stored).update(**said, due_at=None):
            return
        stored.refresh_from_db(fields=list(said))
        reason = SubscriptionReview.NOT_APPLIED
        if state == "done":
            subscription_states.unflag(own.pk, reason, source=SOURCE)
        elif advice == NOT_APPLIED:
            subscription_states.flag(own.pk, reason, source=SOURCE)
        if state == "refused":
            _disagree(stored)
        _note(stored, state)


def _disagree(stored: AgreementChange) -> None:
    """What the gateway did not take on is not what a turn may cost, unless one asks for it already."""
    if stored.kind != AgreementChangeKind.AMOUNT:
        return
    asked = stored.subscription.amounts.filter(amount_cents=stored.amount_cents or 0)
    is_used = stored.subscription.charges.filter(amount_cents=stored.amount_cents or 0).exists()
    if not is_used:
        asked.filter(since=stored.created_at).delete()


def settle_due() -> None:
    """Go on with every change that is due, for a while; a connection that fails keeps no other waiting."""
    left = patience_of(_PASS_SECONDS)
    away: set[int] = set()
    due = AgreementChange.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    rows = in_turns(due.values_list("pk", "subscription__connection_id")[:_LOOK_AHEAD])[:_AT_ONCE]
    with _passes.seat() as is_seated:
        for change_id, connection_id in rows if is_seated else []:
            if left() <= 0:
                break
            if connection_id in away:
                continue
            try:
                if not settle(change_id):
                    away.add(connection_id)
            except Exception:
                logger.exception("the change %s of a subscription could not go on", change_id)


def settle(change_id: int) -> bool:
    """Go on with one; False when its gateway could not be reached. One UPDATE gives one worker the claim."""
    now = clock.now()
    due = AgreementChange.objects.filter(pk=change_id, due_at__lte=now)
    if not due.update(due_at=now + _WORKER_LEASE, token=uuid.uuid4()):
        return True
    own = AgreementChange.objects.select_related("subscription__connection").get(pk=change_id)
    return _submit(own, Patience(WORKER_DEADLINE_SECONDS), is_background=True)


def _come_back(stored: AgreementChange, *, after: timedelta | None = None) -> None:
    if after is None:
        after = GO_ON_AFTER[min(stored.tries, len(GO_ON_AFTER) - 1)]
    _mine(stored).update(due_at=clock.now() + after, tries=F("tries") + 1)


def _try_later(stored: AgreementChange, error: GatewayError) -> None:
    if clock.now() - stored.created_at > _LONGEST_TRYING:
        _finish(stored, "refused", advice=NOT_REACHED)
        return
    seconds = getattr(error, "retry_after", None)
    pause = _SHORTLY if isinstance(error, BeingFetched) else None
    _come_back(stored, after=timedelta(seconds=seconds) if seconds else pause)


def _mine(stored: AgreementChange) -> QuerySet[AgreementChange]:
    return AgreementChange.objects.filter(pk=stored.pk, token=stored.token, state="open")


def _note(stored: AgreementChange, step: str, *, actor: User | None = None) -> None:
    """One line of the subscription's story."""
    own = stored.subscription
    data = {
        "step": step,
        "kind": stored.kind,
        "amount_cents": stored.amount_cents,
        "with_open": stored.with_open,
        "text": stored.text,
        "currency": own.currency,
        "failure": stored.failure,
        "advice": stored.advice,
    }
    if step == "asked":
        note_person(own, "change", actor=actor, **data)
    else:
        note_change(own, "change", source=SOURCE, **data)
