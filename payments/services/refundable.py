"""What can be given back of a payment, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from config import clock
from connections.gateways.base import Capabilities, Method
from payments.models import Charge, Payment
from payments.models.payments import CONTESTED


class Obstacle(StrEnum):
    """Why nothing, or not so much, can be given back."""

    NOTHING_RECEIVED = "nothing_received"
    CASH = "cash"
    CONTESTED = "contested"
    NOTHING_LEFT = "nothing_left"
    METHOD = "method"
    TOO_OLD = "too_old"
    DISABLED = "disabled"
    TOO_MUCH = "too_much"
    ONLY_WHOLE = "only_whole"


class NotPossible(Exception):
    """Nothing was reserved and nothing was asked for."""

    def __init__(self, obstacle: Obstacle, *, left_cents: int = 0) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle
        self.left_cents = left_cents


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One payment as the refund page shows it. ``left_cents`` is what may still be given back."""

    payment: Payment
    left_cents: int
    obstacle: Obstacle | None
    can_be_part: bool
    needs_payer: bool


def offers(charge: Charge) -> list[Offer]:
    """Every payment of a charge that brought money, oldest first."""
    received = charge.payments.filter(received_cents__gt=0).order_by("paid_at", "pk")
    received = received.prefetch_related("disputes")
    return [offer(charge, payment) for payment in received]


def offer(charge: Charge, payment: Payment) -> Offer:
    can = charge.connection.capabilities
    obstacle = _obstacle(charge, payment, can)
    return Offer(
        payment=payment,
        left_cents=payment.left_cents,
        obstacle=obstacle,
        can_be_part=not payment.method or payment.method in can.partial_refunds,
        needs_payer=payment.method in can.payer_refunds,
    )


def insist(charge: Charge, payment: Payment, amount_cents: int) -> None:
    """Raises ``NotPossible`` where so much cannot be given back, as far as we know."""
    one = offer(charge, payment)
    if one.obstacle:
        raise NotPossible(one.obstacle, left_cents=one.left_cents)
    if amount_cents > one.left_cents:
        raise NotPossible(Obstacle.TOO_MUCH, left_cents=one.left_cents)
    if amount_cents < payment.received_cents and not one.can_be_part:
        raise NotPossible(Obstacle.ONLY_WHOLE, left_cents=one.left_cents)


def _obstacle(charge: Charge, payment: Payment, can: Capabilities) -> Obstacle | None:
    """A way of paying that we have no word for is left to the gateway."""
    contested = payment.contested_cents
    obstacles = {
        Obstacle.NOTHING_RECEIVED: payment.received_cents <= 0,
        Obstacle.CASH: payment.is_cash,
        Obstacle.CONTESTED: payment.status in CONTESTED or 0 < payment.received_cents <= contested,
        Obstacle.NOTHING_LEFT: payment.left_cents <= 0,
        Obstacle.METHOD: bool(payment.method) and payment.method not in can.refunds,
        Obstacle.TOO_OLD: _is_too_old(payment, can),
        Obstacle.DISABLED: not charge.connection.is_active,
    }
    return next((obstacle for obstacle, stands in obstacles.items() if stands), None)


def _is_too_old(payment: Payment, can: Capabilities) -> bool:
    if can.refund_days is None or payment.paid_at is None:
        return False
    return clock.now() - payment.paid_at > timedelta(days=can.refund_days)


def method_of(payment: Payment) -> Method | None:
    return Method(payment.method) if payment.method else None
