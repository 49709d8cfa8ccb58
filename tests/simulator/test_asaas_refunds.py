"""Refunds of Asaas: who may, how much, what is told (asaas.md 3.8)."""

import re
from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import AsaasClient, Inbox, Simulator

EVENTS = [
    "PAYMENT_REFUNDED",
    "PAYMENT_PARTIALLY_REFUNDED",
    "PAYMENT_REFUND_IN_PROGRESS",
    "PAYMENT_REFUND_DENIED",
]
ITEM = samples.keys(
    "dateCreated status value endToEndIdentifier transactionReceiptUrl description effectiveDate "
    "refundedSplits"
)
CARD_ITEM = [key for key in ITEM if key != "effectiveDate"]


def switch(asaas: AsaasClient, **switches: Any) -> None:
    asaas.simulator.control(f"accounts/{asaas.account['id']}", **switches)


@pytest.fixture
def rich(asaas: AsaasClient) -> AsaasClient:
    switch(asaas, opening_balance=1000)
    return asaas


def paid(asaas: AsaasClient, control: str = "pay", **changes: Any) -> str:
    charge = asaas.charge(**changes)["id"]
    asaas.simulator.control(control, id=charge)
    return f"/payments/{charge}"


def refusal(asaas: AsaasClient, path: str, **body: Any) -> tuple[int, str]:
    answer = asaas.call("POST", f"{path}/refund", json=body)
    return answer.status_code, answer.json()["errors"][0]["code"]


def told(inbox: Inbox, count: int) -> list[str]:
    return [one.json["event"] for one in inbox.wait(count)]


def test_part_of_a_pix_comes_back_in_the_published_shape(rich: AsaasClient, inbox: Inbox) -> None:
    rich.webhook(inbox.url, EVENTS)
    path = paid(rich)
    answer = rich.post(f"{path}/refund", value=40.0, description="Item em falta")
    assert list(answer) == samples.ASAAS_PAYMENT["PIX paid"]
    assert (answer["status"], answer["netValue"]) == ("RECEIVED", 148.01)
    assert answer["pixTransaction"]
    [item] = answer["refunds"]
    assert list(item) == ITEM
    assert (item["status"], item["value"], item["description"]) == ("DONE", 40.0, "Item em falta")
    assert re.fullmatch(r"D19540550\d{12}[A-Za-z0-9]{11}", item["endToEndIdentifier"])
    assert told(inbox, 1) == ["PAYMENT_PARTIALLY_REFUNDED"]
    assert inbox.received[0].json["payment"] == answer == rich.get(path)


def test_the_refund_that_completes_the_value_makes_it_refunded(rich: AsaasClient, inbox: Inbox) -> None:
    rich.webhook(inbox.url, EVENTS)
    path = paid(rich)
    rich.post(f"{path}/refund", value=40)
    whole = rich.post(f"{path}/refund")
    assert (whole["status"], whole["pixTransaction"]) == ("REFUNDED", None)
    assert whole["transactionReceiptUrl"] == whole["refunds"][1]["transactionReceiptUrl"]
    assert [one["value"] for one in whole["refunds"]] == [40.0, 110.0]
    assert told(inbox, 2) == ["PAYMENT_PARTIALLY_REFUNDED", "PAYMENT_REFUNDED"]
    listed = rich.get(f"{path}/refunds")
    assert (listed["totalCount"], listed["data"]) == (2, whole["refunds"])


def test_fee_is_not_given_back_so_a_whole_pix_needs_other_money(asaas: AsaasClient) -> None:
    path = paid(asaas, value=100)
    assert asaas.get("/finance/balance") == {"balance": 98.01}
    assert refusal(asaas, path) == (400, "invalid_action")
    assert asaas.get(path)["refunds"] is None
    assert asaas.post(f"{path}/refund", value=98.01)["status"] == "RECEIVED"
    assert asaas.get("/finance/balance") == {"balance": 0.0}
    switch(asaas, opening_balance=1.99)
    assert asaas.post(f"{path}/refund")["status"] == "REFUNDED"
    assert asaas.get("/finance/balance") == {"balance": 0.0}


@pytest.mark.parametrize("value", [0, -1, 100.01, "much"])
def test_refuses_amounts(rich: AsaasClient, value: Any) -> None:
    path = paid(rich, value=100)
    assert refusal(rich, path, value=value)[0] == 400
    assert rich.get(path)["refunds"] is None


def test_refuses_more_than_is_left_and_a_second_whole(rich: AsaasClient) -> None:
    path = paid(rich, value=100)
    rich.post(f"{path}/refund", value=60)
    assert refusal(rich, path, value=40.01) == (400, "invalid_action")
    rich.post(f"{path}/refund", value=40)
    assert refusal(rich, path) == (400, "invalid_action")


def test_refuses_what_is_not_paid_and_whom_it_does_not_belong_to(
    rich: AsaasClient, asaas_production: AsaasClient
) -> None:
    path = f"/payments/{rich.charge()['id']}"
    assert refusal(rich, path) == (400, "invalid_action")
    assert asaas_production.call("POST", f"{path}/refund").status_code == 404


def test_card_before_settlement_needs_no_balance_and_keeps_its_dates(
    asaas_production: AsaasClient, inbox: Inbox
) -> None:
    asaas_production.webhook(inbox.url, EVENTS)
    path = paid(asaas_production, "pay_card", billingType="CREDIT_CARD")
    before = asaas_production.get(path)
    whole = asaas_production.post(f"{path}/refund")
    assert (whole["status"], whole["paymentDate"]) == ("REFUNDED", None)
    assert whole["creditDate"] == before["creditDate"]
    assert not {"discount", "fine", "interest"} & set(whole)
    [item] = whole["refunds"]
    assert list(item) == CARD_ITEM
    assert (item["endToEndIdentifier"], item["transactionReceiptUrl"]) == (
        None,
        before["transactionReceiptUrl"],
    )
    assert told(inbox, 1) == ["PAYMENT_REFUNDED"]
    asaas_production.simulator.advance(days=40)
    assert asaas_production.get(path)["status"] == "REFUNDED"
    assert asaas_production.get("/finance/balance") == {"balance": 0.0}


def test_rest_of_a_card_charge_settles(asaas: AsaasClient) -> None:
    path = paid(asaas, "pay_card", billingType="CREDIT_CARD", value=100)
    assert asaas.post(f"{path}/refund", value=30)["status"] == "CONFIRMED"
    asaas.simulator.advance(days=40)
    assert asaas.get(path)["status"] == "RECEIVED"
    assert asaas.get("/finance/balance") == {"balance": 66.52}


def test_slow_refund_is_in_progress_until_it_is_done(rich: AsaasClient, inbox: Inbox) -> None:
    rich.webhook(inbox.url, EVENTS)
    switch(rich, slow_refunds=True)
    path = paid(rich)
    waiting = rich.post(f"{path}/refund")
    assert (waiting["status"], waiting["refunds"][0]["status"]) == ("REFUND_IN_PROGRESS", "PENDING")
    assert list(waiting["refunds"][0]) == CARD_ITEM
    assert refusal(rich, path) == (400, "invalid_action")
    done = rich.simulator.control("refund_step", reference="chg-1007", outcome="done")
    assert (done["status"], done["refunds"][0]["status"]) == ("REFUNDED", "DONE")
    assert told(inbox, 2) == ["PAYMENT_REFUND_IN_PROGRESS", "PAYMENT_REFUNDED"]


def test_slow_part_leaves_the_status_and_counts_as_taken(rich: AsaasClient) -> None:
    switch(rich, slow_refunds=True)
    path = paid(rich, value=100)
    assert rich.post(f"{path}/refund", value=60)["status"] == "RECEIVED"
    assert refusal(rich, path, value=50) == (400, "invalid_action")
    assert rich.post(f"{path}/refund", value=40)["status"] == "REFUND_IN_PROGRESS"
    assert (
        rich.simulator.control("refund_step", id=path[10:], outcome="done")["status"] == "REFUND_IN_PROGRESS"
    )
    assert rich.simulator.control("refund_step", id=path[10:], outcome="deny")["status"] == "RECEIVED"
    assert [one["status"] for one in rich.get(path)["refunds"]] == ["DONE", "CANCELLED"]


def test_critical_action_waits_for_the_owner(rich: AsaasClient, inbox: Inbox) -> None:
    rich.webhook(inbox.url, EVENTS)
    switch(rich, critical_action_protection=True)
    path = paid(rich, "pay_card", billingType="CREDIT_CARD")
    waiting = rich.post(f"{path}/refund")
    assert waiting["refunds"][0]["status"] == "AWAITING_CRITICAL_ACTION_AUTHORIZATION"
    assert waiting["status"] == "REFUND_REQUESTED"
    assert rich.simulator.control("refund_step", id=waiting["id"], outcome="allow")["status"] == "REFUNDED"
    assert told(inbox, 1) == ["PAYMENT_REFUNDED"]


def test_denied_card_refund_settles_after_all(rich: AsaasClient) -> None:
    switch(rich, critical_action_protection=True)
    path = paid(rich, "pay_card", billingType="CREDIT_CARD")
    rich.post(f"{path}/refund")
    denied = rich.simulator.control("refund_step", id=path[10:], outcome="deny")
    assert (denied["status"], denied["refunds"][0]["status"]) == ("CONFIRMED", "CANCELLED")
    rich.simulator.advance(days=40)
    assert rich.get(path)["status"] == "RECEIVED"


@pytest.mark.parametrize(
    ("outcome", "status", "event"),
    [("done", "REFUNDED", "PAYMENT_REFUNDED"), ("deny", "RECEIVED", "PAYMENT_REFUND_DENIED")],
)
def test_boleto_is_refunded_by_a_link_its_payer_fills_in(
    rich: AsaasClient, inbox: Inbox, outcome: str, status: str, event: str
) -> None:
    rich.webhook(inbox.url, EVENTS)
    charge = rich.charge(billingType="BOLETO")["id"]
    rich.post(f"/sandbox/payment/{charge}/confirm")
    assert refusal(rich, f"/payments/{charge}") == (400, "invalid_action")
    link = rich.post(f"/payments/{charge}/bankSlip/refund")["requestUrl"]
    asked = rich.get(f"/payments/{charge}")
    assert asked["refunds"][0]["status"] == "AWAITING_CUSTOMER_EXTERNAL_AUTHORIZATION"
    assert asked["status"] == "REFUND_REQUESTED"
    assert "Solicitar a devolução" in requests.get(link, timeout=60).text
    form = {"document": "12345678909", "bank": "001", "branch": "1", "account": "2-3"}
    assert "Estorno em andamento" in requests.post(link, data=form, timeout=60).text
    assert rich.simulator.control("refund_step", id=charge, outcome=outcome)["status"] == status
    assert told(inbox, 2) == ["PAYMENT_REFUND_IN_PROGRESS", event]


def test_panel_refunds_like_the_api_and_needs_no_balance_when_forced(
    asaas: AsaasClient, inbox: Inbox
) -> None:
    asaas.webhook(inbox.url, EVENTS)
    path = paid(asaas, value=100)
    url = f"{asaas.simulator.url}/_control/refund"
    assert requests.post(url, json={"reference": "chg-1007"}, timeout=60).status_code == 409
    part = asaas.simulator.control("refund", reference="chg-1007", amount=10)
    assert (part["status"], part["refunds"][0]["amount"]) == ("RECEIVED", 10)
    assert asaas.simulator.control("refund", id=path[10:], force=True)["status"] == "REFUNDED"
    assert told(inbox, 2) == ["PAYMENT_PARTIALLY_REFUNDED", "PAYMENT_REFUNDED"]
    [line] = asaas.simulator.read("books")["payments"]
    assert (line["refunded"], [one["amount"] for one in line["refunds"]]) == (100, [10, 90])
    assert {one["status"] for one in line["refunds"]} == {"DONE"}


def test_nothing_paid_cannot_be_refunded_by_control(simulator: Simulator, asaas: AsaasClient) -> None:
    asaas.charge()
    url = f"{simulator.url}/_control/refund"
    assert requests.post(url, json={"reference": "chg-1007"}, timeout=60).status_code == 404
    assert requests.post(url, json={}, timeout=60).status_code == 400
    step = f"{simulator.url}/_control/refund_step"
    paid(asaas, externalReference="paid")
    assert requests.post(step, json={"reference": "paid", "outcome": "eat"}, timeout=60).status_code == 400
    assert requests.post(step, json={"reference": "paid", "outcome": "done"}, timeout=60).status_code == 409
