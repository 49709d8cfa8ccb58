"""Giving money back at Asaas: a sum of a payment, or a link for the payer of a boleto."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.mapping import to_payment
from connections.gateways.base import GatewayPayment, Method, PaymentStatus, RefundState, ResourceKind
from connections.gateways.errors import RequestRefused, UnreadableAnswer
from tests.gateways import sample
from tests.gateways.asaas.desk import add, error, gateway
from tests.gateways.transport_refunds import RefundTransport

PAYMENT_ID = "pay_k3v9x0q2m7d1r5tz"
REFUND = f"/payments/{PAYMENT_ID}/refund"
BY_LINK = f"/payments/{PAYMENT_ID}/bankSlip/refund"
LINK = "https://sandbox.asaas.com/bankSlipRefund/c5d7"


def refused(said: str, words: str, field: str = "") -> tuple[Any, str, str, str]:
    return error("invalid_action", said), said, words, field


class TestAsaasRefunds(RefundTransport):
    named = "asaas"
    payment_id = PAYMENT_ID
    path = REFUND
    make = staticmethod(gateway)
    add = staticmethod(add)
    refusals = [
        refused("Saldo insuficiente para realizar o estorno.", "balance"),
        refused("O valor é maior que o saldo da cobrança.", "more than is left", "amount"),
        refused("Valor superior ao disponível para estorno.", "more than is left", "amount"),
        refused("Não há saldo.", "The fee of the payment is not given back"),
        refused("Esta cobrança não permite estorno parcial.", "as a whole", "amount"),
        refused("O prazo para estorno expirou.", "too old"),
        refused("Ação crítica pendente de autorização.", "panel of Asaas"),
        refused("Somente cobranças recebidas podem ser estornadas.", "not allow this now"),
    ]

    @pytest.fixture
    def mocked(self, asaas: Any) -> Any:
        return asaas


def read(**changes: Any) -> GatewayPayment:
    return to_payment(sample.body("asaas", "payment_boleto", **changes), account_id="acc-1")


def item(status: str, value: str = "320.50") -> dict[str, Any]:
    return {"dateCreated": "2026-09-08 09:59:58", "status": status, "value": Decimal(value)}


def prepare(**changes: Any) -> Any:
    return gateway().prepare_refund(sample.refund(**changes))


def test_declares_what_it_can_give_back() -> None:
    found = AsaasGateway.capabilities
    assert found.refunds == {Method.PIX, Method.CARD, Method.BOLETO}
    assert (found.partial_refunds, found.payer_refunds) == ({Method.PIX, Method.CARD}, {Method.BOLETO})
    assert (found.refund_days, found.replays_refunds) == (None, False)


def test_prepares_the_bytes_of_a_part() -> None:
    prepared = prepare(reason="  Item em falta, R$ 40 ")
    assert prepared.body == '{"value":40.00,"description":"Item em falta, R$ 40"}'
    assert (prepared.kind, prepared.path) == (ResourceKind.PAYMENT, REFUND)


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD, Method.ANY, None])
def test_says_the_amount_of_the_rest_too(method: Method | None) -> None:
    prepared = prepare(method=method, amount_cents=15001, is_rest=True)
    assert (prepared.body, prepared.path) == ('{"value":150.01}', REFUND)


def test_cuts_a_long_reason() -> None:
    assert len(prepare(reason="é" * 600).body) == len('{"value":40.00,"description":""}') + 250


def test_answers_with_the_payment_and_its_refunds(asaas: Any) -> None:
    add(asaas, "POST", REFUND, "payment_pix_partial_refund")
    prepared = prepare(reason="Item em falta")
    answer = gateway().submit_refund(prepared)
    assert answer.payment is not None and (answer.refund, answer.payer_link) == (None, "")
    assert (answer.payment.status, answer.payment.refunded_cents) == (PaymentStatus.PAID, 4000)
    assert [(found.amount_cents, found.state) for found in answer.payment.refunds] == [
        (4000, RefundState.DONE)
    ]
    request = asaas.calls[0].request
    assert request.body == prepared.body.encode()
    assert not [name for name in request.headers if "idempotency" in name.lower()]


def test_believes_no_answer_about_another_payment(asaas: Any) -> None:
    add(asaas, "POST", REFUND, sample.body("asaas", "payment_pix_partial_refund", id="pay_other"))
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_refund(prepare())
    assert caught.value.maybe_sent is True


def test_a_boleto_is_given_back_by_a_link_for_its_payer(asaas: Any) -> None:
    add(asaas, "POST", BY_LINK, {"requestUrl": LINK})
    prepared = prepare(method=Method.BOLETO, is_rest=True, reason="Cancelado")
    assert (prepared.body, prepared.path) == ("", BY_LINK)
    answer = gateway().submit_refund(prepared)
    assert (answer.payer_link, answer.payment, answer.refund) == (LINK, None, None)
    assert not asaas.calls[0].request.body


def test_a_boleto_is_given_back_as_a_whole_only() -> None:
    with pytest.raises(RequestRefused) as caught:
        prepare(method=Method.BOLETO)
    assert (caught.value.field, "as a whole" in caught.value.text) == ("amount", True)


@pytest.mark.parametrize("link", [None, "", "javascript:alert(1)", "//x", "x", "https://", "http://[", 5])
def test_hands_on_no_link_a_browser_should_not_open(asaas: Any, link: object) -> None:
    add(asaas, "POST", BY_LINK, {"requestUrl": link})
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_refund(prepare(method=Method.BOLETO, is_rest=True))
    assert caught.value.maybe_sent is True


def test_says_why_a_boleto_cannot_be_given_back(asaas: Any) -> None:
    add(asaas, "POST", BY_LINK, error("invalid_action", "Boleto não recebido."), status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_refund(prepare(method=Method.BOLETO, is_rest=True))
    assert (caught.value.text, bool(caught.value.advice)) == ("Boleto não recebido.", True)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PENDING", RefundState.PENDING),
        ("AWAITING_CRITICAL_ACTION_AUTHORIZATION", RefundState.PENDING),
        ("AWAITING_CUSTOMER_EXTERNAL_AUTHORIZATION", RefundState.PENDING),
        ("DONE", RefundState.DONE),
        ("CANCELLED", RefundState.DENIED),
        ("INVENTED_YESTERDAY", None),
    ],
)
def test_reads_the_state_of_a_refund(word: str, state: RefundState | None) -> None:
    found = read(status="RECEIVED", refunds=[item(word, "40.00")])
    assert [(refund.state, refund.status) for refund in found.refunds] == [(state, word)]
    assert found.is_refunding is (state not in (RefundState.DONE, RefundState.DENIED))
    assert found.refunded_cents == (4000 if state is RefundState.DONE else 0)
    assert found.status is PaymentStatus.PAID


@pytest.mark.parametrize("word", ["REFUND_REQUESTED", "REFUND_IN_PROGRESS"])
@pytest.mark.parametrize("listed", [None, [], [item("PENDING")]])
def test_money_on_its_way_back_is_still_received(word: str, listed: Any) -> None:
    found = read(status=word, refunds=listed)
    assert (found.status, found.is_refunding) == (PaymentStatus.PAID, True)
    assert (found.received_cents, found.refunded_cents) == (32050, 0)


def test_a_denied_refund_leaves_the_payment_as_it_was() -> None:
    raw = sample.body("asaas", "event_payment_refund_denied")["payment"]
    found = to_payment(raw, account_id="acc-1")
    assert (found.status, found.is_refunding, found.refunded_cents) == (PaymentStatus.PAID, False, 0)
    assert [refund.state for refund in found.refunds] == [RefundState.DENIED]


def test_parts_that_add_up_to_the_whole_are_the_whole() -> None:
    found = read(status="RECEIVED", refunds=[item("DONE", "320.49"), item("DONE", "0.01"), item("CANCELLED")])
    assert (found.status, found.refunded_cents, found.is_refunding) == (PaymentStatus.REFUNDED, 32050, False)


def test_says_who_must_act_for_every_state_that_waits_for_somebody() -> None:
    waiting = [word for word in AsaasGateway.refund_reasons if word.startswith("AWAITING_")]
    assert len(waiting) == len(AsaasGateway.refund_reasons) == 2
    assert all(AsaasGateway.refund_reasons.values())


@pytest.mark.parametrize("key", ["pixTransaction", "pixQrCodeId"])
@pytest.mark.parametrize("billing", ["BOLETO", "UNDEFINED", "PIX"])
def test_a_boleto_paid_by_its_pix_code_was_paid_by_pix(key: str, billing: str) -> None:
    assert read(status="RECEIVED", billingType=billing, **{key: "9e1d5f7b"}).method is Method.PIX
    assert read(status="RECEIVED", billingType="BOLETO", **{key: None}).method is Method.BOLETO
    assert read(status="PENDING", billingType="BOLETO", **{key: "9e1d5f7b"}).method is Method.BOLETO
