"""What every gateway must do, run through its real adapter against the simulator over HTTP.

A gateway's ``test_contract.py`` subclasses ``GatewayContract`` and says how its account is made; whatever is
only true for one gateway stands in that file too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Environment,
    Exchange,
    Gateway,
    GatewayCharge,
    PaymentStatus,
    Rejection,
    ResourceKind,
    Secrets,
)
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayUnavailable,
    NotFound,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
)
from connections.gateways.http import USER_AGENT
from connections.gateways.registry import gateway_class
from tests.gateways import sample
from tests.gateways.controls import Receiver, Simulator

REFERENCE = "chg-contract-1"


class Pauses:
    """A budget that only remembers what it was told."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def acquire(self) -> None:
        return

    def release(self) -> None:
        return

    def pause(self, seconds: float) -> None:
        self.seconds.append(seconds)


class GatewayContract:
    gateway: str
    credential: str
    switches: dict[str, Any] = {}
    unknown_id: str
    wrong_key: str
    too_small_cents: int
    # The control that closes an unpaid charge, and how the gateway shows it afterwards.
    closing: tuple[str, PaymentStatus]

    @pytest.fixture
    def account(self, simulator: Simulator) -> dict[str, Any]:
        return simulator.account(self.gateway, name="Padaria Aurora", **self.switches)

    @pytest.fixture
    def access(self, simulator: Simulator, account: dict[str, Any]) -> Access:
        return Access(
            credentials=Secrets({self.credential: account[self.credential]}),
            environment=Environment.SANDBOX,
            now=simulator.now,
            simulator_url=simulator.url,
            deadline_seconds=10.0,
        )

    @pytest.fixture
    def adapter(self, access: Access) -> Gateway:
        return gateway_class(self.gateway)(access)

    def make(self, access: Access, **changes: Any) -> Gateway:
        return gateway_class(self.gateway)(replace(access, **changes))

    def secrets(self, adapter: Gateway, account: dict[str, Any], receiver: Receiver) -> Secrets:
        """The webhook secrets of this account, with the webhook in place."""
        raise NotImplementedError

    @pytest.fixture
    def order(self, simulator: Simulator, adapter: Gateway) -> Callable[..., ChargeOrder]:
        def build(**changes: Any) -> ChargeOrder:
            today = simulator.now().astimezone(ZoneInfo("America/Sao_Paulo")).date()
            customer = sample.customer()
            defaults = {
                "reference": REFERENCE,
                "customer": customer,
                "customer_id": adapter.find_customer(customer) or adapter.create_customer(customer),
                "due_date": today + timedelta(days=3),
                "notification_url": "",
            }
            return sample.order(**{**defaults, **changes})

        return build

    @pytest.fixture
    def charge(self, adapter: Gateway, order: Callable[..., ChargeOrder]) -> GatewayCharge:
        return adapter.submit_charge(adapter.prepare_charge(order()))

    def test_keys_of_the_simulator_look_real(self, access: Access) -> None:
        review = gateway_class(self.gateway).review_credentials
        assert review(access.credentials, Environment.SANDBOX) == ()

    def test_tells_whose_account_it_is(self, adapter: Gateway) -> None:
        found = adapter.check_credentials()
        assert found.account_id
        assert (found.environment, found.currency, found.time_zone) == (
            Environment.SANDBOX,
            "BRL",
            "America/Sao_Paulo",
        )

    def test_refuses_a_key_the_gateway_does_not_know(self, access: Access) -> None:
        stranger = self.make(access, credentials=Secrets({self.credential: self.wrong_key}))
        with pytest.raises(CredentialsRefused) as caught:
            stranger.check_credentials()
        assert self.wrong_key not in str(caught.value)

    def test_creates_a_pix_charge(self, adapter: Gateway, charge: GatewayCharge) -> None:
        assert (charge.kind, charge.reference, charge.is_open) == (ResourceKind.PAYMENT, REFERENCE, True)
        found = adapter.fetch_payment(charge.gateway_id)
        assert (found.status, found.amount_cents, found.received_cents) == (PaymentStatus.PENDING, 15000, 0)
        assert (found.reference, found.currency) == (REFERENCE, "BRL")

    def test_sends_the_prepared_bytes_under_our_name(
        self, simulator: Simulator, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        prepared = adapter.prepare_charge(order())
        adapter.submit_charge(prepared)
        calls = simulator.received()
        (seen,) = [
            call for call in calls if call["method"] == "POST" and call["path"].endswith(prepared.path)
        ]
        assert seen["body"] == prepared.body
        agents = {
            value for call in calls for key, value in call["headers"].items() if key.lower() == "user-agent"
        }
        assert agents == {USER_AGENT}

    def test_hands_out_the_pix_code(self, adapter: Gateway, charge: GatewayCharge) -> None:
        code = adapter.fetch_pix_code(charge.gateway_id)
        assert code is not None
        assert code.text.startswith("000201") and "6304" in code.text
        assert code.expires_at is not None

    def test_finds_a_charge_by_our_reference(self, adapter: Gateway, charge: GatewayCharge) -> None:
        assert [found.gateway_id for found in adapter.find_charges(REFERENCE)] == [charge.gateway_id]
        assert adapter.find_charges(REFERENCE + "0") == ()

    def test_sees_the_payment_as_the_books_have_it(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        simulator.act("pay", reference=REFERENCE)
        found = adapter.fetch_payment(charge.gateway_id)
        assert (found.status, found.amount_cents, found.received_cents) == (PaymentStatus.PAID, 15000, 15000)
        assert found.paid_at is not None
        assert found.fee_cents is not None and found.net_cents == 15000 - found.fee_cents
        assert [str(line["id"]) for line in simulator.books(REFERENCE)] == [charge.gateway_id]

    def test_sees_a_charge_closed_unpaid(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge
    ) -> None:
        control, expected = self.closing
        simulator.act(control, reference=REFERENCE)
        assert adapter.fetch_payment(charge.gateway_id).status is expected

    def test_does_not_know_a_strange_id(self, adapter: Gateway) -> None:
        with pytest.raises(NotFound):
            adapter.fetch_payment(self.unknown_id)

    def test_says_that_an_amount_is_refused(
        self, adapter: Gateway, order: Callable[..., ChargeOrder]
    ) -> None:
        with pytest.raises(RequestRefused) as caught:
            adapter.submit_charge(adapter.prepare_charge(order(amount_cents=self.too_small_cents)))
        assert caught.value.field == "amount"
        assert caught.value.text

    @pytest.mark.parametrize("fault", ["error_500", "hang"])
    def test_finds_the_charge_whose_answer_was_lost(
        self,
        simulator: Simulator,
        access: Access,
        order: Callable[..., ChargeOrder],
        fault: str,
    ) -> None:
        patient, hasty = self.make(access), self.make(access, deadline_seconds=1.5)
        prepared = patient.prepare_charge(order())
        simulator.fault(fault, gateway=self.gateway, times=1, when="after", seconds=4)
        with pytest.raises(GatewayUnavailable) as caught:
            hasty.submit_charge(prepared)
        assert caught.value.maybe_sent is True
        assert len(patient.find_charges(REFERENCE)) == len(simulator.books(REFERENCE)) == 1

    def test_pauses_when_asked_to(self, simulator: Simulator, access: Access) -> None:
        budget = Pauses()
        simulator.fault("rate_limit", gateway=self.gateway, times=1, retry_after=7)
        with pytest.raises(RateLimited) as caught:
            self.make(access, budget=budget).find_charges(REFERENCE)
        assert (caught.value.retry_after, budget.seconds) == (7.0, [7.0])

    @pytest.mark.parametrize("fault", ["malformed_json", "html_error"])
    def test_believes_no_answer_it_cannot_read(
        self, simulator: Simulator, adapter: Gateway, charge: GatewayCharge, fault: str
    ) -> None:
        simulator.fault(fault, gateway=self.gateway, times=1)
        with pytest.raises(GatewayUnavailable) as caught:
            adapter.fetch_payment(charge.gateway_id)
        assert caught.value.maybe_sent is False
        assert isinstance(caught.value, UnreadableAnswer) or (caught.value.http_status or 0) >= 500

    def test_verifies_and_reads_what_the_gateway_sends(
        self,
        simulator: Simulator,
        adapter: Gateway,
        account: dict[str, Any],
        receiver: Receiver,
        order: Callable[..., ChargeOrder],
    ) -> None:
        secrets = self.secrets(adapter, account, receiver)
        charge = adapter.submit_charge(adapter.prepare_charge(order(notification_url=receiver.url)))
        simulator.act("pay", reference=REFERENCE)
        simulator.flush()
        deliveries = receiver.take_all()
        verified = [adapter.verify(found, secrets, now=simulator.now()) for found in deliveries]
        assert {result.is_accepted for result in verified} == {True}
        notices = [adapter.parse(found) for found in deliveries]
        assert {(note.kind, note.gateway_id) for note in notices} == {
            (ResourceKind.PAYMENT, charge.gateway_id)
        }
        assert adapter.fetch_payment(notices[-1].gateway_id).status is PaymentStatus.PAID

    def test_refuses_what_somebody_else_signed(
        self,
        simulator: Simulator,
        adapter: Gateway,
        account: dict[str, Any],
        receiver: Receiver,
        order: Callable[..., ChargeOrder],
    ) -> None:
        secrets = self.secrets(adapter, account, receiver)
        simulator.fault("wrong_secret", gateway=self.gateway, times=None)
        adapter.submit_charge(adapter.prepare_charge(order(notification_url=receiver.url)))
        simulator.act("pay", reference=REFERENCE)
        simulator.flush()
        found = adapter.verify(receiver.take(), secrets, now=simulator.now())
        assert found.rejection in (Rejection.WRONG_TOKEN, Rejection.SIGNATURE_MISMATCH)

    def test_leaves_no_key_and_no_customer_in_the_timeline(
        self, simulator: Simulator, access: Access, order: Callable[..., ChargeOrder]
    ) -> None:
        seen: list[Exchange] = []
        owner = self.make(access, on_exchange=seen.append)
        owner.check_credentials()
        owner.submit_charge(owner.prepare_charge(order()))
        key = access.credentials[self.credential]
        customer = sample.customer()
        printed = repr(seen)
        private = [key, customer.name, customer.document, customer.email]
        assert len(seen) >= 2
        assert [word for word in private if word in printed] == []
