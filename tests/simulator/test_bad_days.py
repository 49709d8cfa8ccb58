"""Misbehaviour that strikes now and then, early or everywhere (docs/simulator.md, "Faults")."""

from typing import Any

import pytest
import requests

from tests.simulator.support import AsaasClient, Inbox, MpClient, Simulator

PAID_EVENTS = ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]
MANY = 60


def dropped(simulator: Simulator, **fault: Any) -> list[bool]:
    """Which of sixty notifications a drop fault strikes."""
    account = simulator.control("accounts", gateway="mercadopago", panel_url="http://127.0.0.1:9/hook")
    simulator.control("faults", name="drop", account=account["id"], **fault)
    client = MpClient(simulator, account)
    for number in range(MANY):
        client.pix(f"key-{number}")
    return [one["state"] == "dropped" for one in simulator.deliveries(account=account["id"])]


def test_share_is_chosen_by_the_seed(simulator: Simulator) -> None:
    first, same, other = (dropped(simulator, share=0.3, seed=seed) for seed in (7, 7, 8))
    assert len(first) == MANY
    assert first == same
    assert first != other
    assert 8 <= sum(first) <= 28
    struck = [one["struck"] for one in simulator.read("faults")["faults"]]
    assert struck == [sum(first), sum(same), sum(other)]


def test_share_of_none_and_of_all(simulator: Simulator) -> None:
    assert sum(dropped(simulator, share=0)) == 0
    assert sum(dropped(simulator, share=1)) == MANY


@pytest.mark.parametrize("share", [-0.1, 1.1, "half"])
def test_refuses_shares_that_are_none(simulator: Simulator, share: Any) -> None:
    body = {"name": "drop", "share": share}
    assert requests.post(f"{simulator.url}/_control/faults", json=body, timeout=60).status_code == 400


def test_fault_of_one_event_spares_the_others(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    asaas.simulator.control("faults", name="drop", event="PAYMENT_CREATED")
    asaas.simulator.control("pay", id=asaas.charge()["id"])
    assert [one.json["event"] for one in inbox.wait(1)] == ["PAYMENT_RECEIVED"]
    asaas.simulator.flush()
    assert len(inbox.received) == 1


def test_duplicate_can_come_later(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control("faults", name="duplicate", seconds=60)
    mp.pix(notification_url=inbox.url)
    mp.simulator.flush()
    assert len(inbox.received) == 1
    mp.simulator.advance(seconds=60)
    assert len(inbox.wait(2)) == 2


def test_stale_reads_for_ever_now_and_then(asaas: AsaasClient) -> None:
    path = f"/payments/{asaas.charge()['id']}"
    asaas.simulator.control("pay", reference="chg-1007")
    asaas.simulator.control("faults", name="stale_read", times=None, share=0.5, seed=1)
    seen = [asaas.get(path)["status"] for _ in range(20)]
    assert set(seen) == {"PENDING", "RECEIVED"}


def test_early_notification_of_a_payment_of_asaas(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    charge = asaas.charge()
    path = f"/payments/{charge['id']}"
    asaas.simulator.control("faults", name="early_notify", seconds=60, event="PAYMENT_RECEIVED")
    asaas.simulator.control("pay", id=charge["id"])
    assert inbox.wait(2)[1].json["payment"]["status"] == "RECEIVED"
    assert asaas.get(path) == charge
    assert asaas.get(f"{path}/status") == {"status": "PENDING"}
    assert asaas.get("/payments")["data"] == [charge]
    assert asaas.get("/payments", status="RECEIVED")["totalCount"] == 0
    asaas.simulator.advance(seconds=60)
    assert asaas.get(path)["status"] == "RECEIVED"
    assert asaas.get("/payments", status="RECEIVED")["totalCount"] == 1


def test_early_notification_of_what_is_new(asaas: AsaasClient, mp: MpClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    asaas.simulator.control("faults", name="early_notify", seconds=60)
    charge, payment = asaas.charge(), mp.pix(notification_url=inbox.url)
    inbox.wait(2)
    assert asaas.call("GET", f"/payments/{charge['id']}").status_code == 404
    assert asaas.get("/payments")["totalCount"] == 0
    assert mp.call("GET", f"/v1/payments/{payment['id']}").status_code == 404
    assert mp.get("/v1/payments/search")["paging"]["total"] == 0
    assert len(asaas.simulator.read("books")["payments"]) == 2
    asaas.simulator.advance(seconds=60)
    assert asaas.get(f"/payments/{charge['id']}") == charge
    assert mp.get("/v1/payments/search")["results"] == [payment]


def test_early_notification_of_a_preference_reaches_its_order(mp: MpClient, inbox: Inbox) -> None:
    preference = mp.preference(notification_url=inbox.url)
    mp.simulator.control("faults", name="early_notify", seconds=60, event="payment.updated")
    number = mp.simulator.control("pay", id=preference["id"])["id"]
    [order] = mp.get("/merchant_orders/search", preference_id=preference["id"])["elements"]
    assert (order["order_status"], order["payments"][0]["status"]) == ("payment_in_process", "pending")
    assert order["payments"][0]["date_approved"] is None
    assert mp.get(f"/v1/payments/{number}")["status"] == "pending"
    mp.simulator.advance(seconds=60)
    assert mp.get(f"/merchant_orders/{order['id']}")["order_status"] == "paid"
    assert mp.get(f"/v1/payments/{number}")["status"] == "approved"


def test_change_is_made_although_it_is_not_seen(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    charge = asaas.charge()
    asaas.simulator.control("faults", name="early_notify", seconds=60)
    asaas.simulator.control("pay", id=charge["id"])
    assert asaas.call("DELETE", f"/payments/{charge['id']}").status_code == 400


def test_outage_of_a_gateway_until_it_is_removed(asaas: AsaasClient, mp: MpClient) -> None:
    charge = asaas.charge()
    outage = asaas.simulator.control("faults", name="outage", gateway="asaas", retry_after=9)
    answer = asaas.call("POST", "/payments", json={})
    assert (answer.status_code, answer.headers["Retry-After"], answer.text[:6]) == (503, "9", "<html>")
    assert requests.get(charge["invoiceUrl"], timeout=60).status_code == 503
    assert mp.call("GET", "/users/me").status_code == 200
    url = f"{asaas.simulator.url}/_control/faults/{outage['id']}"
    assert requests.delete(url, timeout=60).json() == {"faults": []}
    assert requests.delete(url, timeout=60).status_code == 404
    assert asaas.get("/payments")["totalCount"] == 1
    assert requests.get(charge["invoiceUrl"], timeout=60).ok


def test_outage_of_one_account_spares_pages_and_others(asaas: AsaasClient, simulator: Simulator) -> None:
    other = AsaasClient(simulator, simulator.control("accounts", gateway="asaas"))
    page = asaas.charge()["invoiceUrl"]
    simulator.control("faults", name="outage", account=asaas.account["id"])
    assert asaas.call("GET", "/finance/balance").status_code == 503
    assert other.call("GET", "/finance/balance").status_code == 200
    assert requests.get(page, timeout=60).ok


def test_faults_are_removed_by_name(simulator: Simulator) -> None:
    for name in ("slow", "outage", "outage"):
        simulator.control("faults", name=name, gateway="mercadopago")
    answer = requests.delete(f"{simulator.url}/_control/faults", params={"name": "outage"}, timeout=60)
    assert [one["name"] for one in answer.json()["faults"]] == ["slow"]


def test_change_answers_200_and_is_made_in_part(asaas: AsaasClient, mp: MpClient, inbox: Inbox) -> None:
    charge, preference = asaas.charge(), mp.preference()
    hook = asaas.webhook(inbox.url, ["PAYMENT_CREATED"])
    asaas.simulator.control("faults", name="partial_put", fields=["value", "expires", "events"])
    changed = asaas.put(f"/payments/{charge['id']}", value=10, description="new")
    assert (changed["value"], changed["description"]) == (150.0, "new")
    closed = mp.put(
        f"/checkout/preferences/{preference['id']}",
        expires=True,
        expiration_date_to="2020-01-01T00:00:00.000-03:00",
    )
    assert (closed["expires"], closed["expiration_date_to"]) == (False, "2020-01-01T00:00:00.000-03:00")
    kept = asaas.put(f"/webhooks/{hook['id']}", events=PAID_EVENTS, name="other")
    assert (kept["events"], kept["name"]) == (["PAYMENT_CREATED"], "other")


def test_change_loses_its_last_field_when_none_is_named(mp: MpClient) -> None:
    path = f"/v1/payments/{mp.pix()['id']}"
    mp.simulator.control("faults", name="partial_put", times=1)
    assert mp.put(path, status="cancelled")["status"] == "pending"
    assert mp.put(path, status="cancelled")["status"] == "cancelled"


def test_right_token_on_a_false_body(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    charge = asaas.charge()
    asaas.simulator.control(
        "notify", id=charge["id"], event="PAYMENT_RECEIVED", claims={"status": "RECEIVED"}
    )
    lie = inbox.wait(2)[1]
    assert (lie.json["event"], lie.json["payment"]["status"]) == ("PAYMENT_RECEIVED", "RECEIVED")
    assert asaas.get(f"/payments/{charge['id']}")["status"] == "PENDING"
