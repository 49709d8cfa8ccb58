"""The part of the contract about changing what exists: due date, cash, restoring.

A mixin of ``GatewayContract``, whose fixtures it uses. A gateway that cannot do one of them refuses it in
our words and sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Gateway,
    GatewayCharge,
    Method,
    PaymentStatus,
    Terms,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.registry import gateway_class
from tests.gateways.contract import REFERENCE
from tests.gateways.controls import Simulator

Order = Callable[..., ChargeOrder]
ALL = (
    "change_due_date",
    "change_amount",
    "change_description",
    "receive_in_cash",
    "undo_cash",
    "restore_charge",
)
PUTS = ALL[:3]
EACH = pytest.mark.parametrize("name", ALL)


class ChangeContract:
    gateway: str
    unknown_id: str

    def do(self, adapter: Gateway, name: str, gateway_id: str, order: Order, **changes: Any) -> None:
        today = order().due_date - timedelta(days=3)
        arguments: dict[str, Any] = {
            "change_due_date": {"due_date": today + timedelta(days=20)},
            "change_amount": {"amount_cents": 12345},
            "change_description": {"description": "Pedido 1008, ação"},
            "receive_in_cash": {"amount_cents": 15000, "paid_on": today},
        }.get(name, {})
        getattr(adapter, name)(gateway_id, **{**arguments, **changes})

    def prepare(self, adapter: Gateway, name: str, charge: GatewayCharge, order: Order) -> None:
        """Bring a charge where it can be changed so."""
        if name == "undo_cash":
            self.do(adapter, "receive_in_cash", charge.gateway_id, order)
        if name == "restore_charge":
            adapter.cancel_charge(charge.kind, charge.gateway_id)

    @EACH
    def test_what_it_cannot_change_it_refuses_without_a_call(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge, order: Order, name: str
    ) -> None:
        if name in adapter.capabilities.changes:
            return
        wanted = order()
        before = len(simulator.received())
        with pytest.raises(RequestRefused) as caught:
            self.do(adapter, name, charge.gateway_id, lambda: wanted)
        assert caught.value.text and len(simulator.received()) == before

    def test_declares_only_methods_of_the_contract(self, adapter: Gateway) -> None:
        can = adapter.capabilities
        assert can.changes | can.remakes <= set(ALL) and not can.changes & can.remakes

    @EACH
    def test_changes_what_it_declares(
        self, adapter: Gateway, charge: GatewayCharge, order: Order, name: str
    ) -> None:
        if name not in adapter.capabilities.changes:
            return
        self.prepare(adapter, name, charge, order)
        self.do(adapter, name, charge.gateway_id, order)
        found = adapter.fetch_payment(charge.gateway_id)
        is_cash = name == "receive_in_cash"
        assert found.status is (PaymentStatus.PAID if is_cash else PaymentStatus.PENDING)
        assert (found.is_cash, found.received_cents) == (is_cash, 15000 if is_cash else 0)
        moved = timedelta(days=17 if name == "change_due_date" else 0)
        cents = 12345 if name == "change_amount" else 15000
        assert (found.amount_cents, found.due_date) == (cents, order().due_date + moved)
        if name == "change_description":
            assert found.description == "Pedido 1008, ação"

    @EACH
    @pytest.mark.parametrize("fault", ["error_500", "hang"])
    def test_a_change_whose_answer_was_lost_is_there_and_may_be_repeated(
        self,
        simulator: Simulator,
        access: Access,
        adapter: Gateway,
        charge: GatewayCharge,
        order: Order,
        name: str,
        fault: str,
    ) -> None:
        if name not in adapter.capabilities.changes:
            return
        self.prepare(adapter, name, charge, order)
        hasty = gateway_class(self.gateway)(replace(access, deadline_seconds=1.5))
        wanted = order()
        method = "PUT" if name in PUTS else "POST"
        simulator.fault(fault, gateway=self.gateway, method=method, times=1, when="after", seconds=4)
        with pytest.raises(GatewayUnavailable) as caught:
            self.do(hasty, name, charge.gateway_id, lambda: wanted)
        assert caught.value.maybe_sent is True
        once = adapter.fetch_payment(charge.gateway_id)
        with suppress(RequestRefused):
            self.do(adapter, name, charge.gateway_id, order)
        assert adapter.fetch_payment(charge.gateway_id) == once

    @EACH
    def test_a_paid_charge_is_left_alone(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge, order: Order, name: str
    ) -> None:
        simulator.act("pay", reference=REFERENCE)
        paid = adapter.fetch_payment(charge.gateway_id)
        with pytest.raises(RequestRefused) as caught:
            self.do(adapter, name, charge.gateway_id, order)
        assert caught.value.text and adapter.fetch_payment(charge.gateway_id) == paid

    @EACH
    def test_changes_no_strange_payment(self, adapter: Gateway, order: Order, name: str) -> None:
        refused = NotFound if name in adapter.capabilities.changes else RequestRefused
        for gateway_id in (self.unknown_id, ""):
            with pytest.raises(refused):
                self.do(adapter, name, gateway_id, order)

    def test_says_that_a_day_is_refused(self, adapter: Gateway, charge: GatewayCharge, order: Order) -> None:
        past = order().due_date - timedelta(days=10)
        with pytest.raises(RequestRefused) as caught:
            self.do(adapter, "change_due_date", charge.gateway_id, order, due_date=past)
        assert caught.value.field == "due_date"

    @pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
    def test_a_moved_day_keeps_amount_and_way_of_paying(
        self, adapter: Gateway, order: Order, method: Method
    ) -> None:
        if "change_due_date" not in adapter.capabilities.changes:
            return
        made = adapter.submit_charge(adapter.prepare_charge(order(method=method, amount_cents=10001)))
        self.do(adapter, "change_due_date", made.gateway_id, order)
        found = adapter.fetch_payment(made.gateway_id)
        assert (found.amount_cents, found.method, found.link) == (10001, method, made.link)

    @pytest.mark.parametrize("method", [Method.PIX, Method.BOLETO])
    def test_another_amount_keeps_day_and_terms_and_brings_another_code(
        self, adapter: Gateway, order: Order, method: Method
    ) -> None:
        if "change_amount" not in adapter.capabilities.changes:
            return
        terms = Terms(discount_cents=500, discount_until=order().due_date, fine_cents=200, interest_bp=100)
        made = adapter.submit_charge(adapter.prepare_charge(order(method=method, terms=terms)))
        before = adapter.fetch_pix_code(made.gateway_id)
        self.do(adapter, "change_amount", made.gateway_id, order)
        found, after = adapter.fetch_payment(made.gateway_id), adapter.fetch_pix_code(made.gateway_id)
        assert (found.amount_cents, found.due_date, found.terms) == (12345, order().due_date, terms)
        assert (found.method, found.link) == (method, made.link)
        assert before and after and "123.45" in after.text and before.text != after.text

    def test_an_overdue_charge_keeps_its_day(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge, order: Order
    ) -> None:
        """A day that has passed cannot be asked for again."""
        due = order().due_date
        simulator.act("clock", advance_seconds=8 * 24 * 3600)
        for name in sorted({"change_amount", "change_description"} & adapter.capabilities.changes):
            self.do(adapter, name, charge.gateway_id, order)
            assert adapter.fetch_payment(charge.gateway_id).due_date == due
