from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.asaas.api import AsaasApi
from connections.gateways.base import (
    Access,
    ChargeOrder,
    Cycle,
    DisputeState,
    Environment,
    Gateway,
    GatewayCharge,
    GatewaySubscription,
    Method,
    PaymentStatus,
    RefundState,
    ResourceKind,
    Secrets,
    SubscriptionOrder,
    SubscriptionStatus,
    Terms,
    TurnState,
)
from connections.gateways.errors import CredentialsRefused, RequestRefused
from tests.gateways import sample
from tests.gateways.asaas.test_topics import outcome as outcome_of
from tests.gateways.asaas.test_topics import rows
from tests.gateways.contract import REFERENCE, GatewayContract
from tests.gateways.contract_boletos import BoletoContract
from tests.gateways.contract_changes import ChangeContract
from tests.gateways.contract_charges import ChargeContract
from tests.gateways.contract_instalments import InstalmentContract
from tests.gateways.contract_lists import ListContract
from tests.gateways.contract_payers import PayerContract
from tests.gateways.contract_refunds import RefundContract
from tests.gateways.contract_subscriptions import CANCELLED, SubscriptionContract, pass_days
from tests.gateways.controls import Receiver, Simulator

TOKEN = "whsec_Xk29fQm1v7Lr0Zt8Wc5Yb3Nd6Hs4Pj2Ga"


class TestAsaas(
    GatewayContract,
    ChargeContract,
    ChangeContract,
    ListContract,
    RefundContract,
    BoletoContract,
    InstalmentContract,
    PayerContract,
    SubscriptionContract,
):
    gateway = "asaas"
    credential = "api_key"
    switches = {"environment": "sandbox", "has_pix_key": True}
    unknown_id = "pay_0000000000000000"
    unknown_subscription = "sub_0000000000000000"
    wrong_key = sample.ASAAS_KEY
    too_small_cents = 300
    closing = ("delete", PaymentStatus.CANCELLED)
    # Refused in the sandbox (asaas.md 3.9); the charge waits for another card.
    refused_card = {"number": "5184019740373151"}
    refused_attempts = [PaymentStatus.PENDING]
    card_kind = any_kind = ResourceKind.PAYMENT
    without_limits = {"rate_limited": False}

    def secrets(self, adapter: Gateway, account: dict[str, Any], receiver: Receiver) -> Secrets:
        adapter.register_webhook(url=receiver.url, token=TOKEN, email="ops@example.com", name="Shop")
        return Secrets({"current": TOKEN})

    def test_has_nothing_to_warn_of_on_a_good_account(self, adapter: Gateway) -> None:
        assert adapter.check_credentials().notices == ()

    def test_warns_of_a_missing_pix_key(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway
    ) -> None:
        simulator.change_account(account, has_pix_key=False)
        assert "no_pix_key" in [notice.code for notice in adapter.check_credentials().notices]

    def test_is_refused_in_the_other_environment(self, access: Access) -> None:
        with pytest.raises(CredentialsRefused) as caught:
            self.make(access, environment=Environment.PRODUCTION).check_credentials()
        assert caught.value.code == "invalid_environment"

    def test_registers_the_webhook_once_and_mends_it(self, adapter: Gateway) -> None:
        url = "http://127.0.0.1:8000/webhooks/7f3c/"
        assert adapter.read_webhook(url=url) is None
        first = adapter.register_webhook(url=url, token=TOKEN, email="ops@example.com", name="Shop")
        again = adapter.register_webhook(url=url, token=TOKEN + "2", email="ops@example.com", name="Shop")
        assert (first.is_healthy, again.is_healthy, again.webhook_id) == (True, True, first.webhook_id)
        assert adapter.read_webhook(url=url) == again

    def test_resumes_a_stopped_queue_that_keeps_its_token(
        self,
        simulator: Simulator,
        access: Access,
        adapter: Gateway,
        account: dict[str, Any],
        receiver: Receiver,
        order: Callable[..., ChargeOrder],
    ) -> None:
        secrets = self.secrets(adapter, account, receiver)
        before = adapter.read_webhook(url=receiver.url)
        assert before is not None
        AsaasApi(access).ask("PUT", f"/webhooks/{before.webhook_id}", body='{"interrupted":true}')
        stopped = adapter.read_webhook(url=receiver.url)
        assert stopped is not None and stopped.interrupted
        assert adapter.resume_webhook(url=receiver.url) == before
        adapter.submit_charge(adapter.prepare_charge(order()))
        simulator.flush()
        assert adapter.verify(receiver.take(), secrets, now=simulator.now()).is_accepted

    def test_lists_an_old_charge_that_became_overdue(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.control("POST", "clock", {"advance_seconds": 6 * 24 * 3600})
        (found,) = self.listed(simulator, adapter, days=1).values()
        assert (found.gateway_id, found.status) == (charge.gateway_id, PaymentStatus.OVERDUE)

    def test_lists_no_deleted_charge(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.act("delete", reference=REFERENCE)
        assert self.listed(simulator, adapter) == {}

    def test_finds_the_customer_it_created(self, adapter: Gateway) -> None:
        created = adapter.create_customer(sample.customer())
        assert created and adapter.find_customer(sample.customer()) == created
        assert adapter.find_customer(sample.customer(document="11144477735")) == ""

    def test_says_that_a_past_due_date_is_refused(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        past = (simulator.now() - timedelta(days=3)).date()
        with pytest.raises(RequestRefused) as caught:
            adapter.submit_charge(adapter.prepare_charge(order(due_date=past)))
        assert caught.value.field == "due_date"

    @pytest.mark.parametrize("method", [Method.PIX, Method.BOLETO, Method.ANY])
    def test_reads_back_the_terms_it_wrote(
        self, adapter: Gateway, order: Callable[..., ChargeOrder], method: Method
    ) -> None:
        asked = order(method=method, late_days=29)
        until = asked.due_date - timedelta(days=2)
        terms = Terms(discount_cents=500, discount_until=until, fine_cents=300, interest_bp=133)
        created = adapter.submit_charge(adapter.prepare_charge(replace(asked, terms=terms)))
        assert created.payments[0].terms == terms
        assert adapter.fetch_payment(created.gateway_id).terms == terms

    def test_sees_an_overdue_charge(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.act("overdue", reference=REFERENCE)
        assert adapter.fetch_payment(charge.gateway_id).status is PaymentStatus.OVERDUE

    def test_a_repeated_delivery_is_the_same_event(
        self,
        simulator: Simulator,
        adapter: Gateway,
        account: dict[str, Any],
        receiver: Receiver,
        order: Callable[..., ChargeOrder],
    ) -> None:
        self.secrets(adapter, account, receiver)
        simulator.fault("duplicate", gateway="asaas", times=1, extra=1)
        adapter.submit_charge(adapter.prepare_charge(order()))
        simulator.flush()
        first, second = receiver.take(), receiver.take()
        assert adapter.parse(first).dedupe_key == adapter.parse(second).dedupe_key
        assert "&" in adapter.parse(first).dedupe_key

    def test_a_boleto_goes_back_by_a_link_for_its_payer(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway
    ) -> None:
        simulator.change_account(account, opening_balance=500)
        made = simulator.act(
            "panel_payment", account=account["id"], amount="320.50", method="boleto", paid=True
        )
        simulator.control("POST", "clock", {"advance_seconds": 5 * 24 * 3600})  # its money has come
        answer = self.give_back(adapter, made["id"], 32050, method=Method.BOLETO, is_rest=True)
        assert answer.payer_link.startswith("http") and answer.payment is None
        waiting = adapter.fetch_payment(made["id"])
        assert (waiting.status, waiting.is_refunding, waiting.refunded_cents) == (PaymentStatus.PAID, True, 0)
        assert [refund.status in adapter.refund_reasons for refund in waiting.refunds] == [True]
        for outcome in ("allow", "done"):
            simulator.act("refund_step", id=made["id"], outcome=outcome)
        after = adapter.fetch_payment(made["id"])
        assert (after.status, after.is_refunding) == (PaymentStatus.REFUNDED, False)

    def test_a_refund_may_wait_for_somebody_in_the_panel(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, paid: str
    ) -> None:
        simulator.change_account(account, critical_action_protection=True)
        answer = self.give_back(adapter, paid, 15000, is_rest=True)
        assert answer.payment is not None and answer.payment.is_refunding
        (refund,) = answer.payment.refunds
        assert (refund.state, refund.status in adapter.refund_reasons) == (RefundState.PENDING, True)
        simulator.act("refund_step", reference=REFERENCE, outcome="allow")
        assert adapter.fetch_payment(paid).status is PaymentStatus.REFUNDED

    def test_a_removed_subscription_takes_its_open_charges_along(
        self, simulator: Simulator, adapter: Gateway, running: GatewaySubscription
    ) -> None:
        (turn,) = adapter.fetch_turns(running.gateway_id)
        adapter.change_subscription(running.gateway_id, CANCELLED)
        assert adapter.fetch_turns(running.gateway_id) == ()
        assert adapter.fetch_turn(turn.gateway_id).state is TurnState.CANCELLED

    def test_the_first_charge_exists_at_once_and_carries_our_reference(
        self, adapter: Gateway, agreement: GatewaySubscription, agreement_order: SubscriptionOrder
    ) -> None:
        (turn,) = adapter.fetch_turns(agreement.gateway_id)
        assert (turn.due_on, turn.state) == (agreement_order.starts_on, TurnState.SCHEDULED)
        assert turn.payment and turn.payment.link.startswith("http")
        assert turn.reference in ("", agreement.reference)
        assert agreement.next_due_on and agreement.next_due_on > agreement_order.starts_on

    def test_a_subscription_ends_after_its_turns(
        self, simulator: Simulator, adapter: Gateway, agreement_order: SubscriptionOrder
    ) -> None:
        asked = replace(agreement_order, turns=2, cycle=Cycle.WEEKLY, method=Method.PIX)
        made = adapter.submit_subscription(adapter.prepare_subscription(asked))
        pass_days(simulator, 40)
        assert len(adapter.fetch_turns(made.gateway_id)) == 2
        assert adapter.fetch_subscription(made.gateway_id).status is SubscriptionStatus.ENDED

    @pytest.mark.parametrize(
        ("steps", "states", "ends"),
        [
            (["documents", "won", "given_back"], ["DOCUMENTS", "REVIEW", "WON"], PaymentStatus.PAID),
            (["documents", "lost"], ["DOCUMENTS", "REVIEW"], PaymentStatus.CHARGED_BACK),
            (["lost"], ["DOCUMENTS"], PaymentStatus.CHARGED_BACK),
        ],
    )
    def test_follows_a_chargeback_to_its_end(
        self,
        simulator: Simulator,
        adapter: Gateway,
        order: Callable[..., ChargeOrder],
        steps: list[str],
        states: list[str],
        ends: PaymentStatus,
    ) -> None:
        made = adapter.submit_charge(adapter.prepare_charge(order(method=Method.CARD)))
        simulator.act("pay_card", reference=REFERENCE)
        assert adapter.find_disputes(made.gateway_id) == ()
        simulator.act("chargeback", reference=REFERENCE)
        for state, step in zip(states, steps, strict=False):
            (found,) = adapter.find_disputes(made.gateway_id)
            assert (found.state, found.amount_cents) == (DisputeState[state], 15000)
            assert adapter.fetch_payment(made.gateway_id).status is PaymentStatus.DISPUTED
            simulator.act("chargeback_step", reference=REFERENCE, outcome=step)
        over = adapter.fetch_payment(made.gateway_id)
        assert (over.status, [refund for refund in over.refunds if not refund.is_done]) == (ends, [])
        told = [one.state for one in adapter.find_disputes(made.gateway_id)]
        assert told in ([], [DisputeState.WON if ends is PaymentStatus.PAID else DisputeState.LOST])

    def test_every_event_leads_where_the_page_says(
        self,
        simulator: Simulator,
        access: Access,
        adapter: Gateway,
        account: dict[str, Any],
        receiver: Receiver,
    ) -> None:
        secrets = self.secrets(adapter, account, receiver)
        leads = {topic: where for topic, _registered, where in rows() if not topic.endswith("*")}
        # The name in one sample of the document, which is no event anybody can ask for.
        del leads["PHONE_RECHARGE_CONFIRMED"]
        hook = adapter.read_webhook(url=receiver.url)
        assert hook is not None
        every = json.dumps({"events": sorted(leads), "authToken": TOKEN})
        AsaasApi(access).ask("PUT", f"/webhooks/{hook.webhook_id}", body=every)
        for topic in leads:
            simulator.act("asaas_event", account=account["id"], event=topic)
        simulator.flush()
        told = {}
        for _each in leads:
            delivery = receiver.take()
            assert adapter.verify(delivery, secrets, now=simulator.now()).is_accepted
            found = adapter.parse(delivery)
            told[found.topic] = outcome_of(found)
        assert told == leads
