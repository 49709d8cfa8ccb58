"""The second part of the contract: cards on the hosted page, whole charges, cancelling, the sandbox.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Environment,
    Gateway,
    GatewayCharge,
    Method,
    OrderLine,
    PaymentStatus,
    ResourceKind,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.registry import gateway_class
from tests.gateways.contract import REFERENCE
from tests.gateways.controls import Simulator

Order = Callable[..., ChargeOrder]


class ChargeContract:
    gateway: str
    unknown_id: str
    # What ``pay_card`` needs for a card the gateway refuses, and the attempts that leaves behind.
    refused_card: dict[str, str]
    refused_attempts: list[PaymentStatus]
    card_kind: ResourceKind

    @pytest.fixture
    def card_charge(self, adapter: Gateway, order: Order) -> GatewayCharge:
        return adapter.submit_charge(adapter.prepare_charge(order(method=Method.CARD)))

    def test_offers_a_card_on_the_hosted_page(self, adapter: Gateway, card_charge: GatewayCharge) -> None:
        found = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id)
        assert (found.kind, found.reference, found.is_open) == (self.card_kind, REFERENCE, True)
        assert found.link == card_charge.link
        assert found.link.startswith("http")
        assert {payment.status for payment in found.payments} <= {PaymentStatus.PENDING}

    def test_sees_a_card_paid_on_the_hosted_page(
        self, simulator: Simulator, adapter: Gateway, card_charge: GatewayCharge
    ) -> None:
        simulator.act("pay_card", reference=REFERENCE)
        (paid,) = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id).payments
        assert (paid.status, paid.method, paid.is_cash) == (PaymentStatus.PAID, Method.CARD, False)
        assert (paid.amount_cents, paid.received_cents, paid.reference) == (15000, 15000, REFERENCE)
        assert paid.settled_at is None

    def test_items_ask_for_exactly_the_net(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        lines = (
            OrderLine(description="Camiseta", quantity=3, unit_cents=4990, discount_cents=970),
            OrderLine(description="Caneca, azul", quantity=1, unit_cents=1000),
        )
        wanted = order(method=Method.CARD, amount_cents=15000, lines=lines)
        made = adapter.submit_charge(adapter.prepare_charge(wanted))
        simulator.act("pay_card", reference=REFERENCE)
        (paid,) = adapter.fetch_charge(made.kind, made.gateway_id).payments
        assert (paid.amount_cents, paid.received_cents) == (15000, 15000)

    def test_sees_a_refused_card_and_then_a_good_one(
        self, simulator: Simulator, adapter: Gateway, card_charge: GatewayCharge
    ) -> None:
        simulator.act("pay_card", reference=REFERENCE, **self.refused_card)
        before = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id)
        assert (before.is_open, [found.status for found in before.payments]) == (True, self.refused_attempts)
        simulator.act("pay_card", reference=REFERENCE)
        after = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id)
        paid = [found for found in after.payments if found.status is PaymentStatus.PAID]
        assert len(paid) == 1
        assert sum(found.received_cents for found in after.payments) == 15000

    @pytest.mark.parametrize("fault", ["error_500", "hang"])
    def test_finds_the_card_charge_whose_answer_was_lost(
        self, simulator: Simulator, access: Access, order: Order, fault: str
    ) -> None:
        make = gateway_class(self.gateway)
        patient, hasty = make(access), make(replace(access, deadline_seconds=1.5))
        prepared = patient.prepare_charge(order(method=Method.CARD))
        simulator.fault(fault, gateway=self.gateway, times=1, when="after", seconds=4)
        with pytest.raises(GatewayUnavailable) as caught:
            hasty.submit_charge(prepared)
        assert caught.value.maybe_sent is True
        assert [found.kind for found in patient.find_charges(REFERENCE)] == [self.card_kind]

    @pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
    def test_a_cancelled_charge_is_not_open_and_may_be_cancelled_again(
        self, adapter: Gateway, order: Order, method: Method
    ) -> None:
        charge = adapter.submit_charge(adapter.prepare_charge(order(method=method)))
        adapter.cancel_charge(charge.kind, charge.gateway_id)
        adapter.cancel_charge(charge.kind, charge.gateway_id)
        found = adapter.fetch_charge(charge.kind, charge.gateway_id)
        assert found.is_open is False
        assert {payment.status for payment in found.payments} <= {PaymentStatus.CANCELLED}

    def test_a_paid_charge_cannot_be_cancelled(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.act("pay", reference=REFERENCE)
        with pytest.raises(RequestRefused) as caught:
            adapter.cancel_charge(charge.kind, charge.gateway_id)
        assert caught.value.text
        assert adapter.fetch_payment(charge.gateway_id).status is PaymentStatus.PAID

    @pytest.mark.parametrize("kind", list(ResourceKind))
    def test_knows_no_strange_charge(self, adapter: Gateway, kind: ResourceKind) -> None:
        if kind is ResourceKind.CHECKOUT and adapter.capabilities.checkout_minutes:
            return  # one that nobody paid cannot be told from one that never was (asaas.md 3.11)
        for call in (adapter.fetch_charge, adapter.cancel_charge):
            with pytest.raises(NotFound):
                call(kind, self.unknown_id)
        with pytest.raises(NotFound):
            adapter.fetch_order_payments("1")

    @pytest.mark.parametrize("action", ["simulate_payment", "simulate_overdue"])
    def test_simulates_what_it_declares_and_nothing_in_production(
        self, access: Access, adapter: Gateway, charge: GatewayCharge, action: str
    ) -> None:
        real: Any = gateway_class(self.gateway)(replace(access, environment=Environment.PRODUCTION))
        with pytest.raises(RequestRefused):
            getattr(real, action)(charge.gateway_id)
        if action not in adapter.capabilities.sandbox_actions:
            with pytest.raises(RequestRefused):
                getattr(adapter, action)(charge.gateway_id)
            return
        getattr(adapter, action)(charge.gateway_id)
        expected = {"simulate_payment": PaymentStatus.PAID, "simulate_overdue": PaymentStatus.OVERDUE}
        assert adapter.fetch_payment(charge.gateway_id).status is expected[action]
