"""Two made-up gateways that keep subscriptions in memory, at the level of the contract.

``bills`` issues payments by itself, each a turn, and orders answers by nothing. ``cards`` has a hosted page,
plans, turns of their own with several attempts, counts the changes of a subscription, and may be sent a
creating call again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from connections.gateways.base import (
    Capabilities,
    CustomerDetails,
    Cycle,
    GatewayPayment,
    GatewayPlan,
    GatewaySubscription,
    GatewayTurn,
    Method,
    PaymentStatus,
    PlanOrder,
    PreparedCall,
    Registration,
    ResourceKind,
    SubscriptionChange,
    SubscriptionOrder,
    SubscriptionRule,
    SubscriptionStatus,
)
from connections.gateways.errors import GatewayUnavailable, NotFound
from payments.models import Subscription
from payments.services.subscription_intents import NewSubscription
from tests.factories import NOW, make_connection, make_customer
from tests.payments.recurring_books import Books as Books

PAYER = CustomerDetails(
    reference="", name="Rui Prado", document="52998224725", document_type="CPF", email="rui@example.com"
)


BOOKS: dict[str, Books] = {"bills": Books(), "cards": Books()}
ALL_CYCLES = frozenset(Cycle)


class Recurring:
    """What both have in common."""

    name = "bills"
    label = "Bills"
    capabilities = Capabilities(
        methods=frozenset({Method.PIX, Method.BOLETO, Method.CARD}),
        minimum_cents=500,
        registers_webhook=True,
        has_versions=False,
        reports_overdue=True,
        subscriptions=SubscriptionRule(
            methods=frozenset({Method.PIX, Method.BOLETO, Method.CARD, Method.ANY}),
            cycles=ALL_CYCLES,
            moves_open=True,
            recovers=True,
            issues_ahead=40,
            takes_turns=True,
        ),
    )
    credential_fields: Sequence[Any] = ()
    webhook_secret_fields: Sequence[Any] = ()
    panel_topics: Sequence[str] = ()

    def __init__(self, access: Any) -> None:
        self.access = access

    @classmethod
    def capabilities_in(cls, market: Any) -> Capabilities:
        return cls.capabilities

    @property
    def books(self) -> Books:
        return BOOKS[self.name]

    def find_customer(self, details: CustomerDetails) -> str:
        return "cus_1"

    def fetch_customer(self, gateway_id: str) -> CustomerDetails:
        raise NotFound()

    def prepare_subscription(self, order: SubscriptionOrder) -> PreparedCall:
        body = json.dumps(
            {
                "reference": order.reference,
                "amount": order.amount_cents,
                "currency": order.currency,
                "cycle": order.cycle,
                "starts_on": order.starts_on.isoformat(),
                "method": order.method,
                "description": order.description,
            }
        )
        return PreparedCall(
            kind=ResourceKind.SUBSCRIPTION,
            method="POST",
            path="/subscriptions",
            body=body,
            idempotency_key=order.idempotency_key,
        )

    def submit_subscription(self, prepared: PreparedCall) -> GatewaySubscription:
        self.books.ask("submit")
        made = self._made(json.loads(prepared.body))
        self.books.subscriptions[made.gateway_id] = made
        self._begin(made)
        self.books.done("submit")
        return self.books.subscriptions[made.gateway_id]

    def _made(self, body: dict[str, Any]) -> GatewaySubscription:
        return GatewaySubscription(
            gateway_id=f"sub_{uuid.uuid4().hex[:12]}",
            reference=body["reference"],
            status=SubscriptionStatus.ACTIVE,
            gateway_status="ACTIVE",
            method=Method(body["method"]),
            amount_cents=body["amount"],
            currency=body["currency"],
            account_id=self.access.account_id,
            cycle=Cycle(body["cycle"]),
            description=body["description"],
            starts_on=date.fromisoformat(body["starts_on"]),
            next_due_on=date.fromisoformat(body["starts_on"]) + timedelta(days=30),
            customer_id="cus_1",
        )

    def _begin(self, made: GatewaySubscription) -> None:
        assert made.starts_on
        self.books.bill(made.gateway_id, made.starts_on, method=made.method)

    def find_subscriptions(
        self, reference: str, *, payer: CustomerDetails, since: datetime
    ) -> Sequence[GatewaySubscription]:
        self.books.ask("find")
        if self.books.hides_list:
            return []
        return [one for one in self.books.subscriptions.values() if one.reference == reference]

    def fetch_subscription(self, gateway_id: str) -> GatewaySubscription:
        self.books.ask("fetch")
        if gateway_id not in self.books.subscriptions:
            raise NotFound()
        found = self.books.subscriptions[gateway_id]
        self.books.done("fetch")
        return found

    def fetch_turns(self, gateway_id: str) -> Sequence[GatewayTurn]:
        self.books.ask("turns")
        return list(self.books.turns.get(gateway_id, []))

    def fetch_turn(self, gateway_id: str) -> GatewayTurn:
        self.books.ask("turn")
        return self.books.turn(gateway_id)

    def find_turn(self, payment_id: str) -> GatewayTurn | None:
        self.books.ask("find_turn")
        for turns in self.books.turns.values():
            for turn in turns:
                if payment_id in turn.payment_ids:
                    return turn
        return None

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        self.books.ask("payment")
        if gateway_id not in self.books.payments:
            raise NotFound()
        return self.books.payments[gateway_id]

    def change_subscription(self, gateway_id: str, change: SubscriptionChange) -> None:
        self.books.ask("change")
        self.books.changes.append(change)
        if self.books.drops:
            self.books.drops -= 1
            return
        wanted = {
            "status": change.status,
            "amount_cents": change.amount_cents,
            "description": change.description,
            "reference": change.reference,
        }
        self.books.set(gateway_id, **{name: value for name, value in wanted.items() if value is not None})
        if change.with_open and change.amount_cents:
            self._move_open(gateway_id, change.amount_cents)
        self.books.done("change")

    def _move_open(self, gateway_id: str, cents: int) -> None:
        turns = self.books.turns.get(gateway_id, [])
        for number, turn in enumerate(turns):
            if turn.payment and turn.payment.status == PaymentStatus.PENDING:
                moved = replace(turn.payment, amount_cents=cents)
                self.books.payments[moved.gateway_id] = moved
                turns[number] = replace(turn, amount_cents=cents, payment=moved)

    def fetch_boleto(self, gateway_id: str) -> None:
        return None

    def fetch_pix_code(self, gateway_id: str) -> None:
        return None

    def find_disputes(self, payment_id: str) -> Sequence[Any]:
        return ()


class Bills(Recurring):
    """As it stands."""


class Cards(Recurring):
    name = "cards"
    label = "Cards"
    capabilities = Capabilities(
        methods=frozenset({Method.CARD}),
        minimum_cents=500,
        registers_webhook=False,
        has_versions=True,
        resends=frozenset({ResourceKind.SUBSCRIPTION}),
        subscriptions=SubscriptionRule(
            methods=frozenset({Method.CARD}),
            cycles=ALL_CYCLES - {Cycle.BIWEEKLY},
            is_hosted=True,
            has_plans=True,
        ),
    )

    def _made(self, body: dict[str, Any]) -> GatewaySubscription:
        made = super()._made(body)
        return replace(
            made,
            status=SubscriptionStatus.PENDING,
            gateway_status="pending",
            link=f"https://cards.example/{made.gateway_id}",
            version=0,
            customer_id="",
        )

    def _begin(self, made: GatewaySubscription) -> None:
        """Nothing before somebody agreed."""

    def create_plan(self, order: PlanOrder) -> GatewayPlan:
        self.books.ask("create_plan")
        name = uuid.uuid4().hex
        made = GatewayPlan(
            gateway_id=name,
            reference=order.reference,
            is_active=True,
            gateway_status="active",
            amount_cents=order.amount_cents,
            currency=order.currency,
            cycle=order.cycle,
            description=order.description,
            link=f"https://cards.example/plan/{name}",
            account_id=self.access.account_id,
        )
        self.books.plans[name] = made
        self.books.done("create_plan")
        return made

    def find_plans(self, reference: str) -> Sequence[GatewayPlan]:
        self.books.ask("find_plans")
        return [one for one in self.books.plans.values() if one.reference == reference]

    def fetch_plan(self, gateway_id: str) -> GatewayPlan:
        if gateway_id not in self.books.plans:
            raise NotFound()
        return self.books.plans[gateway_id]

    def close_plan(self, gateway_id: str) -> None:
        old = self.fetch_plan(gateway_id)
        self.books.plans[gateway_id] = replace(old, is_active=False, gateway_status="cancelled")

    def find_plan_subscriptions(self, plan_id: str) -> Sequence[str]:
        self.books.ask("find_plan_subscriptions")
        return [one.gateway_id for one in self.books.subscriptions.values() if one.plan_id == plan_id]


REGISTRATIONS = {
    kind.name: Registration(name=kind.name, label=kind.label, path=f"{__name__}:{kind.__name__}")
    for kind in (Bills, Cards)
}


def at(name: str, **values: Any) -> Any:
    return make_connection(gateway=name, credentials={"api_key": "key"}, **values)


def new(connection: Any, **values: Any) -> NewSubscription:
    facts: dict[str, Any] = {
        "connection": connection,
        "customer": make_customer(),
        "method": Method.CARD if connection.gateway == "cards" else Method.BOLETO,
        "amount_cents": 4_990,
        "description": "Plano mensal",
        "cycle": Cycle.MONTHLY,
        "starts_on": NOW.date() + timedelta(days=5),
        "submission": uuid.uuid4(),
    }
    return NewSubscription(**{**facts, **values})


def lost() -> None:
    raise GatewayUnavailable("time-out", maybe_sent=True)


def fresh(own: Subscription) -> Subscription:
    own.refresh_from_db()
    return own
