"""Connecting an account in the admin: checked at the gateway, secrets in and never out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from connections.forms import PASSWORD
from connections.gateways.base import Method
from connections.models import Connection, ConnectionState, WebhookState
from connections.services import check
from tests.factories import make_charge, make_connection

pytestmark = pytest.mark.django_db

KEY = "$aact_hmlg_000MzkwODA2MWY2OGM3MWRlMDU2NWM3MzJlNzZmNGZhZGY6OjAwMDAwMDAwMDAwMDAwMDAwMDAwOjokYWFjaF8wMDAw"
TOKEN = "APP_USR-7731245567788990-112112-0123456789abcdef0123456789abcdef-1402558877"
ASAAS = "https://api-sandbox.asaas.com/v3"
OWN_PASSWORD = "a long enough password"
ADD = reverse("admin:connections_connection_add")
COMMERCIAL = {
    "status": "APPROVED",
    "personType": "JURIDICA",
    "cpfCnpj": "11222333000181",
    "name": "Padaria Aurora",
    "companyName": "Padaria Aurora Ltda",
    "email": "financeiro@example.com",
}
HOOK = {
    "id": "5a1f6f0e-2d5c-4a1b-9f0e-7c2b1a000001",
    "enabled": True,
    "interrupted": False,
    "apiVersion": 3,
    "hasAuthToken": True,
    "sendType": "SEQUENTIALLY",
    "penalizedRequestsCount": 0,
}
SELLER = {"id": 1402558877, "nickname": "LOJA", "site_id": "MLB", "country_id": "BR", "tags": ["normal"]}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password=OWN_PASSWORD))
    return client


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def asaas(gateway: responses.RequestsMock) -> responses.RequestsMock:
    def register(request: Any) -> tuple[int, dict[str, str], str]:
        sent = json.loads(request.body)
        return 200, {}, json.dumps({**HOOK, **{name: sent[name] for name in ("url", "events", "name")}})

    status = {"id": "3f2c0a77", "general": "APPROVED", "commercialInfo": "APPROVED"}
    empty = {"object": "list", "hasMore": False, "totalCount": 0, "limit": 10, "offset": 0, "data": []}
    keys = {**empty, "totalCount": 1, "data": [{"id": "k", "key": "k", "status": "ACTIVE"}]}
    for path, body in (
        ("/myAccount/commercialInfo/", COMMERCIAL),
        ("/myAccount/commercialInfo", COMMERCIAL),
        ("/myAccount/status/", status),
        ("/myAccount/status", status),
        ("/pix/addressKeys", keys),
        ("/webhooks", empty),
    ):
        gateway.get(ASAAS + path, json=body)
    gateway.add_callback(responses.POST, f"{ASAAS}/webhooks", callback=register)
    return gateway


def form(**values: str) -> dict[str, str]:
    return {"gateway": "asaas", "name": "Loja", "environment": "sandbox", "credential_api_key": KEY, **values}


def replacing() -> dict[str, str]:
    """The change form with a new key and the administrator's own password."""
    return {"name": "Loja", "environment": "sandbox", "credential_api_key": KEY, PASSWORD: OWN_PASSWORD}


def errors(answer: Any) -> str:
    return str(answer.context["adminform"].form.errors)


def test_connects_asaas_and_registers_its_webhook(admin: Client, asaas: responses.RequestsMock) -> None:
    answer = admin.post(ADD, form())
    connection = Connection.objects.get()
    assert answer.status_code == 302 and answer["Location"].endswith(f"/{connection.pk}/change/")
    assert (connection.state, connection.webhook_state) == (ConnectionState.READY, WebhookState.REGISTERED)
    assert connection.open_credentials()["api_key"] == KEY
    sent = json.loads([call.request.body for call in asaas.calls if call.request.method == "POST"][0])
    assert sent["authToken"] == connection.open_webhook_secrets()["token"]
    assert sent["url"].endswith(connection.webhook_path) and sent["apiVersion"] == 3


def test_the_key_is_never_shown_again(admin: Client, asaas: responses.RequestsMock) -> None:
    admin.post(ADD, form())
    connection = Connection.objects.get()
    page = admin.get(reverse("admin:connections_connection_change", args=[connection.pk])).content.decode()
    assert KEY not in page and connection.open_webhook_secrets()["token"] not in page
    assert f"••••{KEY[-4:]}" in page and connection.credential_hints["api_key"]["fingerprint"] in page


def test_an_account_may_demand_a_reason_for_discounts(admin: Client, asaas: responses.RequestsMock) -> None:
    admin.post(ADD, form(require_discount_reason="on"))
    connection = Connection.objects.get()
    assert connection.require_discount_reason
    address = reverse("admin:connections_connection_change", args=[connection.pk])
    admin.post(address, {"name": "Loja", "environment": "sandbox"})
    connection.refresh_from_db()
    assert not connection.require_discount_reason


def test_a_blank_key_keeps_the_stored_one(admin: Client, asaas: responses.RequestsMock) -> None:
    admin.post(ADD, form())
    connection = Connection.objects.get()
    change = reverse("admin:connections_connection_change", args=[connection.pk])
    answer = admin.post(change, {"name": "Loja nova", "environment": "sandbox", "credential_api_key": ""})
    connection.refresh_from_db()
    assert answer.status_code == 302, errors(answer)
    assert (connection.name, connection.open_credentials()["api_key"]) == ("Loja nova", KEY)


def test_a_refused_key_saves_nothing_and_says_why(admin: Client, gateway: responses.RequestsMock) -> None:
    refused = {
        "errors": [{"code": "invalid_access_token", "description": "A chave de API fornecida é inválida"}]
    }
    gateway.get(f"{ASAAS}/myAccount/commercialInfo/", status=401, json=refused)
    gateway.get(f"{ASAAS}/myAccount/commercialInfo", status=401, json=refused)
    answer = admin.post(ADD, form())
    assert answer.status_code == 200
    assert "A chave de API fornecida é inválida" in answer.content.decode()
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"environment": "production"},
        {"credential_api_key": KEY.removeprefix("$")},
        {"credential_api_key": "hello"},
        {"credential_api_key": ""},
        {"gateway": ""},
        {"gateway": "stripe"},
        {"gateway": "mercadopago", "credential_access_token": "APP_USR-6d5c4b3a-2918-1716-1514-131211100000"},
        {"gateway": "mercadopago", "credential_access_token": "k8fZx0bW3pQmR7tY5uI9oL2aS4dF6gH1"},
    ],
)
def test_what_cannot_be_a_key_is_refused_without_a_call(
    admin: Client, gateway: responses.RequestsMock, values: dict[str, str]
) -> None:
    answer = admin.post(ADD, form(**values))
    assert answer.status_code == 200 and errors(answer)
    assert not Connection.objects.exists() and len(gateway.calls) == 0


def test_names_what_was_pasted_in_the_wrong_box(admin: Client, gateway: responses.RequestsMock) -> None:
    public_key = "APP_USR-6d5c4b3a-2918-1716-1514-131211100000"
    answer = admin.post(ADD, form(gateway="mercadopago", credential_access_token=public_key))
    assert "Public Key" in errors(answer)


def test_a_gateway_that_is_down_loses_nothing(admin: Client, gateway: responses.RequestsMock) -> None:
    gateway.get(f"{ASAAS}/myAccount/commercialInfo/", status=503)
    gateway.get(f"{ASAAS}/myAccount/commercialInfo", status=503)
    answer = admin.post(ADD, form(), follow=True)
    connection = Connection.objects.get()
    assert connection.state == ConnectionState.UNREACHABLE
    assert connection.open_credentials()["api_key"] == KEY
    assert not Connection.objects.usable().exists()
    assert answer.status_code == 200


def test_check_now_makes_an_unreachable_connection_ready(
    admin: Client, asaas: responses.RequestsMock
) -> None:
    connection = make_connection(
        state=ConnectionState.UNREACHABLE, account_id="", credentials={"api_key": KEY}
    )
    admin.post(reverse("admin:connections_connection_check", args=[connection.pk]))
    connection.refresh_from_db()
    assert (connection.state, connection.webhook_state) == (ConnectionState.READY, WebhookState.REGISTERED)


def test_a_good_key_is_not_given_up_for_one_nobody_verified(
    admin: Client, gateway: responses.RequestsMock
) -> None:
    connection = make_connection()
    before = connection.open_credentials()["api_key"]
    gateway.get(f"{ASAAS}/myAccount/commercialInfo/", status=503)
    gateway.get(f"{ASAAS}/myAccount/commercialInfo", status=503)
    change = reverse("admin:connections_connection_change", args=[connection.pk])
    answer = admin.post(change, replacing())
    assert answer.status_code == 200 and "credential_api_key" in answer.context["adminform"].form.errors
    connection.refresh_from_db()
    assert connection.open_credentials()["api_key"] == before


def test_a_twin_found_on_check_is_said_in_words(admin: Client, asaas: responses.RequestsMock) -> None:
    make_connection(name="Primeira", account_id="3f2c0a77", credentials={"api_key": KEY})
    second = make_connection(state=ConnectionState.UNREACHABLE, account_id="", credentials={"api_key": KEY})
    answer = admin.post(reverse("admin:connections_connection_check", args=[second.pk]), follow=True)
    second.refresh_from_db()
    assert answer.status_code == 200 and "Primeira" in answer.content.decode()
    assert second.state == ConnectionState.REFUSED


def test_checking_a_disabled_connection_leaves_it_disabled(
    admin: Client, asaas: responses.RequestsMock
) -> None:
    connection = make_connection(is_active=False, account_id="", credentials={"api_key": KEY})
    admin.post(reverse("admin:connections_connection_check", args=[connection.pk]))
    connection.refresh_from_db()
    assert connection.state == ConnectionState.DISABLED


def test_checking_is_a_post(admin: Client) -> None:
    connection = make_connection()
    assert admin.get(reverse("admin:connections_connection_check", args=[connection.pk])).status_code == 405


def test_the_same_account_is_not_connected_twice(admin: Client, asaas: responses.RequestsMock) -> None:
    admin.post(ADD, form())
    answer = admin.post(ADD, form(name="Outra"))
    assert answer.status_code == 200 and "Loja" in errors(answer)
    assert Connection.objects.count() == 1


def test_a_key_of_another_account_is_refused(admin: Client, asaas: responses.RequestsMock) -> None:
    connection = make_connection(account_id="somebody-else")
    change = reverse("admin:connections_connection_change", args=[connection.pk])
    answer = admin.post(change, replacing())
    assert answer.status_code == 200 and "credential_api_key" in answer.context["adminform"].form.errors
    connection.refresh_from_db()
    assert connection.open_credentials()["api_key"] != KEY


def test_mercado_pago_shows_address_and_topics(admin: Client, gateway: responses.RequestsMock) -> None:
    gateway.get("https://api.mercadopago.com/users/me", json=SELLER)
    values = form(
        gateway="mercadopago",
        environment="production",
        credential_access_token=TOKEN,
        webhook_secret_test="tab-1",
    )
    admin.post(ADD, {**values, "credential_api_key": ""})
    connection = Connection.objects.get()
    page = admin.get(reverse("admin:connections_connection_change", args=[connection.pk])).content.decode()
    assert (connection.state, connection.webhook_state) == (ConnectionState.READY, WebhookState.SHOWN)
    assert connection.webhook_path in page and "Pagamentos" in page
    assert "tab-1" not in page and connection.open_webhook_secrets()["test"] == "tab-1"


def test_what_the_account_takes_is_kept_and_shown(admin: Client, gateway: responses.RequestsMock) -> None:
    """Lists that do not come later leave what is known."""
    base = "https://api.mercadopago.com"
    shop = {"id": "oxxo", "name": "OXXO", "payment_type_id": "ticket", "status": "deactive"}
    gateway.get(f"{base}/users/me", json={**SELLER, "site_id": "MLM"})
    gateway.get(f"{base}/v1/payment_methods", json=[{**shop, "min_allowed_amount": 5}])
    gateway.get(f"{base}/v1/identification_types", status=404, json={})
    values = form(gateway="mercadopago", environment="production", credential_access_token=TOKEN)
    admin.post(ADD, {**values, "credential_api_key": ""})
    connection = Connection.objects.get()
    (way,) = connection.market.ways
    assert (way.code, way.method, way.least_cents, way.is_active) == ("oxxo", Method.TICKET, 500, False)
    assert (connection.country.code, connection.time_zone) == ("MX", "America/Mexico_City")
    page = admin.get(reverse("admin:connections_connection_change", args=[connection.pk])).content.decode()
    assert 'data-way="oxxo"' in page
    gateway.replace("GET", f"{base}/v1/payment_methods", status=500)
    check(connection)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.READY and connection.market.ways == (way,)


def test_a_test_user_makes_it_a_sandbox(admin: Client, gateway: responses.RequestsMock) -> None:
    gateway.get("https://api.mercadopago.com/users/me", json={**SELLER, "tags": ["normal", "test_user"]})
    values = form(gateway="mercadopago", environment="production", credential_access_token=TOKEN)
    answer = admin.post(ADD, values)
    assert "environment" in answer.context["adminform"].form.errors
    assert not Connection.objects.exists()


def test_a_used_connection_is_disabled_not_deleted(admin: Client) -> None:
    connection = make_charge().connection
    delete = reverse("admin:connections_connection_delete", args=[connection.pk])
    assert admin.post(delete, {"post": "yes"}).status_code == 403
    admin.post(reverse("admin:connections_connection_disable", args=[connection.pk]))
    connection.refresh_from_db()
    assert not connection.is_active and connection.state == ConnectionState.DISABLED
    assert not Connection.objects.usable().exists()


def test_an_unused_connection_can_be_deleted(admin: Client) -> None:
    connection = make_connection()
    admin.post(reverse("admin:connections_connection_delete", args=[connection.pk]), {"post": "yes"})
    assert not Connection.objects.exists()


def test_a_key_ring_that_does_not_fit_is_said_not_500(admin: Client, settings: Any) -> None:
    connection = make_connection()
    settings.CREDENTIALS_KEYS = ["A" * 43 + "="]
    change = reverse("admin:connections_connection_change", args=[connection.pk])
    assert admin.get(change).status_code == 200
    answer = admin.post(change, {"name": "x", "environment": "production"}, follow=True)
    assert answer.status_code == 200 and "CREDENTIALS_KEYS" in answer.content.decode()
    answer = admin.post(reverse("admin:connections_connection_check", args=[connection.pk]), follow=True)
    assert answer.status_code == 200
