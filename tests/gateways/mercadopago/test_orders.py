from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.base import Environment, Method, ResourceKind, Secrets
from connections.gateways.errors import (
    CredentialsRefused,
    RequestRefused,
)
from connections.gateways.mercadopago import orders
from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample
from tests.gateways.mercadopago.desk import (
    add,
    gateway,
    prepared,
)


@pytest.mark.parametrize(
    ("token", "environment", "code"),
    [
        (sample.MP_TOKEN, "production", None),
        (sample.MP_TOKEN, "sandbox", None),
        (sample.MP_TOKEN.replace("APP_USR", "TEST"), "sandbox", None),
        (sample.MP_TOKEN.replace("APP_USR", "TEST"), "production", "wrong_environment"),
        ("APP_USR-7f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e10", "production", "public_key"),
        ("TEST-7f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e10", "sandbox", "public_key"),
        ("5Fq2ZkV0b9J1mX7cT4nR8wL3sD6hG0pA", "production", "client_secret"),
        ("7731245567788990", "production", "client_id"),
        ("TG-5c508e1b02a34fcce879a999574cf5c9-1402558877", "production", "refresh_token"),
        ("a29f7704f82f7a4ecc809cc78ef23692" * 2, "production", "webhook_secret"),
        (sample.MP_TOKEN[:40], "production", "truncated"),
        (sample.MP_TOKEN + " ", "production", "whitespace"),
        (f'"{sample.MP_TOKEN}"', "production", "whitespace"),
        (sample.ASAAS_KEY, "production", "other_gateway"),
        ("", "production", "missing"),
        ("what?", "production", "unknown_format"),
    ],
)
def test_reviews_a_token_without_a_call(token: str, environment: str, code: str | None) -> None:
    notices = MercadoPagoGateway.review_credentials(
        Secrets({"access_token": token}), Environment(environment)
    )
    assert [notice.code for notice in notices] == ([code] if code else [])
    assert not [notice for notice in notices if token and token in notice.text]


@pytest.mark.parametrize(("code", "name"), [("public_key", "Public Key"), ("client_secret", "Client Secret")])
def test_names_the_credential_that_is_in_the_wrong_box(code: str, name: str) -> None:
    wrong = {"public_key": "APP_USR-7f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e10", "client_secret": "5Fq2ZkV0b9" * 3}
    (notice,) = MercadoPagoGateway.review_credentials(
        Secrets({"access_token": wrong[code]}), Environment.PRODUCTION
    )
    assert name in notice.text


def test_tells_a_test_account_by_its_tag(mercado: Any) -> None:
    add(mercado, "GET", "/users/me", "user")
    found = gateway(environment=Environment.PRODUCTION).check_credentials()
    assert (found.account_id, found.name, found.site) == ("1402558877", "TESTUSER140255", "MLB")
    assert (found.environment, found.currency, found.time_zone) == (
        Environment.SANDBOX,
        "BRL",
        "America/Sao_Paulo",
    )
    assert found.notices == ()


def test_tells_a_real_account_by_the_missing_tag(mercado: Any) -> None:
    add(mercado, "GET", "/users/me", sample.body("mercadopago", "user", tags=["normal"]))
    assert gateway().check_credentials().environment is Environment.PRODUCTION


def test_an_old_test_token_is_a_sandbox(mercado: Any) -> None:
    add(mercado, "GET", "/users/me", sample.body("mercadopago", "user", tags=None))
    token = Secrets({"access_token": sample.MP_TOKEN.replace("APP_USR", "TEST")})
    assert gateway(credentials=token).check_credentials().environment is Environment.SANDBOX


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"status": {"site_status": "deactive"}}, "account_not_approved"), ({"site_id": "XXX"}, "site_unknown")],
)
def test_warns_of_what_will_go_wrong(mercado: Any, changes: dict[str, Any], code: str) -> None:
    add(mercado, "GET", "/users/me", sample.body("mercadopago", "user", **changes))
    assert [notice.code for notice in gateway().check_credentials().notices] == [code]


@pytest.mark.parametrize(("status", "content"), [(401, "error_no_bearer"), (403, None), (401, None)])
def test_refuses_a_token_mercado_pago_refuses(mercado: Any, status: int, content: str | None) -> None:
    add(mercado, "GET", "/users/me", content, status=status)
    with pytest.raises(CredentialsRefused) as caught:
        gateway().check_credentials()
    assert caught.value.text


def test_prepares_the_bytes_of_a_pix_payment() -> None:
    call = gateway().prepare_charge(sample.order())
    assert call.body == (
        '{"transaction_amount":150.00,"payment_method_id":"pix","description":"Pedido 1007",'
        '"external_reference":"chg-1007",'
        '"notification_url":"https://pay.example.com/webhooks/7f3c/?source_news=webhooks",'
        '"date_of_expiration":"2026-09-05T23:59:59.000-03:00","payer":{"email":"ana@example.com",'
        '"first_name":"Ana","last_name":"Lima Souza","identification":{"type":"CPF","number":"12345678909"}}}'
    )
    assert (call.kind, call.path) == (ResourceKind.PAYMENT, "/v1/payments")
    assert "ana@" not in repr(call)


@pytest.mark.parametrize("hosted", [False, True])
def test_the_same_order_gives_the_same_bytes_at_any_time(hosted: bool) -> None:
    later = gateway(now=lambda: sample.NOW + timedelta(days=2))
    order = sample.order(hosted=hosted)
    assert gateway().prepare_charge(order) == later.prepare_charge(order)


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        (datetime(2026, 9, 3, 1, 2, 3, 456789, tzinfo=UTC), "2026-09-02T22:02:03.456-03:00"),
        (sample.NOW, "2026-09-02T09:40:00.000-03:00"),
        (sample.NOW + timedelta(days=90), "2026-10-02T08:50:00.000-03:00"),
    ],
)
def test_keeps_the_expiry_inside_what_pix_allows(wanted: datetime, written: str) -> None:
    body = prepared(expires_at=wanted)
    assert body["date_of_expiration"] == written
    left = datetime.fromisoformat(written) - sample.NOW
    assert orders.SHORTEST < left < orders.LONGEST


def test_a_hosted_page_may_live_longer_than_a_pix_code() -> None:
    body = prepared(hosted=True, due_date=date(2026, 12, 1))
    assert body["expiration_date_to"] == "2026-12-01T23:59:59.000-03:00"


def test_prepares_a_hosted_page_that_offers_only_pix() -> None:
    body = prepared(hosted=True)
    assert body["items"] == [
        {
            "id": "chg-1007",
            "title": "Pedido 1007",
            "quantity": 1,
            "currency_id": "BRL",
            "unit_price": Decimal("150.00"),
        }
    ]
    assert {item["id"] for item in body["payment_methods"]["excluded_payment_types"]} == {
        "credit_card",
        "debit_card",
        "prepaid_card",
        "ticket",
        "digital_currency",
    }
    assert (body["expires"], body["external_reference"]) == (True, "chg-1007")
    assert body["notification_url"] == "https://pay.example.com/webhooks/7f3c/?source_news=webhooks"


@pytest.mark.parametrize("url", ["", "http://pay.example.com/r", "ftp://x", "/r"])
def test_offers_no_way_back_that_would_fail_the_preference(url: str) -> None:
    body = prepared(hosted=True, return_url=url)
    assert not {"back_urls", "auto_return"} & body.keys()


def test_offers_the_way_back_over_https() -> None:
    body = prepared(hosted=True, return_url="https://pay.example.com/r")
    assert body["back_urls"] == dict.fromkeys(("success", "pending", "failure"), "https://pay.example.com/r")
    assert body["auto_return"] == "approved"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/w/", "https://a.example/w/?source_news=webhooks"),
        ("https://a.example/w/?x=1", "https://a.example/w/?x=1&source_news=webhooks"),
        ("https://a.example/w/?source_news=webhooks", "https://a.example/w/?source_news=webhooks"),
        ("http://127.0.0.1:8000/w/", "http://127.0.0.1:8000/w/?source_news=webhooks"),
        ("http://localhost/w/", "http://localhost/w/?source_news=webhooks"),
        ("http://[::1]:8000/w/", "http://[::1]:8000/w/?source_news=webhooks"),
        ("http://a.example/w/", ""),
        ("http://127.0.0.1.evil.example/w/", ""),
        ("http://localhost.evil.example/w/", ""),
        ("", ""),
        (f"https://a.example/{'w' * 250}", ""),
    ],
)
def test_gives_only_addresses_mercado_pago_takes(url: str, expected: str) -> None:
    assert orders.notification_url(url) == expected
    assert prepared(notification_url=url).get("notification_url", "") == expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"method": Method.BOLETO}, "address"),
        ({"customer": sample.customer(email="")}, "email"),
        ({"currency": "CLP", "amount_cents": 150050}, "amount"),
    ],
)
def test_refuses_an_order_it_cannot_prepare(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().prepare_charge(sample.order(**changes))
    assert caught.value.field == field


def test_writes_whole_units_where_a_currency_has_no_cents() -> None:
    call = gateway().prepare_charge(sample.order(currency="CLP", amount_cents=150000))
    assert '"transaction_amount":1500,' in call.body


def test_a_hosted_page_needs_no_email() -> None:
    body = prepared(hosted=True, customer=sample.customer(email="", document="", name="Ana"))
    assert body["payer"] == {"name": "Ana"}
