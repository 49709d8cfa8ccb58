"""Each misbehaviour that can be switched on (docs/simulator.md)."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from mercadopago.webhook import InvalidWebhookSignatureError, WebhookSignatureValidator

from tests.simulator.support import STRONG_TOKEN, AsaasClient, Inbox, MpClient, Simulator

PAID_EVENTS = ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]


def test_error_after_the_effect_leaves_the_charge(asaas: AsaasClient) -> None:
    customer = asaas.customer()["id"]
    asaas.simulator.control(
        "faults", name="error_500", when="after", method="POST", path="/payments", times=1
    )
    body = {"customer": customer, "billingType": "PIX", "value": 50, "dueDate": "2099-01-01"}
    assert asaas.call("POST", "/payments", json=body).status_code == 500
    assert asaas.get("/payments")["totalCount"] == 1
    [fault] = asaas.simulator.read("faults")["faults"]
    assert (fault["struck"], fault["times"]) == (1, 1)


def test_error_before_the_effect_leaves_nothing(mp: MpClient) -> None:
    mp.simulator.control("faults", name="error_500", gateway="mercadopago", times=1)
    assert mp.post_pix().status_code == 500
    assert mp.get("/v1/payments/search")["results"] == []


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_hanging_calls(mp: MpClient, when: str, count: int) -> None:
    mp.simulator.control("faults", name="hang", seconds=0.3, when=when, times=1)
    started = time.monotonic()
    answer = mp.post_pix()
    assert time.monotonic() - started >= 0.3
    assert answer.status_code == (201 if count else 504)
    assert mp.get("/v1/payments/search")["paging"]["total"] == count


def test_a_call_that_hangs_takes_no_fault_of_a_later_time(mp: MpClient) -> None:
    """Who gave up waiting goes on; what is switched on then is for the calls that are made from then on."""
    mp.simulator.control("faults", name="hang", seconds=1, when="after", times=1)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(mp.call, "GET", "/users/me")
        while not mp.simulator.read("faults")["faults"][0]["struck"]:
            assert not hanging.done()
        mp.simulator.control("faults", name="malformed_json", times=1)
        assert hanging.result().json()["id"]
    with pytest.raises(requests.exceptions.JSONDecodeError):
        mp.call("GET", "/users/me").json()


def test_a_call_of_before_a_reset_is_not_told_after_it(mp: MpClient) -> None:
    mp.simulator.control("faults", name="hang", seconds=1, when="after", times=1)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(mp.call, "GET", "/users/me")
        while not mp.simulator.read("faults")["faults"][0]["struck"]:
            assert not hanging.done()
        mp.simulator.control("reset")
        hanging.result()
    assert mp.simulator.read("received")["calls"] == []


def test_broken_answers(mp: MpClient) -> None:
    mp.simulator.control("faults", name="rate_limit", retry_after=7, times=1)
    limited = mp.call("GET", "/users/me")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    mp.simulator.control("faults", name="html_error", times=1)
    assert mp.call("GET", "/users/me").text.startswith("<html>")
    mp.simulator.control("faults", name="malformed_json", times=1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        mp.call("GET", "/users/me").json()
    assert mp.call("GET", "/users/me").status_code == 200


def test_fault_of_one_account_spares_the_others(asaas: AsaasClient, mp: MpClient) -> None:
    asaas.simulator.control("faults", name="error_500", account=asaas.account["id"])
    assert asaas.call("GET", "/finance/balance").status_code == 500
    assert mp.call("GET", "/users/me").status_code == 200
    requests.delete(f"{asaas.simulator.url}/_control/faults", timeout=60)
    assert asaas.call("GET", "/finance/balance").status_code == 200


def test_stale_read_shows_what_was_before_the_change(asaas: AsaasClient, mp: MpClient) -> None:
    charge, payment = asaas.charge(), mp.pix()
    for identifier in (charge["id"], payment["id"]):
        asaas.simulator.control("pay", id=identifier)
    asaas.simulator.control("faults", name="stale_read", reads=2)
    assert asaas.get(f"/payments/{charge['id']}") == charge
    assert mp.get(f"/v1/payments/{payment['id']}") == payment
    assert asaas.get(f"/payments/{charge['id']}")["status"] == "RECEIVED"


def test_lagging_lists_do_not_know_the_newest(asaas: AsaasClient, mp: MpClient) -> None:
    asaas.charge()
    mp.pix()
    asaas.simulator.control("faults", name="lagging_list", seconds=60)
    assert asaas.get("/payments")["totalCount"] == 0
    assert mp.get("/v1/payments/search")["results"] == []
    asaas.simulator.advance(seconds=61)
    assert asaas.get("/payments")["totalCount"] == 1


def test_notification_can_come_before_the_answer(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    asaas.simulator.control("faults", name="notify_before_answer")
    asaas.charge()
    assert len(inbox.received) == 1


def test_refuse_direct_payments(mp: MpClient) -> None:
    mp.simulator.control("faults", name="refuse_direct_payments", times=1)
    assert mp.post_pix().status_code == 401
    assert mp.post_pix().status_code == 201


def test_dropped_and_duplicated_notifications(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    asaas.simulator.control("faults", name="drop", times=1)
    asaas.charge()
    asaas.simulator.control("faults", name="duplicate", extra=2, times=1)
    asaas.simulator.control("pay", reference="chg-1007")
    asaas.simulator.flush()
    assert [one.json["event"] for one in inbox.received] == ["PAYMENT_RECEIVED"] * 3
    assert len({one.json["id"] for one in inbox.received}) == 1
    assert asaas.simulator.deliveries(state="dropped")[0]["event"] == "PAYMENT_CREATED"


def test_delayed_notifications(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control("faults", name="delay", seconds=600, times=1)
    mp.pix(notification_url=inbox.url)
    mp.simulator.flush()
    assert inbox.received == []
    mp.simulator.advance(seconds=600)
    inbox.wait(1)


@pytest.mark.parametrize("gateway", ["asaas", "mercadopago"])
def test_reordered_notifications(asaas: AsaasClient, mp: MpClient, inbox: Inbox, gateway: str) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    asaas.simulator.control("faults", name="reorder", gateway=gateway, times=1)
    made = asaas.charge() if gateway == "asaas" else mp.pix(notification_url=inbox.url)
    asaas.simulator.control("pay", id=made["id"])
    names = [one.json.get("event") or one.json["action"] for one in inbox.wait(2)]
    wanted = PAID_EVENTS if gateway == "asaas" else ["payment.created", "payment.updated"]
    assert names == wanted[::-1]


def test_held_notification_goes_alone_in_the_end(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control("faults", name="reorder", seconds=30, times=1)
    mp.pix(notification_url=inbox.url)
    mp.simulator.flush()
    assert inbox.received == []
    mp.simulator.advance(seconds=31)
    inbox.wait(1)


def test_wrong_secrets(asaas: AsaasClient, mp: MpClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    asaas.simulator.control("faults", name="wrong_secret", times=2)
    asaas.charge()
    [forged] = inbox.wait(1)
    assert forged.headers["asaas-access-token"] != STRONG_TOKEN
    payment = mp.pix(notification_url=inbox.url)
    headers = inbox.wait(2)[1].headers
    with pytest.raises(InvalidWebhookSignatureError):
        WebhookSignatureValidator.validate(
            headers["x-signature"],
            headers["x-request-id"],
            str(payment["id"]),
            mp.account["webhook_secret"],
        )


@pytest.mark.parametrize(
    "body", [{"name": "nonsense"}, {"name": "hang", "when": "never"}, {"name": "hang", "seconds": "x"}]
)
def test_refuses_faults_it_does_not_know(simulator: Simulator, body: dict[str, Any]) -> None:
    response = requests.post(f"{simulator.url}/_control/faults", json=body, timeout=60)
    assert response.status_code == 400
