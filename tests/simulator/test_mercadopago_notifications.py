"""Mercado Pago's notifications: address, body, signature, retries (mercadopago.md 6)."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from mercadopago.webhook import WebhookSignatureValidator

from simulator.mercadopago.signature import signature
from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient, Received

SECRET, REQUEST_ID, TS = "dev-only-secret-42", "0c1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c33", "1785600000"
VECTORS = [
    ("98000123456", REQUEST_ID, "a29f7704f82f7a4ec809cc78ef236923ad448db1d78db9589bcaf27e66024f5a"),
    (None, REQUEST_ID, "4163c647a2f68c48fd8d998f2d0b8c60dbb8bfd28c852a9c7587d55adc42702d"),
    ("98000123456", None, "50498fd0e6d0d9d334412b28295e665984808c482b79f97ed5463e942ef0914f"),
    ("ORD01K5EXAMPLE", REQUEST_ID, "d9efc5f5e67f6a57ce746a1a69006f03cbb8a111a70c8dd2fa97b56599bb12f3"),
    ("ord01k5example", REQUEST_ID, "386d6297029fbcdb9157cb09b1aa78c83042c2034a9084bbb1ac633665418d78"),
]
WAITS = [minutes * 60 for minutes in (15, 30, 360, 2880, 5760, 5760, 5760)]


@pytest.mark.parametrize(("data_id", "request_id", "digest"), VECTORS)
def test_signs_the_published_vectors(data_id: str | None, request_id: str | None, digest: str) -> None:
    assert signature(SECRET, data_id, request_id, TS) == digest


def validate(got: Received, secret: str) -> None:
    """With the validator of Mercado Pago's own SDK."""
    data_id = dict(parse_qsl(got.query)).get("data.id")
    WebhookSignatureValidator.validate(
        got.headers["x-signature"], got.headers["x-request-id"], data_id, secret
    )


def test_notification_has_the_published_shape_and_signature(mp: MpClient, inbox: Inbox) -> None:
    payment = mp.pix(notification_url=f"{inbox.url}?source_news=webhooks&zone=br&a=1")
    [got] = inbox.wait(1)
    assert got.query == f"a=1&data.id={payment['id']}&source_news=webhooks&type=payment&zone=br"
    assert list(got.json) == samples.MP_NOTIFICATION
    assert (got.json["action"], got.json["data"]) == ("payment.created", {"id": str(payment["id"])})
    assert (got.json["user_id"], got.json["live_mode"]) == (str(mp.account["user_id"]), True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", got.json["date_created"])
    assert re.fullmatch(r"ts=\d{10},v1=[0-9a-f]{64}", got.headers["x-signature"])
    assert (got.headers["x-retry"], got.headers["user-agent"]) == ("0", "restclient-node/4.15.3")
    validate(got, mp.account["webhook_secret"])


def test_address_of_the_payment_wins_over_the_panel(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url + "/panel")
    mp.pix("a", notification_url=inbox.url + "/own")
    mp.pix("b")
    assert sorted(one.path for one in inbox.wait(2)) == ["/hook/own", "/hook/panel"]


def test_every_change_is_told(mp: MpClient, inbox: Inbox) -> None:
    mp.preference(notification_url=inbox.url)
    mp.simulator.control("pay", reference="chg_pref")
    assert sorted(one.json["action"] for one in inbox.wait(2)) == ["payment.created", "payment.updated"]


def test_retries_are_signed_again_under_a_new_id(mp: MpClient, inbox: Inbox) -> None:
    inbox.answers = [500, 201]
    mp.pix(notification_url=inbox.url)
    inbox.wait(1)
    mp.simulator.flush()
    mp.simulator.advance(seconds=900)
    first, again = inbox.wait(2)
    assert again.headers["x-retry"] == "1"
    assert first.json["id"] != again.json["id"]
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert first.json["date_created"] == again.json["date_created"]
    validate(again, mp.account["webhook_secret"])
    mp.simulator.flush()
    assert mp.simulator.deliveries()[0]["state"] == "delivered"


def test_gives_up_after_the_eighth_try_of_the_table(mp: MpClient, inbox: Inbox) -> None:
    inbox.answers = [204]
    mp.pix(notification_url=inbox.url, date_of_expiration=None)
    for number, seconds in enumerate(WAITS, start=1):
        inbox.wait(number)
        mp.simulator.flush()
        delivery = mp.simulator.deliveries()[0]
        last = datetime.fromisoformat(delivery["attempts"][-1]["at"])
        gap = datetime.fromisoformat(delivery["next_attempt_at"]) - last
        assert abs(gap - timedelta(seconds=seconds)) < timedelta(seconds=2), number
        mp.simulator.advance(seconds=seconds)
        mp.simulator.flush()
    delivery = mp.simulator.deliveries()[0]
    assert (delivery["state"], len(delivery["attempts"])) == ("failed", 8)


def test_three_weeks_played_through_try_eight_times(mp: MpClient, inbox: Inbox) -> None:
    inbox.answers = [500]
    mp.simulator.control("pay", id=mp.pix(notification_url=inbox.url)["id"])
    mp.simulator.control("clock", advance_seconds=21 * 86400, play=True)
    assert [one["state"] for one in mp.simulator.deliveries()] == ["failed", "failed"]
    assert len(inbox.received) == 16
    assert {one.headers["x-retry"] for one in inbox.received} == {str(number) for number in range(8)}


def test_panel_event_is_really_signed_for_a_payment_that_does_not_exist(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url)
    mp.simulator.control("panel_event", account=mp.account["id"])
    [got] = inbox.wait(1)
    assert (got.json["data"]["id"], got.json["live_mode"]) == ("123456", False)
    validate(got, mp.account["webhook_secret"])
    assert mp.call("GET", "/v1/payments/123456").status_code == 404


def test_production_tab_can_sign(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", signing_tab="production")
    mp.pix(notification_url=inbox.url)
    validate(inbox.wait(1)[0], mp.account["webhook_secret_production"])


def test_legacy_twins_cannot_be_verified(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control("faults", name="ipn_twin", times=1)
    mp.preference(notification_url=inbox.url)
    mp.simulator.control("pay", reference="chg_pref")
    twins = [one for one in inbox.wait(4) if "topic=" in one.query]
    assert sorted(one.json["topic"] for one in twins) == ["merchant_order", "payment"]
    for twin in twins:
        with pytest.raises(Exception, match="(?i)signature|mismatch"):
            validate(twin, mp.account["webhook_secret"])


def test_unsigned_legacy_twins_have_the_published_shape(mp: MpClient, inbox: Inbox) -> None:
    mp.preference(notification_url=f"{inbox.url}?zone=br")
    mp.simulator.control("faults", name="ipn_twin", unsigned=True, only=True)
    payment = mp.simulator.control("pay_card", reference="chg_pref")["id"]
    order = mp.get(f"/v1/payments/{payment}")["order"]["id"]
    told = {one.query: one for one in inbox.wait(2)}
    address = f"https://api.mercadolibre.com/merchant_orders/{order}"
    assert told[f"id={payment}&topic=payment&zone=br"].json == {"resource": str(payment), "topic": "payment"}
    by_order = told[f"id={order}&topic=merchant_order&zone=br"]
    assert by_order.json == {"resource": address, "topic": "merchant_order"}
    assert not any("x-signature" in one.headers for one in inbox.received)
    mp.simulator.flush()
    assert len(inbox.received) == 2


def test_legacy_twin_of_a_direct_payment_is_alone(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control("faults", name="ipn_twin", unsigned=True)
    payment = mp.pix(notification_url=inbox.url)["id"]
    queries = sorted(one.query for one in inbox.wait(2))
    assert queries == [f"data.id={payment}&type=payment", f"id={payment}&topic=payment"]
