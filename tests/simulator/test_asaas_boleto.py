"""Boletos of Asaas: numbers, document, payment, clearing, registration (asaas.md 3.3, 3.4, 5.5)."""

from datetime import date
from typing import Any

import pytest
import requests

from simulator import slips
from tests.simulator import samples
from tests.simulator.support import AsaasClient, Inbox

EVENTS = [
    "PAYMENT_CONFIRMED",
    "PAYMENT_RECEIVED",
    "PAYMENT_OVERDUE",
    "PAYMENT_BANK_SLIP_CANCELLED",
    "PAYMENT_BANK_SLIP_VIEWED",
]
LATE = {"fine": {"value": 2, "type": "PERCENTAGE"}, "interest": {"value": 3}}
"""On 100,00, ten days late: fine 2,00 and interest 1,00."""


def at(asaas: AsaasClient, moment: str) -> None:
    asaas.simulator.control("clock", now=f"{moment}T15:00:00Z")


def boleto(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    """Made on Monday 2027-03-01."""
    at(asaas, "2027-03-01")
    return asaas.charge(billingType="BOLETO", **{"dueDate": "2027-03-10"} | changes)


def numbers(asaas: AsaasClient, charge: dict[str, Any]) -> dict[str, Any]:
    return asaas.get(f"/payments/{charge['id']}/identificationField")


def events(inbox: Inbox, count: int) -> list[str]:
    return [one.json["event"] for one in inbox.wait(count)]


def refusal(asaas: AsaasClient, control: str, **body: Any) -> tuple[int, str]:
    answer = requests.post(f"{asaas.simulator.url}/_control/{control}", json=body, timeout=60)
    return answer.status_code, answer.json()["error"]


def test_line_holds_value_due_date_and_number(asaas: AsaasClient) -> None:
    charge = boleto(asaas, value=320.5)
    answer = numbers(asaas, charge)
    code = answer["barCode"]
    assert list(answer) == ["identificationField", "nossoNumero", "barCode"]
    assert answer["nossoNumero"] == charge["nossoNumero"]
    assert (len(code), len(answer["identificationField"])) == (44, 47)
    assert (code[:4], code[5:9], code[9:19]) == ("0019", "1746", "0000032050")
    assert charge["nossoNumero"].zfill(10) in code
    assert answer["identificationField"] == slips.line(code)
    assert slips.bar_code("001", date(2027, 3, 10), 32050, code[19:]) == code


def test_line_changes_with_value_and_due_date_only(asaas: AsaasClient) -> None:
    charge = boleto(asaas)
    path = f"/payments/{charge['id']}"
    seen = [numbers(asaas, charge)["identificationField"]]
    for change in ({"description": "new"}, {"value": 80}, {"dueDate": "2027-03-11"}):
        asaas.put(path, **change)
        seen.append(numbers(asaas, charge)["identificationField"])
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
    assert {one[33:37] for one in seen} == {"1746", "1747"}


@pytest.mark.parametrize("kind", ["PIX", "CREDIT_CARD"])
def test_what_is_no_boleto_has_no_line(asaas: AsaasClient, kind: str) -> None:
    charge = asaas.charge(billingType=kind)
    response = asaas.call("GET", f"/payments/{charge['id']}/identificationField")
    assert (response.status_code, response.content) == (404, b"")
    assert (charge["nossoNumero"], charge["bankSlipUrl"]) == (None, None)


def test_charge_turned_into_a_boleto_gets_one_and_loses_it(asaas: AsaasClient) -> None:
    charge = asaas.charge(billingType="PIX")
    turned = asaas.put(f"/payments/{charge['id']}", billingType="UNDEFINED")
    assert turned["nossoNumero"] and turned["bankSlipUrl"]
    assert numbers(asaas, charge)["nossoNumero"] == turned["nossoNumero"]
    assert asaas.put(f"/payments/{charge['id']}", billingType="PIX")["nossoNumero"] is None


def test_document_is_a_pdf_whose_opening_is_told_once(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    charge = boleto(asaas)
    for _ in range(2):
        page = requests.get(charge["bankSlipUrl"], timeout=60)
        assert page.headers["Content-Type"] == "application/pdf"
    assert slips.grouped(numbers(asaas, charge)["identificationField"]).encode() in page.content
    assert events(inbox, 1) == ["PAYMENT_BANK_SLIP_VIEWED"]
    assert inbox.received[0].json["payment"]["lastBankSlipViewedDate"] == "2027-03-01T15:00:00Z"
    asaas.simulator.control("pay", id=charge["id"])
    assert requests.get(charge["bankSlipUrl"], timeout=60).status_code == 404


def test_boleto_paid_on_friday_clears_on_monday(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    charge = boleto(asaas)
    path = f"/payments/{charge['id']}"
    at(asaas, "2027-03-05")
    assert "Pagar boleto" in requests.get(charge["invoiceUrl"], timeout=60).text
    page = requests.post(charge["invoiceUrl"], data={"action": "slip"}, timeout=60).text
    assert "Pagamento confirmado" in page
    paid = asaas.get(path)
    assert list(paid) == samples.ASAAS_PAYMENT["BOLETO confirmed"]
    assert (paid["status"], paid["paymentDate"]) == ("CONFIRMED", None)
    assert (paid["confirmedDate"], paid["clientPaymentDate"]) == ("2027-03-05", "2027-03-05")
    assert (paid["creditDate"], paid["estimatedCreditDate"]) == ("2027-03-08", "2027-03-08")
    assert asaas.get("/finance/balance") == {"balance": 0.0}
    at(asaas, "2027-03-07")
    assert asaas.get(path)["status"] == "CONFIRMED"
    at(asaas, "2027-03-08")
    cleared = asaas.get(path)
    assert (cleared["status"], cleared["paymentDate"], cleared["netValue"]) == (
        "RECEIVED",
        "2027-03-08",
        148.01,
    )
    assert "/comprovantes/h/" in cleared["transactionReceiptUrl"]
    assert asaas.get("/finance/balance") == {"balance": 148.01}
    assert events(inbox, 2) == ["PAYMENT_CONFIRMED", "PAYMENT_RECEIVED"]


def test_control_clears_at_once_when_told_so(asaas: AsaasClient) -> None:
    charge = boleto(asaas)
    assert asaas.simulator.control("pay", id=charge["id"], cleared=True)["status"] == "RECEIVED"
    paid = asaas.get(f"/payments/{charge['id']}")
    assert {paid[key] for key in ("paymentDate", "creditDate", "confirmedDate")} == {"2027-03-01"}


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [("boleto", "CONFIRMED", "BOLETO"), ("card", "CONFIRMED", "CREDIT_CARD"), ("pix", "RECEIVED", "PIX")],
)
def test_payer_chooses_and_the_charge_becomes_what_was_used(
    asaas: AsaasClient, method: str, status: str, kind: str
) -> None:
    charge = asaas.charge(billingType="UNDEFINED")
    page = requests.get(charge["invoiceUrl"], timeout=60).text
    assert all(f"Pagar {way}" in page for way in ("com PIX", "boleto", "com cartão"))
    asaas.simulator.control("pay", id=charge["id"], method=method)
    paid = asaas.get(f"/payments/{charge['id']}")
    assert (paid["status"], paid["billingType"]) == (status, kind)
    assert (paid["nossoNumero"] is None) == (kind != "BOLETO")
    assert paid["netValue"] == (145.03 if kind == "CREDIT_CARD" else 148.01)


def test_pix_code_of_a_boleto_stays_a_boleto(asaas: AsaasClient) -> None:
    charge = boleto(asaas)
    asaas.simulator.control("pay", id=charge["id"], method="pix")
    paid = asaas.get(f"/payments/{charge['id']}")
    assert (paid["billingType"], paid["status"]) == ("BOLETO", "RECEIVED")
    assert paid["pixTransaction"]


@pytest.mark.parametrize(
    ("day", "paid"),
    [
        ("2027-03-08", (90.0, 100.0, None)),
        ("2027-03-10", (100.0, None, None)),
        ("2027-03-20", (103.0, 100.0, 3.0)),
    ],
)
def test_discount_fine_and_interest_are_those_of_the_day_of_payment(
    asaas: AsaasClient, day: str, paid: tuple[float, float | None, float | None]
) -> None:
    charge = boleto(asaas, value=100, discount={"value": 10, "dueDateLimitDays": 2}, **LATE)
    assert numbers(asaas, charge)["barCode"][9:19] == "0000010000"
    at(asaas, day)
    asaas.simulator.control("pay", id=charge["id"])
    at(asaas, "2027-04-01")
    answer = asaas.get(f"/payments/{charge['id']}")
    assert (answer["value"], answer["originalValue"], answer["interestValue"]) == paid
    assert answer["netValue"] == round(paid[0] - 1.99, 2)


def test_registration_ends_and_the_charge_stays_overdue(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    charge = boleto(asaas, daysAfterDueDateToRegistrationCancellation=5)
    path = f"/payments/{charge['id']}"
    assert charge["daysAfterDueDateToRegistrationCancellation"] == 5
    assert charge["canBePaidAfterDueDate"] is True
    at(asaas, "2027-03-12")
    assert numbers(asaas, charge)["barCode"][5:9] == "1746"
    at(asaas, "2027-03-16")
    ended = asaas.get(path)
    assert (ended["status"], ended["canBePaidAfterDueDate"]) == ("OVERDUE", False)
    assert events(inbox, 2) == ["PAYMENT_OVERDUE", "PAYMENT_BANK_SLIP_CANCELLED"]
    for part in ("identificationField", "pixQrCode"):
        assert asaas.call("GET", f"{path}/{part}").status_code == 404
    for method in ("boleto", "pix"):
        assert refusal(asaas, "pay", id=charge["id"], method=method)[0] == 409
    assert asaas.simulator.control("pay", id=charge["id"], force=True)["status"] == "CONFIRMED"


def test_both_ends_are_told_when_the_clock_passes_them_at_once(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    boleto(asaas, daysAfterDueDateToRegistrationCancellation=0)
    at(asaas, "2027-05-01")
    assert events(inbox, 2) == ["PAYMENT_OVERDUE", "PAYMENT_BANK_SLIP_CANCELLED"]


def test_no_day_left_means_no_payment_after_the_due_date(asaas: AsaasClient) -> None:
    charge = boleto(asaas, daysAfterDueDateToRegistrationCancellation=0)
    assert charge["canBePaidAfterDueDate"] is False
    asaas.simulator.control("overdue", id=charge["id"])
    assert refusal(asaas, "pay", id=charge["id"])[0] == 409


def test_new_due_date_registers_the_boleto_again(asaas: AsaasClient) -> None:
    charge = boleto(asaas, daysAfterDueDateToRegistrationCancellation=1)
    at(asaas, "2027-04-01")
    assert refusal(asaas, "pay", id=charge["id"])[0] == 409
    moved = asaas.put(f"/payments/{charge['id']}", dueDate="2027-04-20")
    assert (moved["status"], moved["originalDueDate"]) == ("PENDING", "2027-03-10")
    assert moved["canBePaidAfterDueDate"] is True
    assert numbers(asaas, charge)["barCode"][5:9] == "1787"
    at(asaas, "2027-04-21")
    assert asaas.get(f"/payments/{charge['id']}")["status"] == "OVERDUE"


def test_undefined_charge_outlives_its_boleto(asaas: AsaasClient) -> None:
    charge = asaas.charge(
        billingType="UNDEFINED", dueDate="2099-01-01", daysAfterDueDateToRegistrationCancellation=3
    )
    assert refusal(asaas, "end_registration", id=charge["id"])[0] == 409
    asaas.simulator.control("overdue", id=charge["id"])
    asaas.simulator.control("end_registration", id=charge["id"])
    assert refusal(asaas, "pay", id=charge["id"], method="boleto")[0] == 409
    assert asaas.get(f"/payments/{charge['id']}/pixQrCode")["payload"]
    assert asaas.simulator.control("pay", id=charge["id"])["status"] == "RECEIVED"


@pytest.mark.parametrize("days", [-1, "soon", 1.5, True])
def test_refuses_days_that_are_none(asaas: AsaasClient, days: Any) -> None:
    body = {"customer": asaas.customer()["id"], "billingType": "BOLETO", "value": 50, "dueDate": "2099-01-01"}
    days_payable = {"daysAfterDueDateToRegistrationCancellation": days}
    assert asaas.call("POST", "/payments", json=body | days_payable).status_code == 400


def test_value_has_to_fit_into_the_bar_code(asaas: AsaasClient) -> None:
    body = {"customer": asaas.customer()["id"], "billingType": "BOLETO", "dueDate": "2099-01-01"}
    assert asaas.call("POST", "/payments", json=body | {"value": 100_000_000}).status_code == 400
    charge = asaas.post("/payments", **body, value=99_999_999.99)
    assert numbers(asaas, charge)["barCode"][9:19] == "9999999999"


def test_cleared_boleto_is_refunded_by_link_and_a_confirmed_one_is_not(asaas: AsaasClient) -> None:
    charge = boleto(asaas, value=100)
    asaas.simulator.control(f"accounts/{asaas.account['id']}", opening_balance=10)
    asaas.simulator.control("pay", id=charge["id"])
    path = f"/payments/{charge['id']}/bankSlip/refund"
    assert asaas.call("POST", path).status_code == 400
    at(asaas, "2027-03-02")
    link = asaas.post(path)["requestUrl"]
    assert "Preencha CPF" in requests.post(link, data={"bank": "001"}, timeout=60).text
    form = {"document": "12345678900", "bank": "001", "branch": "1", "account": "2-3"}
    assert "CPF ou CNPJ inválido" in requests.post(link, data=form, timeout=60).text
    form["document"] = "123.456.789-09"
    assert "Estorno em andamento" in requests.post(link, data=form, timeout=60).text
    assert asaas.simulator.control("refund_step", id=charge["id"], outcome="done")["status"] == "REFUNDED"


def test_panel_gives_a_part_of_a_boleto_back(asaas: AsaasClient) -> None:
    charge = boleto(asaas, value=100)
    asaas.simulator.control("pay", id=charge["id"], cleared=True)
    asked = asaas.simulator.control("refund", id=charge["id"], amount=40)
    assert (asked["status"], asked["refunds"][0]["amount"]) == ("RECEIVED", 40)
    for outcome in ("allow", "done"):
        asaas.simulator.control("refund_step", id=charge["id"], outcome=outcome)
    assert asaas.get(f"/payments/{charge['id']}")["refunds"][0]["status"] == "DONE"
    assert asaas.get("/finance/balance") == {"balance": 58.01}
