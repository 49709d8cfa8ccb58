"""Instalment plans of Asaas: parcels, fees, dates, removal, refunds (asaas.md 3.2, 3.3, 4.1)."""

from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import AsaasClient, Inbox

PLAN = samples.keys(
    "object id value netValue paymentValue installmentCount billingType paymentDate description "
    "expirationDay deleted dateCreated checkoutSession customer paymentLink transactionReceiptUrl "
    "creditCard refunds"
)
EVENTS = [
    "PAYMENT_CREATED",
    "PAYMENT_CONFIRMED",
    "PAYMENT_RECEIVED",
    "PAYMENT_DELETED",
    "PAYMENT_REFUNDED",
    "PAYMENT_PARTIALLY_REFUNDED",
    "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED",
]


def at(asaas: AsaasClient, day: str) -> None:
    asaas.simulator.control("clock", now=f"{day}T15:00:00Z")


def asked(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    return {
        "customer": asaas.customer()["id"],
        "billingType": "BOLETO",
        "dueDate": "2027-03-31",
        "installmentCount": 3,
    } | changes


def plan(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    """Made on Monday 2027-03-01; answers the first parcel."""
    at(asaas, "2027-03-01")
    body = asked(asaas, externalReference="chg-9", description="Pedido 9") | changes
    if "installmentValue" not in changes:
        body.setdefault("totalValue", 350)
    return asaas.post("/payments", **body)


def parcels(asaas: AsaasClient, first: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of their numbers."""
    page = asaas.get(f"/installments/{first['installment']}/payments", limit=100)
    return page["data"][::-1]


def refused(asaas: AsaasClient, **changes: Any) -> tuple[int, str, str]:
    response = asaas.call("POST", "/payments", json=asked(asaas, dueDate="2099-01-01") | changes)
    error = response.json()["errors"][0]
    return response.status_code, error["code"], error["description"]


def test_plan_answers_its_first_parcel(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    first = plan(asaas)
    keys = [*samples.ASAAS_PAYMENT["BOLETO"]]
    keys.insert(keys.index("customer") + 1, "installment")
    assert list(first) == keys
    assert (first["installmentNumber"], first["description"]) == (1, "Parcela 1 de 3. Pedido 9")
    assert (first["value"], first["externalReference"]) == (116.66, "chg-9")
    told = [one.json for one in inbox.wait(3)]
    assert [one["event"] for one in told] == ["PAYMENT_CREATED"] * 3
    assert [one["payment"]["installmentNumber"] for one in told] == [1, 2, 3]


def test_total_is_truncated_and_the_last_parcel_takes_the_rest(asaas: AsaasClient) -> None:
    first = plan(asaas, installmentCount=12, totalValue=350)
    values = [one["value"] for one in parcels(asaas, first)]
    assert values == [29.16] * 11 + [29.24]
    answer = asaas.get(f"/installments/{first['installment']}")
    assert (answer["value"], answer["paymentValue"]) == (350.0, 29.24)
    assert answer["netValue"] == round(350 - 12 * 1.99, 2)


def test_value_of_each_makes_equal_parcels(asaas: AsaasClient) -> None:
    first = plan(asaas, installmentValue=33.33)
    assert [one["value"] for one in parcels(asaas, first)] == [33.33] * 3
    assert asaas.get(f"/installments/{first['installment']}")["value"] == 99.99


def test_parcels_are_due_a_month_apart_with_numbers_of_their_own(asaas: AsaasClient) -> None:
    discount = {"value": 10, "dueDateLimitDays": 2}
    rows = parcels(asaas, plan(asaas, discount=discount))
    assert [one["dueDate"] for one in rows] == ["2027-03-31", "2027-04-30", "2027-05-31"]
    assert [one["discount"]["limitDate"] for one in rows] == ["2027-03-29", "2027-04-28", "2027-05-29"]
    lines = {asaas.get(f"/payments/{one['id']}/identificationField")["identificationField"] for one in rows}
    assert len(lines) == len({one["nossoNumero"] for one in rows}) == len(rows)


def test_plan_endpoint_answers_the_plan(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    body = asked(asaas, value=50, description="Curso", paymentExternalReference="chg-plan")
    answer = asaas.post("/installments", **body)
    assert list(answer) == PLAN
    assert (answer["object"], answer["value"], answer["paymentValue"]) == ("installment", 150.0, 50.0)
    assert (answer["installmentCount"], answer["expirationDay"]) == (3, 31)
    assert (answer["description"], answer["creditCard"], answer["paymentDate"]) == ("Curso", None, None)
    assert asaas.get(f"/installments/{answer['id']}") == answer
    assert asaas.get("/installments")["data"] == [answer]
    assert asaas.get("/payments", externalReference="chg-plan")["totalCount"] == 3
    book = asaas.call("GET", f"/installments/{answer['id']}/paymentBook")
    assert book.headers["Content-Type"] == "application/pdf" and b"30/04/2027" in book.content


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"installmentCount": None, "totalValue": 100}, "invalid_object", "Informe o número de parcelas."),
        (
            {"totalValue": 14.99},
            "invalid_object",
            "O valor informado (R$ 14,99) só pode ser parcelado em até 2 vezes.",
        ),
        (
            {"installmentCount": 2, "totalValue": 5},
            "invalid_object",
            "O valor informado (R$ 5,00) só pode ser parcelado em até 1 vezes.",
        ),
        ({"value": 300, "totalValue": 300}, "invalid_value", "installmentValue ou totalValue"),
        ({}, "invalid_installmentValue", "Informe installmentValue ou totalValue."),
        ({"installmentCount": 1, "totalValue": 100}, "invalid_installmentCount", "entre 2 e 60"),
        ({"installmentCount": 61, "totalValue": 1000}, "invalid_installmentCount", "entre 2 e 60"),
        (
            {"installmentCount": 22, "totalValue": 1000, "billingType": "CREDIT_CARD"},
            "invalid_installmentCount",
            "entre 2 e 21",
        ),
        (
            {"totalValue": 30, "discount": {"value": 6}},
            "invalid_value",
            "não pode ser menor que R$ 5,00",
        ),
        ({"totalValue": 30, "dueDate": "2020-01-01"}, "invalid_dueDate", "inferior a hoje"),
    ],
)
def test_refuses_plans(asaas: AsaasClient, change: dict[str, Any], code: str, text: str) -> None:
    status, found, words = refused(asaas, **change)
    assert (status, found) == (400, code)
    assert text in words
    assert asaas.get("/payments")["totalCount"] == asaas.get("/installments")["totalCount"] == 0


@pytest.mark.parametrize(
    ("count", "nets"),
    [
        (2, [168.66, 168.66]),
        (3, [112.43, 112.43, 112.45]),
        (7, [47.94] * 7),
        (13, [25.74] * 12 + [25.78]),
    ],
)
def test_card_fees_follow_the_number_of_parcels(asaas: AsaasClient, count: int, nets: list[float]) -> None:
    first = plan(asaas, billingType="CREDIT_CARD", installmentCount=count, totalValue=350)
    assert [one["netValue"] for one in parcels(asaas, first)] == nets


def test_card_pays_all_parcels_and_each_settles_in_its_month(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    first = plan(asaas, billingType="CREDIT_CARD")
    assert first["nossoNumero"] is None
    assert "350,00" in requests.get(first["invoiceUrl"], timeout=60).text
    asaas.simulator.control("pay_card", reference="chg-9")
    rows = parcels(asaas, first)
    assert {one["status"] for one in rows} == {"CONFIRMED"}
    assert [one["creditDate"] for one in rows] == ["2027-04-02", "2027-05-04", "2027-06-07"]
    assert len({one["creditCard"]["creditCardToken"] for one in rows}) == 1
    told = [one.json["event"] for one in inbox.wait(6)]
    assert told == ["PAYMENT_CREATED"] * 3 + ["PAYMENT_CONFIRMED"] * 3
    at(asaas, "2027-05-10")
    assert [one["status"] for one in parcels(asaas, first)] == ["RECEIVED", "RECEIVED", "CONFIRMED"]
    shown = asaas.get(f"/installments/{first['installment']}")
    assert (shown["creditCard"]["creditCardNumber"], shown["paymentDate"]) == ("6351", None)
    at(asaas, "2027-06-10")
    assert asaas.get(f"/installments/{first['installment']}")["paymentDate"] == "2027-06-07"


def test_refused_card_leaves_every_parcel_open(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS[1:])
    first = plan(asaas, billingType="CREDIT_CARD")
    answer = asaas.simulator.control("pay_card", id=first["id"], number="5184019740373151")
    assert answer == {"id": first["id"], "status": "PENDING", "refused": True}
    assert {one["status"] for one in parcels(asaas, first)} == {"PENDING"}
    assert [one.json["event"] for one in inbox.wait(1)] == ["PAYMENT_CREDIT_CARD_CAPTURE_REFUSED"]


def test_control_pays_parcels_one_by_one_in_order(asaas: AsaasClient) -> None:
    first = plan(asaas)
    paid = [asaas.simulator.control("pay", reference="chg-9")["id"]]
    paid.append(asaas.simulator.control("pay", id=first["installment"], method="pix")["id"])
    rows = parcels(asaas, first)
    assert paid == [one["id"] for one in rows[:2]]
    assert [one["status"] for one in rows] == ["CONFIRMED", "RECEIVED", "PENDING"]
    assert asaas.simulator.control("overdue", reference="chg-9", parcel=3)["id"] == rows[2]["id"]
    books = asaas.simulator.read("books", reference="chg-9")["payments"]
    assert [(one["parcel"], one["installment"]) for one in books] == [
        (number, first["installment"]) for number in (1, 2, 3)
    ]
    url = f"{asaas.simulator.url}/_control/pay"
    assert requests.post(url, json={"reference": "chg-9", "parcel": 4}, timeout=60).status_code == 404


def test_parcels_are_listed_by_status_newest_first(asaas: AsaasClient) -> None:
    first = plan(asaas)
    asaas.simulator.control("pay", id=first["id"], cleared=True)
    path = f"/installments/{first['installment']}/payments"
    assert [one["installmentNumber"] for one in asaas.get(path)["data"]] == [3, 2, 1]
    assert [one["installmentNumber"] for one in asaas.get(path, status="PENDING")["data"]] == [3, 2]


def test_plan_without_a_payment_can_be_removed(asaas: AsaasClient, inbox: Inbox) -> None:
    first = plan(asaas)
    asaas.webhook(inbox.url, EVENTS)
    path = f"/installments/{first['installment']}"
    assert asaas.delete(path) == {"deleted": True, "id": first["installment"]}
    assert [one.json["event"] for one in inbox.wait(3)] == ["PAYMENT_DELETED"] * 3
    assert asaas.get("/payments")["totalCount"] == asaas.get("/installments")["totalCount"] == 0
    assert asaas.get(path)["deleted"] is True
    assert asaas.call("DELETE", path).status_code == 400


def test_paid_parcel_keeps_the_plan_and_the_open_ones_can_go(asaas: AsaasClient) -> None:
    first = plan(asaas)
    asaas.simulator.control("pay", id=first["id"])
    path = f"/installments/{first['installment']}"
    assert asaas.call("DELETE", path).status_code == 400
    assert len(parcels(asaas, first)) == 3
    rows = parcels(asaas, first)
    gone = asaas.delete(f"{path}/payments")["deletedPayments"]
    assert gone == [{"deleted": True, "id": one["id"]} for one in rows[1:]]
    assert [one["id"] for one in parcels(asaas, first)] == [first["id"]]
    assert asaas.get(path)["deleted"] is False


def test_removing_every_parcel_removes_the_plan(asaas: AsaasClient) -> None:
    first = plan(asaas)
    asaas.delete(f"/payments/{first['id']}")
    path = f"/installments/{first['installment']}"
    assert len(asaas.delete(f"{path}/payments")["deletedPayments"]) == 2
    assert asaas.get(path)["deleted"] is True


def test_whole_card_plan_is_refunded_parcel_by_parcel(asaas: AsaasClient, inbox: Inbox) -> None:
    first = plan(asaas, billingType="CREDIT_CARD")
    asaas.simulator.control("pay_card", id=first["id"])
    asaas.webhook(inbox.url, EVENTS)
    answer = asaas.post(f"/installments/{first['installment']}/refund")
    assert [one["value"] for one in answer["refunds"]] == [116.66, 116.66, 116.68]
    assert {one["status"] for one in parcels(asaas, first)} == {"REFUNDED"}
    assert [one.json["event"] for one in inbox.wait(3)] == ["PAYMENT_REFUNDED"] * 3


def test_part_of_a_plan_is_refunded_from_the_first_parcel_on(asaas: AsaasClient) -> None:
    first = plan(asaas, billingType="CREDIT_CARD")
    path = f"/installments/{first['installment']}/refund"
    assert asaas.call("POST", path).status_code == 400
    asaas.simulator.control("pay_card", id=first["id"])
    asaas.post(path, value=120)
    assert [one["status"] for one in parcels(asaas, first)] == ["REFUNDED", "CONFIRMED", "CONFIRMED"]
    assert asaas.call("POST", path, json={"value": 230.01}).status_code == 400
    assert len(asaas.post(path, value=230)["refunds"]) == 4


def test_refund_that_fails_for_one_parcel_fails_for_all(asaas: AsaasClient) -> None:
    first = plan(asaas, billingType="CREDIT_CARD", totalValue=300)
    asaas.simulator.control("pay_card", id=first["id"])
    at(asaas, "2027-05-10")
    asaas.simulator.control(f"accounts/{asaas.account['id']}", opening_balance=-100)
    response = asaas.call("POST", f"/installments/{first['installment']}/refund")
    assert response.status_code == 400
    assert {one["refunds"] is None for one in parcels(asaas, first)} == {True}


def test_boletos_of_a_plan_are_refunded_by_their_own_links(asaas: AsaasClient) -> None:
    first = plan(asaas)
    asaas.simulator.control("pay", id=first["id"], cleared=True)
    assert asaas.call("POST", f"/installments/{first['installment']}/refund").status_code == 400
    asaas.simulator.control(f"accounts/{asaas.account['id']}", opening_balance=10)
    assert "requestUrl" in asaas.post(f"/payments/{first['id']}/bankSlip/refund")


def test_undefined_plan_lets_the_payer_choose_for_each_parcel(asaas: AsaasClient) -> None:
    first = plan(asaas, billingType="UNDEFINED")
    for number, method in enumerate(("card", "boleto", "pix"), 1):
        asaas.simulator.control("pay", reference="chg-9", parcel=number, method=method)
    rows = parcels(asaas, first)
    assert [one["billingType"] for one in rows] == ["CREDIT_CARD", "BOLETO", "PIX"]
    assert [one["status"] for one in rows] == ["CONFIRMED", "CONFIRMED", "RECEIVED"]


def test_plan_of_another_account_is_not_found(asaas: AsaasClient, asaas_production: AsaasClient) -> None:
    path = f"/installments/{plan(asaas)['installment']}"
    for method, suffix in (("GET", ""), ("DELETE", ""), ("GET", "/payments"), ("POST", "/refund")):
        response = asaas_production.call(method, path + suffix)
        assert (response.status_code, response.content) == (404, b"")


def test_parcel_taken_out_of_a_card_plan_is_paid_on_its_own(asaas: AsaasClient) -> None:
    first = plan(asaas, billingType="CREDIT_CARD")
    asaas.put(f"/payments/{first['id']}", billingType="UNDEFINED")
    asaas.simulator.control("pay_card", id=first["id"])
    rows = parcels(asaas, first)
    assert [one["status"] for one in rows] == ["CONFIRMED", "PENDING", "PENDING"]
    assert rows[0]["netValue"] == 112.69
    asaas.delete(f"/payments/{rows[1]['id']}")
    asaas.simulator.control("pay_card", id=rows[1]["id"], force=True)
    asaas.simulator.control("pay_card", reference="chg-9")
    books = asaas.simulator.read("books")["payments"]
    assert [one["status"] for one in books] == ["CONFIRMED"] * 3
