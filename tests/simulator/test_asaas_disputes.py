"""Chargebacks of card charges (asaas.md 3.3, 3.6, 5.5; docs/simulator.md for our decisions)."""

from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.subscribed import EVENTS, at, events, play_to
from tests.simulator.support import AsaasClient, Inbox

CHARGEBACK = samples.keys(
    "id payment installment customerAccount status reason disputeStartDate value paymentDate creditCard "
    "disputeStatus deadlineToSendDisputeDocuments"
)
NET = 145.03


def paid(asaas: AsaasClient, *, is_settled: bool = False) -> str:
    """The path of a charge of 150.00, by card on 2027-03-01, credited on 2027-04-02."""
    at(asaas, "2027-03-01")
    charge = asaas.charge(billingType="CREDIT_CARD")
    asaas.simulator.control("pay", id=charge["id"])
    if is_settled:
        at(asaas, "2027-04-05")
    return f"/payments/{charge['id']}"


def step(asaas: AsaasClient, outcome: str) -> dict[str, Any]:
    return asaas.simulator.control("chargeback_step", reference="chg-1007", outcome=outcome)


def balance(asaas: AsaasClient) -> float:
    return asaas.get("/finance/balance")["balance"]


def test_contested_charge_tells_its_chargeback(asaas: AsaasClient, inbox: Inbox) -> None:
    path = paid(asaas)
    asaas.webhook(inbox.url, EVENTS)
    answer = asaas.simulator.control("chargeback", reference="chg-1007", reason="NO_SHOW")
    charge = asaas.get(path)
    assert answer["status"] == charge["status"] == "CHARGEBACK_REQUESTED"
    shown = asaas.get(f"{path}/chargeback")
    assert (list(shown), charge["chargeback"]) == (CHARGEBACK, shown)
    assert asaas.get("/chargebacks/")["data"] == [shown]
    assert (shown["status"], shown["reason"], shown["disputeStatus"]) == ("REQUESTED", "NO_SHOW", None)
    assert (shown["payment"], shown["value"], shown["paymentDate"]) == (charge["id"], 150.0, "2027-03-01")
    assert shown["deadlineToSendDisputeDocuments"] == "2027-03-08"
    assert shown["creditCard"] == {"number": "6351", "brand": "MASTERCARD"}
    [told] = [one.json for one in inbox.wait(1)]
    assert (told["event"], told["payment"]) == ("PAYMENT_CHARGEBACK_REQUESTED", charge)
    play_to(asaas, "2027-04-10")
    assert asaas.get(path)["status"] == "CHARGEBACK_REQUESTED"


def test_won_before_the_credit_date_is_confirmed_again_and_settles(asaas: AsaasClient, inbox: Inbox) -> None:
    path = paid(asaas)
    asaas.webhook(inbox.url, EVENTS)
    asaas.simulator.control("chargeback", reference="chg-1007")
    assert step(asaas, "documents")["chargeback"]["status"] == "IN_DISPUTE"
    assert step(asaas, "won")["status"] == "AWAITING_CHARGEBACK_REVERSAL"
    play_to(asaas, "2027-03-02")
    assert asaas.get(path)["status"] == "AWAITING_CHARGEBACK_REVERSAL"
    play_to(asaas, "2027-03-03")
    charge = asaas.get(path)
    assert (charge["status"], charge["creditDate"]) == ("CONFIRMED", "2027-04-02")
    assert (charge["chargeback"]["status"], charge["chargeback"]["disputeStatus"]) == ("REVERSED", "ACCEPTED")
    play_to(asaas, "2027-04-03")
    assert (asaas.get(path)["status"], balance(asaas)) == ("RECEIVED", NET)
    assert events(inbox, 5) == [
        *("PAYMENT_CHARGEBACK_REQUESTED", "PAYMENT_CHARGEBACK_DISPUTE"),
        *("PAYMENT_AWAITING_CHARGEBACK_REVERSAL", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED"),
    ]


def test_won_after_the_credit_date_is_received_again(asaas: AsaasClient) -> None:
    path = paid(asaas)
    asaas.simulator.control("chargeback", reference="chg-1007")
    step(asaas, "documents")
    at(asaas, "2027-04-20")
    step(asaas, "won")
    step(asaas, "given_back")
    charge = asaas.get(path)
    assert (charge["status"], charge["paymentDate"], charge["creditDate"]) == (
        *("RECEIVED", "2027-04-20", "2027-04-20"),
    )
    assert balance(asaas) == NET


def test_money_already_received_leaves_the_balance_meanwhile(asaas: AsaasClient, inbox: Inbox) -> None:
    path = paid(asaas, is_settled=True)
    asaas.webhook(inbox.url, EVENTS)
    assert balance(asaas) == NET
    asaas.simulator.control("chargeback", reference="chg-1007")
    step(asaas, "documents")
    step(asaas, "won")
    assert balance(asaas) == pytest.approx(NET - 150)
    step(asaas, "given_back")
    assert (asaas.get(path)["status"], asaas.get(path)["paymentDate"]) == ("RECEIVED", "2027-04-02")
    assert balance(asaas) == NET
    assert events(inbox, 4)[3] == "PAYMENT_RECEIVED"


@pytest.mark.parametrize(
    ("is_disputed", "status", "dispute"), [(True, "DISPUTE_LOST", "REJECTED"), (False, "DONE", None)]
)
def test_lost_one_is_refunded_without_a_refund(
    asaas: AsaasClient, inbox: Inbox, is_disputed: bool, status: str, dispute: str | None
) -> None:
    path = paid(asaas, is_settled=True)
    asaas.webhook(inbox.url, EVENTS)
    asaas.simulator.control("chargeback", reference="chg-1007")
    if is_disputed:
        step(asaas, "documents")
    step(asaas, "lost")
    charge = asaas.get(path)
    assert (charge["status"], charge["refunds"]) == ("REFUNDED", None)
    assert (charge["chargeback"]["status"], charge["chargeback"]["disputeStatus"]) == (status, dispute)
    assert balance(asaas) == pytest.approx(NET - 150)
    [line] = asaas.simulator.read("books", reference="chg-1007")["payments"]
    assert (line["status"], line["refunded"], line["refunds"]) == ("REFUNDED", 0, [])
    assert (line["chargeback"]["status"], line["chargeback"]["amount"]) == (status, 150)
    assert events(inbox, 2 + is_disputed)[-1] == "PAYMENT_REFUNDED"


def test_lost_before_the_credit_date_takes_nothing_from_the_balance(asaas: AsaasClient) -> None:
    path = paid(asaas)
    asaas.simulator.control("chargeback", reference="chg-1007")
    step(asaas, "lost")
    play_to(asaas, "2027-04-10")
    assert (asaas.get(path)["status"], balance(asaas)) == ("REFUNDED", 0)


def test_only_what_is_left_can_be_contested_and_nothing_refunded_meanwhile(asaas: AsaasClient) -> None:
    path = paid(asaas)
    asaas.post(f"{path}/refund", value=50)
    asaas.simulator.control("chargeback", reference="chg-1007")
    assert asaas.get(path)["chargeback"]["value"] == 100.0
    response = asaas.call("POST", f"{path}/refund", json={"value": 10})
    assert response.json()["errors"][0]["code"] == "invalid_action"


def test_steps_have_an_order(asaas: AsaasClient) -> None:
    paid(asaas)
    url = f"{asaas.simulator.url}/_control/chargeback"

    def refused(path: str = "", **body: Any) -> int:
        return requests.post(url + path, json={"reference": "chg-1007"} | body, timeout=60).status_code

    assert refused("_step", outcome="documents") == 409
    asaas.simulator.control("chargeback", reference="chg-1007")
    assert (refused(), refused("_step", outcome="won"), refused("_step", outcome="x")) == (409, 409, 400)
    pix = asaas.charge(externalReference="pix")
    assert refused(reference="pix") == 404
    asaas.simulator.control("pay", id=pix["id"])
    assert refused(reference="pix") == 409
    assert asaas.call("GET", f"/payments/{pix['id']}/chargeback").status_code == 404
