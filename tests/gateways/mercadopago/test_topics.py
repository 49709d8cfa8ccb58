"""Every topic of mercadopago.md 6.1, whether its box was ticked on purpose or not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connections.gateways.base import Notification, ResourceKind
from connections.gateways.errors import RequestRefused
from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.gateways.mercadopago.topics import TOPIC_WORDS
from tests.gateways import sample

PAGE = Path(__file__).resolve().parents[3] / "docs" / "topics.md"
# mercadopago.md 6.1
ALL_TOPICS = {
    *(
        "payment",
        "subscription_preapproval",
        "subscription_preapproval_plan",
        "subscription_authorized_payment",
    ),
    *(
        "mp-connect",
        "wallet_connect",
        "stop_delivery_op_wh",
        "topic_claims_integration_wh",
        "topic_card_id_wh",
    ),
    *("topic_merchant_order_wh", "topic_chargebacks_wh", "point_integration_wh", "delivery", "order"),
}
HEX = "6d5c4b3a29181716151413121110ffee"
COMMON = {
    "id": 139000111222,
    "live_mode": True,
    "date_created": "2026-08-01T14:20:02Z",
    "user_id": "1402558877",
}

# Topic of the query, body, what it is the id of, that id.
FOLLOWED: list[tuple[str, dict[str, Any], ResourceKind, str]] = [
    (
        "payment",
        {"action": "payment.created", "data": {"id": "98000123460"}},
        ResourceKind.PAYMENT,
        "98000123460",
    ),
    (
        "payment",
        {"action": "payment.updated", "data": {"id": 98000123460}},
        ResourceKind.PAYMENT,
        "98000123460",
    ),
    (
        "subscription_preapproval",
        {"action": "updated", "entity": "preapproval", "data": {"id": HEX}},
        ResourceKind.SUBSCRIPTION,
        HEX,
    ),
    (
        "subscription_preapproval_plan",
        {"action": "created", "version": 1, "data": {"id": HEX}},
        ResourceKind.RECURRING_PLAN,
        HEX,
    ),
    (
        "subscription_authorized_payment",
        {"action": "created", "version": 1, "data": {"id": "7011223344"}},
        ResourceKind.TURN,
        "7011223344",
    ),
    (
        "topic_chargebacks_wh",
        {"actions": ["created"], "data": {"id": 233000061680860001, "payment_id": 98000123460}},
        ResourceKind.CHARGEBACK,
        "233000061680860001",
    ),
    (
        "topic_claims_integration_wh",
        {"type": "claim", "data": {"id": 5040112233}},
        ResourceKind.CLAIM,
        "5040112233",
    ),
    (
        "claim",
        {"data": {"id": 5040112233, "resource": "/post-purchase/v1/claims/5040112233"}},
        ResourceKind.CLAIM,
        "5040112233",
    ),
]

# Topic of the query, body, gateway id, why nothing needs to be done.
IDLE: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "mp-connect",
        {"action": "application.authorized", "data": {"id": "1402558877"}},
        "1402558877",
        "key_checked",
    ),
    (
        "topic_merchant_order_wh",
        {"action": "update", "data": {"id": 38000111222}},
        "38000111222",
        "order_by_payments",
    ),
    (
        "order",
        {"action": "order.processed", "data": {"id": "ORD01K5EXAMPLE"}},
        "ORD01K5EXAMPLE",
        "orders_api",
    ),
    ("wallet_connect", {"action": "x", "data": {"id": "w-1"}}, "w-1", "wallet"),
    (
        "topic_card_id_wh",
        {"type": "automatic-payments", "action": "card.updated", "data": {}},
        "",
        "card_renewed",
    ),
    ("automatic-payments", {"action": "card.updated", "data": {"customer_id": 5}}, "", "card_renewed"),
    ("point_integration_wh", {"action": "FINISHED", "data": {"id": "0aa1"}}, "0aa1", "card_machine"),
    ("delivery", {"action": "created", "data": {"id": "42"}}, "42", "delivery"),
]

# What the page calls the things that are asked for.
ASKED = {
    ResourceKind.PAYMENT: "its payment is asked for",
    ResourceKind.SUBSCRIPTION: "its subscription is asked for",
    ResourceKind.TURN: "its turn is asked for",
    ResourceKind.RECURRING_PLAN: "its plan is asked for",
    ResourceKind.CHARGEBACK: "its chargeback is asked for",
    ResourceKind.CLAIM: "its claim is asked for",
}


def parse(topic: str, body: dict[str, Any], *, named: str = "") -> Notification:
    query = f"data.id={named}&type={topic}" if named else f"type={topic}"
    content = json.dumps({**COMMON, "type": topic, **body}).encode()
    return MercadoPagoGateway.parse(sample.delivery(content, query=query))


@pytest.mark.parametrize(("topic", "body", "kind", "gateway_id"), FOLLOWED)
@pytest.mark.parametrize("is_in_query", [True, False])
def test_a_topic_of_something_we_follow_leads_to_it(
    topic: str, body: dict[str, Any], kind: ResourceKind, gateway_id: str, is_in_query: bool
) -> None:
    found = parse(topic, body, named=gateway_id if is_in_query else "")
    assert (found.topic, found.kind, found.gateway_id) == (topic, kind, gateway_id)
    assert (found.idle, found.is_order, found.is_about_key, found.forbids_delivery) == (
        "",
        False,
        False,
        False,
    )
    assert found.expected is None and found.can_change


@pytest.mark.parametrize("topic", sorted({topic for topic, *_rest in FOLLOWED}))
@pytest.mark.parametrize("body", [{"data": {}}, {"data": None}, {"data": []}, {}])
def test_without_an_id_there_is_nothing_to_ask_for(topic: str, body: dict[str, Any]) -> None:
    found = parse(topic, body)
    assert (found.kind, found.gateway_id) == (None, "")


@pytest.mark.parametrize(("topic", "body", "gateway_id", "reason"), IDLE)
@pytest.mark.parametrize("is_in_query", [True, False])
def test_a_topic_that_needs_nothing_says_why(
    topic: str, body: dict[str, Any], gateway_id: str, reason: str, is_in_query: bool
) -> None:
    found = parse(topic, body, named=gateway_id if is_in_query else "")
    assert (found.topic, found.kind, found.gateway_id, found.idle) == (topic, None, gateway_id, reason)
    assert found.is_readable and len(found.dedupe_key) <= 200
    assert MercadoPagoGateway.idle_reasons[reason].endswith(".")


def test_a_topic_invented_yesterday_is_stored_without_a_reason() -> None:
    found = parse("invented_yesterday", {"data": {"id": "1", "payment_id": 98000123460}})
    assert (found.topic, found.kind, found.gateway_id, found.idle) == ("invented_yesterday", None, "1", "")


def test_every_reason_is_given_and_no_other() -> None:
    assert {reason for *_rest, reason in IDLE} == set(MercadoPagoGateway.idle_reasons)


def test_a_fraud_alert_is_about_its_payment_and_forbids_delivery() -> None:
    found = parse("stop_delivery_op_wh", {"data": {"id": "1", "payment_id": 98000123460}}, named="1")
    assert (found.kind, found.gateway_id) == (ResourceKind.PAYMENT, "98000123460")
    assert (found.forbids_delivery, found.is_test) == (True, False)
    nameless = parse("stop_delivery_op_wh", {"data": {"id": "98000123460"}}, named="98000123460")
    assert (nameless.kind, nameless.gateway_id) == (None, "")


@pytest.mark.parametrize(
    ("version", "counter"), [(4, 4), ("4", 4), (0, 0), (None, None), ("x", None), (-1, None), (10**30, None)]
)
def test_a_subscription_tells_how_often_it_was_changed(version: Any, counter: int | None) -> None:
    found = parse("subscription_preapproval", {"version": version, "data": {"id": HEX}})
    assert found.expected_counter == counter


@pytest.mark.parametrize(
    "topic", ["subscription_authorized_payment", "subscription_preapproval_plan", "topic_chargebacks_wh"]
)
def test_a_count_that_no_fetch_tells_is_not_waited_for(topic: str) -> None:
    assert parse(topic, {"version": 4, "data": {"id": "7"}}).expected_counter is None


def test_two_versions_of_one_thing_are_two_notifications() -> None:
    """``id`` is new in every delivery, ``version`` is not (6.2, 6.5)."""
    keys = [
        parse("subscription_preapproval", {"id": number, "version": version, "data": {"id": HEX}}).dedupe_key
        for number, version in ((1, 4), (2, 4), (3, 5))
    ]
    assert keys[0] == keys[1] == f"subscription_preapproval:{HEX}:v4"
    assert keys[2] == f"subscription_preapproval:{HEX}:v5"


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of a table of our half of the page, by each topic of its first column."""
    part = PAGE.read_text(encoding="utf-8").split("\n## Mercado Pago\n")[1].split("\n## ")[0]
    table = part[part.index(heading) :].split("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    return {topic: rest for names, *rest in cells for topic in re.findall("`([^`]+)`", names)}


def outcome(found: Notification) -> str:
    """What the page calls it."""
    if found.is_about_key:
        return f"our key is checked (`{found.idle}`)"
    if found.kind is None:
        return f"stored (`{found.idle}`)"
    return ASKED[found.kind] + (", and marked: do not deliver" if found.forbids_delivery else "")


def test_the_page_says_what_every_topic_leads_to() -> None:
    said = {topic: (leads, box) for topic, (box, leads, _why) in rows("| Topic |").items()}
    alert = {"stop_delivery_op_wh": {"data": {"id": "1", "payment_id": 98000123460}}}
    followed = {topic: body for topic, body, _kind, _id in FOLLOWED} | alert
    bodies = followed | {topic: body for topic, body, _id, _reason in IDLE}
    found = {topic: outcome(parse(topic, body)) for topic, body in bodies.items()}
    assert {topic: leads for topic, (leads, _box) in said.items()} == found
    assert ALL_TOPICS <= said.keys() <= TOPIC_WORDS.keys()
    ticked = dict.fromkeys(box for _leads, box in said.values() if box != "-")
    assert tuple(ticked) == tuple(MercadoPagoGateway.panel_topics)
    assert {topic for topic, (_leads, box) in said.items() if box != "-"} == {*followed, "mp-connect"}


def test_the_page_says_what_every_unsigned_topic_leads_to() -> None:
    asked = {
        "payment": "its payment is asked for",
        "merchant_order": "the payments of its order are asked for",
    }
    for topic, (leads, _why) in rows("| IPN topic |").items():
        found = MercadoPagoGateway.parse(sample.delivery(b"{}", query=f"id=98000123460&topic={topic}"))
        is_followed = found.kind is not None or found.is_order
        assert leads == asked.get(topic, "counted")
        assert is_followed is (topic in asked)
        assert (found.forbids_delivery, found.expected_counter) == (False, None)


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


def test_there_is_no_queue_to_resume() -> None:
    own = MercadoPagoGateway(sample.access("mercadopago"))
    with pytest.raises(RequestRefused) as caught:
        own.resume_webhook(url="https://pay.example.com/webhooks/7f3c/")
    assert caught.value.text
