"""Every topic of mercadopago.md 6.1, whether its box was ticked on purpose or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connections.gateways.base import Notification, ResourceKind
from connections.gateways.errors import RequestRefused
from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample

HEX = "6d5c4b3a29181716151413121110ffee"
COMMON = {
    "id": 139000111222,
    "live_mode": True,
    "date_created": "2026-08-01T14:20:02Z",
    "user_id": "1402558877",
}

# Topic of the query, body, gateway id: topics that lead to no payment.
NOWHERE: list[tuple[str, dict[str, Any], str]] = [
    ("subscription_preapproval", {"action": "updated", "entity": "preapproval", "data": {"id": HEX}}, HEX),
    ("subscription_preapproval_plan", {"action": "created", "version": 1, "data": {"id": HEX}}, HEX),
    ("subscription_authorized_payment", {"action": "created", "data": {"id": "7011223344"}}, "7011223344"),
    ("wallet_connect", {"action": "x", "data": {"id": "w-1"}}, "w-1"),
    ("topic_claims_integration_wh", {"type": "claim", "data": {"id": 5040112233}}, "5040112233"),
    ("claim", {"data": {"id": 5040112233, "resource": "/post-purchase/v1/claims/5040112233"}}, "5040112233"),
    ("topic_card_id_wh", {"type": "automatic-payments", "action": "card.updated", "data": {}}, ""),
    ("automatic-payments", {"action": "card.updated", "data": {"customer_id": 5}}, ""),
    ("point_integration_wh", {"action": "FINISHED", "data": {"id": "0aa1"}}, "0aa1"),
    ("delivery", {"action": "created", "data": {"id": "42"}}, "42"),
    ("order", {"action": "order.processed", "data": {"id": "ORD01K5EXAMPLE"}}, "ORD01K5EXAMPLE"),
    ("invented_yesterday", {"data": {"id": "1", "payment_id": 98000123460}}, "1"),
]


def parse(topic: str, body: dict[str, Any], *, named: str = "") -> Notification:
    query = f"data.id={named}&type={topic}" if named else f"type={topic}"
    content = json.dumps({**COMMON, "type": topic, **body}).encode()
    return MercadoPagoGateway.parse(sample.delivery(content, query=query))


@pytest.mark.parametrize(("topic", "body", "gateway_id"), NOWHERE)
@pytest.mark.parametrize("is_in_query", [True, False])
def test_a_topic_of_anything_else_leads_nowhere(
    topic: str, body: dict[str, Any], gateway_id: str, is_in_query: bool
) -> None:
    found = parse(topic, body, named=gateway_id if is_in_query else "")
    assert (found.topic, found.kind, found.gateway_id) == (topic, None, gateway_id)
    assert (found.is_about_key, found.is_order, found.is_test, found.expected) == (False, False, False, None)
    assert found.is_readable and len(found.dedupe_key) <= 200


@pytest.mark.parametrize(
    ("topic", "body", "gateway_id"),
    [
        ("payment", {"action": "payment.created", "data": {"id": "98000123460"}}, "98000123460"),
        ("payment", {"action": "payment.updated", "data": {"id": 98000123460}}, "98000123460"),
        ("stop_delivery_op_wh", {"data": {"id": "1", "payment_id": 98000123460}}, "98000123460"),
        (
            "topic_chargebacks_wh",
            {"actions": ["created"], "data": {"id": 233000061680860001, "payment_id": 98000123460}},
            "98000123460",
        ),
    ],
)
def test_a_topic_of_a_payment_leads_to_it(topic: str, body: dict[str, Any], gateway_id: str) -> None:
    found = parse(topic, body)
    assert (found.kind, found.gateway_id) == (ResourceKind.PAYMENT, gateway_id)


def test_a_topic_of_an_order_leads_to_its_payments() -> None:
    found = parse("topic_merchant_order_wh", {"action": "update", "data": {"id": 38000111222}})
    assert (found.kind, found.gateway_id, found.is_order) == (None, "38000111222", True)


@pytest.mark.parametrize("action", ["application.authorized", "application.deauthorized"])
@pytest.mark.parametrize("data", [{"id": "1402558877"}, {}, None, "x", []])
def test_the_link_of_our_application_is_a_reason_to_look_and_nothing_else(action: str, data: Any) -> None:
    found = parse("mp-connect", {"action": action, "data": data})
    assert (found.is_about_key, found.can_change, found.kind) == (True, True, None)
    assert (found.action, found.expected, found.is_order) == (action, None, False)


def test_an_unsigned_notification_is_never_about_our_key() -> None:
    found = MercadoPagoGateway.parse(sample.delivery(b"{}", query="id=1402558877&topic=mp-connect"))
    assert (found.topic, found.is_about_key, found.kind) == ("mp-connect", False, None)


def test_the_panel_topics_bring_what_we_read() -> None:
    wanted = ("Pagamentos", "Contestações", "Alertas de fraude", "Vinculação de aplicações")
    assert tuple(MercadoPagoGateway.panel_topics) == wanted


def test_there_is_no_queue_to_resume() -> None:
    own = MercadoPagoGateway(sample.access("mercadopago"))
    with pytest.raises(RequestRefused) as caught:
        own.resume_webhook(url="https://pay.example.com/webhooks/7f3c/")
    assert caught.value.text
