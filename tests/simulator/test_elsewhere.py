"""Payments made in the gateways' own panels (docs/simulator.md, panel_payment)."""

from typing import Any

import pytest
import requests

from tests.simulator.support import AsaasClient, Inbox, MpClient

EVENTS = ["PAYMENT_CREATED", "PAYMENT_RECEIVED", "PAYMENT_CONFIRMED"]


def made(client: AsaasClient | MpClient, **body: Any) -> dict[str, Any]:
    return client.simulator.control("panel_payment", account=client.account["id"], **body)


@pytest.mark.parametrize(
    ("body", "billing_type", "status", "events"),
    [
        ({}, "PIX", "PENDING", ["PAYMENT_CREATED"]),
        ({"paid": True}, "PIX", "RECEIVED", ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]),
        ({"method": "boleto", "due_date": "2099-01-01"}, "BOLETO", "PENDING", ["PAYMENT_CREATED"]),
        (
            {"method": "boleto", "paid": True},
            "BOLETO",
            "CONFIRMED",
            ["PAYMENT_CREATED", "PAYMENT_CONFIRMED"],
        ),
        (
            {"method": "card", "paid": True},
            "CREDIT_CARD",
            "CONFIRMED",
            ["PAYMENT_CREATED", "PAYMENT_CONFIRMED"],
        ),
        ({"method": "transfer"}, "TRANSFER", "RECEIVED", ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]),
        ({"method": "deposit"}, "DEPOSIT", "RECEIVED", ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]),
    ],
)
def test_panel_of_asaas(
    asaas: AsaasClient, inbox: Inbox, body: dict[str, Any], billing_type: str, status: str, events: list[str]
) -> None:
    asaas.webhook(inbox.url, EVENTS)
    answer = made(asaas, amount=33.5, reference="by-hand", **body)
    assert (answer["status"], answer["reference"]) == (status, "by-hand")
    charge = asaas.get(f"/payments/{answer['id']}")
    assert (charge["value"], charge["billingType"], charge["status"]) == (33.5, billing_type, status)
    assert [one.json["event"] for one in inbox.wait(len(events))] == events


def test_customer_is_known_by_the_document_or_new(asaas: AsaasClient) -> None:
    known = asaas.customer()["id"]
    first = made(asaas, amount=10, document="11222333000181")["id"]
    second = made(asaas, amount=10, document="12345678909", name="Ana Lima")["id"]
    assert asaas.get(f"/payments/{first}")["customer"] == known
    stranger = asaas.get(f"/payments/{second}")["customer"]
    assert asaas.get(f"/customers/{stranger}")["name"] == "Ana Lima"
    assert asaas.get(f"/payments/{first}")["externalReference"] is None


@pytest.mark.parametrize(
    ("body", "status", "events"),
    [
        ({}, "pending", ["payment.created"]),
        ({"paid": True}, "approved", ["payment.created", "payment.updated"]),
        ({"method": "boleto"}, "pending", ["payment.created"]),
        ({"method": "boleto", "paid": True}, "pending", ["payment.created"]),
        (
            {"method": "boleto", "paid": True, "cleared": True},
            "approved",
            ["payment.created", "payment.updated"],
        ),
        ({"method": "card"}, "approved", ["payment.created"]),
        ({"method": "card", "holder": "FUND"}, "rejected", ["payment.created"]),
    ],
)
def test_panel_of_mercado_pago(
    mp: MpClient, inbox: Inbox, body: dict[str, Any], status: str, events: list[str]
) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url)
    answer = made(mp, amount=33.5, **body)
    assert answer["status"] == status
    payment = mp.get(f"/v1/payments/{answer['id']}")
    assert (payment["transaction_amount"], payment["external_reference"]) == (33.5, None)
    assert sorted(one.json["action"] for one in inbox.wait(len(events))) == events


@pytest.mark.parametrize(
    ("gateway", "body", "status"),
    [
        ("asaas", {}, 400),
        ("asaas", {"amount": 3}, 409),
        ("asaas", {"amount": 30, "due_date": "2020-01-01"}, 409),
        ("asaas", {"amount": 30, "method": "gold"}, 400),
        ("asaas", {"amount": 30, "document": "12345678900"}, 409),
        ("asaas", {"amount": 30, "instalments": 2, "method": "transfer"}, 400),
        ("asaas", {"amount": 9.99, "instalments": 2}, 409),
        ("mercadopago", {"amount": 30, "method": "transfer"}, 400),
    ],
)
def test_panel_keeps_the_rules(
    asaas: AsaasClient, mp: MpClient, gateway: str, body: dict[str, Any], status: int
) -> None:
    account = asaas.account if gateway == "asaas" else mp.account
    url = f"{asaas.simulator.url}/_control/panel_payment"
    assert requests.post(url, json={"account": account["id"], **body}, timeout=60).status_code == status
    assert asaas.simulator.read("books")["payments"] == []


def test_people_refund_on_the_page_of_the_simulator(asaas: AsaasClient, mp: MpClient) -> None:
    charge = made(asaas, amount=50, method="boleto")["id"]
    asaas.simulator.control("pay", id=charge, method="pix")
    asaas.simulator.control("refund", id=charge, amount=10)
    slip = asaas.charge(billingType="BOLETO")["id"]
    asaas.post(f"/sandbox/payment/{slip}/confirm")
    payment = made(mp, amount=50, paid=True)["id"]
    page = requests.get(f"{asaas.simulator.url}/", timeout=60).text
    for path in (f"/refund/asaas/{charge}", f"/refund/asaas/{slip}", f"/refund/mercadopago/{payment}"):
        assert path in page
        assert requests.post(asaas.simulator.url + path, timeout=60).ok
    assert {asaas.get(f"/payments/{one}")["status"] for one in (charge, slip)} == {"REFUNDED"}
    assert mp.get(f"/v1/payments/{payment}")["status"] == "refunded"


def test_plan_made_in_the_panel_has_its_parcels(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    first = made(asaas, amount=100, method="boleto", instalments=3, reference="plan")
    charge = asaas.get(f"/payments/{first['id']}")
    parcels = asaas.get("/payments", installment=charge["installment"])["data"]
    assert [one["value"] for one in parcels] == [33.34, 33.33, 33.33]
    assert {one["externalReference"] for one in parcels} == {"plan"}
    assert [one.json["event"] for one in inbox.wait(3)] == ["PAYMENT_CREATED"] * 3
