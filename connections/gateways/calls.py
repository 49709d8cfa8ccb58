"""The calls of the contract about customers, subscriptions, plans and disputes; ``Gateway`` has them all.

Every method may raise a ``GatewayError``; those of a gateway without subscriptions
(``Capabilities.subscriptions`` is ``None``) raise ``RequestRefused`` or ``NotFound`` and find nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from connections.gateways.charges import CustomerDetails, PreparedCall
from connections.gateways.disputes import DisputeKind, GatewayDispute
from connections.gateways.subscriptions import (
    GatewayPlan,
    GatewaySubscription,
    GatewayTurn,
    PlanOrder,
    SubscriptionChange,
    SubscriptionOrder,
)


class CustomerCalls(Protocol):
    """``keeps_customers``: the gateway has rows of its own for them. ``erasure``: how one is forgotten."""

    keeps_customers: bool = False
    erasure: str = ""

    def find_customer(self, details: CustomerDetails) -> str:
        """The gateway id of the customer with this document, or an empty string."""

    def create_customer(self, details: CustomerDetails) -> str:
        """The new customer's gateway id. Empty where the gateway keeps no customers for charging."""

    def fetch_customer(self, gateway_id: str) -> CustomerDetails:
        """What the gateway knows of a customer; parts may be empty. Raises ``NotFound``.

        ``reference`` is the one kept there. ``document_type`` is empty for a document of no known kind.
        """

    def update_customer(self, gateway_id: str, details: CustomerDetails) -> CustomerDetails:
        """Tell the gateway name, e-mail, phone and address; empty ones stay there as they are.

        Returns what it knows now, which may differ. May be repeated. Raises ``NotFound``, and
        ``RequestRefused`` where it keeps no customers or takes no change of this one.
        """


class SubscriptionCalls(Protocol):
    def prepare_subscription(self, order: SubscriptionOrder) -> PreparedCall:
        """The creating call for this order, without sending it. The same order gives the same bytes.

        Raises ``RequestRefused`` for what this gateway can never accept, in our words. Only a beginning that
        is not ahead any more changes with the clock: store the bytes, do not prepare them twice.
        """

    def submit_subscription(self, prepared: PreparedCall) -> GatewaySubscription:
        """Send a prepared call. ``GatewayUnavailable.maybe_sent``: look it up before it is sent again."""

    def find_subscriptions(
        self, reference: str, *, payer: CustomerDetails, since: datetime
    ) -> Sequence[GatewaySubscription]:
        """Those under our reference, oldest first, removed ones included where the gateway shows them.

        A gateway that cannot search by reference looks through what was made ``since`` (aware UTC) or what
        the ``payer`` has. Lists lag: nothing found is no proof.
        """

    def fetch_subscription(self, gateway_id: str) -> GatewaySubscription:
        """The full state of one subscription, a removed one included. Raises ``NotFound``."""

    def fetch_turns(self, gateway_id: str) -> Sequence[GatewayTurn]:
        """Every turn of a subscription that the gateway lists by now, oldest first. Raises ``NotFound``.

        One that cannot be read hides no other: it is ``unread``.
        """

    def fetch_turn(self, gateway_id: str) -> GatewayTurn:
        """One turn, by the id of ``ResourceKind.TURN``, or on Asaas of its payment. Raises ``NotFound``."""

    def find_turn(self, payment_id: str) -> GatewayTurn | None:
        """The turn a payment was an attempt to collect; ``None`` where the gateway shows none (yet)."""

    def change_subscription(self, gateway_id: str, change: SubscriptionChange) -> None:
        """Ask for a change. It tells nothing: fetch afterwards and compare, a 200 may have dropped it.

        May be repeated. Raises ``NotFound``, and ``RequestRefused`` where the state forbids it.
        """

    def create_plan(self, order: PlanOrder) -> GatewayPlan:
        """A plan with its public link. A repeat makes a second one: look it up first."""

    def find_plans(self, reference: str) -> Sequence[GatewayPlan]:
        """Those under our reference, oldest first."""

    def fetch_plan(self, gateway_id: str) -> GatewayPlan:
        """Raises ``NotFound``."""

    def close_plan(self, gateway_id: str) -> None:
        """No further subscription is made from it; those that exist go on. May be repeated."""

    def find_plan_subscriptions(self, plan_id: str) -> Sequence[str]:
        """The ids of the subscriptions made from a plan, as far as listed: lists lie, fetch each."""


class DisputeCalls(Protocol):
    def fetch_dispute(self, kind: DisputeKind, gateway_id: str) -> GatewayDispute:
        """One dispute by its own id. Raises ``NotFound``, also where disputes have none."""

    def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
        """All disputes about a payment that the gateway shows, decided ones included, oldest first."""
