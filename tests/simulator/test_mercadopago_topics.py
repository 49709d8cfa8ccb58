"""Every topic of Mercado Pago's notifications, about anything (mercadopago.md 6)."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from mercadopago.webhook import WebhookSignatureValidator

from simulator.mercadopago.topics import TOPICS
from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient, Received

SUBSCRIPTION_FAMILY = {
    "subscription_preapproval": "preapproval",
    "subscription_preapproval_plan": "preapproval_plan",
    "subscription_authorized_payment": "authorized_payment",
}


def validate(got: Received, secret: str) -> None:
    data_id = dict(parse_qsl(got.query)).get("data.id")
    headers = got.headers
    WebhookSignatureValidator.validate(headers["x-signature"], headers["x-request-id"], data_id, secret)


def send(mp: MpClient, topic: str, **body: Any) -> list[int]:
    return mp.simulator.control("topic_event", account=mp.account["id"], topic=topic, **body)["deliveries"]


@pytest.mark.parametrize("topic", TOPICS)
def test_any_topic_is_sent_about_what_does_not_exist(mp: MpClient, inbox: Inbox, topic: str) -> None:
    send(mp, topic, id="777", url=inbox.url, times=2)
    for got in inbox.wait(2):
        assert dict(parse_qsl(got.query))["type"] == topic
        validate(got, mp.account["webhook_secret"])
    first, second = (one.json for one in inbox.received)
    assert first["id"] != second["id"]
    assert first.get("version") == second.get("version")


@pytest.mark.parametrize("topic", SUBSCRIPTION_FAMILY)
def test_subscription_family_has_its_own_body(mp: MpClient, inbox: Inbox, topic: str) -> None:
    send(mp, topic, id="abc", url=inbox.url, version=7)
    [got] = inbox.wait(1)
    assert list(got.json) == samples.MP_SUBSCRIPTION_NOTIFICATION
    assert (got.json["entity"], got.json["version"]) == (SUBSCRIPTION_FAMILY[topic], 7)
    assert isinstance(got.json["id"], str)


def test_version_is_that_of_the_thing(mp: MpClient, inbox: Inbox) -> None:
    made = mp.subscription()["id"]
    mp.put(f"/preapproval/{made}", reason="Novo")
    send(mp, "subscription_preapproval", id=made, url=inbox.url)
    assert inbox.wait(1)[0].json["version"] == 1


def test_card_updater_has_no_data_id(mp: MpClient, inbox: Inbox) -> None:
    send(mp, "topic_card_id_wh", id="55", url=inbox.url)
    [got] = inbox.wait(1)
    assert "data.id" not in got.query and "id" not in got.json["data"]
    assert (got.json["type"], got.json["action"]) == ("automatic-payments", "card.updated")
    validate(got, mp.account["webhook_secret"])


def test_fraud_alert_names_the_payment_in_its_data_and_is_not_retried(mp: MpClient, inbox: Inbox) -> None:
    inbox.answers = [500]
    send(mp, "stop_delivery_op_wh", id="98000123460", url=inbox.url)
    [got] = inbox.wait(1)
    assert (got.json["action"], got.json["data"]["payment_id"]) == ("Created", 98000123460)
    assert "data.id=98000123460" not in got.query
    mp.simulator.flush()
    assert [one["state"] for one in mp.simulator.deliveries()] == ["failed"]


def test_chargeback_about_nothing_keeps_its_shape(mp: MpClient, inbox: Inbox) -> None:
    send(mp, "topic_chargebacks_wh", id="233000061680860001", payment_id=98000123460, url=inbox.url)
    [got] = inbox.wait(1)
    assert list(got.json) == samples.MP_CHARGEBACK_NOTIFICATION
    assert got.json["data"]["id"] == 233000061680860001
    assert got.json["data"]["payment_id"] == 98000123460


def test_merchant_orders_are_told_where_they_are_ticked(mp: MpClient, inbox: Inbox) -> None:
    topic = "topic_merchant_order_wh"
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url, panel_topics=[topic])
    mp.preference()
    number = mp.simulator.control("pay_card", reference="chg_pref")["id"]
    order = mp.get(f"/v1/payments/{number}")["order"]["id"]
    assert [(one["event"], one["resource_id"]) for one in mp.simulator.deliveries()] == [
        ("create", order),
        ("update", order),
    ]


def test_alphanumeric_ids_are_signed_as_received_or_in_lower_case(mp: MpClient, inbox: Inbox) -> None:
    send(mp, "order", id="ORD01K5EXAMPLE", url=inbox.url)
    mp.simulator.flush()
    mp.simulator.control("faults", name="signature_lower_case", times=1)
    send(mp, "order", id="ORD01K5EXAMPLE", url=inbox.url)
    as_received, lowered = inbox.wait(2)
    validate(as_received, mp.account["webhook_secret"])
    with pytest.raises(Exception, match="(?i)signature|mismatch"):
        validate(lowered, mp.account["webhook_secret"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/ORD01K5EXAMPLE",
        "/point/integration-api/payment-intents/7f25f9aa-eea6-4f9c-bf16-a341f71ba2f1",
        "/proximity-integration/v1/orders/41297142475",
        "/v1/chargebacks/233000061680860001",
        "/post-purchase/v1/claims/5040112233",
        "/authorized_payments/7011223344",
    ],
)
def test_what_a_topic_points_to_may_not_exist(mp: MpClient, path: str) -> None:
    response = mp.call("GET", path)
    assert (response.status_code, response.json()["status"]) == (404, 404)


@pytest.mark.parametrize("body", [{"topic": "gossip", "url": "http://127.0.0.1:9/"}, {"topic": "payment"}])
def test_refuses_a_topic_or_an_address_nobody_knows(mp: MpClient, body: dict[str, Any]) -> None:
    answer = requests.post(
        f"{mp.simulator.url}/_control/topic_event", json={"account": mp.account["id"], **body}, timeout=60
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "switches",
    [{"panel_topics": ["gossip"]}, {"first_charge_minutes": -1}, {"chargeback_shape": "round"}],
)
def test_switches_are_checked(mp: MpClient, switches: dict[str, Any]) -> None:
    url = f"{mp.simulator.url}/_control/accounts/{mp.account['id']}"
    assert requests.post(url, json=switches, timeout=60).status_code == 400
