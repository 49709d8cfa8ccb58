"""The part of the contract about what is charged again and again, and about disputes.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connections.gateways.base import (
    Cycle,
    DisputeKind,
    Gateway,
    GatewaySubscription,
    Method,
    PlanOrder,
    ResourceKind,
    Secrets,
    SubscriptionChange,
    SubscriptionOrder,
    SubscriptionRule,
    SubscriptionStatus,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from tests.gateways import sample
from tests.gateways.controls import Receiver, Simulator

REFERENCE = "sub-contract-1"
BACK = "https://shop.example.com/thanks"
PAUSED = SubscriptionChange(status=SubscriptionStatus.PAUSED)
RESUMED = SubscriptionChange(status=SubscriptionStatus.ACTIVE)
CANCELLED = SubscriptionChange(status=SubscriptionStatus.CANCELLED)


class SubscriptionContract:
    gateway: str
    unknown_subscription: str
    # What tells of a subscription by its events, besides the subscription itself.
    told_of = ResourceKind.PAYMENT

    def agree(self, simulator: Simulator, agreement: GatewaySubscription) -> None:
        """What its payer does so that it begins; nothing where nobody has to."""

    def listen(self, simulator: Simulator, adapter: Gateway, account: Any, receiver: Receiver) -> Secrets:
        """Have the events of the account sent to us."""
        return self.secrets(adapter, account, receiver)  # type: ignore[attr-defined, no-any-return]

    @pytest.fixture
    def offer(self, adapter: Gateway) -> SubscriptionRule:
        found = adapter.capabilities.subscriptions
        assert found is not None
        return found

    @pytest.fixture
    def agreement_order(self, simulator: Simulator, adapter: Gateway) -> SubscriptionOrder:
        """Begins in three days, by card."""
        customer = sample.customer()
        return sample.agreement(
            reference=REFERENCE,
            customer=customer,
            customer_id=adapter.find_customer(customer) or adapter.create_customer(customer),
            starts_on=today(simulator) + timedelta(days=3),
            return_url=BACK,
        )

    @pytest.fixture
    def agreement(self, adapter: Gateway, agreement_order: SubscriptionOrder) -> GatewaySubscription:
        return adapter.submit_subscription(adapter.prepare_subscription(agreement_order))

    @pytest.fixture
    def running(
        self, simulator: Simulator, adapter: Gateway, agreement: GatewaySubscription
    ) -> GatewaySubscription:
        self.agree(simulator, agreement)
        return adapter.fetch_subscription(agreement.gateway_id)

    def looked_up(self, simulator: Simulator, adapter: Gateway, reference: str = REFERENCE) -> Sequence[str]:
        since = simulator.now() - timedelta(minutes=5)
        listed = adapter.find_subscriptions(reference, payer=sample.customer(), since=since)
        return [one.gateway_id for one in listed]

    def test_makes_what_was_asked_for(
        self, adapter: Gateway, offer: SubscriptionRule, agreement: GatewaySubscription
    ) -> None:
        begun = SubscriptionStatus.PENDING if offer.is_hosted else SubscriptionStatus.ACTIVE
        read = adapter.fetch_subscription(agreement.gateway_id)
        for one in (agreement, read):
            assert (one.reference, one.amount_cents, one.currency) == (REFERENCE, 8990, "BRL")
            assert (one.cycle, one.status, one.description) == (Cycle.MONTHLY, begun, "Plano mensal")
        assert read.link.startswith("http") or not offer.is_hosted

    def test_it_is_active_once_its_payer_agreed(self, running: GatewaySubscription) -> None:
        assert (running.status, running.method) == (SubscriptionStatus.ACTIVE, Method.CARD)

    def test_offers_every_cycle_it_declares(
        self, adapter: Gateway, offer: SubscriptionRule, agreement_order: SubscriptionOrder
    ) -> None:
        for number, cycle in enumerate(sorted(offer.cycles)):
            asked = replace(
                agreement_order, cycle=cycle, reference=f"sub-cycle-{number}", idempotency_key=f"k-{number}"
            )
            made = adapter.submit_subscription(adapter.prepare_subscription(asked))
            assert adapter.fetch_subscription(made.gateway_id).cycle is cycle

    def test_the_same_order_gives_the_same_bytes(
        self, adapter: Gateway, agreement_order: SubscriptionOrder
    ) -> None:
        first = adapter.prepare_subscription(agreement_order)
        assert first == adapter.prepare_subscription(agreement_order)
        assert first.kind is ResourceKind.SUBSCRIPTION

    def test_finds_it_by_our_reference(
        self, simulator: Simulator, adapter: Gateway, agreement: GatewaySubscription
    ) -> None:
        assert self.looked_up(simulator, adapter) == [agreement.gateway_id]
        assert self.looked_up(simulator, adapter, REFERENCE + "0") == []

    def test_finds_the_one_whose_answer_was_lost(
        self, simulator: Simulator, adapter: Gateway, agreement_order: SubscriptionOrder
    ) -> None:
        prepared = adapter.prepare_subscription(agreement_order)
        simulator.fault("error_500", gateway=self.gateway, times=1, when="after")
        with pytest.raises(GatewayUnavailable) as caught:
            adapter.submit_subscription(prepared)
        assert caught.value.maybe_sent is True
        assert len(self.looked_up(simulator, adapter)) == 1

    @pytest.mark.parametrize(
        "ask",
        [
            lambda adapter, name: adapter.fetch_subscription(name),
            lambda adapter, name: adapter.fetch_turns(name),
            lambda adapter, name: adapter.change_subscription(name, SubscriptionChange(amount_cents=9990)),
            lambda adapter, name: adapter.change_subscription(name, CANCELLED),
        ],
    )
    def test_does_not_know_a_strange_one(
        self, adapter: Gateway, ask: Callable[[Gateway, str], object]
    ) -> None:
        with pytest.raises(NotFound):
            ask(adapter, self.unknown_subscription)

    def test_its_first_turn_is_collected_by_a_payment(
        self, simulator: Simulator, adapter: Gateway, running: GatewaySubscription
    ) -> None:
        pass_days(simulator, 4)
        (turn,) = [
            turn
            for turn in adapter.fetch_turns(running.gateway_id)
            if (turn.due_on or date.max) <= today(simulator)
        ]
        assert (turn.subscription_id, turn.amount_cents, turn.currency) == (running.gateway_id, 8990, "BRL")
        payment = adapter.fetch_payment(turn.payment_ids[-1])
        assert (payment.subscription_id, payment.amount_cents) == (running.gateway_id, 8990)
        again = adapter.find_turn(payment.gateway_id)
        assert again and again.gateway_id == turn.gateway_id
        assert adapter.fetch_turn(turn.gateway_id).subscription_id == running.gateway_id

    def test_turns_come_month_by_month_the_oldest_first(
        self,
        simulator: Simulator,
        adapter: Gateway,
        running: GatewaySubscription,
        agreement_order: SubscriptionOrder,
    ) -> None:
        for _step in range(5):
            pass_days(simulator, 14)
        days = [turn.due_on for turn in adapter.fetch_turns(running.gateway_id) if turn.due_on]
        assert days == sorted(days) and days[0] == agreement_order.starts_on
        assert len([day for day in days if day <= today(simulator)]) == 3

    def test_pauses_and_resumes(self, adapter: Gateway, running: GatewaySubscription) -> None:
        for change, expected in ((PAUSED, SubscriptionStatus.PAUSED), (RESUMED, SubscriptionStatus.ACTIVE)):
            for _again in range(2):
                adapter.change_subscription(running.gateway_id, change)
            assert adapter.fetch_subscription(running.gateway_id).status is expected

    def test_a_pause_issues_nothing_and_is_not_made_up_for(
        self,
        simulator: Simulator,
        adapter: Gateway,
        offer: SubscriptionRule,
        running: GatewaySubscription,
    ) -> None:
        pass_days(simulator, 4)
        adapter.change_subscription(running.gateway_id, PAUSED)
        before = {turn.gateway_id for turn in adapter.fetch_turns(running.gateway_id)}
        pass_days(simulator, 70)
        assert {turn.gateway_id for turn in adapter.fetch_turns(running.gateway_id)} == before
        adapter.change_subscription(running.gateway_id, RESUMED)
        resumed = today(simulator)
        pass_days(simulator, 35)
        later = [turn for turn in adapter.fetch_turns(running.gateway_id) if turn.gateway_id not in before]
        assert later and (offer.recovers or min(turn.due_on for turn in later if turn.due_on) >= resumed)

    def test_is_cancelled_for_good(
        self, simulator: Simulator, adapter: Gateway, running: GatewaySubscription
    ) -> None:
        for _again in range(2):
            adapter.change_subscription(running.gateway_id, CANCELLED)
        assert adapter.fetch_subscription(running.gateway_id).status is SubscriptionStatus.CANCELLED
        pass_days(simulator, 70)
        turns = adapter.fetch_turns(running.gateway_id)
        assert [turn for turn in turns if turn.payment is None or turn.payment.received_cents] == []

    @pytest.mark.parametrize("with_open", [False, True])
    def test_asks_for_another_amount(
        self,
        adapter: Gateway,
        offer: SubscriptionRule,
        running: GatewaySubscription,
        with_open: bool,
    ) -> None:
        change = SubscriptionChange(amount_cents=9990, with_open=with_open)
        adapter.change_subscription(running.gateway_id, change)
        assert adapter.fetch_subscription(running.gateway_id).amount_cents == 9990
        if offer.moves_open:
            issued = {turn.amount_cents for turn in adapter.fetch_turns(running.gateway_id)}
            assert issued == {9990 if with_open else 8990}

    def test_its_events_lead_to_it(
        self,
        simulator: Simulator,
        adapter: Gateway,
        account: dict[str, Any],
        receiver: Receiver,
        agreement_order: SubscriptionOrder,
    ) -> None:
        secrets = self.listen(simulator, adapter, account, receiver)
        begun = adapter.submit_subscription(adapter.prepare_subscription(agreement_order))
        self.agree(simulator, begun)
        pass_days(simulator, 4)
        simulator.flush()
        deliveries = receiver.take_all()
        assert {adapter.verify(one, secrets, now=simulator.now()).is_accepted for one in deliveries} == {True}
        notes = [adapter.parse(one) for one in deliveries]
        kinds = {(note.kind, note.gateway_id) for note in notes}
        assert (ResourceKind.SUBSCRIPTION, begun.gateway_id) in kinds
        assert self.told_of in {kind for kind, _name in kinds}

    def test_a_plan_has_a_link_or_is_refused_without_a_call(
        self, simulator: Simulator, adapter: Gateway, offer: SubscriptionRule
    ) -> None:
        order = PlanOrder(
            reference="plan-contract-1",
            amount_cents=8990,
            currency="BRL",
            description="Plano mensal",
            cycle=Cycle.MONTHLY,
            return_url=BACK,
        )
        if not offer.has_plans:
            with pytest.raises(RequestRefused):
                adapter.create_plan(order)
            assert (adapter.find_plans(order.reference), simulator.received()) == ((), [])
            return
        made = adapter.create_plan(order)
        assert made.is_active and made.link.startswith("http")
        assert [plan.gateway_id for plan in adapter.find_plans(order.reference)] == [made.gateway_id]
        found = adapter.fetch_plan(made.gateway_id)
        assert (found.amount_cents, found.cycle, found.reference) == (8990, Cycle.MONTHLY, order.reference)
        for _again in range(2):
            adapter.close_plan(made.gateway_id)
        assert adapter.fetch_plan(made.gateway_id).is_active is False

    def test_what_nobody_contested_has_no_dispute(
        self, simulator: Simulator, adapter: Gateway, running: GatewaySubscription
    ) -> None:
        pass_days(simulator, 4)
        turn = adapter.fetch_turns(running.gateway_id)[0]
        assert list(adapter.find_disputes(turn.payment_ids[-1])) == []

    @pytest.mark.parametrize("kind", list(DisputeKind))
    def test_does_not_know_a_strange_dispute(self, adapter: Gateway, kind: DisputeKind) -> None:
        with pytest.raises(NotFound):
            adapter.fetch_dispute(kind, "999999999")


def today(simulator: Simulator) -> date:
    return simulator.now().astimezone(ZoneInfo("America/Sao_Paulo")).date()


def pass_days(simulator: Simulator, days: int) -> None:
    simulator.control("POST", "clock", {"advance_seconds": days * 24 * 3600, "play": True})
