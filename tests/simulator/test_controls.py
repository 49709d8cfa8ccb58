"""The controls: faults, clock, books, pages, restart (docs/simulator.md)."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import requests

from tests.simulator.support import AsaasClient, Inbox, MpClient, Process, Simulator

PAID_EVENTS = ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]


def test_every_control_is_described(simulator: Simulator) -> None:
    described = simulator.read("")
    assert {"/_control/pay", "/_control/clock"} <= {one["path"] for one in described["controls"]}
    text = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text()
    for name in described["faults"]:
        assert f"`{name}`" in text, name
    for one in described["controls"]:
        assert one["path"] in text, one["path"]
    told = {f"{one['method']} {one['path']}" for one in described["controls"]}
    assert set(re.findall(r"`((?:GET|POST|DELETE) /_control/[^` ]*)`", text)) == told


def test_clock_moves_and_comes_back(simulator: Simulator) -> None:
    simulator.control("clock", advance_seconds=3600)
    assert 3599 < simulator.read("clock")["offset_seconds"] < 3601
    simulator.control("clock", now="2027-01-31T12:00:00Z")
    assert simulator.read("clock")["now"].startswith("2027-01-31T12:00:0")
    assert simulator.control("clock", offset_seconds=0)["offset_seconds"] == 0


def test_books_tell_the_truth_of_both_gateways(asaas: AsaasClient, mp: MpClient) -> None:
    asaas.charge(externalReference="same")
    mp.pix(external_reference="same", transaction_amount=100)
    asaas.simulator.control("pay", reference="same", account=asaas.account["id"])
    first, second = asaas.simulator.read("books", reference="same")["payments"]
    assert (first["status"], first["amount"], first["paid"], first["fee"], first["net"]) == (
        "RECEIVED",
        150,
        150,
        1.99,
        148.01,
    )
    assert (second["status"], second["paid"], second["currency"]) == ("pending", 0, "BRL")


def test_paying_another_amount_changes_the_value(asaas: AsaasClient) -> None:
    payment = asaas.charge()
    asaas.simulator.control("pay", id=payment["id"], amount=12.34)
    paid = asaas.get(f"/payments/{payment['id']}")
    assert (paid["value"], paid["originalValue"]) == (12.34, 150.0)


def test_refuses_to_pay_twice_unless_forced(asaas: AsaasClient) -> None:
    payment = asaas.charge()
    asaas.delete(f"/payments/{payment['id']}")
    url = f"{asaas.simulator.url}/_control/pay"
    assert requests.post(url, json={"id": payment["id"]}, timeout=60).status_code == 409
    assert asaas.simulator.control("pay", id=payment["id"], force=True)["status"] == "RECEIVED"
    assert requests.post(url, json={"id": "pay_unknown"}, timeout=60).status_code == 404


def test_received_calls_are_kept_without_the_key(asaas: AsaasClient) -> None:
    asaas.charge()
    calls = asaas.simulator.read("received")["calls"]
    assert [(one["method"], one["path"], one["status"]) for one in calls] == [
        ("POST", "/asaas/sandbox/v3/customers", 200),
        ("POST", "/asaas/sandbox/v3/payments", 200),
    ]
    assert asaas.account["api_key"] not in json.dumps(calls)
    assert asaas.simulator.read("received", since=calls[0]["id"])["calls"] == calls[1:]


def test_received_calls_are_counted_by_kind(asaas: AsaasClient, mp: MpClient) -> None:
    customer = asaas.customer()["id"]
    mark = asaas.simulator.read("received", count=1)["last"]
    for _ in range(3):
        asaas.get(f"/payments/{asaas.charge(customer=customer)['id']}")
    mp.get(f"/v1/payments/{mp.pix()['id']}")
    counted = asaas.simulator.read("received", count=1, since=mark, account=asaas.account["id"])
    base = "/asaas/sandbox/v3/payments"
    assert counted == {"count": 6, "paths": {f"GET {base}/<id>": 3, f"POST {base}": 3}, "last": mark + 8}
    everything = asaas.simulator.read("received", count=1, since=mark)
    assert (everything["count"], everything["paths"]["GET /mercadopago/v1/payments/<id>"]) == (8, 1)
    assert asaas.simulator.read("received", count=1, method="get", path="/payments/")["count"] == 4
    chosen = asaas.simulator.read("received", account=mp.account["id"])["calls"]
    assert [one["method"] for one in chosen] == ["POST", "GET"]


def test_notify_sends_again(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    payment = asaas.charge()
    asaas.simulator.control("notify", id=payment["id"], times=2)
    first, *again = inbox.wait(3)
    assert {one.json["id"] for one in again} == {first.json["id"]}
    asaas.simulator.control("notify", id=payment["id"], delay_seconds=60)
    asaas.simulator.control("flush", ignore_schedule=True)
    assert len(inbox.received) == 4


def test_notifications_arrive_by_themselves(mp: MpClient, inbox: Inbox) -> None:
    """Nobody has to ask for them, and each follows what it tells of."""
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url)
    for number in range(5):
        payment = mp.pix(f"key-{number}")
        seen = len(inbox.wait(2 * number + 1))
        mp.simulator.control("pay", id=payment["id"])
        told = inbox.wait(seen + 1)[seen].json
        assert (told["action"], told["data"]["id"]) == ("payment.updated", str(payment["id"]))


def test_many_accounts_are_served_side_by_side(simulator: Simulator, inbox: Inbox) -> None:
    clients = [MpClient(simulator, simulator.control("accounts", gateway="mercadopago")) for _ in range(4)]

    def play(number: int) -> int:
        client = clients[number % 4]
        payment = client.pix(f"key-{number}", notification_url=inbox.url)
        return client.simulator.control("pay", id=payment["id"])["id"]

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(play, range(40)))
    simulator.flush()
    assert len(set(ids)) == 40
    assert (
        sorted(one.json["action"] for one in inbox.wait(80))
        == ["payment.created"] * 40 + ["payment.updated"] * 40
    )


def test_invoice_page_shows_and_takes_the_money(asaas: AsaasClient) -> None:
    payment = asaas.charge(description="Pedido <b>7</b>")
    page = requests.get(payment["invoiceUrl"], timeout=60).text
    code = asaas.get(f"/payments/{payment['id']}/pixQrCode")["payload"]
    assert "R$ 150,00" in page and code in page and "Pedido &lt;b&gt;7" in page
    assert asaas.get(f"/payments/{payment['id']}")["lastInvoiceViewedDate"].endswith("Z")
    paid = requests.post(payment["invoiceUrl"], timeout=60).text
    assert "Pagamento recebido" in paid and "Pagar com PIX" not in paid
    assert asaas.get(f"/payments/{payment['id']}")["status"] == "RECEIVED"


def test_panel_shows_accounts_payments_and_notifications(
    asaas: AsaasClient, mp: MpClient, inbox: Inbox
) -> None:
    asaas.webhook(inbox.url, PAID_EVENTS)
    payment = asaas.charge()
    preference = mp.preference()
    inbox.wait(1)
    asaas.simulator.flush()
    page = requests.get(f"{asaas.simulator.url}/", timeout=60).text
    for text in (asaas.account["api_key"], mp.account["access_token"], payment["id"], "PAYMENT_CREATED"):
        assert text in page
    for path in (f"asaas/{payment['id']}", f"preference/{preference['id']}"):
        assert requests.post(f"{asaas.simulator.url}/pay/{path}", timeout=60).ok
    assert asaas.get(f"/payments/{payment['id']}")["status"] == "RECEIVED"
    assert mp.get("/v1/payments/search")["results"][0]["status"] == "approved"


def test_everything_survives_a_restart(
    launcher: Callable[..., Process], tmp_path: Path, inbox: Inbox
) -> None:
    first = launcher(tmp_path)
    asaas = AsaasClient(first.simulator, first.simulator.control("accounts", gateway="asaas"))
    inbox.answers = [500, 200]
    asaas.webhook(inbox.url, PAID_EVENTS)
    today = date.fromisoformat(first.simulator.read("clock")["now"][:10])
    payment = asaas.charge(dueDate=(today + timedelta(days=9)).isoformat())  # not overdue meanwhile
    inbox.wait(1)
    first.simulator.flush()
    first.simulator.advance(days=1)
    assert first.stop() == 0
    again = launcher(tmp_path)
    asaas.simulator = again.simulator
    inbox.wait(2)
    assert asaas.get(f"/payments/{payment['id']}")["status"] == "PENDING"
    assert again.simulator.read("clock")["offset_seconds"] == 86400
