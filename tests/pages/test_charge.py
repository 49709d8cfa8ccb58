from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from config import clock
from payments.models import Charge, TimelineEntry
from payments.presentation import live_mark
from tests import factories
from tests.pages import sample


def read(client: Client, charge: Charge, **headers: str) -> str:
    answer = client.get(charge.get_absolute_url(), headers=headers)
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


def test_expired_code_is_not_sent_but_the_link_to_a_new_one(
    operator: Client, charges: dict[str, Charge]
) -> None:
    charge = charges["pending"]
    before = live_mark(charge)
    charge.pix_expires_at = clock.now() - timedelta(seconds=1)
    charge.save()
    page = read(operator, charge)
    assert 'data-code="new"' in page and sample.PIX_TEXT not in page
    assert f'data-pay-link="{charge.pay_url}"' in page
    assert "preparando" not in page and live_mark(charge) != before


def test_expired_code_that_cannot_be_renewed_is_not_sent_at_all(
    operator: Client, charges: dict[str, Charge]
) -> None:
    charge = charges["pending"]
    Charge.objects.filter(pk=charge.pk).update(pix_expires_at=clock.now())
    charge.payments.update(status="")
    page = read(operator, charge)
    assert "data-code-expired" in page and "data-pay-link" not in page and sample.PIX_TEXT not in page


def test_review_promises_only_what_the_customers_page_keeps(
    operator: Client, charges: dict[str, Charge]
) -> None:
    promise = "não é cobrado de novo"
    assert promise in read(operator, charges["review"])
    Charge.objects.filter(pk=charges["review"].pk).update(review_reason="pix_code")
    assert promise not in read(operator, charges["review"])


OURS = "The gateway did not answer in time."


@pytest.mark.parametrize(
    "error, status",
    [(f"GatewayUnavailable {OURS}", None), (f"RateLimited 429 {OURS}", 429), (OURS, None)],
)
def test_exchange_error_is_said_in_the_readers_language(
    operator: Client, charges: dict[str, Charge], error: str, status: int | None
) -> None:
    told = {"method": "GET", "path": "/v3/payments", "error": error, "http_status": status}
    TimelineEntry.objects.create(
        charge=charges["pending"], at=clock.now(), kind="gateway", code="exchange", exchange=told
    )
    page = read(operator, charges["pending"])
    assert ours_in_portuguese() in page and OURS not in page
    assert "GatewayUnavailable" not in page and "RateLimited" not in page


def test_our_sentence_of_a_failure_is_translated(operator: Client, charges: dict[str, Charge]) -> None:
    charge = charges["failed"]
    Charge.objects.filter(pk=charge.pk).update(failure=OURS)
    data = {"before": "draft", "after": "failed", "failure": OURS}
    TimelineEntry.objects.create(charge=charge, at=clock.now(), kind="change", code="status", data=data)
    page = read(operator, charge)
    assert page.count(ours_in_portuguese()) == 2 and OURS not in page


def test_failure_without_words_says_nothing_foreign(operator: Client, charges: dict[str, Charge]) -> None:
    charge = charges["failed"]
    Charge.objects.filter(pk=charge.pk).update(failure="")
    data = {"before": "draft", "after": "failed", "failure": ""}
    TimelineEntry.objects.create(charge=charge, at=clock.now(), kind="change", code="status", data=data)
    assert "Project-Id-Version" not in read(operator, charge)


def ours_in_portuguese() -> str:
    with translation.override("pt-br"):
        return translation.gettext(OURS)
