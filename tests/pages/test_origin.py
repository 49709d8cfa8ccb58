"""Which forms the customer's page believes to be its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from payments.public.origin import is_from_our_page

OURS = "https://cobranca.example.com"


def said(**headers: str) -> bool:
    request = RequestFactory().post("/pay/x/code/", headers=headers, HTTP_HOST="testserver")
    return is_from_our_page(request)


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = OURS


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": OURS},
        {"Origin": "http://testserver"},
        {"Origin": "null", "Referer": f"{OURS}/pay/x/"},
        {"Referer": f"{OURS}/pay/x/"},
    ],
)
def test_believes_its_own_page(headers: dict[str, str]) -> None:
    assert said(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": f"{OURS}.evil.example"},
        {"Origin": "http://cobranca.example.com"},
        {"Origin": f"{OURS}:8443"},
        {"Origin": "https://evil.example", "Referer": f"{OURS}/pay/x/"},
        {"Referer": "https://evil.example/?https://cobranca.example.com/"},
        {"Referer": "https://cobranca.example.com@evil.example/"},
        {"Referer": "http://["},
        {"Referer": "://"},
        {"Sec-Fetch-Site": "cross-site", "Origin": OURS},
        {"Sec-Fetch-Site": "same-site", "Origin": OURS, "Referer": f"{OURS}/"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""},
    ],
)
def test_refuses_everybody_elses(headers: dict[str, str]) -> None:
    assert not said(**headers)
