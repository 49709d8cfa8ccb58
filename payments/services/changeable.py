"""What can be changed of a charge that exists, and why not."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from config import clock
from connections.gateways.base import PaymentStatus
from payments import parcels
from payments.deriving import MONEY_IN, WAITING
from payments.models import ChangeKind, ChangeState, Charge, ChargeStatus, Payment
from payments.models.charges import AttemptState


class Obstacle(StrEnum):
    """Why something cannot be changed now, or like that."""

    IN_DOUBT = "in_doubt"
    BUSY = "busy"
    MONEY_CAME = "money_came"
    UNDER_REVIEW = "under_review"
    OVER = "over"
    CANNOT = "cannot"
    DISABLED = "disabled"
    SEVERAL = "several"
    PARCELS = "parcels"
    NO_PAYMENT = "no_payment"
    NO_CASH = "no_cash"
    SAME_DAY = "same_day"
    PAST_DAY = "past_day"
    DAY_AHEAD = "day_ahead"
    NO_AMOUNT = "no_amount"


class NotPossible(Exception):
    """Nothing was stored and nothing was asked for."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


# The method of ``Gateway`` that does it; every gateway cancels.
METHODS = {
    ChangeKind.DUE_DATE: "change_due_date",
    ChangeKind.CASH: "receive_in_cash",
    ChangeKind.UNDO_CASH: "undo_cash",
    ChangeKind.RESTORE: "restore_charge",
}
_UNPAID = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
_FROM: dict[ChangeKind, tuple[ChargeStatus, ...]] = {
    ChangeKind.CANCEL: (*_UNPAID, ChargeStatus.EXPIRED),
    ChangeKind.DUE_DATE: _UNPAID,
    ChangeKind.CASH: _UNPAID,
    ChangeKind.UNDO_CASH: (*_UNPAID, ChargeStatus.PAID),
    ChangeKind.RESTORE: (ChargeStatus.CANCELLED,),
}
_BEING_MADE = (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)
_UNANSWERED = (AttemptState.SENT, AttemptState.UNKNOWN)


def is_open(charge: Charge, *kinds: ChangeKind) -> bool:
    """Whether something (of these kinds) is being changed right now."""
    changes = charge.changes.filter(state=ChangeState.OPEN)
    return (changes.filter(kind__in=kinds) if kinds else changes).exists()


def concerns(charge: Charge, kind: ChangeKind) -> bool:
    """Whether a person would think of this at all, as the charge stands."""
    if kind == ChangeKind.UNDO_CASH:
        return target(charge, kind) is not None
    return charge.status in _FROM[kind] or (kind == ChangeKind.CANCEL and charge.status in _BEING_MADE)


def obstacle(charge: Charge, kind: ChangeKind) -> Obstacle | None:
    """Why this cannot be done now; None where it can, as far as we know."""
    if is_open(charge):
        return Obstacle.BUSY
    if found := _status_obstacle(charge, kind):
        return found
    if kind == ChangeKind.CANCEL:
        return _cancelling_obstacle(charge)
    if METHODS[kind] not in charge.connection.capabilities.changes:
        return Obstacle.CANNOT
    if not charge.connection.is_active:
        return Obstacle.DISABLED
    return None if target(charge, kind) else _missing(charge, kind)


def target(charge: Charge, kind: ChangeKind) -> Payment | None:
    """The one payment it is about; None where there is none, or it cannot be told which."""
    payments = charge.payments.order_by("pk")
    if kind in (ChangeKind.DUE_DATE, ChangeKind.CASH):
        if kind != ChangeKind.CASH and parcels.are_ours(charge):
            return None
        waiting = list(payments.filter(status__in=WAITING))
        return waiting[0] if len(waiting) == 1 else None
    if kind == ChangeKind.UNDO_CASH:
        return payments.filter(status=PaymentStatus.PAID, is_cash=True).first()
    if kind == ChangeKind.RESTORE:  # rather the one whose link the customer has than a twin of it
        cancelled = payments.filter(status=PaymentStatus.CANCELLED)
        if parcels.are_ours(charge) and cancelled.count() > 1:
            return None
        return cancelled.filter(link=charge.link).first() or cancelled.first()
    return None


def insist(charge: Charge, kind: ChangeKind, *, day: date | None, amount_cents: int | None) -> None:
    """Raises ``NotPossible`` where it cannot be done now, or not like that."""
    found = obstacle(charge, kind) or typed_obstacle(charge, kind, day=day, amount_cents=amount_cents)
    if found:
        raise NotPossible(found)


def typed_obstacle(
    charge: Charge, kind: ChangeKind, *, day: date | None, amount_cents: int | None
) -> Obstacle | None:
    """What is wrong with the day or the amount."""
    today = clock.today(charge.connection.time_zone)
    if kind == ChangeKind.DUE_DATE:
        if day is None or day < today:
            return Obstacle.PAST_DAY
        return Obstacle.SAME_DAY if day == charge.due_date else None
    if kind == ChangeKind.CASH:
        if day is None or day > today:
            return Obstacle.DAY_AHEAD
        return None if amount_cents and amount_cents > 0 else Obstacle.NO_AMOUNT
    return None


def _status_obstacle(charge: Charge, kind: ChangeKind) -> Obstacle | None:
    if charge.status in _FROM[kind]:
        is_unmoved = kind == ChangeKind.UNDO_CASH or parcels.are_ours(charge)
        return Obstacle.MONEY_CAME if charge.received_cents and not is_unmoved else None
    if charge.status in _BEING_MADE:
        return Obstacle.IN_DOUBT
    if charge.status in MONEY_IN:
        return Obstacle.NO_CASH if kind == ChangeKind.UNDO_CASH else Obstacle.MONEY_CAME
    return Obstacle.UNDER_REVIEW if charge.status == ChargeStatus.AUTHORIZED else Obstacle.OVER


def _cancelling_obstacle(charge: Charge) -> Obstacle | None:
    """What never reached the gateway is ours alone to cancel."""
    if charge.resources.exists():
        return None if charge.connection.is_active else Obstacle.DISABLED
    is_unanswered = charge.creation_attempts.filter(state__in=_UNANSWERED).exists()
    return Obstacle.IN_DOUBT if is_unanswered else None


def _missing(charge: Charge, kind: ChangeKind) -> Obstacle:
    if kind == ChangeKind.UNDO_CASH:
        return Obstacle.NO_CASH
    if parcels.are_ours(charge):
        return Obstacle.PARCELS
    is_several = charge.payments.filter(status__in=WAITING).count() > 1
    return Obstacle.SEVERAL if is_several else Obstacle.NO_PAYMENT
