"""Clients we did not write speak with the simulator: what they expect is not our own reading."""

import warnings

import mercadopago
import pytest
from asaas import Asaas
from mercadopago.config import Config, RequestOptions

from tests.simulator.support import STRONG_TOKEN, AsaasClient, MpClient


@pytest.fixture
def official_sdk(mp: MpClient, monkeypatch: pytest.MonkeyPatch) -> mercadopago.SDK:
    base = f"{mp.simulator.url}/mercadopago"
    monkeypatch.setattr(Config, "api_base_url", property(lambda self: base))
    return mercadopago.SDK(mp.account["access_token"])


def test_official_sdk_creates_and_reads_a_payment(official_sdk: mercadopago.SDK, mp: MpClient) -> None:
    body = {"transaction_amount": 10.5, "payment_method_id": "pix", "payer": {"email": "ana@example.com"}}
    options = RequestOptions(custom_headers={"x-idempotency-key": "sdk-1"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        created = official_sdk.payment().create(body, options)
    assert (created["status"], created["response"]["status"]) == (201, "pending")
    number = created["response"]["id"]
    mp.simulator.control("pay", id=number)
    read = official_sdk.payment().get(number)["response"]
    assert (read["status"], read["transaction_amount"]) == ("approved", 10.5)
    found = official_sdk.payment().search({"status": "approved"})["response"]
    assert [one["id"] for one in found["results"]] == [number]


def test_official_sdk_creates_and_reads_a_preference(official_sdk: mercadopago.SDK) -> None:
    body = {"items": [{"title": "Pedido", "quantity": 2, "unit_price": 7.25}], "external_reference": "sdk"}
    created = official_sdk.preference().create(body)
    assert created["status"] == 201
    read = official_sdk.preference().get(created["response"]["id"])
    assert read["response"] == created["response"]
    assert official_sdk.user().get()["response"]["site_id"] == "MLB"


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
