"""Hosted checkouts of Asaas: what they refuse, how they are paid, what comes of it (asaas.md 3.11, 5.3)."""

from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import AsaasClient, Inbox

CHECKOUT = samples.keys(
    "id link status minutesToExpire externalReference billingTypes chargeTypes callback items subscription "
    "installment split customer customerData"
)
EVENTS = [
    *("CHECKOUT_CREATED", "CHECKOUT_CANCELED", "CHECKOUT_EXPIRED", "CHECKOUT_PAID"),
    *("PAYMENT_CREATED", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED", "PAYMENT_DELETED"),
    "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED",
]
ITEM = {"name": "Curso", "quantity": 1, "value": 350}
DECLINED = "5184019740373151"
CARD = {"number": "5162306219378829", "holder": "ANA SOUZA", "expiry": "12/40", "ccv": "123"}


def asked(**changes: Any) -> dict[str, Any]:
    body = {
        "billingTypes": ["CREDIT_CARD", "PIX"],
        "chargeTypes": ["DETACHED", "INSTALLMENT"],
        "minutesToExpire": 60,
        "externalReference": "chg-9",
        "items": [ITEM],
        "installment": {"maxInstallmentCount": 12},
    }
    return {key: value for key, value in (body | changes).items() if value is not None}


def at(asaas: AsaasClient, day: str) -> None:
    asaas.simulator.control("clock", now=f"{day}T15:00:00Z")


def session(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    return asaas.post("/checkouts", **asked(**changes))


def payments(asaas: AsaasClient, checkout: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of their making."""
    return asaas.get("/payments", checkoutSession=checkout["id"], limit=100)["data"][::-1]


def status(asaas: AsaasClient, reference: str = "chg-9") -> str:
    return asaas.simulator.read("books", reference=reference)["checkouts"][0]["status"]


def test_creation_answers_the_echo_and_a_link(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    customer = asaas.customer()["id"]
    made = session(asaas, customer=customer, externalReference=1007)
    assert list(made) == CHECKOUT
    assert (made["status"], made["externalReference"], made["customer"]) == ("ACTIVE", "1007", customer)
    assert (made["items"], made["installment"]) == ([ITEM], {"maxInstallmentCount": 12})
    assert made["link"].endswith(f"/checkoutSession/show/{made['id']}")
    told = inbox.wait(1)[0].json
    assert (told["event"], told["checkout"]) == ("CHECKOUT_CREATED", made | {"link": None})
    assert asaas.get("/payments")["totalCount"] == 0


def test_nothing_reads_a_checkout_back(asaas: AsaasClient) -> None:
    made = session(asaas)
    response = asaas.call("GET", f"/checkouts/{made['id']}")
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"billingTypes": ["BOLETO"]}, "invalid_object", "O campo billingTypes é inválido."),
        ({"billingTypes": ["PIX", "UNDEFINED"]}, "invalid_object", "O campo billingTypes é inválido."),
        ({"billingTypes": []}, "invalid_object", "O campo billingTypes é inválido."),
        ({"chargeTypes": ["MONTHLY"]}, "invalid_object", "chargeTypes"),
        ({"billingTypes": ["PIX"]}, "invalid_object", "cartão"),
        ({"chargeTypes": ["RECURRENT"]}, "invalid_object", "recorrência"),
        ({"items": None}, "invalid_object", "O campo items deve ser informado."),
        ({"items": [ITEM | {"quantity": 0}]}, "invalid_object", "quantidade"),
        ({"items": [ITEM | {"value": None}]}, "invalid_object", "valor"),
        ({"items": [{"quantity": 1, "value": 9}]}, "invalid_object", "nome"),
        ({"items": [ITEM | {"value": 4.99}]}, "invalid_value", "não pode ser menor que R$ 5,00"),
        ({"minutesToExpire": 9}, "invalid_minutesToExpire", "entre 10 e 1440"),
        ({"minutesToExpire": 1441}, "invalid_minutesToExpire", "entre 10 e 1440"),
        ({"externalReference": "x" * 201}, "invalid_object", "200 caracteres"),
        ({"installment": None}, "invalid_object", "Informe o número de parcelas."),
        ({"installment": {"maxInstallmentCount": 22}}, "invalid_maxInstallmentCount", "entre 2 e 21"),
        (
            {"items": [ITEM | {"value": 14.99}], "installment": {"maxInstallmentCount": 3}},
            "invalid_object",
            "O valor informado (R$ 14,99) só pode ser parcelado em até 2 vezes.",
        ),
        ({"customer": "cus_000000000000"}, "invalid_customer", "Customer inválido"),
        ({"customerData": {"name": "Ana", "cpfCnpj": "12345678900"}}, "invalid_object", "CPF/CNPJ"),
        ({"callback": {"successUrl": "https://other.example.com/ok"}}, "invalid_object", "successUrl"),
        ({"callback": {"cancelUrl": "https://other.example.com/no"}}, "invalid_object", "cancelUrl"),
    ],
)
def test_refuses_checkouts(asaas: AsaasClient, change: dict[str, Any], code: str, text: str) -> None:
    response = asaas.call("POST", "/checkouts", json=asked(**change))
    error = response.json()["errors"][0]
    assert (response.status_code, error["code"]) == (400, code)
    assert text in error["description"]
    assert asaas.simulator.read("books")["checkouts"] == []


def test_pix_leaves_one_received_payment_without_the_reference(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    made = session(asaas)
    answer = asaas.simulator.control("pay", reference="chg-9")
    [payment] = payments(asaas, made)
    assert (payment["id"], payment["status"], payment["billingType"]) == (answer["id"], "RECEIVED", "PIX")
    assert (payment["checkoutSession"], payment["externalReference"]) == (made["id"], None)
    assert (payment["value"], payment["netValue"]) == (350.0, 348.01)
    told = [one.json for one in inbox.wait(4)]
    assert [one["event"] for one in told] == [
        *("CHECKOUT_CREATED", "PAYMENT_CREATED", "PAYMENT_RECEIVED", "CHECKOUT_PAID")
    ]
    assert (told[3]["checkout"]["status"], "payment" in told[3]) == ("PAID", False)


def test_card_in_parcels_is_a_plan_born_confirmed(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    asaas.webhook(inbox.url, EVENTS)
    made = session(asaas)
    asaas.simulator.control("pay", reference="chg-9", instalments=3)
    rows = payments(asaas, made)
    assert [one["value"] for one in rows] == [116.66, 116.66, 116.68]
    assert [one["netValue"] for one in rows] == [112.43, 112.43, 112.45]
    assert [one["installmentNumber"] for one in rows] == [1, 2, 3]
    assert [one["dueDate"] for one in rows] == ["2027-03-01", "2027-04-01", "2027-05-01"]
    assert [one["creditDate"] for one in rows] == ["2027-04-02", "2027-05-04", "2027-06-07"]
    assert {(one["status"], one["checkoutSession"], one["externalReference"]) for one in rows} == {
        ("CONFIRMED", made["id"], None)
    }
    [plan] = {one["installment"] for one in rows}
    assert asaas.get(f"/installments/{plan}")["checkoutSession"] == made["id"]
    told = [one.json for one in inbox.wait(8)]
    assert [one["event"] for one in told[1:]] == [
        *["PAYMENT_CREATED"] * 3,
        *["PAYMENT_CONFIRMED"] * 3,
        "CHECKOUT_PAID",
    ]
    assert {one["payment"]["status"] for one in told[1:4]} == {"CONFIRMED"}


@pytest.mark.parametrize(("count", "nets"), [(1, [339.05]), (2, [168.66] * 2), (7, [47.94] * 7)])
def test_fees_follow_the_number_of_parcels(asaas: AsaasClient, count: int, nets: list[float]) -> None:
    made = session(asaas)
    asaas.simulator.control("pay_card", id=made["id"], instalments=count)
    assert [one["netValue"] for one in payments(asaas, made)] == nets
    books = asaas.simulator.read("books", reference="chg-9")
    assert [one["net"] for one in books["payments"]] == nets
    assert books["checkouts"][0]["payments"] == [one["id"] for one in books["payments"]]
    assert {one["checkout"] for one in books["payments"]} == {made["id"]}


def test_parcels_settle_month_by_month(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    made = session(asaas)
    asaas.simulator.control("pay_card", reference="chg-9", instalments=3)
    asaas.webhook(inbox.url, EVENTS)
    at(asaas, "2027-05-10")
    assert [one["status"] for one in payments(asaas, made)] == ["RECEIVED", "RECEIVED", "CONFIRMED"]
    assert [one.json["event"] for one in inbox.wait(2)] == ["PAYMENT_RECEIVED"] * 2


def test_only_what_is_offered_can_be_chosen(asaas: AsaasClient) -> None:
    session(asaas, installment={"maxInstallmentCount": 3})
    session(asaas, externalReference="parts", chargeTypes=["INSTALLMENT"])
    session(asaas, externalReference="pix", billingTypes=["PIX"], chargeTypes=["DETACHED"], installment=None)
    url = f"{asaas.simulator.url}/_control/pay_card"
    amex = "375365153556885"
    for body in (
        {"reference": "chg-9", "instalments": 4},
        {"reference": "parts", "instalments": 1},
        {"reference": "pix"},
    ):
        assert requests.post(url, json=body, timeout=60).status_code == 409
    session(asaas, externalReference="many", installment={"maxInstallmentCount": 21})
    many = {"reference": "many", "instalments": 13}
    assert requests.post(url, json=many | {"number": amex}, timeout=60).status_code == 409
    assert requests.post(url, json=many, timeout=60).ok


def test_refused_card_leaves_nothing(asaas: AsaasClient, inbox: Inbox) -> None:
    made = session(asaas)
    asaas.webhook(inbox.url, EVENTS)
    answer = asaas.simulator.control("pay_card", reference="chg-9", number=DECLINED, instalments=2)
    assert answer == {"id": made["id"], "status": "ACTIVE", "refused": True}
    assert payments(asaas, made) == [] and inbox.received == []
    asaas.simulator.control("pay_card", reference="chg-9", instalments=2)
    assert status(asaas) == "PAID"


def test_cancelled_one_takes_no_payment(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    made = session(asaas)
    gone = asaas.post(f"/checkouts/{made['id']}/cancel")
    assert gone == made | {"status": "CANCELED"}
    assert [one.json["event"] for one in inbox.wait(2)] == ["CHECKOUT_CREATED", "CHECKOUT_CANCELED"]
    assert asaas.call("POST", f"/checkouts/{made['id']}/cancel").status_code == 400
    url = f"{asaas.simulator.url}/_control/pay"
    assert requests.post(url, json={"id": made["id"]}, timeout=60).status_code == 409
    assert payments(asaas, made) == []


def test_clock_ends_it_with_its_pix_code(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    made = session(asaas, minutesToExpire=10, customer=asaas.customer()["id"])
    assert requests.post(made["link"], data={"action": "show"}, timeout=60).ok
    [waiting] = payments(asaas, made)
    assert (waiting["status"], waiting["checkoutSession"]) == ("PENDING", made["id"])
    asaas.simulator.advance(seconds=9 * 60)
    assert status(asaas) == "ACTIVE"
    asaas.simulator.advance(seconds=61)
    assert (status(asaas), payments(asaas, made)) == ("EXPIRED", [])
    assert [one.json["event"] for one in inbox.wait(4)][2:] == ["PAYMENT_DELETED", "CHECKOUT_EXPIRED"]


def test_money_may_come_late_and_twice(asaas: AsaasClient) -> None:
    made = session(asaas)
    asaas.simulator.control("expire", reference="chg-9")
    for _ in range(2):
        asaas.simulator.control("pay", id=made["id"], force=True)
    assert [one["status"] for one in payments(asaas, made)] == ["RECEIVED"] * 2
    assert status(asaas) == "PAID"


def test_sandbox_endpoint_pays_the_pix_code_of_a_checkout(asaas: AsaasClient) -> None:
    made = session(asaas, customer=asaas.customer()["id"])
    requests.post(made["link"], data={"action": "show"}, timeout=60)
    [waiting] = payments(asaas, made)
    asaas.post(f"/sandbox/payment/{waiting['id']}/confirm")
    assert status(asaas) == "PAID"


def test_card_after_the_pix_code_removes_the_code(asaas: AsaasClient) -> None:
    made = session(asaas, customer=asaas.customer()["id"])
    requests.post(made["link"], data={"action": "show"}, timeout=60)
    asaas.simulator.control("pay_card", reference="chg-9", instalments=2)
    assert [one["billingType"] for one in payments(asaas, made)] == ["CREDIT_CARD"] * 2


def test_person_pays_on_the_page_in_parcels(asaas: AsaasClient) -> None:
    asaas.simulator.control(f"accounts/{asaas.account['id']}", site_url="https://shop.example.com")
    made = session(asaas, callback={"successUrl": "https://shop.example.com/thanks"})
    page = requests.get(made["link"], timeout=60).text
    assert "350,00" in page and 'value="card"' not in page
    wrong = {"action": "payer", "name": "Ana Souza", "document": "123.456.789-00"}
    assert "CPF ou CNPJ inválido" in requests.post(made["link"], data=wrong, timeout=60).text
    page = requests.post(made["link"], data=wrong | {"document": "123.456.789-09"}, timeout=60).text
    assert "Ana Souza" in page and "12x de 29,16" in page and "13x" not in page
    refused = {"action": "card", "instalments": "3", **CARD, "number": DECLINED}
    assert "não autorizada" in requests.post(made["link"], data=refused, timeout=60).text
    paid = {"action": "card", "instalments": "3", **CARD}
    response = requests.post(made["link"], data=paid, timeout=60, allow_redirects=False)
    assert response.headers["Location"] == "https://shop.example.com/thanks"
    rows = payments(asaas, made)
    assert len(rows) == 3
    assert asaas.get(f"/customers/{rows[0]['customer']}")["name"] == "Ana Souza"
    assert 'value="card"' not in requests.get(made["link"], timeout=60).text


def test_customer_data_makes_a_customer_when_it_is_paid(asaas: AsaasClient) -> None:
    data = {"name": "Bia Lima", "cpfCnpj": "12345678909", "email": "bia@example.com"}
    made = session(asaas, customerData=data)
    assert (made["customer"], made["customerData"]) == (None, data)
    asaas.simulator.control("pay", id=made["id"])
    customer = asaas.get(f"/customers/{payments(asaas, made)[0]['customer']}")
    assert (customer["name"], customer["email"]) == ("Bia Lima", "bia@example.com")


def test_parcels_are_refunded_by_reference_and_number(asaas: AsaasClient) -> None:
    made = session(asaas)
    asaas.simulator.control("pay_card", reference="chg-9", instalments=3)
    asaas.simulator.control("refund", reference="chg-9", parcel=2)
    assert [one["status"] for one in payments(asaas, made)] == ["CONFIRMED", "REFUNDED", "CONFIRMED"]


def test_production_spells_its_address_otherwise(asaas_production: AsaasClient) -> None:
    made = session(asaas_production)
    assert made["link"].endswith(f"/asaas/production/checkoutSession/show?id={made['id']}")
    assert requests.get(made["link"], timeout=60).ok


def test_stranger_cannot_cancel(asaas: AsaasClient, asaas_production: AsaasClient) -> None:
    made = session(asaas)
    assert asaas_production.call("POST", f"/checkouts/{made['id']}/cancel").status_code == 404


def test_created_although_the_answer_was_an_error(asaas: AsaasClient) -> None:
    fault = {"name": "error_500", "when": "after", "method": "POST", "path": "/checkouts", "times": 1}
    asaas.simulator.control("faults", **fault)
    assert asaas.call("POST", "/checkouts", json=asked()).status_code == 500
    assert status(asaas) == "ACTIVE"


def test_notification_is_sent_again_with_the_same_id(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    made = session(asaas)
    inbox.wait(1)
    asaas.simulator.advance(seconds=5)
    asaas.simulator.control("notify", id=made["id"])
    first, again = (one.json for one in inbox.wait(2))
    assert first == again
