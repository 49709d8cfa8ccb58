"""Creation in doubt, on each of the three calls that create something to pay."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.simulator.support import AsaasClient, Inbox, MpClient, wait_for

REFERENCE = "doubt-1"
FILTERS = {"externalReference": REFERENCE, "external_reference": REFERENCE}


@dataclass
class Creation:
    """One way to create, and where to look for what was made."""

    client: AsaasClient | MpClient
    path: str
    list_path: str
    send: Callable[..., requests.Response]

    def fault(self, name: str, **parameters: Any) -> None:
        fault = {"method": "POST", "path": self.path, "times": 1} | parameters
        self.client.simulator.control("faults", name=name, **fault)

    def found(self) -> list[dict[str, Any]]:
        body = self.client.get(self.list_path, **FILTERS)
        return body.get("data") or body.get("results") or body.get("elements") or []


@pytest.fixture(params=["asaas PIX", "asaas CREDIT_CARD", "payments", "preferences"])
def creation(request: pytest.FixtureRequest, asaas: AsaasClient, mp: MpClient, inbox: Inbox) -> Creation:
    if request.param == "payments":

        def send(key: str = "key-1") -> requests.Response:
            return mp.post_pix(key, external_reference=REFERENCE, notification_url=inbox.url)

        return Creation(mp, "/v1/payments", "/v1/payments/search", send)
    if request.param == "preferences":

        def send_preference(key: str = "") -> requests.Response:
            return mp.post_preference(external_reference=REFERENCE, notification_url=inbox.url)

        return Creation(mp, "/checkout/preferences", "/checkout/preferences/search", send_preference)
    asaas.webhook(inbox.url, ["PAYMENT_CREATED", "PAYMENT_RECEIVED", "PAYMENT_CONFIRMED"])
    body = {"customer": asaas.customer()["id"], "value": 50, "dueDate": "2099-01-01"}
    body |= {"billingType": request.param.split()[1], "externalReference": REFERENCE}
    return Creation(
        asaas, "/payments", "/payments", lambda key="": asaas.call("POST", "/payments", json=body)
    )


def test_create_then_500(creation: Creation) -> None:
    creation.fault("error_500", when="after")
    assert creation.send().status_code == 500
    assert len(creation.found()) == 1
    assert creation.send("key-2").ok
    assert len(creation.found()) == 2


def test_create_then_hang_shows_the_charge_meanwhile(creation: Creation) -> None:
    creation.fault("hang", when="after", seconds=1)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        answer = pool.submit(creation.send)
        assert len(wait_for(creation.found)) == 1
        assert not answer.done()
        assert answer.result().ok
    assert time.monotonic() - started >= 1
    assert len(creation.found()) == 1


def test_hang_before_creates_nothing(creation: Creation) -> None:
    creation.fault("hang", when="before", seconds=0.2)
    assert creation.send().status_code == 504
    assert creation.found() == []


def test_payment_is_told_while_the_creation_still_hangs(creation: Creation, inbox: Inbox) -> None:
    """The only way for a preference, which has no notification of its own."""
    creation.fault("hang", when="after", seconds=2)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(creation.send)
        wait_for(creation.found)
        creation.client.simulator.control("pay", reference=REFERENCE)
        inbox.wait(2)
        assert not answer.done()
        assert answer.result().ok


def test_answer_comes_after_the_notification(creation: Creation, inbox: Inbox) -> None:
    creation.fault("notify_before_answer")
    assert creation.send().ok
    assert len(inbox.received) == (0 if creation.path == "/checkout/preferences" else 1)
    [fault] = creation.client.simulator.read("faults")["faults"]
    assert fault["struck"] == 1


def test_list_lags_behind(creation: Creation) -> None:
    creation.client.simulator.control("faults", name="lagging_list", seconds=60)
    assert creation.send().ok
    assert creation.found() == []
    creation.client.simulator.advance(seconds=30)
    assert creation.found() == []
    creation.client.simulator.advance(seconds=31)
    assert len(creation.found()) == 1


def test_repeated_idempotency_key_finds_the_payment_of_the_lost_answer(mp: MpClient) -> None:
    mp.simulator.control("faults", name="error_500", when="after", path="/v1/payments", times=1)
    assert mp.post_pix("same").status_code == 500
    again = mp.post_pix("same")
    assert (again.status_code, mp.get("/v1/payments/search")["paging"]["total"]) == (201, 1)


def test_lag_reaches_merchant_orders_and_customers(asaas: AsaasClient, mp: MpClient) -> None:
    preference = mp.preference()
    requests.get(preference["init_point"], timeout=60)
    asaas.customer()
    asaas.simulator.control("faults", name="lagging_list", seconds=60)
    assert mp.get("/merchant_orders/search", preference_id=preference["id"])["elements"] is None
    assert asaas.get("/customers")["totalCount"] == 0
