"""Asaas webhooks: registration, delivery, retries, interruption (asaas.md 5)."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs

import pytest
import requests

from simulator.asaas.names import event_hash
from tests.simulator import samples
from tests.simulator.support import STRONG_TOKEN, AsaasClient, Inbox, wait_for

WAITS_IN_SECONDS = [30, 60, 210, 300, 900, 1500, 3600, 3600, 3600, 3600, 3600, 7200, 7200, 10800]


def test_registration_answers_the_published_shape(asaas: AsaasClient, inbox: Inbox) -> None:
    hook = asaas.webhook(inbox.url, ["PAYMENT_RECEIVED"])
    assert list(hook) == samples.ASAAS_WEBHOOK
    assert (hook["hasAuthToken"], hook["penalizedRequestsCount"], hook["enabled"]) == (True, 0, True)
    assert asaas.get("/webhooks", url=inbox.url)["data"] == [hook]
    assert asaas.put(f"/webhooks/{hook['id']}", name="new")["name"] == "new"
    assert asaas.delete(f"/webhooks/{hook['id']}")["deleted"] is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"authToken": "short"}, "authToken"),
        ({"authToken": "aaaa" + STRONG_TOKEN}, "authToken"),
        ({"authToken": STRONG_TOKEN + "12345"}, "authToken"),
        ({"authToken": STRONG_TOKEN + " x y z a b"}, "authToken"),
        ({"authToken": "$aact_hmlg_" + STRONG_TOKEN}, "authToken"),
        ({"url": "http://shop.example.com/hook"}, "url"),
        ({"url": None}, "url"),
        ({"events": ["PAYMENT_EATEN"]}, "events"),
        ({"sendType": "SOMETIMES"}, "sendType"),
    ],
)
def test_refuses_bad_registrations(asaas: AsaasClient, change: dict, field: str) -> None:
    body = {"url": "https://shop.example.com/hook", "events": [], "authToken": STRONG_TOKEN} | change
    response = asaas.call("POST", "/webhooks", json=body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == f"invalid_{field}"


def test_takes_ten_webhooks_at_most(asaas: AsaasClient) -> None:
    for number in range(10):
        asaas.webhook(f"https://shop.example.com/{number}", [])
    body = {"url": "https://shop.example.com/x", "events": []}
    assert asaas.call("POST", "/webhooks", json=body).status_code == 400


def test_event_ids_are_the_md5_of_the_name_and_a_growing_counter(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, list(samples.EVENT_HASHES))
    payment = asaas.charge(dueDate="2099-01-01")
    path = f"/payments/{payment['id']}"
    asaas.put(path, value=200)
    assert requests.get(payment["invoiceUrl"], timeout=60).ok
    asaas.post(f"/sandbox/payment/{payment['id']}/overdue")
    asaas.delete(path)
    asaas.post(f"{path}/restore")
    asaas.simulator.control("pay", id=payment["id"])
    bodies = [one.json for one in inbox.wait(7)]
    counters = []
    for body in bodies:
        match = re.fullmatch(r"evt_([0-9a-f]{32})&(\d+)", body["id"])
        assert match and match[1] == samples.EVENT_HASHES[body["event"]]
        counters.append(int(match[2]))
    assert counters == sorted(set(counters))


def test_all_published_hashes_hold() -> None:
    for event, digest in samples.EVENT_HASHES.items():
        assert event_hash(event) == digest


def test_delivery_carries_token_agent_and_account(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, ["PAYMENT_CREATED"])
    payment = asaas.charge()
    [got] = inbox.wait(1)
    assert got.headers["asaas-access-token"] == STRONG_TOKEN
    assert got.headers["user-agent"] == "Asaas_Hmlg/3.0"
    assert (got.headers["content-type"], got.headers["accept"]) == ("application/json", "application/json")
    assert list(got.json) == ["id", "event", "dateCreated", "account", "payment"]
    assert got.json["account"] == {"id": asaas.account["account_id"], "ownerId": None}
    assert got.json["payment"] == payment


def test_version_two_sends_a_form_without_token(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, ["PAYMENT_CREATED"], apiVersion=2)
    asaas.charge()
    [got] = inbox.wait(1)
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "asaas-access-token" not in got.headers
    assert '"event":"PAYMENT_CREATED"' in parse_qs(got.body.decode())["data"][0]


def test_only_events_asked_for_are_sent(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, ["PAYMENT_RECEIVED"])
    asaas.charge()
    asaas.simulator.control("pay", reference="chg-1007")
    asaas.simulator.flush()
    assert [one.json["event"] for one in inbox.received] == ["PAYMENT_RECEIVED"]


def test_failing_event_blocks_the_queue_and_carries_the_present_state(
    asaas: AsaasClient, inbox: Inbox
) -> None:
    inbox.answers = [500, 200]
    asaas.webhook(inbox.url, ["PAYMENT_CREATED", "PAYMENT_RECEIVED"])
    asaas.charge()
    inbox.wait(1)
    asaas.simulator.control("pay", reference="chg-1007")
    asaas.simulator.flush()
    assert len(inbox.received) == 1
    asaas.simulator.advance(seconds=30)
    first, again, second = inbox.wait(3)
    assert first.json["payment"]["status"] == "PENDING"
    assert (again.json["id"], again.json["payment"]["status"]) == (first.json["id"], "RECEIVED")
    assert second.json["event"] == "PAYMENT_RECEIVED"


@pytest.mark.parametrize("answer", [201, 204, 302, 401, 500])
def test_only_200_is_success(asaas: AsaasClient, inbox: Inbox, answer: int) -> None:
    inbox.answers = [answer]
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED"])
    asaas.charge()
    asaas.simulator.flush()
    assert len(inbox.received) == 1
    assert asaas.get(f"/webhooks/{hook['id']}")["penalizedRequestsCount"] == 1


def test_unreachable_address_is_a_failed_attempt(asaas: AsaasClient) -> None:
    hook = asaas.webhook("http://127.0.0.1:9/hook", ["PAYMENT_CREATED"])
    asaas.charge()
    asaas.simulator.flush()
    assert asaas.get(f"/webhooks/{hook['id']}")["penalizedRequestsCount"] == 1
    [delivery] = asaas.simulator.deliveries()
    assert delivery["attempts"][0]["error"]


def test_retries_follow_the_table_and_the_fifteenth_interrupts(asaas: AsaasClient, inbox: Inbox) -> None:
    inbox.answers = [500]
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED"])
    asaas.charge()
    for number, seconds in enumerate(WAITS_IN_SECONDS, start=1):
        inbox.wait(number)
        asaas.simulator.flush()
        [delivery] = asaas.simulator.deliveries()
        last = datetime.fromisoformat(delivery["attempts"][-1]["at"])
        gap = datetime.fromisoformat(delivery["next_attempt_at"]) - last
        assert abs(gap - timedelta(seconds=seconds)) < timedelta(seconds=2), number
        asaas.simulator.advance(seconds=seconds)
    inbox.wait(15)
    asaas.simulator.flush()
    shown = asaas.get(f"/webhooks/{hook['id']}")
    assert (shown["interrupted"], shown["penalizedRequestsCount"]) == (True, 15)


def test_a_day_without_answer_played_through_interrupts_the_queue(asaas: AsaasClient, inbox: Inbox) -> None:
    inbox.answers = [503]
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED", "PAYMENT_OVERDUE"])
    asaas.charge()
    asaas.simulator.control("clock", advance_seconds=86400, play=True)
    assert len(inbox.received) == 15
    shown = asaas.get(f"/webhooks/{hook['id']}")
    assert (shown["interrupted"], shown["penalizedRequestsCount"]) == (True, 15)
    [delivery] = asaas.simulator.deliveries(event="PAYMENT_CREATED")
    moments = [datetime.fromisoformat(one["at"]) for one in delivery["attempts"]]
    gaps = [round((later - one).total_seconds()) for one, later in pairwise(moments)]
    assert gaps == pytest.approx(WAITS_IN_SECONDS, abs=2)
    # The day asked for, less what its stops took of the real clock.
    assert 86390 < asaas.simulator.read("clock")["offset_seconds"] < 86401


def interrupt(asaas: AsaasClient, inbox: Inbox) -> str:
    inbox.answers = [500]
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED", "PAYMENT_RECEIVED"])
    asaas.charge()
    for number in range(1, 16):
        inbox.wait(number)
        asaas.simulator.flush()
        asaas.simulator.advance(hours=3)
    wait_for(lambda: asaas.get(f"/webhooks/{hook['id']}")["interrupted"])
    return f"/webhooks/{hook['id']}"


def test_interrupted_queue_keeps_events_and_replays_in_order(asaas: AsaasClient, inbox: Inbox) -> None:
    path = interrupt(asaas, inbox)
    asaas.simulator.control("pay", reference="chg-1007")
    asaas.simulator.flush()
    assert len(inbox.received) == 15
    inbox.answers = [200]
    assert asaas.put(path, interrupted=False)["penalizedRequestsCount"] == 0
    assert [one.json["event"] for one in inbox.wait(17)[15:]] == ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]


def test_events_older_than_fourteen_days_are_lost(asaas: AsaasClient, inbox: Inbox) -> None:
    path = interrupt(asaas, inbox)
    asaas.simulator.advance(days=14)
    inbox.answers = [200]
    asaas.put(path, interrupted=False)
    asaas.simulator.flush()
    assert len(inbox.received) == 15
    assert asaas.simulator.deliveries(event="PAYMENT_CREATED")[0]["state"] == "lost"


def test_disabled_webhook_loses_events(asaas: AsaasClient, inbox: Inbox) -> None:
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED", "PAYMENT_RECEIVED"], enabled=False)
    asaas.charge()
    asaas.put(f"/webhooks/{hook['id']}", enabled=True)
    asaas.simulator.control("pay", reference="chg-1007")
    [got] = inbox.wait(1)
    assert got.json["event"] == "PAYMENT_RECEIVED"


def test_remove_backoff_clears_the_penalty_and_tries_again(asaas: AsaasClient, inbox: Inbox) -> None:
    inbox.answers = [500, 200]
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED"])
    asaas.charge()
    inbox.wait(1)
    asaas.simulator.flush()
    assert asaas.post(f"/webhooks/{hook['id']}/removeBackoff")["penalizedRequestsCount"] == 0
    inbox.wait(2)


def test_not_sequential_does_not_wait_for_a_failing_event(asaas: AsaasClient, inbox: Inbox) -> None:
    inbox.answers = [500, 200]
    asaas.webhook(inbox.url, ["PAYMENT_CREATED", "PAYMENT_RECEIVED"], sendType="NON_SEQUENTIALLY")
    asaas.charge()
    inbox.wait(1)
    asaas.simulator.control("pay", reference="chg-1007")
    assert inbox.wait(2)[1].json["event"] == "PAYMENT_RECEIVED"


def test_overdue_comes_at_three_on_the_next_business_day(asaas: AsaasClient, inbox: Inbox) -> None:
    """asaas.md 3.3: due on a Friday, overdue on Monday at 03:01 in São Paulo."""
    asaas.simulator.control("clock", now="2027-12-09T15:00:00Z")
    asaas.webhook(inbox.url, ["PAYMENT_OVERDUE"])
    payment = asaas.charge(dueDate="2027-12-10")
    asaas.simulator.control("clock", now="2027-12-13T06:00:00Z")
    assert asaas.get(f"/payments/{payment['id']}")["status"] == "PENDING"
    asaas.simulator.control("clock", now="2027-12-13T06:01:00Z")
    [got] = inbox.wait(1)
    assert (got.json["payment"]["status"], got.json["dateCreated"][:16]) == ("OVERDUE", "2027-12-13 03:01")
