"""The fifth part of the contract: boletos, and charges whose payer chooses how to pay.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Gateway,
    GatewayCharge,
    Method,
    PaymentStatus,
    ResourceKind,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.registry import gateway_class
from tests.gateways import sample
from tests.gateways.contract import REFERENCE
from tests.gateways.controls import Simulator

Order = Callable[..., ChargeOrder]
PAYER = sample.customer(
    name="Conceição d'Ávila Brandão", address=sample.address(street="Praça da Sé", number="S/N", state="sp")
)
# The day the due-date factor began again at 1000 (asaas.md, end of section 3).
FACTOR_1000 = date(2025, 2, 22)


class BoletoContract:
    gateway: str
    unknown_id: str
    any_kind: ResourceKind

    @pytest.fixture
    def boleto_order(self, adapter: Gateway, order: Order) -> Order:
        def build(**changes: object) -> ChargeOrder:
            customer_id = adapter.find_customer(PAYER) or adapter.create_customer(PAYER)
            return order(method=Method.BOLETO, customer=PAYER, customer_id=customer_id, **changes)

        return build

    @pytest.fixture
    def boleto_charge(self, adapter: Gateway, boleto_order: Order) -> GatewayCharge:
        return adapter.submit_charge(adapter.prepare_charge(boleto_order()))

    def test_creates_a_boleto(self, adapter: Gateway, boleto_charge: GatewayCharge) -> None:
        assert (boleto_charge.kind, boleto_charge.is_open) == (ResourceKind.PAYMENT, True)
        found = adapter.fetch_payment(boleto_charge.gateway_id)
        assert (found.method, found.status, found.reference) == (
            Method.BOLETO,
            PaymentStatus.PENDING,
            REFERENCE,
        )
        assert (found.amount_cents, found.received_cents) == (15000, 0)

    @pytest.mark.parametrize("cents", [15000, 10001, 500])
    def test_hands_out_line_and_bar_code(self, adapter: Gateway, boleto_order: Order, cents: int) -> None:
        wanted = boleto_order(amount_cents=cents)
        charge = adapter.submit_charge(adapter.prepare_charge(wanted))
        found = adapter.fetch_boleto(charge.gateway_id)
        assert found is not None
        assert (len(found.line), len(found.barcode)) == (47, 44)
        assert int(found.barcode[9:19]) == int(found.line[37:]) == cents
        assert int(found.barcode[5:9]) == 1000 + (wanted.due_date - FACTOR_1000).days
        assert found.pdf_url.startswith("http")

    def test_sees_a_boleto_paid(
        self, simulator: Simulator, adapter: Gateway, boleto_charge: GatewayCharge
    ) -> None:
        simulator.act("pay", reference=REFERENCE, method="boleto")
        simulator.control("POST", "clock", {"advance_seconds": 6 * 24 * 3600})
        found = adapter.fetch_payment(boleto_charge.gateway_id)
        assert (found.status, found.method, found.is_cash) == (PaymentStatus.PAID, Method.BOLETO, False)
        assert (found.amount_cents, found.received_cents) == (15000, 15000)
        assert found.fee_cents is not None and found.net_cents == 15000 - found.fee_cents

    def test_a_cancelled_boleto_is_handed_out_no_more(
        self, adapter: Gateway, boleto_charge: GatewayCharge
    ) -> None:
        adapter.cancel_charge(boleto_charge.kind, boleto_charge.gateway_id)
        assert adapter.fetch_charge(boleto_charge.kind, boleto_charge.gateway_id).is_open is False
        assert adapter.fetch_boleto(boleto_charge.gateway_id) is None

    def test_only_boletos_have_a_line(self, adapter: Gateway, charge: GatewayCharge) -> None:
        assert adapter.fetch_boleto(charge.gateway_id) is None
        with pytest.raises(NotFound):
            adapter.fetch_boleto(self.unknown_id)

    @pytest.mark.parametrize("fault", ["error_500", "hang"])
    def test_finds_the_boleto_whose_answer_was_lost(
        self, simulator: Simulator, access: Access, boleto_order: Order, fault: str
    ) -> None:
        make = gateway_class(self.gateway)
        patient, hasty = make(access), make(replace(access, deadline_seconds=1.5))
        prepared = patient.prepare_charge(boleto_order())
        simulator.fault(fault, gateway=self.gateway, times=1, when="after", seconds=4)
        with pytest.raises(GatewayUnavailable) as caught:
            hasty.submit_charge(prepared)
        assert caught.value.maybe_sent is True
        (found,) = patient.find_charges(REFERENCE)
        assert [payment.method for payment in found.payments] == [Method.BOLETO]

    def test_takes_every_due_date_it_declares_and_no_other(
        self, simulator: Simulator, adapter: Gateway, boleto_order: Order
    ) -> None:
        today = simulator.now().astimezone(ZoneInfo("America/Sao_Paulo")).date()
        first, last = adapter.capabilities.boleto_days or (0, 400)
        for days in (first, last):
            wanted = boleto_order(due_date=today + timedelta(days=days), idempotency_key=f"due-{days}")
            assert adapter.submit_charge(adapter.prepare_charge(wanted)).is_open
        with pytest.raises(RequestRefused) as caught:
            wanted = boleto_order(due_date=today + timedelta(days=first - 1))
            adapter.submit_charge(adapter.prepare_charge(wanted))
        assert caught.value.field == "due_date" and caught.value.text

    def test_a_payer_who_chooses_may_pay_by_pix(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        charge = adapter.submit_charge(adapter.prepare_charge(order(method=Method.ANY)))
        assert (charge.kind, charge.is_open) == (self.any_kind, True)
        assert charge.link.startswith("http")
        simulator.act("pay", reference=REFERENCE)
        (paid,) = adapter.fetch_charge(charge.kind, charge.gateway_id).payments
        assert (paid.status, paid.method, paid.received_cents) == (PaymentStatus.PAID, Method.PIX, 15000)

    def test_a_payer_who_chooses_may_pay_by_card(
        self, simulator: Simulator, adapter: Gateway, order: Order
    ) -> None:
        charge = adapter.submit_charge(adapter.prepare_charge(order(method=Method.ANY)))
        simulator.act("pay_card", reference=REFERENCE)
        (paid,) = adapter.fetch_charge(charge.kind, charge.gateway_id).payments
        assert (paid.status, paid.method, paid.received_cents) == (PaymentStatus.PAID, Method.CARD, 15000)
