"""The fourth part of the contract: giving money back, as a whole, in parts, and when the answer is lost.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connections.gateways.base import (
    Access,
    Gateway,
    GatewayCharge,
    Method,
    PaymentStatus,
    RefundAnswer,
    RefundOrder,
    RefundState,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.registry import gateway_class
from tests.gateways import sample
from tests.gateways.contract import REFERENCE
from tests.gateways.controls import Simulator

RICH = 500


class RefundContract:
    gateway: str
    unknown_id: str

    @pytest.fixture
    def paid(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, charge: GatewayCharge
    ) -> str:
        """A PIX payment of 150.00 on an account that can give all of it back."""
        simulator.change_account(account, opening_balance=RICH)
        simulator.act("pay", reference=REFERENCE)
        return charge.gateway_id

    def give_back(self, adapter: Gateway, payment_id: str, cents: int, **changes: Any) -> RefundAnswer:
        wanted = self.wanted(payment_id, cents, **changes)
        return adapter.submit_refund(adapter.prepare_refund(wanted))

    def wanted(self, payment_id: str, cents: int, **changes: Any) -> RefundOrder:
        key = f"key-{payment_id}-{cents}"
        return sample.refund(payment_id=payment_id, amount_cents=cents, idempotency_key=key, **changes)

    def test_gives_back_in_parts_to_the_last_cent(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, paid: str
    ) -> None:
        """What is left of it, with what comes back of its fee, is what the account has at the gateway."""
        for cents, so_far, status in (
            (1, 1, PaymentStatus.PAID),
            (4000, 4001, PaymentStatus.PAID),
            (10999, 15000, PaymentStatus.REFUNDED),
        ):
            self.give_back(adapter, paid, cents, is_rest=so_far == 15000)
            found = adapter.fetch_payment(paid)
            assert (found.refunded_cents, found.status, found.is_refunding) == (so_far, status, False)
            assert found.net_cents is not None
            left = found.net_cents - found.refunded_cents + found.fee_returned_cents
            assert left == round(simulator.balance(account) * 100) - RICH * 100
        assert sorted(refund.amount_cents for refund in found.refunds) == [1, 4000, 10999]
        assert {refund.state for refund in found.refunds} == {RefundState.DONE}
        assert simulator.books(REFERENCE)[0]["refunded"] == 150.0

    def test_gives_back_everything_at_once(self, adapter: Gateway, paid: str) -> None:
        self.give_back(adapter, paid, 15000, is_rest=True)
        found = adapter.fetch_payment(paid)
        assert (found.status, found.refunded_cents, found.received_cents) == (
            PaymentStatus.REFUNDED,
            15000,
            15000,
        )

    def test_the_answer_tells_what_was_given_back(self, adapter: Gateway, paid: str) -> None:
        answer = self.give_back(adapter, paid, 4000)
        listed = answer.payment.refunds if answer.payment else (answer.refund,)
        assert [(refund.amount_cents, refund.state) for refund in listed if refund] == [
            (4000, RefundState.DONE)
        ]
        assert answer.payer_link == ""

    def test_gives_back_a_card(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, card_charge: GatewayCharge
    ) -> None:
        simulator.change_account(account, opening_balance=RICH)
        simulator.act("pay_card", reference=REFERENCE)
        (before,) = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id).payments
        self.give_back(adapter, before.gateway_id, 5000, method=Method.CARD)
        (after,) = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id).payments
        assert (after.refunded_cents, after.status) == (5000, PaymentStatus.PAID)

    @pytest.mark.parametrize("fault", ["error_500", "hang", "malformed_json"])
    def test_a_refund_whose_answer_was_lost_is_seen_at_the_payment(
        self, simulator: Simulator, access: Access, paid: str, fault: str
    ) -> None:
        make = gateway_class(self.gateway)
        patient, hasty = make(access), make(replace(access, deadline_seconds=1.5))
        prepared = patient.prepare_refund(self.wanted(paid, 4000))
        simulator.fault(fault, gateway=self.gateway, times=1, when="after", seconds=4)
        with pytest.raises(GatewayUnavailable) as caught:
            hasty.submit_refund(prepared)
        assert caught.value.maybe_sent is True
        assert [refund.amount_cents for refund in patient.fetch_payment(paid).refunds] == [4000]

    def test_a_repeat_gives_nothing_back_where_that_is_declared(
        self, simulator: Simulator, adapter: Gateway, paid: str
    ) -> None:
        prepared = adapter.prepare_refund(self.wanted(paid, 4000))
        adapter.submit_refund(prepared)
        again = adapter.submit_refund(prepared)
        once = adapter.capabilities.replays_refunds
        assert adapter.fetch_payment(paid).refunded_cents == (4000 if once else 8000)
        assert (again == RefundAnswer()) is once

    def test_gives_back_no_more_than_is_left(self, adapter: Gateway, paid: str) -> None:
        self.give_back(adapter, paid, 14999)
        with pytest.raises(RequestRefused) as caught:
            self.give_back(adapter, paid, 2)
        assert caught.value.text and caught.value.advice
        assert adapter.fetch_payment(paid).refunded_cents == 14999

    def test_an_empty_account_gives_nothing_back(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, paid: str
    ) -> None:
        simulator.change_account(account, opening_balance=-RICH)
        with pytest.raises(RequestRefused) as caught:
            self.give_back(adapter, paid, 4000)
        assert caught.value.text and "balance" in caught.value.advice
        assert adapter.fetch_payment(paid).refunds == ()

    def test_gives_back_nothing_that_was_not_paid(self, adapter: Gateway, charge: GatewayCharge) -> None:
        with pytest.raises(RequestRefused) as caught:
            self.give_back(adapter, charge.gateway_id, 4000)
        assert caught.value.text and caught.value.advice

    def test_gives_back_no_strange_payment(self, adapter: Gateway) -> None:
        with pytest.raises(NotFound):
            self.give_back(adapter, self.unknown_id, 4000)

    @pytest.mark.parametrize(
        ("outcome", "state", "refunded"), [("done", RefundState.DONE, 4000), ("deny", RefundState.DENIED, 0)]
    )
    def test_follows_a_refund_that_waits(
        self,
        simulator: Simulator,
        account: dict[str, Any],
        adapter: Gateway,
        paid: str,
        outcome: str,
        state: RefundState,
        refunded: int,
    ) -> None:
        simulator.change_account(account, slow_refunds=True)
        self.give_back(adapter, paid, 4000)
        waiting = adapter.fetch_payment(paid)
        assert [refund.state for refund in waiting.refunds] == [RefundState.PENDING]
        assert (waiting.is_refunding, waiting.refunded_cents) == (True, 0)
        simulator.act("refund_step", reference=REFERENCE, outcome=outcome)
        after = adapter.fetch_payment(paid)
        assert [refund.state for refund in after.refunds] == [state]
        assert (after.is_refunding, after.refunded_cents, after.status) == (
            False,
            refunded,
            PaymentStatus.PAID,
        )

    def test_sees_what_was_given_back_in_the_gateways_panel(
        self, simulator: Simulator, adapter: Gateway, paid: str
    ) -> None:
        simulator.act("refund", reference=REFERENCE, amount="0.01")
        found = adapter.fetch_payment(paid)
        assert [(refund.amount_cents, refund.state) for refund in found.refunds] == [(1, RefundState.DONE)]
        assert found.refunds[0].created_at is not None

    def test_offers_nothing_it_could_not_give_back(self, adapter: Gateway) -> None:
        able = adapter.capabilities
        assert able.partial_refunds <= able.refunds and able.payer_refunds <= able.refunds
        for method in sorted(able.refunds):
            assert adapter.prepare_refund(self.wanted("1", 100, method=method, is_rest=True)).path
        for method in sorted(able.partial_refunds):
            assert adapter.prepare_refund(self.wanted("1", 100, method=method)).path
        for method in sorted(able.refunds - able.partial_refunds):
            with pytest.raises(RequestRefused):
                adapter.prepare_refund(self.wanted("1", 100, method=method))
