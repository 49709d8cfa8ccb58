"""The sixth part of the contract: parcels, decided by us or chosen by the payer.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Gateway,
    GatewayCharge,
    InstalmentRule,
    Method,
    PaymentStatus,
)
from connections.gateways.errors import GatewayUnavailable, RequestRefused
from connections.gateways.instalments import due_dates, split
from connections.gateways.registry import gateway_class
from tests.gateways.contract import REFERENCE
from tests.gateways.controls import Simulator

Order = Callable[..., ChargeOrder]


def rules(gateway: str, *, is_payers_choice: bool) -> list[tuple[Method, InstalmentRule]]:
    declared = gateway_class(gateway).capabilities.instalments
    return [(method, rule) for method, rule in declared.items() if rule.is_payers_choice is is_payers_choice]


class InstalmentContract:
    gateway: str

    def made(self, adapter: Gateway, order: Order, **changes: object) -> GatewayCharge:
        return adapter.submit_charge(adapter.prepare_charge(order(**changes)))

    def test_makes_every_parcel_at_once_where_we_decide(self, adapter: Gateway, order: Order) -> None:
        for method, _rule in rules(self.gateway, is_payers_choice=False):
            wanted = order(method=method, instalments=3, amount_cents=10001)
            made = adapter.submit_charge(adapter.prepare_charge(wanted))
            for charge in (made, adapter.fetch_charge(made.kind, made.gateway_id)):
                assert (charge.is_open, charge.instalments) == (True, 3)
                assert [one.parcel for one in charge.payments] == [1, 2, 3]
                assert tuple(one.amount_cents for one in charge.payments) == split(10001, 3)
                assert tuple(one.due_date for one in charge.payments) == due_dates(wanted.due_date, 3)
                assert {one.plan_id for one in charge.payments} == {made.gateway_id}
                assert {one.reference for one in charge.payments} == {REFERENCE}
                assert all(one.link.startswith("http") for one in charge.payments)

    def test_takes_the_most_parcels_it_declares_and_no_more(self, adapter: Gateway, order: Order) -> None:
        for method, rule in adapter.capabilities.instalments.items():
            most = rule.most_of(100_000)
            assert self.made(adapter, order, method=method, instalments=most, amount_cents=100_000).is_open
            with pytest.raises(RequestRefused) as caught:
                adapter.prepare_charge(order(method=method, instalments=rule.most + 1, amount_cents=100_000))
            assert caught.value.field == "instalments"
            if rule.least_cents > 1:
                small = order(method=method, instalments=2, amount_cents=2 * rule.least_cents - 1)
                with pytest.raises(RequestRefused):
                    adapter.prepare_charge(small)

    def test_refuses_parcels_of_what_is_paid_once(self, adapter: Gateway, order: Order) -> None:
        for method in adapter.capabilities.methods - set(adapter.capabilities.instalments):
            with pytest.raises(RequestRefused) as caught:
                adapter.prepare_charge(order(method=method, instalments=2))
            assert caught.value.field == "instalments"

    @pytest.mark.parametrize("fault", ["error_500", "hang"])
    def test_finds_the_plan_whose_answer_was_lost(
        self, simulator: Simulator, access: Access, order: Order, fault: str
    ) -> None:
        make = gateway_class(self.gateway)
        patient, hasty = make(access), make(replace(access, deadline_seconds=1.5))
        for method, _rule in rules(self.gateway, is_payers_choice=False):
            prepared = patient.prepare_charge(order(method=method, instalments=3))
            simulator.fault(fault, gateway=self.gateway, times=1, when="after", seconds=4)
            with pytest.raises(GatewayUnavailable) as caught:
                hasty.submit_charge(prepared)
            assert caught.value.maybe_sent is True
            (found,) = patient.find_charges(REFERENCE)
            assert (found.kind, [one.parcel for one in found.payments]) == (prepared.kind, [1, 2, 3])

    def test_a_plan_is_there_although_its_parcels_could_not_be_listed(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        for method, _rule in rules(self.gateway, is_payers_choice=False):
            prepared = adapter.prepare_charge(order(method=method, instalments=3))
            simulator.fault("error_500", gateway=self.gateway, times=1, method="GET", when="before")
            made = adapter.submit_charge(prepared)
            assert (made.kind, made.payments, made.instalments) == (prepared.kind, (), 3)
            assert len(adapter.fetch_charge(made.kind, made.gateway_id).payments) == 3

    def test_cancels_the_parcels_that_wait_and_keeps_what_was_paid(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        for method, _rule in rules(self.gateway, is_payers_choice=False):
            made = self.made(adapter, order, method=method, instalments=3)
            simulator.act("pay", id=made.payments[0].gateway_id, method="pix")
            adapter.cancel_charge(made.kind, made.gateway_id)
            adapter.cancel_charge(made.kind, made.gateway_id)
            found = [adapter.fetch_payment(one.gateway_id).status for one in made.payments]
            assert found == [PaymentStatus.PAID, PaymentStatus.CANCELLED, PaymentStatus.CANCELLED]
            assert adapter.fetch_charge(made.kind, made.gateway_id).is_open is False

    @pytest.mark.parametrize("chosen", [1, 3])
    def test_the_payer_chooses_how_many(
        self, simulator: Simulator, adapter: Gateway, order: Order, chosen: int
    ) -> None:
        for method, _rule in rules(self.gateway, is_payers_choice=True):
            made = self.made(
                adapter, order, method=method, instalments=3, amount_cents=10001, reference=f"chg-{method}"
            )
            assert made.is_open and made.link.startswith("http")
            simulator.act("pay_card", id=made.gateway_id, instalments=chosen)
            paid = adapter.fetch_charge(made.kind, made.gateway_id)
            assert sum(one.received_cents for one in paid.payments) == 10001
            assert {one.status for one in paid.payments} == {PaymentStatus.PAID}
            names = [one.checkout_id or one.reference for one in paid.payments]
            assert set(names) <= {made.gateway_id, f"chg-{method}"}

    def test_the_payer_chooses_no_more_than_allowed(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        for method, _rule in rules(self.gateway, is_payers_choice=True):
            made = self.made(adapter, order, method=method, instalments=3, reference=f"chg-{method}")
            with pytest.raises(OSError):
                simulator.act("pay_card", id=made.gateway_id, instalments=4)
            assert adapter.fetch_charge(made.kind, made.gateway_id).is_open
