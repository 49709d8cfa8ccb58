"""What can be changed of a subscription, and why not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import User

from payments.models import AgreementChangeKind, Subscription, SubscriptionState
from payments.money import smallest_cents
from payments.services import subscription_states


class Hindrance(StrEnum):
    """Why something cannot be changed now, or like that."""

    BUSY = "busy"
    IN_DOUBT = "in_doubt"
    OVER = "over"
    NOT_ACTIVE = "not_active"
    NOT_PAUSED = "not_paused"
    PAUSED = "paused"
    DISABLED = "disabled"
    TOO_LITTLE = "too_little"
    TOO_MUCH = "too_much"
    NO_CENTS = "no_cents"
    SAME_AMOUNT = "same_amount"
    SAME_TEXT = "same_text"
    NO_TEXT = "no_text"
    USED = "used"


class NotPossible(Exception):
    """Nothing was stored and nothing was asked for."""

    def __init__(self, hindrance: Hindrance) -> None:
        super().__init__(hindrance.value)
        self.hindrance = hindrance


@dataclass(frozen=True, kw_only=True)
class NewAgreementChange:
    """What a person asks for. ``submission`` names the filled form: sent twice, it is one change.

    ``with_open``: the new amount also holds for what was issued before and is not paid.
    """

    subscription: Subscription
    kind: AgreementChangeKind
    submission: uuid.UUID
    amount_cents: int | None = None
    with_open: bool = False
    text: str = ""
    actor: User | None = None


_FROM = {
    AgreementChangeKind.PAUSE: (SubscriptionState.ACTIVE,),
    AgreementChangeKind.RESUME: (SubscriptionState.PAUSED,),
    AgreementChangeKind.CANCEL: (
        SubscriptionState.PENDING,
        SubscriptionState.ACTIVE,
        SubscriptionState.PAUSED,
    ),
    AgreementChangeKind.AMOUNT: (SubscriptionState.PENDING, SubscriptionState.ACTIVE),
    AgreementChangeKind.DESCRIPTION: (SubscriptionState.PENDING, SubscriptionState.ACTIVE),
}


def concerns(own: Subscription, kind: AgreementChangeKind) -> bool:
    """Whether a person would think of this at all, as the subscription stands."""
    return own.state in _FROM[kind]


def hindrance(own: Subscription, kind: AgreementChangeKind) -> Hindrance | None:
    """Why this cannot be done now; None where it can, as far as we know."""
    if own.changes.filter(state="open").exists():
        return Hindrance.BUSY
    if own.state not in _FROM[kind]:
        return _wrong_state(own, kind)
    if not own.gateway_id:
        return Hindrance.IN_DOUBT
    return None if own.connection.is_active else Hindrance.DISABLED


def _wrong_state(own: Subscription, kind: AgreementChangeKind) -> Hindrance:
    if own.state in subscription_states.BEING_MADE:
        return Hindrance.IN_DOUBT
    if own.state in subscription_states.OVER:
        return Hindrance.OVER
    if own.state == SubscriptionState.PAUSED:  # nothing but resume and cancel (mercadopago.md 4.4)
        return Hindrance.PAUSED
    return Hindrance.NOT_PAUSED if kind == AgreementChangeKind.RESUME else Hindrance.NOT_ACTIVE


def typed_hindrance(new: NewAgreementChange) -> Hindrance | None:
    """What is wrong with the amount or the description."""
    own = new.subscription
    if new.kind == AgreementChangeKind.DESCRIPTION:
        if not new.text.strip():
            return Hindrance.NO_TEXT
        return Hindrance.SAME_TEXT if new.text == own.description else None
    if new.kind != AgreementChangeKind.AMOUNT:
        return None
    cents, can = new.amount_cents or 0, own.connection.capabilities
    most = can.most_cents(own.method)
    if cents <= 0 or cents < can.least_cents(own.method):
        return Hindrance.TOO_LITTLE
    if most and cents > most:
        return Hindrance.TOO_MUCH
    if cents % smallest_cents(own.currency):
        return Hindrance.NO_CENTS
    return Hindrance.SAME_AMOUNT if _is_charged(own, cents) else None


def _is_charged(own: Subscription, cents: int) -> bool:
    """Ours may be asked for anew where the gateway charges one that nobody agreed to."""
    newest = own.amounts.last()
    return cents == own.amount_cents and (newest is None or newest.is_agreed)
