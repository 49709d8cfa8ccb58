"""Clients we did not write speak with the simulator: what they expect is not our own reading."""

import warnings
from datetime import datetime
from zoneinfo import ZoneInfo

import mercadopago
import pytest
from asaas import Asaas
from mercadopago.config import Config, RequestOptions

from tests.simulator.support import STRONG_TOKEN, AsaasClient, MpClient

BOLETO_PAYER = {
    "email": "ana@example.com",
    "first_name": "Ana",
    "last_name": "Lima",
    "identification": {"type": "CPF", "number": "12345678909"},
    "address": {
        "zip_code": "01001000",
        "street_name": "Rua Um",
        "street_number": "100",
        "neighborhood": "Centro",
        "city": "São Paulo",
        "federal_unit": "SP",
    },
}


@pytest.fixture
def official_sdk(mp: MpClient, monkeypatch: pytest.MonkeyPatch) -> mercadopago.SDK:
    base = f"{mp.simulator.url}/mercadopago"
    monkeypatch.setattr(Config, "api_base_url", property(lambda self: base))
    return mercadopago.SDK(mp.account["access_token"])


def key(value: str) -> RequestOptions:
    return RequestOptions(custom_headers={"x-idempotency-key": value})


def test_official_sdk_creates_and_reads_a_payment(official_sdk: mercadopago.SDK, mp: MpClient) -> None:
    body = {"transaction_amount": 10.5, "payment_method_id": "pix", "payer": {"email": "ana@example.com"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        created = official_sdk.payment().create(body, key("sdk-1"))
    assert (created["status"], created["response"]["status"]) == (201, "pending")
    number = created["response"]["id"]
    mp.simulator.control("pay", id=number)
    read = official_sdk.payment().get(number)["response"]
    assert (read["status"], read["transaction_amount"]) == ("approved", 10.5)
    found = official_sdk.payment().search({"status": "approved"})["response"]
    assert [one["id"] for one in found["results"]] == [number]


def test_official_sdk_refunds_in_parts(official_sdk: mercadopago.SDK, mp: MpClient) -> None:
    number = mp.pix(transaction_amount=100)["id"]
    mp.simulator.control("pay", id=number)
    part = official_sdk.refund().create(number, {"amount": 25.5}, key("r-1"))
    assert (part["status"], part["response"]["amount"]) == (201, 25.5)
    assert official_sdk.refund().create(number, None, key("r-2"))["response"]["amount"] == 74.5
    listed = official_sdk.refund().list_all(number)["response"]
    assert [one["status"] for one in listed] == ["approved", "approved"]
    assert official_sdk.payment().get(number)["response"]["status"] == "refunded"


def test_official_sdk_searches_page_by_page(official_sdk: mercadopago.SDK, mp: MpClient) -> None:
    for number in range(3):
        mp.pix(f"key-{number}")
    filters = {"sort": "date_created", "criteria": "asc", "limit": 2, "offset": 2}
    filters |= {"range": "date_created", "begin_date": "NOW-1DAYS", "end_date": "NOW"}
    found = official_sdk.payment().search(filters)["response"]
    assert (found["paging"], len(found["results"])) == ({"total": 3, "limit": 2, "offset": 2}, 1)


def test_official_sdk_creates_and_reads_a_preference(official_sdk: mercadopago.SDK) -> None:
    body = {"items": [{"title": "Pedido", "quantity": 2, "unit_price": 7.25}], "external_reference": "sdk"}
    created = official_sdk.preference().create(body)
    assert created["status"] == 201
    read = official_sdk.preference().get(created["response"]["id"])
    assert read["response"] == created["response"]
    assert official_sdk.user().get()["response"]["site_id"] == "MLB"


def test_official_sdk_creates_a_boleto(official_sdk: mercadopago.SDK, mp: MpClient) -> None:
    body = {"transaction_amount": 10.5, "payment_method_id": "bolbradesco", "payer": BOLETO_PAYER}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        created = official_sdk.payment().create(body, key("sdk-2"))
    assert (created["status"], created["response"]["status_detail"]) == (201, "pending_waiting_payment")
    mp.simulator.control("pay", id=created["response"]["id"], cleared=True)
    assert official_sdk.payment().get(created["response"]["id"])["response"]["status"] == "approved"


def test_official_sdk_follows_a_subscription(official_sdk: mercadopago.SDK, mp: MpClient) -> None:
    terms = {"frequency": 1, "frequency_type": "months", "transaction_amount": 20, "currency_id": "BRL"}
    body = {"reason": "Clube", "back_url": "https://pay.example.com", "auto_recurring": terms}
    plan = official_sdk.plan().create(body)
    assert (plan["status"], official_sdk.plan().get(plan["response"]["id"])) == (201, plan | {"status": 200})
    own = body | {"payer_email": "ana@example.com", "external_reference": "sdk", "status": "pending"}
    made = official_sdk.preapproval().create(own)["response"]["id"]
    mp.simulator.control("subscribe", id=made)
    mp.simulator.control("clock", advance_seconds=3600, play=True)
    [invoice] = official_sdk.invoice().search({"preapproval_id": made})["response"]["results"]
    assert official_sdk.invoice().get(invoice["id"])["response"] == invoice
    mp.simulator.control("chargeback", id=invoice["payment"]["id"])
    found = official_sdk.chargeback().search({"payment_id": invoice["payment"]["id"]})["response"]
    [chargeback] = found["results"]
    assert official_sdk.chargeback().get(chargeback["id"])["response"] == chargeback
    ended = official_sdk.preapproval().update(made, {"status": "cancelled"})
    assert (ended["status"], ended["response"]["status"]) == (200, "cancelled")


@pytest.fixture
def community_client(asaas: AsaasClient) -> Asaas:
    return Asaas(api_key=asaas.account["api_key"], base_url=f"{asaas.simulator.url}/asaas/sandbox")


def test_community_client_charges_a_customer(community_client: Asaas) -> None:
    customer = community_client.customers.create(name="Ana Lima", cpf_cnpj="12345678909")
    assert community_client.customers.get(customer["id"])["personType"] == "FISICA"
    charge = community_client.payments.create(
        customer=customer["id"], billing_type="PIX", value=25.5, due_date="2099-01-01"
    )
    assert community_client.payments.get(charge["id"])["status"] == "PENDING"
    assert community_client.payments.get_pix_qr_code(charge["id"])["payload"].startswith("000201")
    assert community_client.payments.delete(charge["id"])["deleted"] is True


def test_community_client_lists_and_refunds(community_client: Asaas, asaas: AsaasClient) -> None:
    customer = asaas.customer()["id"]
    made = [asaas.charge(customer=customer, value=10 + number)["id"] for number in range(5)]
    asaas.simulator.control("pay", id=made[0])
    assert [one["id"] for one in community_client.payments.list_all(limit=2)] == made[::-1]
    paid = community_client.payments.list(status="RECEIVED", date_created_ge="2020-01-01")
    assert (paid.total_count, paid.data[0]["id"]) == (1, made[0])
    refunded = community_client.payments.refund(made[0], value=5, description="Item em falta")
    assert refunded["refunds"][0]["value"] == 5
    listed = community_client.payments.list_refunds(made[0])
    assert listed["data"] == refunded["refunds"]
    assert community_client.payments.get_status(made[0]) == {"status": "RECEIVED"}


def test_community_client_registers_a_webhook(community_client: Asaas) -> None:
    hook = community_client.webhooks.create(
        url="https://shop.example.com/hook",
        email="ops@example.com",
        auth_token=STRONG_TOKEN,
        events=["PAYMENT_RECEIVED"],
    )
    listed = community_client.webhooks.list()
    assert [one["id"] for one in listed.data] == [hook["id"]]
    assert community_client.webhooks.get(hook["id"])["enabled"] is True


def test_community_client_knows_boletos_cash_and_restoring(
    community_client: Asaas, asaas: AsaasClient
) -> None:
    now = datetime.fromisoformat(asaas.simulator.read("clock")["now"])
    today = now.astimezone(ZoneInfo("America/Sao_Paulo")).date().isoformat()
    slip = asaas.charge(billingType="BOLETO", value=100, dueDate="2099-01-01")["id"]
    payments = community_client.payments
    assert len(payments.get_identification_field(slip)["identificationField"]) == 47
    cash = payments.receive_in_cash(slip, payment_date=today, value=100.0)
    assert (cash["status"], cash["netValue"]) == ("RECEIVED_IN_CASH", 100)
    assert payments.undo_received_in_cash(slip)["status"] == "PENDING"
    payments.delete(slip)
    assert payments.restore(slip)["deleted"] is False
    asaas.simulator.control(f"accounts/{asaas.account['id']}", opening_balance=10)
    asaas.simulator.control("pay", id=slip, cleared=True)
    assert payments.refund_bank_slip(slip)["requestUrl"].startswith("http")


def test_community_client_makes_a_plan(community_client: Asaas, asaas: AsaasClient) -> None:
    made = community_client.installments.create(
        customer=asaas.customer()["id"],
        billingType="BOLETO",
        installmentCount=3,
        totalValue=350,
        dueDate="2099-01-01",
    )
    assert community_client.installments.get(made["id"]) == made
    listed = community_client.installments.list_payments(made["id"])
    assert [one["value"] for one in listed["data"]] == [116.68, 116.66, 116.66]
    assert community_client.installments.delete(made["id"])["deleted"] is True
