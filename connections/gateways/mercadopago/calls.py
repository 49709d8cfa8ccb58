"""The calls about subscriptions, plans and disputes; ``client.MercadoPagoGateway`` has them all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connections.gateways.base import (
    Access,
    CustomerDetails,
    DisputeCalls,
    DisputeKind,
    GatewayDispute,
    GatewayPlan,
    GatewaySubscription,
    GatewayTurn,
    PlanOrder,
    PreparedCall,
    SubscriptionCalls,
    SubscriptionChange,
    SubscriptionOrder,
)
from connections.gateways.mercadopago import disputes, plans, subscriptions, turns
from connections.gateways.mercadopago.api import MercadoPagoApi


class RecurringCalls(SubscriptionCalls):
    """``_access`` and ``_api`` are set by the gateway."""

    _access: Access
    _api: MercadoPagoApi

    def prepare_subscription(self, order: SubscriptionOrder) -> PreparedCall:
        return subscriptions.prepare(order, now=self._access.now())

    def submit_subscription(self, prepared: PreparedCall) -> GatewaySubscription:
        return subscriptions.submit(self._api, prepared, now=self._access.now())

    def find_subscriptions(
        self, reference: str, *, payer: CustomerDetails, since: datetime
    ) -> Sequence[GatewaySubscription]:
        return subscriptions.find(self._api, reference, payer=payer, since=since, now=self._access.now())

    def fetch_subscription(self, gateway_id: str) -> GatewaySubscription:
        return subscriptions.fetch(self._api, gateway_id, now=self._access.now())

    def fetch_turns(self, gateway_id: str) -> Sequence[GatewayTurn]:
        """The search answers an unknown id with an empty list, so that one is asked for by itself."""
        found = turns.of_subscription(self._api, gateway_id) if gateway_id else []
        if not found:
            self.fetch_subscription(gateway_id)
        return found

    def fetch_turn(self, gateway_id: str) -> GatewayTurn:
        return turns.fetch(self._api, gateway_id)

    def find_turn(self, payment_id: str) -> GatewayTurn | None:
        return turns.of_payment(self._api, payment_id)

    def change_subscription(self, gateway_id: str, change: SubscriptionChange) -> None:
        """A 200 on PUT does not mean that it was applied (mercadopago.md 4.4): read it back."""
        subscriptions.change(self._api, gateway_id, change, now=self._access.now())

    def create_plan(self, order: PlanOrder) -> GatewayPlan:
        return plans.create(self._api, order)

    def find_plans(self, reference: str) -> Sequence[GatewayPlan]:
        return plans.find(self._api, reference)

    def fetch_plan(self, gateway_id: str) -> GatewayPlan:
        return plans.fetch(self._api, gateway_id)

    def close_plan(self, gateway_id: str) -> None:
        plans.close(self._api, gateway_id)

    def find_plan_subscriptions(self, plan_id: str) -> Sequence[str]:
        return subscriptions.of_plan(self._api, plan_id)


class DisputeAnswers(DisputeCalls):
    """``_api`` is set by the gateway."""

    _api: MercadoPagoApi

    def fetch_dispute(self, kind: DisputeKind, gateway_id: str) -> GatewayDispute:
        return disputes.fetch(self._api, kind, gateway_id)

    def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
        return disputes.find(self._api, payment_id)
