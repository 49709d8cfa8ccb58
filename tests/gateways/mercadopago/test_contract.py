from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connections.gateways.base import (
    ChargeOrder,
    Environment,
    Gateway,
    GatewayCharge,
    GatewaySubscription,
    Method,
    PaymentStatus,
    ResourceKind,
    Secrets,
)
from connections.gateways.errors import HostedPageRequired, RequestRefused
from tests.gateways.contract import REFERENCE, GatewayContract
from tests.gateways.contract_boletos import BoletoContract
from tests.gateways.contract_changes import ChangeContract
from tests.gateways.contract_charges import ChargeContract
from tests.gateways.contract_instalments import InstalmentContract
from tests.gateways.contract_lists import ListContract
from tests.gateways.contract_payers import PayerContract
from tests.gateways.contract_refunds import RefundContract
from tests.gateways.contract_subscriptions import SubscriptionContract
from tests.gateways.controls import Receiver, Simulator
from tests.gateways.mercadopago.contract_recurring import RecurringRules

# mercadopago.md 8.3; what UNSU and TEST do nobody knows, the simulator refuses them.
REFUSED_HOLDERS = (
    *("OTHE", "CALL", "FUND", "SECU", "EXPI", "FORM", "CARD", "INST"),
    *("DUPL", "LOCK", "CTNA", "ATTE", "BLAC", "UNSU", "TEST"),
)


class TestMercadoPago(
    GatewayContract,
    ChargeContract,
    ChangeContract,
    ListContract,
    RefundContract,
    BoletoContract,
    InstalmentContract,
    PayerContract,
    SubscriptionContract,
    RecurringRules,
):
    gateway = "mercadopago"
    credential = "access_token"
    switches = {"test_user": True, "token_prefix": "APP_USR", "site": "MLB", "direct_payments": True}
    unknown_id = "99999999999"
    unknown_subscription = "00000000000000000000000000000000"
    told_of = ResourceKind.TURN
    wrong_key = "APP_USR-7731245567788990-030209-5c508e1b02a34fcce879a999574cf5c9-1"
    too_small_cents = 0
    closing = ("expire", PaymentStatus.EXPIRED)
    refused_card = {"holder": "FUND"}
    refused_attempts = [PaymentStatus.FAILED]
    card_kind = any_kind = ResourceKind.PREFERENCE

    def secrets(self, adapter: Gateway, account: dict[str, Any], receiver: Receiver) -> Secrets:
        return Secrets(
            {"test": account["webhook_secret"], "production": account["webhook_secret_production"]}
        )

    def agree(self, simulator: Simulator, agreement: GatewaySubscription) -> None:
        simulator.act("subscribe", id=agreement.gateway_id)

    def listen(
        self, simulator: Simulator, adapter: Gateway, account: dict[str, Any], receiver: Receiver
    ) -> Secrets:
        topics = ["payment", "subscription_preapproval", "subscription_authorized_payment"]
        simulator.change_account(account, panel_url=receiver.url, panel_topics=topics)
        return self.secrets(adapter, account, receiver)

    @pytest.mark.parametrize(
        ("test_user", "prefix", "expected"),
        [
            (True, "APP_USR", Environment.SANDBOX),
            (False, "APP_USR", Environment.PRODUCTION),
            (False, "TEST", Environment.SANDBOX),
        ],
    )
    def test_tells_test_and_production_apart(
        self, simulator: Simulator, access: Any, test_user: bool, prefix: str, expected: Environment
    ) -> None:
        switches = {**self.switches, "test_user": test_user, "token_prefix": prefix}
        other = simulator.account("mercadopago", name="Other", **switches)
        adapter = self.make(access, credentials=Secrets({"access_token": other["access_token"]}))
        assert adapter.check_credentials().environment is expected

    def test_a_repeat_with_the_same_bytes_and_key_is_the_same_payment(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        prepared = adapter.prepare_charge(order())
        first, second = adapter.submit_charge(prepared), adapter.submit_charge(prepared)
        assert first.gateway_id == second.gateway_id
        assert len(simulator.books(REFERENCE)) == 1

    def test_an_account_without_direct_payments_uses_the_hosted_page(
        self,
        simulator: Simulator,
        account: dict[str, Any],
        adapter: Gateway,
        order: Callable[..., ChargeOrder],
    ) -> None:
        simulator.change_account(account, direct_payments=False)
        with pytest.raises(HostedPageRequired):
            adapter.submit_charge(adapter.prepare_charge(order()))
        hosted = adapter.submit_charge(adapter.prepare_charge(order(hosted=True)))
        assert (hosted.kind, hosted.payments, hosted.is_open) == (ResourceKind.PREFERENCE, (), True)
        assert hosted.link.startswith("http")

    def test_finds_the_payments_of_a_hosted_page(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        hosted = adapter.submit_charge(adapter.prepare_charge(order(hosted=True)))
        simulator.act("pay", reference=REFERENCE)
        (found,) = adapter.find_charges(REFERENCE)
        assert (found.kind, found.gateway_id) == (ResourceKind.PREFERENCE, hosted.gateway_id)
        assert [(paid.status, paid.received_cents) for paid in found.payments] == [
            (PaymentStatus.PAID, 15000)
        ]

    def test_a_hosted_page_closes_with_what_waits_on_it(
        self, simulator: Simulator, adapter: Gateway, card_charge: GatewayCharge
    ) -> None:
        simulator.act("pay_card", reference=REFERENCE, holder="CONT")
        adapter.cancel_charge(card_charge.kind, card_charge.gateway_id)
        found = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id)
        assert (found.is_open, [payment.status for payment in found.payments]) == (
            False,
            [PaymentStatus.CANCELLED],
        )

    def test_two_good_cards_are_two_payments_of_one_page(
        self, simulator: Simulator, adapter: Gateway, card_charge: GatewayCharge
    ) -> None:
        simulator.act("pay_card", reference=REFERENCE)
        simulator.act("pay_card", reference=REFERENCE)
        found = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id)
        assert [paid.status for paid in found.payments] == [PaymentStatus.PAID] * 2
        assert len({paid.gateway_id for paid in found.payments}) == 2
        assert [charge.payments for charge in adapter.find_charges(REFERENCE)] == [found.payments]

    def test_every_holder_of_the_table_decides(
        self, simulator: Simulator, adapter: Gateway, card_charge: GatewayCharge
    ) -> None:
        expected = {"APRO": PaymentStatus.PAID, "CONT": PaymentStatus.AUTHORIZED}
        expected |= dict.fromkeys(REFUSED_HOLDERS, PaymentStatus.FAILED)
        made = {
            str(simulator.act("pay_card", reference=REFERENCE, holder=name)["id"]): name for name in expected
        }
        found = adapter.fetch_charge(card_charge.kind, card_charge.gateway_id).payments
        assert {made[payment.gateway_id]: payment.status for payment in found} == expected

    def test_a_closed_page_keeps_what_was_paid_on_it(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        hosted = adapter.submit_charge(adapter.prepare_charge(order(hosted=True)))
        simulator.act("pay", reference=REFERENCE)
        adapter.cancel_charge(hosted.kind, hosted.gateway_id)
        found = adapter.fetch_charge(hosted.kind, hosted.gateway_id)
        assert (found.is_open, [payment.status for payment in found.payments]) == (
            False,
            [PaymentStatus.PAID],
        )

    def test_a_merchant_order_names_its_payments(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        adapter.submit_charge(adapter.prepare_charge(order(hosted=True)))
        paid = simulator.act("pay", reference=REFERENCE)["id"]
        origin = adapter.fetch_payment(str(paid)).origin_id
        assert adapter.fetch_order_payments(origin) == (str(paid),)

    def test_a_legacy_twin_leads_to_the_payment(
        self, simulator: Simulator, adapter: Gateway, receiver: Receiver, order: Callable[..., ChargeOrder]
    ) -> None:
        simulator.fault("ipn_twin", gateway="mercadopago", times=None)
        adapter.submit_charge(
            adapter.prepare_charge(order(hosted=True, notification_url=receiver.url, method=Method.PIX))
        )
        paid = str(simulator.act("pay", reference=REFERENCE)["id"])
        simulator.flush()
        hints = [adapter.parse(found) for found in receiver.take_all() if "topic=" in found.query]
        assert {hint.topic for hint in hints} == {"payment", "merchant_order"}
        for hint in hints:
            named = adapter.fetch_order_payments(hint.gateway_id) if hint.is_order else (hint.gateway_id,)
            assert named == (paid,)

    def test_orders_two_fetches_by_version(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        charge = adapter.submit_charge(adapter.prepare_charge(order()))
        before = adapter.fetch_payment(charge.gateway_id).version
        simulator.control("POST", "clock", {"advance_seconds": 60})
        simulator.act("pay", reference=REFERENCE)
        after = adapter.fetch_payment(charge.gateway_id).version
        assert before is not None and after is not None
        assert before < after

    def test_knows_the_test_event_of_the_panel(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, receiver: Receiver
    ) -> None:
        simulator.change_account(account, panel_url=receiver.url)
        simulator.act("panel_event", account=account["id"])
        simulator.flush()
        delivery = receiver.take()
        assert adapter.verify(
            delivery, self.secrets(adapter, account, receiver), now=simulator.now()
        ).is_accepted
        assert adapter.parse(delivery).is_test

    def test_gives_back_nothing_after_half_a_year(
        self, simulator: Simulator, adapter: Gateway, paid: str
    ) -> None:
        days = adapter.capabilities.refund_days
        assert days is not None
        simulator.control("POST", "clock", {"advance_seconds": (days + 1) * 24 * 3600})
        with pytest.raises(RequestRefused) as caught:
            self.give_back(adapter, paid, 4000)
        assert f"{days} days" in caught.value.advice

    def test_a_test_seller_gives_nothing_back_and_its_key_is_good(
        self, simulator: Simulator, account: dict[str, Any], adapter: Gateway, paid: str
    ) -> None:
        simulator.change_account(account, direct_payments=False)
        with pytest.raises(RequestRefused) as caught:
            self.give_back(adapter, paid, 4000)
        assert not isinstance(caught.value, HostedPageRequired)
        assert "test seller" in caught.value.advice
        assert adapter.check_credentials().account_id

    def test_gives_back_a_boleto(
        self, simulator: Simulator, adapter: Gateway, boleto_charge: GatewayCharge
    ) -> None:
        simulator.act("pay", reference=REFERENCE)
        simulator.control("POST", "clock", {"advance_seconds": 6 * 24 * 3600})
        self.give_back(adapter, boleto_charge.gateway_id, 4000, method=Method.BOLETO)
        found = adapter.fetch_payment(boleto_charge.gateway_id)
        assert (found.status, found.refunded_cents) == (PaymentStatus.PAID, 4000)

    def test_a_boleto_made_on_the_hosted_page_has_its_line(
        self,
        simulator: Simulator,
        account: dict[str, Any],
        adapter: Gateway,
        boleto_order: Callable[..., ChargeOrder],
    ) -> None:
        simulator.change_account(account, direct_payments=False)
        with pytest.raises(HostedPageRequired):
            adapter.submit_charge(adapter.prepare_charge(boleto_order()))
        hosted = adapter.submit_charge(adapter.prepare_charge(boleto_order(hosted=True)))
        simulator.act("pay", reference=REFERENCE, method="boleto")
        (found,) = adapter.fetch_charge(hosted.kind, hosted.gateway_id).payments
        assert (found.method, found.boleto is not None) == (Method.BOLETO, True)
