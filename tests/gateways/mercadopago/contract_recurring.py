"""What only Mercado Pago does with subscriptions, plans, disputes and topics; a mixin of its contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import (
    ChargeOrder,
    Cycle,
    DisputeKind,
    DisputeState,
    Gateway,
    GatewaySubscription,
    Method,
    PaymentStatus,
    SubscriptionChange,
    SubscriptionOrder,
    SubscriptionStatus,
    TurnState,
)
from connections.gateways.errors import RequestRefused
from tests.gateways.contract import REFERENCE
from tests.gateways.contract_subscriptions import PAUSED, RESUMED, pass_days, today
from tests.gateways.controls import Receiver, Simulator
from tests.gateways.mercadopago.desk import plan_order
from tests.gateways.mercadopago.test_topics import outcome, rows


class RecurringRules:
    def test_an_open_link_is_followed_by_many_and_each_takes_our_reference(
        self, simulator: Simulator, adapter: Gateway
    ) -> None:
        plan = adapter.create_plan(plan_order())
        started = [simulator.act("subscribe", id=plan.gateway_id)["id"] for _person in range(2)]
        assert sorted(adapter.find_plan_subscriptions(plan.gateway_id)) == sorted(started)
        for number, name in enumerate(started):
            found = adapter.fetch_subscription(name)
            assert (found.plan_id, found.reference, found.amount_cents) == (plan.gateway_id, "", 3990)
            adapter.change_subscription(name, SubscriptionChange(reference=f"sub_taken_{number}"))
            assert adapter.fetch_subscription(name).reference == f"sub_taken_{number}"

    def test_agreeing_is_not_paying(
        self, simulator: Simulator, adapter: Gateway, running: GatewaySubscription
    ) -> None:
        """It proves the card with a payment of nothing; the first turn comes on its day (4.5)."""
        assert running.status is SubscriptionStatus.ACTIVE
        found = list(adapter.changed_payments(since=simulator.now() - timedelta(minutes=5)))
        assert [(one.is_card_check, one.amount_cents) for one in found] == [(True, 0)]
        assert [turn for turn in adapter.fetch_turns(running.gateway_id) if turn.payment_ids] == []

    def test_a_refused_turn_is_tried_again_and_every_attempt_leads_to_it(
        self, simulator: Simulator, adapter: Gateway, running: GatewaySubscription
    ) -> None:
        simulator.act("kept_card", id=running.gateway_id, declines=True)
        pass_days(simulator, 4)
        turn = adapter.fetch_turns(running.gateway_id)[0]
        first = adapter.fetch_payment(turn.payment_ids[0])
        assert (turn.state, first.status) == (TurnState.RETRYING, PaymentStatus.FAILED)
        assert turn.next_try_at is not None and turn.next_try_at > simulator.now() - timedelta(days=1)
        simulator.act("kept_card", id=running.gateway_id, declines=False)
        pass_days(simulator, 10)
        done = adapter.fetch_turn(turn.gateway_id)
        assert done.state is TurnState.DONE
        assert adapter.fetch_payment(done.payment_ids[0]).status is PaymentStatus.PAID
        for attempt in (first.gateway_id, done.payment_ids[0]):
            found = adapter.find_turn(attempt)
            assert found is not None and found.gateway_id == turn.gateway_id

    def test_a_cycle_that_fell_into_a_pause_is_not_made_up_for(
        self,
        simulator: Simulator,
        adapter: Gateway,
        running: GatewaySubscription,
        agreement_order: SubscriptionOrder,
    ) -> None:
        pass_days(simulator, 4)
        adapter.change_subscription(running.gateway_id, PAUSED)
        pass_days(simulator, 35)
        with pytest.raises(RequestRefused):
            adapter.change_subscription(running.gateway_id, SubscriptionChange(description="Outro"))
        adapter.change_subscription(running.gateway_id, RESUMED)
        pass_days(simulator, 31)
        due = [turn.due_on for turn in adapter.fetch_turns(running.gateway_id) if turn.payment_ids]
        assert len(due) == 2 and due[0] == agreement_order.starts_on
        assert due[1] and due[1] > today(simulator) - timedelta(days=31)

    def test_one_with_a_last_day_comes_to_its_end(
        self, simulator: Simulator, adapter: Gateway, agreement_order: SubscriptionOrder
    ) -> None:
        asked = replace(
            agreement_order, cycle=Cycle.WEEKLY, ends_on=agreement_order.starts_on + timedelta(days=8)
        )
        made = adapter.submit_subscription(adapter.prepare_subscription(asked))
        self.agree(simulator, made)  # type: ignore[attr-defined]
        assert adapter.fetch_subscription(made.gateway_id).ends_on == asked.ends_on
        pass_days(simulator, 30)
        over = adapter.fetch_subscription(made.gateway_id)
        assert over.status in (SubscriptionStatus.ENDED, SubscriptionStatus.CANCELLED)
        turns = adapter.fetch_turns(made.gateway_id)
        assert len([turn for turn in turns if turn.payment_ids]) == 2

    @pytest.mark.parametrize(
        ("outcome", "state", "ends"),
        [
            ("won", DisputeState.WON, PaymentStatus.PAID),
            ("lost", DisputeState.LOST, PaymentStatus.CHARGED_BACK),
        ],
    )
    def test_follows_a_chargeback_to_its_end(
        self,
        simulator: Simulator,
        adapter: Gateway,
        order: Callable[..., ChargeOrder],
        outcome: str,
        state: DisputeState,
        ends: PaymentStatus,
    ) -> None:
        adapter.submit_charge(adapter.prepare_charge(order(method=Method.CARD)))
        paid = str(simulator.act("pay_card", reference=REFERENCE)["id"])
        simulator.act("chargeback", id=paid)
        (begun,) = adapter.find_disputes(paid)
        assert (begun.kind, begun.state, begun.amount_cents) == (
            DisputeKind.CHARGEBACK,
            DisputeState.OPEN,
            15000,
        )
        simulator.act("chargeback_step", id=paid, outcome="ask_documents")
        asked = adapter.fetch_dispute(DisputeKind.CHARGEBACK, begun.gateway_id)
        assert (asked.state, asked.payment_ids) == (DisputeState.DOCUMENTS, (paid,))
        assert asked.deadline is not None and asked.deadline > simulator.now()
        assert adapter.fetch_payment(paid).status is PaymentStatus.DISPUTED
        simulator.act("chargeback_step", id=paid, outcome=outcome)
        assert [one.state for one in adapter.find_disputes(paid)] == [state]
        assert adapter.fetch_payment(paid).status is ends

    @pytest.mark.parametrize(
        ("outcome", "state", "ends"),
        [
            ("seller", DisputeState.WON, PaymentStatus.PAID),
            ("payer", DisputeState.LOST, PaymentStatus.REFUNDED),
        ],
    )
    def test_follows_a_claim_to_its_end(
        self,
        simulator: Simulator,
        adapter: Gateway,
        order: Callable[..., ChargeOrder],
        outcome: str,
        state: DisputeState,
        ends: PaymentStatus,
    ) -> None:
        adapter.submit_charge(adapter.prepare_charge(order(method=Method.CARD)))
        paid = str(simulator.act("pay_card", reference=REFERENCE)["id"])
        simulator.act("claim", id=paid)
        (begun,) = adapter.find_disputes(paid)
        assert (begun.kind, begun.state, begun.payment_ids) == (
            DisputeKind.CLAIM,
            DisputeState.OPEN,
            (paid,),
        )
        assert adapter.fetch_payment(paid).status is PaymentStatus.DISPUTED
        simulator.act("claim_step", id=paid, outcome=outcome)
        over = adapter.fetch_dispute(DisputeKind.CLAIM, begun.gateway_id)
        assert (over.state, adapter.fetch_payment(paid).status) == (state, ends)

    def test_every_topic_leads_where_the_page_says(
        self, simulator: Simulator, adapter: Gateway, account: dict[str, Any], receiver: Receiver
    ) -> None:
        """Also of things that do not exist, and twice over."""
        simulator.change_account(account, panel_url=receiver.url, panel_topics=[])
        secrets = self.secrets(adapter, account, receiver)  # type: ignore[attr-defined]
        says = {topic: leads for topic, (_box, leads, _why) in rows("| Topic |").items()}
        sent = sorted(says.keys() - {"claim", "automatic-payments"})
        told: dict[str, set[str]] = {}
        for topic in sent:
            simulator.act("topic_event", account=account["id"], topic=topic, id="98000123460", times=2)
            for _each in range(2):
                delivery = receiver.take()
                assert adapter.verify(delivery, secrets, now=simulator.now()).is_accepted
                found = adapter.parse(delivery)
                told.setdefault(found.topic, set()).add(outcome(found))
        assert told == {topic: {says[topic]} for topic in sent}
