"""A card on Asaas's invoice page, by page and by control (asaas.md 3.3, 3.9)."""

from datetime import date, timedelta
from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import AsaasClient, Inbox

GOOD, REFUSED = "5162306219378829", ("5184019740373151", "4916561358240741")
FORM = {"action": "card", "number": GOOD, "holder": "Ana Lima", "expiry": "11/2090", "ccv": "123"}
EVENTS = ["PAYMENT_CONFIRMED", "PAYMENT_RECEIVED", "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED"]


def card_charge(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    return asaas.charge(billingType="CREDIT_CARD", **changes)


def submit(charge: dict[str, Any], **changes: str) -> str:
    return requests.post(charge["invoiceUrl"], data=FORM | changes, timeout=60).text


def test_unpaid_card_charge_shows_a_form_and_no_pix(asaas: AsaasClient) -> None:
    charge = card_charge(asaas)
    page = requests.get(charge["invoiceUrl"], timeout=60).text
    assert charge["creditCard"] == {"creditCardNumber": None, "creditCardBrand": None}
    assert "Pagar com cartão (simulado)" in page and "Pagar com PIX" not in page
    assert asaas.call("GET", f"/payments/{charge['id']}/pixQrCode").status_code == 404


def test_card_is_confirmed_and_settles_on_its_credit_date(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    asaas.simulator.control("clock", now="2027-03-01T15:00:00Z")
    charge = card_charge(asaas, value=220)
    assert "Pagamento confirmado" in submit(charge)
    paid = asaas.get(f"/payments/{charge['id']}")
    assert list(paid) == samples.ASAAS_PAYMENT["CREDIT_CARD"]
    assert (paid["status"], paid["paymentDate"], paid["netValue"]) == ("CONFIRMED", None, 212.94)
    assert (paid["clientPaymentDate"], paid["creditDate"]) == ("2027-03-01", "2027-04-02")
    card = paid["creditCard"]
    assert (card["creditCardNumber"], card["creditCardBrand"]) == ("8829", "MASTERCARD")
    asaas.simulator.control("clock", now="2027-05-01T15:00:00Z")
    settled = asaas.get(f"/payments/{charge['id']}")
    assert (settled["status"], settled["paymentDate"]) == ("RECEIVED", "2027-04-02")
    assert [one.json["event"] for one in inbox.wait(2)] == ["PAYMENT_CONFIRMED", "PAYMENT_RECEIVED"]


def test_credit_date_on_a_weekend_moves_to_monday(asaas: AsaasClient) -> None:
    asaas.simulator.control("clock", now="2027-03-02T15:00:00Z")
    charge = card_charge(asaas)
    asaas.simulator.control("pay_card", id=charge["id"])
    credit = date.fromisoformat(asaas.get(f"/payments/{charge['id']}")["creditDate"])
    assert date(2027, 3, 2) + timedelta(days=32) == date(2027, 4, 3)
    assert credit == date(2027, 4, 5)


@pytest.mark.parametrize("number", REFUSED)
def test_refused_card_leaves_the_charge_and_is_told(asaas: AsaasClient, inbox: Inbox, number: str) -> None:
    asaas.webhook(inbox.url, EVENTS)
    charge = card_charge(asaas)
    assert "Transação não autorizada" in submit(charge, number=number)
    assert asaas.get(f"/payments/{charge['id']}") == charge | {
        "lastInvoiceViewedDate": asaas.get(f"/payments/{charge['id']}")["lastInvoiceViewedDate"]
    }
    [told] = inbox.wait(1)
    assert told.json["event"] == "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED"
    assert told.json["payment"]["status"] == "PENDING"
    assert "Pagamento confirmado" in submit(charge)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"number": "4111"}, "Número do cartão inválido"),
        ({"holder": " "}, "Informe o nome"),
        ({"expiry": "13/30"}, "Validade inválida"),
        ({"expiry": "01/2020"}, "Cartão vencido"),
        ({"ccv": "12"}, "Código de segurança inválido"),
    ],
)
def test_page_refuses_a_form_that_is_not_filled_well(
    asaas: AsaasClient, change: dict[str, str], text: str
) -> None:
    charge = card_charge(asaas)
    assert text in submit(charge, **change)
    assert asaas.get(f"/payments/{charge['id']}")["status"] == "PENDING"


def test_control_pays_by_card_without_the_page(asaas: AsaasClient) -> None:
    charge = card_charge(asaas)
    refused = asaas.simulator.control("pay_card", reference="chg-1007", number=REFUSED[0])
    assert refused == {"id": charge["id"], "status": "PENDING", "refused": True}
    paid = asaas.simulator.control("pay_card", id=charge["id"], number="4444 4444 4444 4444", holder="Ana")
    assert paid == {"id": charge["id"], "status": "CONFIRMED", "refused": False}
    assert asaas.get(f"/payments/{charge['id']}")["creditCard"]["creditCardBrand"] == "VISA"


def test_card_and_pix_are_taken_only_where_the_charge_says_so(asaas: AsaasClient) -> None:
    url = f"{asaas.simulator.url}/_control/pay_card"
    pix, card, open_choice = (
        asaas.charge(billingType=kind, externalReference=kind) for kind in ("PIX", "CREDIT_CARD", "UNDEFINED")
    )
    assert requests.post(url, json={"id": pix["id"]}, timeout=60).status_code == 409
    assert "só pode ser paga com cartão" in requests.post(card["invoiceUrl"], timeout=60).text
    asaas.simulator.control("pay_card", id=open_choice["id"])
    paid = asaas.get(f"/payments/{open_choice['id']}")
    assert (paid["billingType"], paid["status"], paid["bankSlipUrl"]) == ("CREDIT_CARD", "CONFIRMED", None)


def test_receivable_is_advanced_once_and_told(asaas: AsaasClient, inbox: Inbox) -> None:
    charge, other = asaas.charge(billingType="CREDIT_CARD"), asaas.charge(billingType="CREDIT_CARD")
    url = f"{asaas.simulator.url}/_control/anticipate"
    assert requests.post(url, json={"id": charge["id"]}, timeout=60).status_code == 409
    asaas.simulator.control("pay_card", id=charge["id"])
    asaas.webhook(inbox.url, ["PAYMENT_ANTICIPATED", "PAYMENT_RECEIVED"])
    asaas.simulator.control("anticipate", id=charge["id"])
    told = inbox.wait(1)[0].json
    assert (told["event"], told["payment"]["anticipated"]) == ("PAYMENT_ANTICIPATED", True)
    assert told["payment"]["status"] == "CONFIRMED"
    found = {flag: asaas.get("/payments", anticipated=flag)["data"] for flag in ("true", "false")}
    assert {flag: [one["id"] for one in rows] for flag, rows in found.items()} == {
        "true": [charge["id"]],
        "false": [other["id"]],
    }
    assert requests.post(url, json={"id": charge["id"]}, timeout=60).status_code == 409
    asaas.simulator.advance(days=36)
    assert asaas.get(f"/payments/{charge['id']}")["status"] == "RECEIVED"


def test_production_shows_no_card_token(asaas: AsaasClient, asaas_production: AsaasClient) -> None:
    for client, keys in ((asaas, 3), (asaas_production, 2)):
        charge = client.charge(billingType="CREDIT_CARD")
        client.simulator.control("pay_card", id=charge["id"])
        assert len(client.get(f"/payments/{charge['id']}")["creditCard"]) == keys


@pytest.mark.parametrize(
    ("kind", "status", "shown_as"),
    [
        ("PIX", "RECEIVED", "PIX"),
        ("BOLETO", "RECEIVED", "BOLETO"),
        ("UNDEFINED", "RECEIVED", "BOLETO"),
        ("CREDIT_CARD", "CONFIRMED", "CREDIT_CARD"),
    ],
)
def test_sandbox_endpoints_for_each_way_of_paying(
    asaas: AsaasClient, kind: str, status: str, shown_as: str
) -> None:
    charge = asaas.charge(billingType=kind, dueDate="2099-01-01", discount={"value": 10})
    late = asaas.post(f"/sandbox/payment/{charge['id']}/overdue")
    assert (late["id"], late["status"]) == (charge["id"], "OVERDUE")
    paid = asaas.post(f"/sandbox/payment/{charge['id']}/confirm")
    assert (paid["status"], paid["billingType"], paid["value"]) == (status, shown_as, 150.0)
    assert paid["originalValue"] is None
    assert (paid["pixTransaction"] is not None) == (kind == "PIX")
    for path in ("confirm", "overdue"):
        assert asaas.call("POST", f"/sandbox/payment/{charge['id']}/{path}").status_code == 400
