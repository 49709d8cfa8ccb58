"""Changing a charge that exists: what is wanted is stored first, then the gateway is asked until it shows.

Every change here may be asked for again without harm, so a lost answer is only asked again, after a look:
done is what the gateway's fetched state says, never what an answer said.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import Exchange, Gateway, PaymentStatus
from connections.gateways.errors import CredentialsRefused, GatewayError, NotFound, RequestRefused
from connections.gateways.texts import gettext_noop
from connections.services import WEB_DEADLINE_SECONDS, WORKER_DEADLINE_SECONDS, note_refusal
from connections.services.accounts import patience as patience_of
from payments import parcels, transitions
from payments.deriving import WAITING
from payments.models import PAGES, ChangeKind, ChangeState, Charge, ChargeChange, Payment
from payments.services import cancelling, changeable, creation, remaking, terms
from payments.services.cancelling import SOURCE, BeingFetched, Living
from payments.services.changeable import NotPossible, Obstacle, Typed
from payments.services.creation import GO_ON_AFTER, Patience, gateway_of
from payments.services.queues import in_turns
from payments.services.timeline import note_change, note_exchanges, note_person

logger = logging.getLogger(__name__)

SETTLE = "payments.tasks.settle_changes"
# Longer than a web request waits.
_WEB_LEASE = timedelta(seconds=15)
_WORKER_LEASE = timedelta(seconds=60)
_SHORTLY = timedelta(seconds=2)
_AT_ONCE = 50
_LOOK_AHEAD = 500
_PASS_SECONDS = 30.0
_passes = waiting.WaitingRoom(1)
# So long it is tried where the gateway is away; after that nobody expects it any more.
_LONGEST_TRYING = timedelta(hours=24)
NOT_REACHED = gettext_noop(
    "For a day the gateway did not show it as done, so we no longer try. Look at the charge in its panel:"
    " what is changed there shows here."
)
NO_WORDS = gettext_noop("The gateway refused without saying why. Look at the charge in its panel.")


@dataclass(frozen=True, kw_only=True)
class NewChange:
    """What a person asks for. ``submission`` names the filled form: sent twice, it is one change.

    ``typed`` is what the kind of change needs to know.
    """

    charge: Charge
    kind: ChangeKind
    submission: uuid.UUID
    typed: Typed = Typed()
    actor: User | None = None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was just fetched: what lives of a charge that is to be ended, or a payment's description."""

    living: Living | None = None
    description: str = ""


def change(new: NewChange) -> ChargeChange:
    """Store what is wanted, then ask the gateway within eight seconds, or leave that to a worker.

    Never raises for what the gateway does: a refusal makes the change *refused*, no answer leaves it *open*.
    The same ``submission`` gives the same change. Raises ``NotPossible``.
    """
    stored, is_new = _store_intent(new)
    if is_new and stored.is_open:
        _submit_from_web(stored)
        stored.refresh_from_db()
    return stored


def ask_later(new: NewChange) -> ChargeChange:
    """Store what is wanted, and leave it to a worker to ask the gateway. Raises ``NotPossible``."""
    stored, is_new = _store_intent(new)
    if is_new and stored.is_open:
        come_back(stored, after=timedelta())
    return stored


def _store_intent(new: NewChange) -> tuple[ChargeChange, bool]:
    """While the charge is held nobody begins a new code of it: that would have to be cancelled, too."""
    if known := ChargeChange.objects.filter(submission=new.submission).first():
        return known, False
    now = clock.now()
    try:
        with transaction.atomic():
            own = transitions.hold(new.charge.pk)
            changeable.insist(own, new.kind, new.typed)
            Charge.objects.filter(pk=own.pk).update(revision=F("revision") + 1)
            stored = ChargeChange.objects.create(
                submission=new.submission,
                charge=own,
                kind=new.kind,
                payment=changeable.target(own, new.kind),
                **asdict(new.typed),
                requested_by=new.actor,
                created_at=now,
                token=uuid.uuid4(),
                due_at=now + _WEB_LEASE,
            )
            _note(stored, "asked", actor=new.actor)
            if changeable.is_ours_alone(own, new.kind):
                finish(stored, ChangeState.DONE)
    except IntegrityError:  # another one a moment ago, or the same form sent twice at once
        known = ChargeChange.objects.filter(submission=new.submission).first()
        if known is None:
            raise NotPossible(Obstacle.BUSY) from None
        return known, False
    return stored, True


def _submit_from_web(change: ChargeChange) -> None:
    """The caller of a web request waits while a seat is free; else a worker asks."""
    with waiting.room.seat() as is_seated:
        if is_seated:
            submit(change, Patience(WEB_DEADLINE_SECONDS), is_background=False)
            return
    come_back(change, after=timedelta())
    wake(SETTLE)


def submit(change: ChargeChange, patience: Patience, *, is_background: bool) -> bool:
    """Bring about what is wanted; what the gateway does is not raised. False when it was away.

    The caller holds the claim (``token``); whoever lost it sends nothing.
    """
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(change.charge, patience, exchanges, is_background=is_background)
        _bring_about(change, gateway, patience)
    except (CredentialsRefused, RequestRefused, NotFound) as err:
        refuse(change, err)
    except GatewayError as err:
        _try_later(change, err)
        return isinstance(err, BeingFetched)
    finally:
        note_exchanges(change.charge, exchanges, source=SOURCE)
    if change.state == ChangeState.DONE and _is_remade(change):
        remaking.make(change, patience, is_background=is_background)
    return True


def settle_due() -> None:
    """Go on with every change that is due, for a while; a connection that fails keeps no other waiting."""
    left = patience_of(_PASS_SECONDS)
    away: set[int] = set()
    with _passes.seat() as is_seated:
        for change_id, connection_id in _due() if is_seated else []:
            if left() <= 0:
                break
            if connection_id in away:
                continue
            try:
                if not settle(change_id):
                    away.add(connection_id)
            except Exception:
                logger.exception("the change %s could not go on", change_id)


def _due() -> list[tuple[int, int]]:
    due = ChargeChange.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    return in_turns(due.values_list("pk", "charge__connection_id")[:_LOOK_AHEAD])[:_AT_ONCE]


def settle(change_id: int) -> bool:
    """Go on with one change; False when its gateway could not be reached.

    Several workers may try; one UPDATE gives one of them the claim.
    """
    now = clock.now()
    due = ChargeChange.objects.filter(pk=change_id, due_at__lte=now)
    if not due.update(due_at=now + _WORKER_LEASE, token=uuid.uuid4()):
        return True
    own = ChargeChange.objects.select_related("charge__connection", "payment").get(pk=change_id)
    return submit(own, Patience(WORKER_DEADLINE_SECONDS), is_background=True)


def _bring_about(change: ChargeChange, gateway: Gateway, patience: Patience) -> None:
    """Look; ask only for what is not there yet and may be; look again. Raises a ``GatewayError``."""
    if _is_remade(change) and change.sent_at is None:
        remaking.insist(change, gateway)
    seen = _look(change, gateway)
    if _settle(change, seen):
        return
    patience.insist()
    if not _mine(change).update(sent_at=clock.now()):
        return
    refusal: GatewayError | None = None
    try:
        _ask(change, seen, gateway)
    except (RequestRefused, NotFound) as err:
        refusal = err
    if _settle(change, _look(change, gateway)):
        return
    if refusal:
        raise refusal
    _try_later(change)


def _is_remade(change: ChargeChange) -> bool:
    return changeable.is_remade(change.charge, ChangeKind(change.kind))


def _look(change: ChargeChange, gateway: Gateway) -> _Seen:
    """All that lives of the charge where it is to be ended; else only the payment that is meant."""
    if change.kind == ChangeKind.CANCEL or _is_remade(change):
        return _Seen(living=cancelling.look(change.charge, gateway))
    fetched = cancelling.fetch(change.charge, _payment(change).gateway_id, gateway)
    _payment(change).refresh_from_db()
    return _Seen(description=fetched.description if fetched else "")


def _settle(change: ChargeChange, seen: _Seen) -> bool:
    """Whether it is decided by what was just fetched: there already, or no longer possible."""
    is_done, in_the_way = _state_of(change, seen)
    if is_done:
        finish(change, ChangeState.DONE)
    elif in_the_way:
        finish(change, ChangeState.REFUSED, obstacle=in_the_way)
    return bool(is_done or in_the_way)


def _state_of(change: ChargeChange, seen: _Seen) -> tuple[bool, Obstacle | None]:
    if seen.living is not None:
        return seen.living.is_over, seen.living.in_the_way
    payment = _payment(change)
    is_waiting, is_paid = payment.status in WAITING, payment.status == PaymentStatus.PAID
    is_cash = is_paid and payment.is_cash
    lost = Obstacle.MONEY_CAME if payment.received_cents else Obstacle.OVER
    if change.kind == ChangeKind.DUE_DATE:
        is_moved = is_waiting and terms.newest_due_date(change.charge) == change.day
        return is_moved, None if is_waiting else lost
    if change.kind == ChangeKind.AMOUNT:
        return _asks_for_it(change), None if is_waiting else lost
    if change.kind == ChangeKind.DESCRIPTION:
        return is_waiting and seen.description == change.text, None if is_waiting else lost
    if change.kind == ChangeKind.CASH:
        return is_cash, None if is_waiting else lost
    if change.kind == ChangeKind.UNDO_CASH:
        return is_waiting, None if is_cash else Obstacle.NO_CASH
    return is_waiting, None if payment.status == PaymentStatus.CANCELLED else lost


def _asks_for_it(change: ChargeChange) -> bool:
    """Also where it was paid over the new amount before anybody saw that it waited for it."""
    asked_for = Charge.objects.values_list("amount_cents", flat=True).get(pk=change.charge_id)
    return asked_for == change.amount_cents


def _ask(change: ChargeChange, seen: _Seen, gateway: Gateway) -> None:
    if seen.living is not None:
        cancelling.end(seen.living, gateway)
        return
    gateway_id = _payment(change).gateway_id
    if change.kind == ChangeKind.DUE_DATE and change.day:
        gateway.change_due_date(gateway_id, change.day)
    elif change.kind == ChangeKind.AMOUNT and change.amount_cents:
        gateway.change_amount(gateway_id, change.amount_cents)
    elif change.kind == ChangeKind.DESCRIPTION:
        gateway.change_description(gateway_id, change.text)
    elif change.kind == ChangeKind.CASH and change.day and change.amount_cents:
        gateway.receive_in_cash(gateway_id, amount_cents=change.amount_cents, paid_on=change.day)
    elif change.kind == ChangeKind.UNDO_CASH:
        gateway.undo_cash(gateway_id)
    elif change.kind == ChangeKind.RESTORE:
        gateway.restore_charge(gateway_id)


def _payment(change: ChargeChange) -> Payment:
    assert change.payment is not None, change.kind
    return change.payment


def refuse(change: ChargeChange, error: GatewayError) -> None:
    """The gateway said no, and shows that nothing moved."""
    if isinstance(error, CredentialsRefused):
        note_refusal(change.charge.connection, error)
    advice = getattr(error, "advice", "")
    words = advice or ("" if error.text else NO_WORDS)
    finish(change, ChangeState.REFUSED, failure=error.text, advice=words)


def finish(
    change: ChargeChange,
    state: ChangeState,
    *,
    failure: str = "",
    advice: str = "",
    obstacle: Obstacle | None = None,
) -> None:
    """Close a change that is still ours, and bring the charge in line with it."""
    now = clock.now()
    with transaction.atomic():
        own = transitions.hold(change.charge_id)
        if state == ChangeState.DONE and _has_money_come_first(change, own):
            state, obstacle = ChangeState.REFUSED, Obstacle.MONEY_CAME
        said = {"failure": failure, "advice": advice, "obstacle": obstacle or ""}
        if not _mine(change).update(state=state, finished_at=now, due_at=None, **said):
            return
        change.refresh_from_db(fields=["state", "finished_at", "due_at", *said])
        if state == ChangeState.DONE:
            _take_effect(change, own)
        _note(change, state.value)
        transitions.apply(own.pk, source=SOURCE)
    if state == ChangeState.DONE and change.kind != ChangeKind.CANCEL:
        wake(creation.SETTLE)  # the code is another one now, and is fetched by a worker


def _has_money_come_first(change: ChargeChange, held: Charge) -> bool:
    """Whether what was to be ended was paid meanwhile; of parcels of ours the unpaid rest may be ended."""
    if change.kind != ChangeKind.CANCEL and not _is_remade(change):
        return False
    case = transitions.case_of(held)
    return bool(case.received) and (case.is_complete or not parcels.are_ours(held))


def _take_effect(change: ChargeChange, charge: Charge) -> None:
    """What the payments do not tell: that all of it was ended on purpose, or for something else."""
    own = Charge.objects.filter(pk=charge.pk)
    if change.kind == ChangeKind.RESTORE:
        own.update(called_off_at=None)
    elif change.kind == ChangeKind.CANCEL:
        own.update(called_off_at=clock.now())
        if charge.resources.filter(kind__in=PAGES).exists():
            cancelling.note_closed(charge)
    elif change.kind == ChangeKind.DESCRIPTION:
        own.update(description=change.text)
    elif changeable.is_remade(charge, ChangeKind(change.kind)):
        remaking.begin(change, charge)


def come_back(change: ChargeChange, *, after: timedelta | None = None) -> None:
    """Let a worker go on later, each time later than the last, unless somebody else goes on with it now."""
    if after is None:
        after = GO_ON_AFTER[min(change.tries, len(GO_ON_AFTER) - 1)]
    _mine(change).update(due_at=clock.now() + after, tries=F("tries") + 1)


def _try_later(change: ChargeChange, error: GatewayError | None = None) -> None:
    if clock.now() - change.created_at > _LONGEST_TRYING:
        finish(change, ChangeState.REFUSED, advice=NOT_REACHED)
        return
    seconds = getattr(error, "retry_after", None)
    pause = _SHORTLY if isinstance(error, BeingFetched) else None
    come_back(change, after=timedelta(seconds=seconds) if seconds else pause)


def _mine(change: ChargeChange) -> QuerySet[ChargeChange]:
    return ChargeChange.objects.filter(pk=change.pk, token=change.token, state=ChangeState.OPEN)


def _note(change: ChargeChange, step: str, *, actor: User | None = None) -> None:
    """One line of the charge's story."""
    data = {
        "step": step,
        "kind": change.kind,
        "day": change.day.isoformat() if change.day else "",
        "amount_cents": change.amount_cents,
        "text": change.text,
        "currency": change.charge.currency,
        "failure": change.failure,
        "advice": change.advice,
        "obstacle": change.obstacle,
    }
    if step == "asked":
        note_person(change.charge, "change", actor=actor, **data)
    else:
        note_change(change.charge, "change", source=SOURCE, **data)
