"""What a made-up gateway knows, and what happens there (``tests.payments.recurring``)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from config import clock
from connections.gateways.base import (
    GatewayPayment,
    GatewayPlan,
    GatewaySubscription,
    GatewayTurn,
    Method,
    PaymentStatus,
    SubscriptionChange,
    TurnState,
)
from connections.gateways.errors import NotFound


@dataclass
class Books:
    """All that a gateway knows, what it was asked, and what it does wrong."""

    subscriptions: dict[str, GatewaySubscription] = field(default_factory=dict)
    turns: dict[str, list[GatewayTurn]] = field(default_factory=dict)
    payments: dict[str, GatewayPayment] = field(default_factory=dict)
    plans: dict[str, GatewayPlan] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    changes: list[SubscriptionChange] = field(default_factory=list)
    # Called before a call of that name takes effect, and after it did.
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    drops: int = 0
    hides_list: bool = False

    def ask(self, name: str) -> None:
        self.calls.append(name)
        if hook := self.before.get(name):
            hook()

    def done(self, name: str) -> None:
        if hook := self.after.get(name):
            hook()

    def set(self, gateway_id: str, **values: Any) -> GatewaySubscription:
        """Something happens at the gateway: a counted change."""
        old = self.subscriptions[gateway_id]
        counted = {} if old.version is None else {"version": old.version + 1}
        self.subscriptions[gateway_id] = replace(old, **{**counted, **values})
        return self.subscriptions[gateway_id]

    def bill(self, gateway_id: str, due: date, **values: Any) -> GatewayPayment:
        """Issue a payment that is a turn by itself."""
        own = self.subscriptions[gateway_id]
        made = payment(own, f"pay_{uuid.uuid4().hex[:12]}", due_date=due, **values)
        self.payments[made.gateway_id] = made
        self.turns.setdefault(gateway_id, []).append(
            GatewayTurn(
                gateway_id=made.gateway_id,
                subscription_id=gateway_id,
                reference=made.reference,
                state=TurnState.SCHEDULED,
                gateway_status="PENDING",
                amount_cents=made.amount_cents,
                currency=made.currency,
                due_on=due,
                payment_ids=(made.gateway_id,),
                payment=made,
            )
        )
        return made

    def pay(self, gateway_id: str, status: PaymentStatus = PaymentStatus.PAID) -> None:
        old = self.payments[gateway_id]
        received = old.amount_cents if status == PaymentStatus.PAID else 0
        paid_at = clock.now() if received else None
        new = replace(old, status=status, gateway_status=status, received_cents=received, paid_at=paid_at)
        self.payments[gateway_id] = new
        for turns in self.turns.values():
            for number, turn in enumerate(turns):
                if turn.gateway_id == gateway_id:
                    turns[number] = replace(turn, payment=new)

    def schedule(self, gateway_id: str, due: date, **values: Any) -> GatewayTurn:
        """Plan a turn that is collected by attempts."""
        own = self.subscriptions[gateway_id]
        facts: dict[str, Any] = {
            "gateway_id": str(7_000_000 + len(self.calls) + sum(map(len, self.turns.values()))),
            "subscription_id": gateway_id,
            "reference": own.reference,
            "state": TurnState.SCHEDULED,
            "gateway_status": "scheduled",
            "amount_cents": own.amount_cents,
            "currency": own.currency,
            "due_on": due,
            "version": clock.now(),
        }
        turn = GatewayTurn(**{**facts, **values})
        self.turns.setdefault(gateway_id, []).append(turn)
        return turn

    def attempt(self, turn: GatewayTurn, status: PaymentStatus, state: TurnState, **values: Any) -> str:
        """Try to collect a turn; returns the payment's id."""
        own = self.subscriptions[turn.subscription_id]
        name = str(9_000_000 + len(self.payments))
        received = turn.amount_cents if status == PaymentStatus.PAID else 0
        self.payments[name] = payment(
            own,
            name,
            amount_cents=turn.amount_cents,
            status=status,
            received_cents=received,
            method=Method.CARD,
            paid_at=clock.now() if received else None,
            version=clock.now(),
        )
        self.move(
            turn.gateway_id,
            state=state,
            payment_ids=(*self.turn(turn.gateway_id).payment_ids, name),
            **values,
        )
        return name

    def turn(self, gateway_id: str) -> GatewayTurn:
        for turns in self.turns.values():
            for turn in turns:
                if turn.gateway_id == gateway_id:
                    return turn
        raise NotFound()

    def move(self, gateway_id: str, **values: Any) -> None:
        old = self.turn(gateway_id)
        turns = self.turns[old.subscription_id]
        turns[turns.index(old)] = replace(old, **{"version": clock.now(), **values})


def payment(own: GatewaySubscription, gateway_id: str, **values: Any) -> GatewayPayment:
    facts: dict[str, Any] = {
        "gateway_id": gateway_id,
        "reference": own.reference,
        "status": PaymentStatus.PENDING,
        "gateway_status": "PENDING",
        "method": Method.BOLETO,
        "amount_cents": own.amount_cents,
        "received_cents": 0,
        "refunded_cents": 0,
        "currency": own.currency,
        "account_id": own.account_id,
        "subscription_id": own.gateway_id,
    }
    return GatewayPayment(**{**facts, **values})
