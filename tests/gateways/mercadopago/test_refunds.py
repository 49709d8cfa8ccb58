"""Giving money back at Mercado Pago: a refund of its own with a key that is replayed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connections.gateways.base import Method, PaymentStatus, RefundAnswer, RefundItem, RefundState
from connections.gateways.errors import (
    GatewayUnavailable,
    HostedPageRequired,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.gateways.mercadopago.mapping import to_payment
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, refusal
from tests.gateways.transport_refunds import RefundTransport

CARD = "98000123460"
REFUNDS = f"/v1/payments/{CARD}/refunds"
KEY = sample.refund().idempotency_key


def refused(code: int, words: str, field: str = "") -> tuple[Any, str, str, str]:
    return refusal(400, code, "texto do MP"), "texto do MP", words, field


class TestMercadoPagoRefunds(RefundTransport):
    named = "mercadopago"
    payment_id = CARD
    path = REFUNDS
    make = staticmethod(gateway)
    add = staticmethod(add)
    refusals = [
        refused(2017, "more than is left", "amount"),
        refused(2024, "180 days"),
        refused(15016, "180 days"),
        refused(2031, "balance"),
        refused(2063, "Nothing is left"),
        refused(2084, "try the whole", "amount"),
        refused(3024, "in parts", "amount"),
        refused(4040, "more than zero", "amount"),
        refused(2018, "panel"),
        (refusal(400, 2067, "identification invalid"), "identification invalid", "panel", ""),
    ]

    @pytest.fixture
    def mocked(self, mercado: Any) -> Any:
        return mercado


def prepare(**changes: Any) -> Any:
    return gateway().prepare_refund(sample.refund(**{"payment_id": CARD, **changes}))


def test_declares_what_it_can_give_back() -> None:
    found = MercadoPagoGateway.capabilities
    assert found.refunds == found.partial_refunds == {Method.PIX, Method.CARD, Method.BOLETO}
    assert (found.payer_refunds, found.refund_days, found.replays_refunds) == (frozenset(), 180, True)


def test_prepares_a_part_with_its_amount_and_the_rest_without() -> None:
    part, rest = prepare(reason="Item em falta"), prepare(is_rest=True)
    assert (part.body, rest.body) == ('{"amount":40.00}', "")
    assert part.path == rest.path == REFUNDS


@pytest.mark.parametrize(
    ("cents", "currency", "body"),
    [
        (150000, "CLP", '{"amount":1500}'),
        (150000, "ARS", '{"amount":1500.00}'),
        (1, "MXN", '{"amount":0.01}'),
    ],
)
def test_writes_the_amount_as_the_currency_has_it(cents: int, currency: str, body: str) -> None:
    assert prepare(amount_cents=cents, currency=currency).body == body


def test_refuses_cents_a_currency_has_not() -> None:
    with pytest.raises(RequestRefused) as caught:
        prepare(amount_cents=150050, currency="COP")
    assert caught.value.field == "amount"


def test_gives_back_whole_payments_only_in_peru() -> None:
    with pytest.raises(RequestRefused) as caught:
        prepare(currency="PEN")
    assert caught.value.field == "amount"
    assert prepare(currency="PEN", is_rest=True).body == ""


@pytest.mark.parametrize("status", [200, 201, 202])
def test_answers_with_the_refund(mercado: Any, status: int) -> None:
    add(mercado, "POST", REFUNDS, "refund", status=status)
    prepared = prepare()
    assert gateway().submit_refund(prepared) == RefundAnswer(
        refund=RefundItem(
            refund_id="2200334455",
            amount_cents=5000,
            status="approved",
            state=RefundState.DONE,
            created_at=datetime(2026, 8, 3, 13, tzinfo=UTC),
        )
    )
    request = mercado.calls[0].request
    assert (request.headers["X-Idempotency-Key"], request.body) == (KEY, prepared.body.encode())


def test_a_repeat_is_answered_without_a_word(mercado: Any) -> None:
    add(mercado, "POST", REFUNDS, "refund", status=201)
    add(mercado, "POST", REFUNDS, None, status=200)
    prepared = prepare(is_rest=True)
    first, second = gateway().submit_refund(prepared), gateway().submit_refund(prepared)
    assert first.refund is not None and second == RefundAnswer()
    sent = [(call.request.headers["X-Idempotency-Key"], call.request.body) for call in mercado.calls]
    assert sent == [(KEY, None)] * 2


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("approved", RefundState.DONE),
        ("in_process", RefundState.PENDING),
        ("authorized", RefundState.PENDING),
        ("rejected", RefundState.DENIED),
        ("cancelled", RefundState.DENIED),
        ("invented_yesterday", None),
    ],
)
def test_reads_the_state_of_a_refund(mercado: Any, word: str, state: RefundState | None) -> None:
    add(mercado, "POST", REFUNDS, sample.body("mercadopago", "refund", status=word), status=202)
    refund = gateway().submit_refund(prepare()).refund
    assert refund is not None and (refund.state, refund.status) == (state, word)
    raw = sample.body("mercadopago", "payment_card_partial_refund")
    listed = {"refunds": [{**raw["refunds"][0], "status": word}]}
    found = to_payment({**raw, **listed})
    assert found.is_refunding is (state not in (RefundState.DONE, RefundState.DENIED))
    assert found.status is PaymentStatus.PAID


@pytest.mark.parametrize("payment_id", [98000123461, "98000123461"])
def test_believes_no_refund_of_another_payment(mercado: Any, payment_id: object) -> None:
    add(mercado, "POST", REFUNDS, sample.body("mercadopago", "refund", payment_id=payment_id), status=201)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_refund(prepare())
    assert caught.value.maybe_sent is True


def test_takes_a_refund_that_names_no_payment_and_has_a_long_id(mercado: Any) -> None:
    content = sample.body("mercadopago", "refund", payment_id=None, id=2**63 + 1)
    add(mercado, "POST", REFUNDS, content, status=201)
    refund = gateway().submit_refund(prepare()).refund
    assert refund is not None and refund.refund_id == "9223372036854775809"


def test_a_test_seller_is_no_wrong_key_and_needs_no_page(mercado: Any) -> None:
    add(mercado, "POST", REFUNDS, "error_live_credentials", status=401)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_refund(prepare())
    assert not isinstance(caught.value, HostedPageRequired)
    assert (caught.value.text, caught.value.code) == ("Unauthorized use of live credentials", "7")
    assert "test seller" in caught.value.advice


@pytest.mark.parametrize(
    ("status", "code"), [(409, None), (423, None), (424, None), (400, 2001), (400, 2007)]
)
def test_a_conflict_leaves_the_refund_in_doubt(mercado: Any, status: int, code: int | None) -> None:
    add(mercado, "POST", REFUNDS, refusal(status, code), status=status)
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_refund(prepare())
    assert caught.value.maybe_sent is True


def test_somebody_elses_payment_is_not_found(mercado: Any) -> None:
    add(mercado, "POST", REFUNDS, refusal(403, 4), status=403)
    with pytest.raises(NotFound):
        gateway().submit_refund(prepare())
