"""Asaas API v3: refusals, customers, charges (asaas.md 1 to 3)."""

import base64
from datetime import date, timedelta

import pytest
import requests

from simulator import emv
from tests.simulator import samples
from tests.simulator.support import AsaasClient, Simulator


def code_of(response: requests.Response) -> str:
    return response.json()["errors"][0]["code"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("$aact_prod_" + "x" * 150, "invalid_environment"),
        ("aact_hmlg_" + "x" * 150, "invalid_access_token_format"),
        ("$aact_hmlg_" + "x" * 150, "invalid_access_token"),
        (None, "access_token_not_found"),
    ],
)
def test_refuses_wrong_keys_with_their_code(asaas: AsaasClient, key: str | None, code: str) -> None:
    response = asaas.call("GET", "/finance/balance", headers={"access_token": key})
    assert (response.status_code, code_of(response)) == (401, code)


def test_refuses_a_disabled_key(asaas: AsaasClient) -> None:
    asaas.simulator.control(f"accounts/{asaas.account['id']}", key_enabled=False)
    response = asaas.call("GET", "/finance/balance")
    assert (response.status_code, code_of(response)) == (401, "invalid_access_token")


def test_demands_a_user_agent_and_no_body_on_get(asaas: AsaasClient) -> None:
    assert asaas.call("GET", "/finance/balance", headers={"User-Agent": None}).status_code == 200
    assert asaas.call("GET", "/finance/balance", headers={"User-Agent": ""}).status_code == 400
    assert asaas.call("GET", "/finance/balance", json={"a": 1}).status_code == 403


def test_unknown_ids_and_foreign_ids_are_404_without_a_body(asaas: AsaasClient, simulator: Simulator) -> None:
    stranger = AsaasClient(simulator, simulator.control("accounts", gateway="asaas"))
    payment = asaas.charge()
    for response in (
        stranger.call("GET", f"/payments/{payment['id']}"),
        asaas.call("GET", "/payments/pay_x"),
    ):
        assert (response.status_code, response.content) == (404, b"")
        assert "Content-Type" not in response.headers


def test_tells_whose_account_it_is_with_or_without_a_trailing_slash(asaas: AsaasClient) -> None:
    assert asaas.get("/myAccount/commercialInfo/")["name"] == "Padaria Aurora"
    assert asaas.get("/myAccount/status")["id"] == asaas.account["account_id"]
    assert asaas.get("/pix/addressKeys")["totalCount"] == 1
    assert asaas.get("/finance/balance") == {"balance": 0.0}


def test_customer_has_the_published_key_order(asaas: AsaasClient) -> None:
    customer = asaas.customer(externalReference=42, mobilePhone="11987654321")
    assert list(customer) == samples.ASAAS_CUSTOMER
    assert customer["externalReference"] == "42"
    assert customer["personType"] == "JURIDICA"
    assert asaas.get(f"/customers/{customer['id']}") == customer


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"cpfCnpj": "11222333000181"}, "invalid_name"),
        ({"name": "Ana", "cpfCnpj": "12345678900"}, "invalid_object"),
        ({"name": "Ana", "mobilePhone": "11999999999"}, "invalid_mobilePhone"),
    ],
)
def test_refuses_bad_customers(asaas: AsaasClient, body: dict, code: str) -> None:
    response = asaas.call("POST", "/customers", json=body)
    assert (response.status_code, code_of(response)) == (400, code)


def test_finds_changes_and_deletes_customers(asaas: AsaasClient) -> None:
    first, second = asaas.customer(), asaas.customer(externalReference="c-2")
    found = asaas.get("/customers", cpfCnpj="11222333000181")
    assert [one["id"] for one in found["data"]] == [second["id"], first["id"]]
    assert asaas.put(f"/customers/{first['id']}", email="a@example.com")["email"] == "a@example.com"
    assert asaas.delete(f"/customers/{first['id']}") == {"deleted": True, "id": first["id"]}
    assert asaas.get("/customers")["totalCount"] == 1


@pytest.mark.parametrize("billing_type", ["PIX", "BOLETO", "UNDEFINED", "CREDIT_CARD"])
def test_charge_has_the_published_key_order(asaas: AsaasClient, billing_type: str) -> None:
    payment = asaas.charge(billingType=billing_type, externalReference=1007)
    assert list(payment) == samples.ASAAS_PAYMENT[billing_type]
    assert payment["externalReference"] == "1007"
    assert payment["netValue"] == (145.03 if billing_type == "CREDIT_CARD" else 148.01)


def test_card_fee_is_truncated(asaas: AsaasClient) -> None:
    assert asaas.charge(billingType="CREDIT_CARD", value=220)["netValue"] == 212.94


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customer": "cus_000000000000"}, "invalid_customer"),
        ({"value": None}, "invalid_value"),
        ({"value": 4.99}, "invalid_value"),
        ({"value": 9, "discount": {"value": 5}}, "invalid_value"),
        ({"dueDate": "2020-01-01"}, "invalid_dueDate"),
        ({"dueDate": "soon"}, "invalid_dueDate"),
        ({"billingType": "CASH"}, "invalid_billingType"),
        ({"discount": {}}, "invalid_object"),
        ({"callback": {"successUrl": "https://shop.example.com/ok"}}, "invalid_object"),
        ({"description": "x" * 501}, "invalid_description"),
    ],
)
def test_refuses_bad_charges(asaas: AsaasClient, change: dict, code: str) -> None:
    customer = asaas.customer()["id"]
    body = {"customer": customer, "billingType": "PIX", "value": 50, "dueDate": "2099-01-01"} | change
    response = asaas.call("POST", "/payments", json=body)
    assert (response.status_code, code_of(response)) == (400, code)
    assert asaas.get("/payments")["totalCount"] == 0


def test_says_the_floor_in_words(asaas: AsaasClient) -> None:
    body = {"customer": asaas.customer()["id"], "billingType": "PIX", "value": 3, "dueDate": "2099-01-01"}
    text = asaas.call("POST", "/payments", json=body).json()["errors"][0]["description"]
    assert text == (
        "O valor da cobrança (R$ 3,00) menos o valor do desconto (R$ 0,00) não pode ser menor que R$ 5,00."
    )


def test_stops_at_the_first_error(asaas: AsaasClient) -> None:
    errors = asaas.call("POST", "/payments", json={}).json()["errors"]
    assert errors == [{"code": "invalid_customer", "description": "Customer inválido ou não informado."}]


def test_customer_without_document_cannot_be_charged(asaas: AsaasClient) -> None:
    customer = asaas.post("/customers", name="Ana")
    body = {"customer": customer["id"], "billingType": "PIX", "value": 50, "dueDate": "2099-01-01"}
    assert code_of(asaas.call("POST", "/payments", json=body)) == "invalid_customer.cpfCnpj"


def test_due_date_counts_by_the_day_in_sao_paulo(asaas: AsaasClient) -> None:
    asaas.simulator.control("clock", now="2027-03-02T02:30:00Z")
    assert asaas.charge(dueDate="2027-03-01")["dateCreated"] == "2027-03-01"
    asaas.simulator.control("clock", now="2027-03-02T03:30:00Z")
    body = {"customer": asaas.customer()["id"], "billingType": "PIX", "value": 50, "dueDate": "2027-03-01"}
    assert code_of(asaas.call("POST", "/payments", json=body)) == "invalid_dueDate"


def test_announces_and_enforces_the_limit_of_charges(asaas: AsaasClient) -> None:
    seen = [asaas.call("POST", "/payments", json={}) for _ in range(101)]
    assert [one.status_code for one in seen[-2:]] == [400, 429]
    asaas.simulator.advance(seconds=11)
    customer = asaas.customer()["id"]
    body = {"customer": customer, "billingType": "PIX", "value": 50, "dueDate": "2099-01-01"}
    headers = asaas.call("POST", "/payments", json=body).headers
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("100", "99")


def test_qr_code_is_a_true_br_code(asaas: AsaasClient) -> None:
    payment = asaas.charge(dueDate="2099-02-28")
    answer = asaas.get(f"/payments/{payment['id']}/pixQrCode")
    fields = samples.fields_of(answer["payload"])
    assert list(answer) == ["success", "encodedImage", "payload", "expirationDate"]
    assert (fields["54"], fields["59"], fields["01"]) == ("150.00", "PADARIA AURORA", "12")
    assert samples.fields_of(fields["26"])["25"].startswith("pix-h.asaas.com/qr/cobv/")
    assert fields["63"] == emv.crc16(answer["payload"][:-4])
    assert base64.b64decode(answer["encodedImage"]).startswith(b"\x89PNG")
    assert answer["expirationDate"] == "2100-02-28 23:59:59"


def test_qr_code_without_own_key_dies_the_same_day(asaas: AsaasClient) -> None:
    asaas.simulator.control(f"accounts/{asaas.account['id']}", has_pix_key=False)
    payment = asaas.charge(dueDate="2099-02-28")
    answer = asaas.get(f"/payments/{payment['id']}/pixQrCode")
    assert "qrpix-h.bradesco.com.br" in answer["payload"]
    assert answer["expirationDate"] == f"{payment['dateCreated']} 23:59:59"


def test_change_of_value_makes_a_new_qr_code(asaas: AsaasClient) -> None:
    payment = asaas.charge()
    before = asaas.get(f"/payments/{payment['id']}/pixQrCode")["payload"]
    assert asaas.put(f"/payments/{payment['id']}", value=80)["netValue"] == 78.01
    after = asaas.get(f"/payments/{payment['id']}/pixQrCode")["payload"]
    assert before != after and samples.fields_of(after)["54"] == "80.00"


def test_deleted_charge_keeps_its_status_and_leaves_the_list(asaas: AsaasClient) -> None:
    payment = asaas.charge()
    path = f"/payments/{payment['id']}"
    assert asaas.delete(path) == {"deleted": True, "id": payment["id"]}
    deleted = asaas.get(path)
    assert (deleted["status"], deleted["deleted"]) == ("PENDING", True)
    assert "/comprovantes/h/" in deleted["transactionReceiptUrl"]
    assert asaas.get("/payments", externalReference="chg-1007")["data"] == []
    assert asaas.post(f"{path}/restore")["deleted"] is False
    assert asaas.get("/payments", externalReference="chg-1007")["totalCount"] == 1


def test_paid_charge_can_neither_be_deleted_nor_changed(asaas: AsaasClient) -> None:
    payment = asaas.charge()
    asaas.simulator.control("pay", id=payment["id"])
    for method in ("DELETE", "PUT"):
        response = asaas.call(method, f"/payments/{payment['id']}", json={"value": 60})
        assert (response.status_code, code_of(response)) == (400, "invalid_action")


def test_paid_pix_is_received_the_same_day(asaas: AsaasClient) -> None:
    payment = asaas.charge()
    asaas.simulator.control("pay", reference="chg-1007")
    paid = asaas.get(f"/payments/{payment['id']}")
    today = paid["paymentDate"]
    assert list(paid) == samples.ASAAS_PAYMENT["PIX paid"]
    assert paid["status"] == "RECEIVED"
    assert {paid[key] for key in ("confirmedDate", "clientPaymentDate", "creditDate")} == {today}
    assert asaas.get("/finance/balance") == {"balance": 148.01}
    assert asaas.get(f"/payments/{payment['id']}/status") == {"status": "RECEIVED"}


def test_sandbox_confirms_boletos_and_cards(asaas: AsaasClient) -> None:
    boleto = asaas.charge(billingType="BOLETO")
    paid = asaas.post(f"/sandbox/payment/{boleto['id']}/confirm")
    assert paid["status"] == "RECEIVED"
    assert list(paid) == samples.ASAAS_PAYMENT["BOLETO confirmed"]
    card = asaas.charge(billingType="CREDIT_CARD")
    confirmed = asaas.post(f"/sandbox/payment/{card['id']}/confirm")
    assert (confirmed["status"], confirmed["paymentDate"]) == ("CONFIRMED", None)
    asaas.simulator.advance(days=36)
    assert asaas.get(f"/payments/{card['id']}")["status"] == "RECEIVED"


def test_sandbox_controls_do_not_exist_in_production(asaas_production: AsaasClient) -> None:
    payment = asaas_production.charge()
    response = asaas_production.call("POST", f"/sandbox/payment/{payment['id']}/confirm")
    assert response.status_code == 404


def test_discount_and_fine_change_what_is_paid(asaas: AsaasClient) -> None:
    asaas.simulator.control("clock", now="2027-03-01T15:00:00Z")
    terms = {"discount": {"value": 10, "dueDateLimitDays": 0}, "fine": {"value": 2, "type": "PERCENTAGE"}}
    early = asaas.charge(value=100, dueDate="2027-03-03", **terms)
    late = asaas.charge(value=100, dueDate="2027-03-03", interest={"value": 3}, **terms)
    asaas.simulator.control("pay", id=early["id"])
    asaas.simulator.control("clock", now="2027-03-13T15:00:00Z")
    asaas.simulator.control("pay", id=late["id"])
    early, late = (asaas.get(f"/payments/{one['id']}") for one in (early, late))
    assert (early["value"], early["originalValue"], early["interestValue"]) == (90.0, 100.0, None)
    assert (late["value"], late["originalValue"], late["interestValue"]) == (103.0, 100.0, 3.0)


def test_lists_are_newest_first_and_paged(asaas: AsaasClient) -> None:
    customer = asaas.customer()["id"]
    made = [asaas.charge(customer=customer, externalReference=f"r-{number}")["id"] for number in range(12)]
    page = asaas.get("/payments")
    assert list(page) == ["object", "hasMore", "totalCount", "limit", "offset", "data"]
    assert (page["hasMore"], page["totalCount"], page["limit"]) == (True, 12, 10)
    assert [one["id"] for one in page["data"]] == made[:1:-1]
    assert asaas.get("/payments", limit=500)["limit"] == 100
    today = date.fromisoformat(page["data"][0]["dateCreated"])
    assert asaas.get("/payments", **{"dateCreated[ge]": str(today + timedelta(days=1))})["totalCount"] == 0
    assert asaas.get("/payments", **{"dueDate[le]": "2099-01-01", "status": "PENDING"})["totalCount"] == 12
