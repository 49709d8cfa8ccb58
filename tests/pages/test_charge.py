from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from payments.models import Charge
from payments.presentation import live_mark
from tests import factories
from tests.pages import sample


def read(client: Client, charge: Charge) -> str:
    answer = client.get(charge.get_absolute_url())
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.mark.parametrize("name", ["pending", "confirming", "overdue"])
def test_open_charge_is_live(operator: Client, charges: dict[str, Charge], name: str) -> None:
    charge = charges[name]
    page = read(operator, charge)
    assert f'data-status="{charge.status}" data-mark="{live_mark(charge)}"' in page
    assert f'data-live-url="/api/v1/charges/{charge.reference}/"' in page


@pytest.mark.parametrize("name", ["paid", "cancelled", "failed", "refunded"])
def test_final_charge_rests(operator: Client, charges: dict[str, Charge], name: str) -> None:
    assert "data-live-url" not in read(operator, charges[name])


def test_offers_link_code_and_message_to_copy(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["pending"])
    assert f'data-pay-link="{charges["pending"].pay_url}"' in page
    assert sample.PIX_TEXT in page and "<svg" in page and "https://wa.me/5511987654321?text=" in page
    assert page.count("data-copied=") >= 4


def test_paid_charge_cannot_be_sent(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["paid"])
    assert "data-pay-link" not in page and "R$\u00a0148,01" in page and "RECEIVED" in page


def test_review_compares_asked_and_received(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["review"])
    assert 'data-review="amount"' in page and "data-pay-link" not in page
    assert "R$\u00a0250,00" in page and "R$\u00a0240,00" in page


def test_failure_shows_the_gateways_sentence_and_ours(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["failed"])
    assert "Invalid user identification number" in page and "Nada foi criado lá" in page


def test_confirming_says_what_it_waits_for(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["confirming"])
    assert "Mercado Pago" in page and "Não a crie de novo" in page


def test_masks_the_document(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["pending"])
    assert "52998224725" not in page and "••••••••725" in page


def test_story_opens_the_redacted_exchange(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["pending"])
    assert "carla criou a cobrança" in page and "<details" in page and '"billingType": "PIX"' in page
    assert '<time datetime="' in page


def test_escapes_hostile_texts(operator: Client) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    customer = factories.make_customer(name=hostile)
    charge = factories.make_charge(
        customer=customer, description=hostile, status="failed", failure=hostile, pix_text=sample.PIX_TEXT
    )
    assert hostile not in operator.get(charge.get_absolute_url()).content.decode()


def test_unknown_reference_is_not_found(operator: Client) -> None:
    assert operator.get("/charges/chg_unknown/").status_code == 404
