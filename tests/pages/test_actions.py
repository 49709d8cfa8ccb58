"""The buttons of a charge's page: what they ask of the gateway, and what they say afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import responses
from django.test import Client

from payments.models import Charge, Payment

API = "https://api-sandbox.asaas.com/v3"


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def press(client: Client, charge: Charge, action: str) -> str:
    """The page the button leads to."""
    address = f"{charge.get_absolute_url()}{action}/"
    answer = client.post(address, follow=True, headers={"accept-language": "en"})
    assert answer.redirect_chain == [(charge.get_absolute_url(), 302)]
    return unescape(answer.content.decode())


def at_asaas(payment: Payment, status: str) -> dict[str, Any]:
    return {
        "object": "payment",
        "id": payment.gateway_id,
        "status": status,
        "value": payment.amount_cents / 100,
        "netValue": payment.amount_cents / 100 - 1.99,
        "billingType": "PIX",
        "clientPaymentDate": "2026-11-21" if status == "RECEIVED" else None,
        "externalReference": payment.reference,
        "deleted": False,
    }


@pytest.mark.parametrize(
    ("action", "call", "word", "status", "said"),
    [
        ("simulate-payment", "confirm", "RECEIVED", "paid", "The sandbox has paid this charge."),
        ("simulate-overdue", "overdue", "OVERDUE", "overdue", "The sandbox has made this charge overdue."),
    ],
)
def test_sandbox_acts_and_the_page_shows_it_at_once(
    operator: Client,
    charges: dict[str, Charge],
    gateway: responses.RequestsMock,
    action: str,
    call: str,
    word: str,
    status: str,
    said: str,
) -> None:
    payment = charges["pending"].payments.get()
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/{call}", json=at_asaas(payment, word))
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, word))
    page = press(operator, charges["pending"], action)
    assert said in page and f'data-status="{status}"' in page


def test_says_the_gateways_own_words_when_it_will_not(
    operator: Client, charges: dict[str, Charge], gateway: responses.RequestsMock
) -> None:
    payment = charges["pending"].payments.get()
    words = "A cobrança não pode ser confirmada."
    refusal = {"errors": [{"code": "invalid_action", "description": words}]}
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/confirm", json=refusal, status=400)
    page = press(operator, charges["pending"], "simulate-payment")
    assert words in page and 'class="notice error" role="alert"' in page
    assert 'data-status="pending"' in page


@pytest.mark.parametrize("name", ["checkout", "card", "paid"])
def test_asks_nothing_where_nothing_can_be_simulated(
    operator: Client, charges: dict[str, Charge], gateway: responses.RequestsMock, name: str
) -> None:
    page = press(operator, charges[name], "simulate-payment")
    assert 'role="alert"' in page and len(gateway.calls) == 0


@pytest.mark.parametrize("action", ["simulate-payment", "simulate-overdue"])
def test_needs_the_forms_token(people: Any, charges: dict[str, Charge], action: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people[1])
    assert client.post(f"{charges['pending'].get_absolute_url()}{action}/").status_code == 403
