"""Received in cash, undone, restored (asaas.md 3.7 and the sample of a boleto received in cash)."""

from typing import Any

import pytest

from tests.simulator import samples
from tests.simulator.support import AsaasClient, Inbox

EVENTS = ["PAYMENT_RECEIVED", "PAYMENT_RECEIVED_IN_CASH_UNDONE", "PAYMENT_OVERDUE", "PAYMENT_RESTORED"]


def at(asaas: AsaasClient, day: str) -> None:
    asaas.simulator.control("clock", now=f"{day}T15:00:00Z")


def late_boleto(asaas: AsaasClient, **changes: Any) -> str:
    """Due on Wednesday 2027-03-10, and that is Friday ago."""
    at(asaas, "2027-03-01")
    charge = asaas.charge(billingType="BOLETO", value=320.5, dueDate="2027-03-10", **changes)
    at(asaas, "2027-03-12")
    return f"/payments/{charge['id']}"


def test_cash_costs_no_fee_and_reaches_no_balance(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, ["PAYMENT_RECEIVED"])
    path = late_boleto(asaas)
    answer = asaas.post(f"{path}/receiveInCash", paymentDate="2027-03-11", value=320.5, notifyCustomer=False)
    assert list(answer) == samples.ASAAS_PAYMENT["BOLETO"]
    assert (answer["status"], answer["billingType"]) == ("RECEIVED_IN_CASH", "BOLETO")
    assert (answer["value"], answer["netValue"], answer["originalValue"]) == (320.5, 320.5, None)
    assert (answer["paymentDate"], answer["clientPaymentDate"]) == ("2027-03-11", "2027-03-11")
    assert (answer["creditDate"], answer["estimatedCreditDate"], answer["transactionReceiptUrl"]) == (
        None,
        None,
        None,
    )
    assert asaas.get("/finance/balance") == {"balance": 0.0}
    [told] = inbox.wait(1)
    assert (told.json["event"], told.json["payment"]) == ("PAYMENT_RECEIVED", answer)
    assert asaas.call("POST", f"{path}/bankSlip/refund").status_code == 400
    [line] = asaas.simulator.read("books")["payments"]
    assert (line["fee"], line["net"]) == (0, 320.5)


def test_undone_it_is_again_what_it_was(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, ["PAYMENT_RECEIVED_IN_CASH_UNDONE", "PAYMENT_OVERDUE"])
    path = late_boleto(asaas)
    before = asaas.get(path)
    asaas.post(f"{path}/receiveInCash", paymentDate="2027-03-12", value=300)
    assert asaas.get(path)["originalValue"] == 320.5
    assert asaas.post(f"{path}/undoReceivedInCash") == before
    assert before["status"] == "OVERDUE"
    assert [one.json["event"] for one in inbox.wait(2)] == [
        "PAYMENT_OVERDUE",
        "PAYMENT_RECEIVED_IN_CASH_UNDONE",
    ]
    assert asaas.call("POST", f"{path}/undoReceivedInCash").status_code == 400
    assert asaas.simulator.control("pay", id=before["id"])["status"] == "CONFIRMED"


def test_undone_after_its_due_date_it_is_overdue(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    charge = asaas.charge(dueDate="2027-03-10")["id"]
    for day, status in (("2027-03-09", "PENDING"), ("2027-03-11", "OVERDUE")):
        at(asaas, "2027-03-08")
        asaas.simulator.control("receive_in_cash", id=charge)
        at(asaas, day)
        assert asaas.simulator.control("undo_cash", reference="chg-1007")["status"] == status


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"value": 10}, "invalid_paymentDate"),
        ({"value": 10, "paymentDate": "2099-01-01"}, "invalid_paymentDate"),
        ({"paymentDate": "2027-03-12"}, "invalid_value"),
        ({"paymentDate": "2027-03-12", "value": 0}, "invalid_value"),
    ],
)
def test_refuses_receipts_that_say_too_little(asaas: AsaasClient, body: dict[str, Any], code: str) -> None:
    path = late_boleto(asaas)
    response = asaas.call("POST", f"{path}/receiveInCash", json=body)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, code)
    assert asaas.get(path)["status"] == "OVERDUE"


def test_paid_or_deleted_charges_take_no_cash(asaas: AsaasClient) -> None:
    for control in ("pay", "delete"):
        path = late_boleto(asaas, externalReference=control)
        asaas.simulator.control(control, reference=control)
        body = {"paymentDate": "2027-03-12", "value": 320.5}
        assert asaas.call("POST", f"{path}/receiveInCash", json=body).status_code == 400


def test_restored_charge_goes_overdue_at_its_time(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    at(asaas, "2027-03-01")
    charge = asaas.charge(billingType="BOLETO", dueDate="2027-03-10")["id"]
    asaas.delete(f"/payments/{charge}")
    at(asaas, "2027-03-12")
    assert asaas.get(f"/payments/{charge}")["status"] == "PENDING"
    restored = asaas.simulator.control("restore", id=charge)
    assert restored["id"] == charge
    asaas.simulator.advance(seconds=1)
    answer = asaas.get(f"/payments/{charge}")
    assert (answer["status"], answer["deleted"], answer["transactionReceiptUrl"]) == ("OVERDUE", False, None)
    assert asaas.call("POST", f"/payments/{charge}/restore").status_code == 400
    assert [one.json["event"] for one in inbox.wait(2)] == ["PAYMENT_RESTORED", "PAYMENT_OVERDUE"]
