"""What is answered before anything else looks at a request: monitors, and characters no text has."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

FOREIGN = {"host": "10.20.30.40"}


@pytest.fixture
def public(settings: Any) -> Any:
    """As with PUBLIC_URL=https://..., behind no proxy."""
    settings.SECURE_SSL_REDIRECT = True
    return settings


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_monitor_may_ask_by_number_and_over_http(public: Any, address: str) -> None:
    answer = Client().get(address, headers=FOREIGN)
    assert answer.status_code == 200 and answer.json() == {"status": "ok"}


@pytest.mark.parametrize("address", ["/healthz/x", "/login/"])
def test_nothing_else_is_answered_to_a_foreign_name(settings: Any, address: str) -> None:
    assert Client().get(address, headers=FOREIGN).status_code == 400


def test_pages_still_move_to_https(public: Any) -> None:
    answer = Client().get("/login/")
    assert answer.status_code == 301 and answer["Location"].startswith("https://")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/pay/%00/",
        "/pay/x%00/state/",
        "/charges/?q=%00",
        "/charges/?q=a%25%00",
        "/charges/%00/",
        "/api/v1/charges/%00/",
        "/webhooks/%00/",
        "/admin/payments/charge/?status__exact=%00",
    ],
)
def test_address_with_nul_is_refused_with_a_page(admin_client: Client, address: str) -> None:
    answer = admin_client.get(address)
    assert answer.status_code == 400 and "400" in answer.content.decode()
    assert "Content-Security-Policy" in answer


@pytest.mark.django_db
def test_form_with_nul_is_refused(client: Client) -> None:
    assert client.post("/login/", {"username": "a\0", "password": "b"}).status_code == 400
    assert client.post("/login/", {"a\0": "b"}).status_code == 400
    assert client.post("/webhooks/%00/", b"{}", content_type="application/json").status_code == 400


@pytest.mark.django_db
def test_cookie_with_nul_is_refused(client: Client) -> None:
    client.cookies["sessionid"] = "\0" * 32
    assert client.get("/charges/").status_code == 400


@pytest.mark.django_db
def test_percent_sign_is_an_ordinary_character(admin_client: Client) -> None:
    assert admin_client.get("/charges/?q=%2500").status_code == 200
    assert admin_client.get("/charges/?q=100%25").status_code == 200
