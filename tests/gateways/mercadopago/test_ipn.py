"""Legacy notifications: nobody signs them, so they are hints of which nothing but two values is read."""

from __future__ import annotations

import pytest

from connections.gateways.base import Notification, Rejection, ResourceKind, Secrets, Verification
from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample

PAYMENT = "98000123456"


def verify(query: str, **headers: str) -> Verification:
    delivery = sample.delivery(b"{}", query=query, **headers)
    return MercadoPagoGateway.verify(delivery, Secrets({"production": "dev-only-secret-42"}), now=sample.NOW)


def parse(query: str, content: bytes = b"{}") -> Notification:
    return MercadoPagoGateway.parse(sample.delivery(content, query=query))


@pytest.mark.parametrize("signature", ["", f"ts=1785600000,v1={'a' * 64}", "nonsense"])
@pytest.mark.parametrize("topic", ["payment", "merchant_order"])
def test_is_only_a_hint_even_with_a_signature(signature: str, topic: str) -> None:
    found = verify(f"id={PAYMENT}&topic={topic}", x_signature=signature)
    assert found == Verification(rejection=Rejection.UNSIGNED_IPN, is_unsigned_hint=True)


@pytest.mark.parametrize(
    "query",
    ["id=1%202&topic=payment", "id=../x&topic=payment", "topic=payment", "id=5", "id=%D9%A3&topic=payment"],
)
def test_what_only_looks_like_one_is_no_hint(query: str) -> None:
    found = verify(query)
    assert (found.rejection, found.is_unsigned_hint) == (Rejection.MISSING_SIGNATURE, False)


def test_names_a_payment() -> None:
    content = sample.raw("mercadopago", "event_ipn_payment")
    assert parse("id=98000123460&topic=payment", content) == Notification(
        topic="payment",
        dedupe_key="ipn:payment:98000123460",
        kind=ResourceKind.PAYMENT,
        gateway_id="98000123460",
    )


def test_names_an_order_that_leads_to_payments() -> None:
    content = sample.raw("mercadopago", "event_ipn_merchant_order")
    assert parse("id=38000111222&topic=merchant_order", content) == Notification(
        topic="merchant_order",
        dedupe_key="ipn:merchant_order:38000111222",
        kind=None,
        gateway_id="38000111222",
        is_order=True,
    )


@pytest.mark.parametrize("topic", ["chargebacks", "point_integration_ipn", "topic_chargebacks_wh"])
def test_points_at_nothing_for_other_topics(topic: str) -> None:
    found = parse(f"id=5&topic={topic}", b'{"data":{"payment_id":"7"}}')
    assert (found.kind, found.is_order, found.gateway_id) == (None, False, "5")


@pytest.mark.parametrize(
    "content",
    [
        b'{"data":{"id":"999"}}',
        b'{"type":"stop_delivery_op_wh","data":{"payment_id":"../../x"}}',
        b'{"topic":"merchant_order","resource":"7","version":3,"id":"1"}',
        b"\xff",
        b"",
    ],
)
@pytest.mark.parametrize("more", ["", "&type=topic_chargebacks_wh", "&source_news=ipn&x=1"])
def test_nothing_else_of_it_is_read_so_any_number_is_one_hint(content: bytes, more: str) -> None:
    assert parse(f"id={PAYMENT}&topic=payment{more}", content) == parse(f"id={PAYMENT}&topic=payment")


def test_the_test_event_of_the_panel_costs_no_call() -> None:
    assert parse("id=123456&topic=payment").is_test is True
    assert parse("id=123456&topic=merchant_order").is_test is False


@pytest.mark.parametrize(
    ("query", "is_order"),
    [
        ("data.id=38000111222&type=topic_merchant_order_wh", True),
        ("data.id=x&type=topic_merchant_order_wh", False),
        ("data.id=38000111222&type=payment", False),
    ],
)
def test_a_signed_notification_may_name_an_order_too(query: str, is_order: bool) -> None:
    found = parse(query)
    assert (found.is_order, found.dedupe_key.startswith("ipn:")) == (is_order, False)


def test_a_long_topic_still_makes_a_short_key() -> None:
    assert len(parse(f"id={'9' * 20}&topic={'t' * 5000}").dedupe_key) <= 200
