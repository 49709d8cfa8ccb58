"""What can be changed of a charge that exists, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from config import clock
from connections.gateways.base import PaymentStatus, ResourceKind
from payments import parcels
from payments.deriving import MONEY_IN, WAITING
from payments.models import (
    GATEWAY_METHODS,
    ChangeKind,
    ChangeState,
    Charge,
    ChargeChange,
    ChargeStatus,
    CreationAttempt,
    GatewayResource,
    Payment,
)
from payments.models.charges import AttemptState
from payments.money import smallest_cents


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
    SAME_AMOUNT = "same_amount"
    TOO_LITTLE = "too_little"
    TOO_MUCH = "too_much"
    NO_CENTS = "no_cents"
    NO_REASON = "no_reason"
    SAME_TEXT = "same_text"
    TO_REVIEW = "to_review"
    COLLECTED = "collected"


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a person typed for a change, as ``ChargeChange`` says of it; ``text`` also why it is lowered."""

    day: date | None = None
    amount_cents: int | None = None
    text: str = ""


class NotPossible(Exception):
    """Nothing was stored and nothing was asked for."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


_UNPAID = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
_FROM: dict[ChangeKind, tuple[ChargeStatus, ...]] = {
    ChangeKind.CANCEL: (*_UNPAID, ChargeStatus.EXPIRED),
    ChangeKind.DUE_DATE: _UNPAID,
    ChangeKind.AMOUNT: _UNPAID,
    ChangeKind.DESCRIPTION: _UNPAID,
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


def is_remade(charge: Charge, kind: ChangeKind) -> bool:
    """Whether its gateway cannot change this, so that what it has is cancelled and made again."""
    return GATEWAY_METHODS.get(kind) in charge.connection.capabilities.remakes


def is_ours_alone(charge: Charge, kind: ChangeKind) -> bool:
    """Whether no gateway has to be asked: it has nothing of the charge yet, or no such thing to change."""
    if kind == ChangeKind.CANCEL or is_remade(charge, kind):
        return not charge.resources.exists()
    return kind == ChangeKind.DESCRIPTION and not _is_done_there(charge, kind)


def is_withheld(charge: Charge) -> bool:
    """Whether the customer should not pay right now: it is being cancelled, or asks for something else."""
    open_ones = charge.changes.filter(state=ChangeState.OPEN).values_list("kind", flat=True)
    ends = (ChangeKind.CANCEL, ChangeKind.AMOUNT)
    return any(kind in ends or is_remade(charge, ChangeKind(kind)) for kind in open_ones)


def concerns(charge: Charge, kind: ChangeKind) -> bool:
    """Whether a person would think of this at all, as the charge stands."""
    if charge.customer.anonymised_at:  # what would ask the person once more needs who it is
        return False
    if kind == ChangeKind.UNDO_CASH:
        return _cash(charge).exists()
    return charge.status in _from(charge, kind) or (
        kind == ChangeKind.CANCEL and charge.status in _BEING_MADE
    )


def _from(charge: Charge, kind: ChangeKind) -> tuple[ChargeStatus, ...]:
    """What is made again anyway needs nothing that still lives."""
    return (*_FROM[kind], ChargeStatus.EXPIRED) if is_remade(charge, kind) else _FROM[kind]


def obstacle(charge: Charge, kind: ChangeKind) -> Obstacle | None:
    """Why this cannot be done now; None where it can, as far as we know."""
    if found := _common_obstacle(charge) or _status_obstacle(charge, kind):
        return found
    if kind == ChangeKind.CANCEL:
        return _cancelling_obstacle(charge)
    if is_ours_alone(charge, kind):
        return None
    if not _is_done_there(charge, kind) and not is_remade(charge, kind):
        return Obstacle.CANNOT
    if not charge.connection.is_active:
        return Obstacle.DISABLED
    asks_anew = kind == ChangeKind.AMOUNT or is_remade(charge, kind)
    if charge.review_reason and asks_anew:
        return Obstacle.TO_REVIEW
    return None if is_remade(charge, kind) or target(charge, kind) else _missing(charge, kind)


def _common_obstacle(charge: Charge) -> Obstacle | None:
    if charge.customer.anonymised_at:
        return Obstacle.OVER
    if is_open(charge):
        return Obstacle.BUSY
    is_collected = charge.resources.filter(kind=ResourceKind.TURN).exists()
    return Obstacle.COLLECTED if is_collected else None


def _is_done_there(charge: Charge, kind: ChangeKind) -> bool:
    return GATEWAY_METHODS[kind] in charge.connection.capabilities.changes


def _is_of_all_parcels(charge: Charge, kind: ChangeKind) -> bool:
    """What one of several parcels cannot tell."""
    return charge.instalments > 1 and kind in (ChangeKind.AMOUNT, ChangeKind.DESCRIPTION)


def target(charge: Charge, kind: ChangeKind) -> Payment | None:
    """The one payment it is about; None where there is none, or it cannot be told which."""
    payments = charge.payments.order_by("pk")
    if is_remade(charge, kind) or _is_of_all_parcels(charge, kind):
        return None
    if kind in (ChangeKind.DUE_DATE, ChangeKind.AMOUNT, ChangeKind.DESCRIPTION, ChangeKind.CASH):
        if kind != ChangeKind.CASH and parcels.are_ours(charge):
            return None
        waiting = list(payments.filter(status__in=WAITING))
        return waiting[0] if len(waiting) == 1 else None
    if kind == ChangeKind.UNDO_CASH:
        cash = list(_cash(charge))
        return cash[0] if len(cash) == 1 else None
    if kind == ChangeKind.RESTORE:  # rather the one whose link the customer has than a twin of it
        cancelled = payments.filter(status=PaymentStatus.CANCELLED)
        if parcels.are_ours(charge) and cancelled.count() > 1:
            return None
        return cancelled.filter(link=charge.link).first() or cancelled.first()
    return None


def insist(charge: Charge, kind: ChangeKind, typed: Typed) -> None:
    """Raises ``NotPossible`` where it cannot be done now, or not like that."""
    found = obstacle(charge, kind) or typed_obstacle(charge, kind, typed)
    if found:
        raise NotPossible(found)


def typed_obstacle(charge: Charge, kind: ChangeKind, typed: Typed) -> Obstacle | None:
    """What is wrong with the day, the amount or the description."""
    if kind == ChangeKind.AMOUNT:
        return _amount_obstacle(charge, typed.amount_cents or 0, typed.text)
    if kind == ChangeKind.DESCRIPTION:
        return Obstacle.SAME_TEXT if typed.text == charge.description else None
    today = clock.today(charge.connection.time_zone)
    if kind == ChangeKind.DUE_DATE:
        if typed.day is None or typed.day < today:
            return Obstacle.PAST_DAY
        if typed.day == charge.due_date:
            return Obstacle.SAME_DAY
        return _limit_obstacle(charge, charge.amount_cents) if is_remade(charge, kind) else None
    if kind == ChangeKind.CASH:
        if typed.day is None or typed.day > today:
            return Obstacle.DAY_AHEAD
        return None if typed.amount_cents and typed.amount_cents > 0 else Obstacle.NO_AMOUNT
    return None


def _amount_obstacle(charge: Charge, cents: int, reason: str) -> Obstacle | None:
    """Less than before is a discount like any other."""
    if cents == charge.amount_cents:
        return Obstacle.SAME_AMOUNT
    if cents % smallest_cents(charge.currency):
        return Obstacle.NO_CENTS
    is_lower = cents < charge.amount_cents
    lacks_reason = is_lower and charge.connection.require_discount_reason and not reason
    return _limit_obstacle(charge, cents) or (Obstacle.NO_REASON if lacks_reason else None)


def _limit_obstacle(charge: Charge, cents: int) -> Obstacle | None:
    """What is left after a discount for paying early counts, too (asaas.md 8, number 10)."""
    newest, can = charge.terms.filter(is_agreed=True).last(), charge.connection.capabilities
    off, most = newest.discount_cents if newest else 0, can.most_cents(charge.method)
    if cents - off < can.least_cents(charge.method):
        return Obstacle.TOO_LITTLE
    return Obstacle.TOO_MUCH if most is not None and cents > most else None


def _status_obstacle(charge: Charge, kind: ChangeKind) -> Obstacle | None:
    if charge.status in _from(charge, kind):
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


def cancelling_obstacles(charges: Sequence[Charge]) -> list[tuple[Charge, Obstacle | None]]:
    """What ``obstacle`` says of cancelling each of many, by three queries."""
    own: dict[str, Any] = {"charge__in": [charge.pk for charge in charges]}
    busy = _named_by(ChargeChange.objects.filter(state=ChangeState.OPEN, **own))
    unanswered = _named_by(CreationAttempt.objects.filter(state__in=_UNANSWERED, **own))
    there = set(GatewayResource.objects.filter(**own).values_list("charge", "kind"))
    known = {charge for charge, _kind in there}

    def of(charge: Charge) -> Obstacle | None:
        if charge.pk in busy:
            return Obstacle.BUSY
        if (charge.pk, ResourceKind.TURN.value) in there:
            return Obstacle.COLLECTED
        if found := _status_obstacle(charge, ChangeKind.CANCEL):
            return found
        if charge.pk in known:
            return None if charge.connection.is_active else Obstacle.DISABLED
        return Obstacle.IN_DOUBT if charge.pk in unanswered else None

    return [(charge, of(charge)) for charge in charges]


def _named_by(rows: QuerySet[Any]) -> set[int]:
    return set(rows.values_list("charge", flat=True))


def _missing(charge: Charge, kind: ChangeKind) -> Obstacle:
    if kind == ChangeKind.UNDO_CASH and not _cash(charge).exists():
        return Obstacle.NO_CASH
    if parcels.are_ours(charge) or _is_of_all_parcels(charge, kind):
        return Obstacle.PARCELS
    is_several = charge.payments.filter(status__in=WAITING).count() > 1 or kind == ChangeKind.UNDO_CASH
    return Obstacle.SEVERAL if is_several else Obstacle.NO_PAYMENT


def _cash(charge: Charge) -> QuerySet[Payment]:
    return charge.payments.filter(status=PaymentStatus.PAID, is_cash=True)
