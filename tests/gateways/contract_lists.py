"""The third part of the contract: what changed on the account, for the comparison with our books.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Gateway,
    GatewayCharge,
    GatewayPayment,
    Method,
    PaymentStatus,
)
from connections.gateways.errors import GatewayUnavailable, RateLimited
from connections.gateways.registry import gateway_class
from tests.gateways.contract import REFERENCE
from tests.gateways.controls import Simulator

Order = Callable[..., ChargeOrder]


class ListContract:
    gateway: str
    # What keeps the simulator from taking many charges at once.
    without_limits: dict[str, bool] = {}

    def listed(self, simulator: Simulator, adapter: Gateway, **back: int) -> dict[str, GatewayPayment]:
        """What changed since so long ago, the latest mention of each payment."""
        since = simulator.now() - timedelta(**(back or {"minutes": 5}))
        return {payment.gateway_id: payment for payment in adapter.changed_payments(since=since)}

    def test_lists_a_new_charge_as_it_is(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        found = self.listed(simulator, adapter)
        assert found == {charge.gateway_id: adapter.fetch_payment(charge.gateway_id)}
        assert found[charge.gateway_id].reference == REFERENCE

    def test_lists_nothing_on_an_empty_account(self, simulator: Simulator, adapter: Gateway) -> None:
        assert self.listed(simulator, adapter, days=300) == {}

    def test_lists_no_payment_of_another_account(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.account(self.gateway, name="Other")
        simulator.act("pay", reference=REFERENCE)
        assert list(self.listed(simulator, adapter)) == [charge.gateway_id]

    def test_lists_an_old_charge_that_was_paid_now(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.control("POST", "clock", {"advance_seconds": 30 * 3600})
        assert list(self.listed(simulator, adapter)) == []
        simulator.act("pay", reference=REFERENCE, force=True)
        (paid,) = self.listed(simulator, adapter).values()
        assert (paid.gateway_id, paid.status) == (charge.gateway_id, PaymentStatus.PAID)
        assert (paid.received_cents, paid.amount_cents) == (15000, 15000)

    def test_lists_an_old_charge_whose_card_was_taken_now(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        adapter.submit_charge(adapter.prepare_charge(order(method=Method.CARD)))
        simulator.control("POST", "clock", {"advance_seconds": 30 * 3600})
        simulator.act("pay_card", reference=REFERENCE)
        (paid,) = self.listed(simulator, adapter).values()
        assert (paid.status, paid.reference) == (PaymentStatus.PAID, REFERENCE)

    def test_lists_more_than_a_page(
        self, simulator: Simulator, access: Access, account: dict[str, object], order: Order
    ) -> None:
        simulator.change_account(account, **self.without_limits)
        adapter, first = gateway_class(self.gateway)(access), order()
        made = set()
        for number in range(104):
            wanted = replace(first, reference=f"chg-many-{number}", idempotency_key=f"key-many-{number}")
            made.add(adapter.submit_charge(adapter.prepare_charge(wanted)).gateway_id)
        assert set(self.listed(simulator, adapter)) == made
        assert set(self.listed(simulator, adapter, days=300)) == made

    def test_reads_what_changed_within_few_calls(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        before = len(simulator.received())
        self.listed(simulator, adapter)
        assert len(simulator.received()) - before <= 15

    def test_a_listing_stops_where_the_gateway_asks_to_wait(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.fault("rate_limit", gateway=self.gateway, times=1, retry_after=7)
        with pytest.raises(RateLimited):
            self.listed(simulator, adapter)
        assert list(self.listed(simulator, adapter)) == [charge.gateway_id]

    @pytest.mark.parametrize("fault", ["malformed_json", "html_error"])
    def test_a_list_it_cannot_read_is_no_empty_one(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge, fault: str
    ) -> None:
        simulator.fault(fault, gateway=self.gateway, times=1)
        with pytest.raises(GatewayUnavailable):
            self.listed(simulator, adapter)
