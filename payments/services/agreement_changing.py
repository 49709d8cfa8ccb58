"""Changing a subscription: what is wanted is stored first, then the gateway is asked until a fetch shows it.

It is asked at once, whatever else of the subscription cannot be read at the moment: every change here may be
asked for again without harm. A gateway may answer 200 and drop the change (mercadopago.md 4.4): it is read
back field by field, asked for once more, and then refused.
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
    UnreadableAnswer,
)
from connections.gateways.texts import gettext_noop
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS, note_refusal
from connections.services.accounts import patience as patience_of
from payments.models import (
    AgreementChange,
    AgreementChangeKind,
    Subscription,
    SubscriptionReview,
    SubscriptionState,
)
from payments.services import agreement_amounts, agreement_questions, agreements, subscription_states, turns
from payments.services.agreement_hindrances import (
    Hindrance,
    NewAgreementChange,
    NotPossible,
    hindrance,
    typed_hindrance,
)
from payments.services.agreement_questions import NOT_APPLIED, NOT_REACHED, OVER, WEB_LEASE
from payments.services.cancelling import BeingFetched
from payments.services.creation import GO_ON_AFTER, Patience, gateway_of
from payments.services.queues import in_turns
from payments.services.refreshing import Outcome
from payments.services.timeline import note_change, note_exchanges, note_person

logger = logging.getLogger(__name__)

SOURCE = "change"
SETTLE = "payments.tasks.settle_subscriptions"
_WORKER_LEASE = timedelta(seconds=60)
_SHORTLY = timedelta(seconds=2)
_MOST_SHORTLY = 10
# A gateway's own reads may lag behind what it said it did.
_READ_AGAIN = timedelta(seconds=5)
_MOST_ANSWERS = 2
_LONGEST_TRYING = timedelta(hours=24)
_TURNS_WITHIN = timedelta(minutes=2)
_AT_ONCE = 50
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)
NO_WORDS = gettext_noop("The gateway refused without saying why. Look at the subscription in its panel.")
NOT_FOR_OPEN = gettext_noop(
    "What was issued before and is not paid does not all show it. Look at those charges: change or cancel"
    " them one by one."
)


class _NotSeen(BeingFetched):
    """The gateway did not show it: that says nothing of the change."""


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
    if known := _known(new):
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
                due_at=now + WEB_LEASE,
            )
            agreement_amounts.agree(stored)
            _note(stored, "asked", actor=new.actor)
    except IntegrityError:  # another one a moment ago, or the same form sent twice at once
        if known := _known(new):
            return known, False
        raise NotPossible(Hindrance.BUSY) from None
    return stored, True


def _known(new: NewAgreementChange) -> AgreementChange | None:
    """The change that this form made before. Raises ``NotPossible`` where it asked for something else."""
    known = AgreementChange.objects.filter(submission=new.submission).first()
    if known is None:
        return None
    asked = (known.subscription_id, known.kind, known.amount_cents, known.with_open, known.text)
    if asked != (new.subscription.pk, new.kind, new.amount_cents, new.with_open, new.text[:200]):
        raise NotPossible(Hindrance.USED)
    return known


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
    except (RequestRefused, NotFound) as err:
        words = getattr(err, "advice", "") or ("" if err.text else NO_WORDS)
        _finish(stored, "refused", failure=err.text, advice=words)
    except GatewayError as err:
        if isinstance(err, CredentialsRefused):  # of the key, which can be replaced: not of the change
            note_refusal(own.connection, err)
        _try_later(stored, err)
        return isinstance(err, BeingFetched)
    finally:
        note_exchanges(own, exchanges, source=SOURCE)
    return True


def _bring_about(stored: AgreementChange, gateway: Gateway, patience: Patience) -> None:
    """Ask for it, unless an earlier call had its effect after all; look. Raises a ``GatewayError``."""
    if stored.sent_at and _is_settled(stored, gateway):
        return
    if stored.answered >= _MOST_ANSWERS:
        _give_up(stored, NOT_APPLIED)
        return
    patience.insist()
    if not _mine(stored).update(sent_at=clock.now()):
        return
    refusal: GatewayError | None = None
    try:
        gateway.change_subscription(stored.subscription.gateway_id, _asked(stored))
    except (RequestRefused, NotFound) as err:
        refusal = err
    else:
        _mine(stored).update(answered=F("answered") + 1)
        stored.answered += 1
    if _settle(stored, _look(stored, gateway, refusal)):
        return
    if refusal:
        raise refusal
    _come_back(stored, after=_READ_AGAIN)


def _asked(stored: AgreementChange) -> SubscriptionChange:
    if stored.kind == AgreementChangeKind.AMOUNT:
        return SubscriptionChange(
            amount_cents=stored.amount_cents, with_open=agreement_amounts.moves_open(stored)
        )
    if stored.kind == AgreementChangeKind.DESCRIPTION:
        return SubscriptionChange(description=stored.text)
    return SubscriptionChange(status=_WANTED[AgreementChangeKind(stored.kind)])


def _is_settled(stored: AgreementChange, gateway: Gateway) -> bool:
    """Whether an earlier call decided it. What is not seen keeps nothing from being asked for once more."""
    try:
        return _settle(stored, _look(stored, gateway))
    except _NotSeen:
        if stored.answered:
            raise
        return False


def _look(
    stored: AgreementChange, gateway: Gateway, refusal: GatewayError | None = None
) -> GatewaySubscription:
    """As it is now. Raises a ``GatewayError``: ``BeingFetched`` where the answer is older than what we know.

    Where it is not seen, a ``refusal`` stands if it answered the only call; otherwise nothing is decided: a
    gateway may not know for a moment what it has (mercadopago.md 3.6).
    """
    not_seen = refusal if refusal and not stored.sent_at else _NotSeen(maybe_sent=False)
    try:
        seen = agreements.look(stored.subscription, source=SOURCE, gateway=gateway, with_turns=False)
    except (RequestRefused, UnreadableAnswer) as err:
        raise not_seen from err
    if seen is None or seen.outcome in (Outcome.STALE, Outcome.LEASE_LOST):
        raise BeingFetched(maybe_sent=False)
    if seen.subscription is None:
        raise not_seen
    if stored.answered and agreement_amounts.moves_open(stored):
        _take_turns(stored, gateway)
    return seen.subscription


def _take_turns(stored: AgreementChange, gateway: Gateway) -> None:
    """Ask whether what was issued before follows. One that cannot be read is waited for, but not for long.

    Raises ``BeingFetched`` meanwhile: another change is kept out until this one ends.
    """
    own = stored.subscription
    try:
        turns.take_all(own, own.gateway_id, gateway, source=SOURCE)
    except GatewayError as err:
        if clock.now() - stored.created_at < _TURNS_WITHIN and agreement_amounts.lags(stored):
            raise BeingFetched(maybe_sent=False) from err


def _settle(stored: AgreementChange, seen: GatewaySubscription) -> bool:
    """Whether it is decided by what was just fetched: there now, or no longer possible.

    Where nothing tells an older answer from a newer one, what is there may be what was there before another
    change: it counts once the gateway said yes to this one. What is over stays over.
    """
    state = agreements.state_of(seen)
    is_over = state in (SubscriptionState.CANCELLED, SubscriptionState.ENDED)
    is_certain = is_over or seen.version is not None or stored.answered > 0
    if is_certain and _is_there(stored, seen, state):
        _finish(stored, "done")
        return True
    if is_over:
        _finish(stored, "refused", advice=OVER)
    return is_over


def _is_there(stored: AgreementChange, seen: GatewaySubscription, state: SubscriptionState | None) -> bool:
    if stored.kind == AgreementChangeKind.AMOUNT:
        return seen.amount_cents == stored.amount_cents and not agreement_amounts.lags(stored)
    if stored.kind == AgreementChangeKind.DESCRIPTION:
        return seen.description.strip() == stored.text.strip()
    wanted = agreements.STATES[_WANTED[AgreementChangeKind(stored.kind)]]
    return state == wanted or (stored.kind == AgreementChangeKind.CANCEL and state == SubscriptionState.ENDED)


def _give_up(stored: AgreementChange, advice: str) -> None:
    """A new amount that is charged from now on is done, even where what was issued before keeps the old."""
    own = Subscription.objects.get(pk=stored.subscription_id)
    if agreement_amounts.is_in_force(stored, own):
        _finish(stored, "done", advice=NOT_FOR_OPEN)
    else:
        _finish(stored, "refused", advice=advice)


def _finish(stored: AgreementChange, state: str, *, failure: str = "", advice: str = "") -> None:
    """Close a change that is still ours, and bring the subscription in line with it."""
    with transaction.atomic():
        own = subscription_states.hold(stored.subscription_id)
        said = {"state": state, "finished_at": clock.now(), "failure": failure, "advice": advice}
        if not _mine(stored).update(**said, due_at=None):
            return
        stored.refresh_from_db(fields=list(said))
        if state == "refused":
            agreement_amounts.disagree(stored, own)
        else:  # its turns were not asked for yet, or not all of them could be read
            Subscription.objects.filter(pk=own.pk).update(check_due_at=clock.now())
        reason = SubscriptionReview.NOT_APPLIED
        if own.state not in subscription_states.OVER and agreement_questions.is_for_person(stored):
            subscription_states.flag(own.pk, reason, source=SOURCE)
        elif state == "done" and not agreement_questions.is_standing(own):
            subscription_states.unflag(own.pk, reason, source=SOURCE)
        _note(stored, state)


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
        _give_up(stored, NOT_REACHED)
        return
    seconds = getattr(error, "retry_after", None)
    pause = _SHORTLY if isinstance(error, BeingFetched) and stored.tries < _MOST_SHORTLY else None
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
