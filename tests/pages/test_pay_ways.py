"""What the customer's page says of cards, terms and dead codes."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from config import clock
from payments.models import Charge
from tests import factories
from tests.pages import sample


def read(charge: Charge, language: str = "en") -> str:
    answer = Client().get(f"/pay/{charge.pay_token}/", {"lang": language})
    assert answer.status_code == 200 and not answer.cookies
    return unescape(answer.content.decode())


def mark(charge: Charge) -> str:
    return str(Client().get(f"/pay/{charge.pay_token}/state/").json()["mark"])


def set_to(charge: Charge, **values: Any) -> Charge:
    Charge.objects.filter(pk=charge.pk).update(**values)
    charge.refresh_from_db()
    return charge


def test_card_button_names_where_it_leads(charges: dict[str, Charge]) -> None:
    page = read(charges["card"])
    assert "Pay by card at Mercado Pago" in page and "we never see its number" in page
    assert f'href="{charges["card"].link}" rel="noreferrer"' in page


def test_refused_card_may_be_tried_again(charges: dict[str, Charge]) -> None:
    page = read(charges["card"])
    assert "data-refused" in page and "The card was refused and nothing was charged." in page
    assert "insufficient" not in page and "limit or balance" not in page


@pytest.mark.parametrize("later", ["pending", "authorized", "paid"])
def test_refusal_is_forgotten_once_another_attempt_runs(charges: dict[str, Charge], later: str) -> None:
    before = mark(charges["card"])
    factories.make_payment(charges["card"], later)
    assert "data-refused" not in read(charges["card"])
    assert mark(charges["card"]) != before


def test_card_without_a_page_yet_promises_no_code(charges: dict[str, Charge]) -> None:
    page = read(set_to(charges["card"], link=""))
    assert "The page to pay is being prepared." in page and "code" not in page.split("pay-state")[1][:120]


def test_receipt_after_coming_back(charges: dict[str, Charge]) -> None:
    charge, before = charges["card"], mark(charges["card"])
    now = clock.now()
    factories.make_payment(charge, "paid", gateway_id="1330000009", paid_at=now)
    set_to(charge, status="paid", received_cents=charge.amount_cents, paid_at=now)
    page = read(charge)
    assert 'data-status="paid"' in page and "1330000009" in page and "data-checkout-link" not in page
    assert mark(charge) != before


def test_paid_twice_asks_for_nothing_and_tells_nobody(charges: dict[str, Charge]) -> None:
    page = read(charges["double"])
    assert 'data-status="checking"' in page and "Your payment was received" in page
    assert "twice" not in page and "more than once" not in page


def test_terms_are_said_in_plain_words(charges: dict[str, Charge]) -> None:
    page = read(charges["pending"])
    assert "R$\u00a0145.00 until" in page and "with R$\u00a05.00 off." in page
    assert "After the due date: a fine of R$\u00a03.00, and interest of 1% a month." in page


def test_a_discount_that_is_over_is_not_promised(charges: dict[str, Charge]) -> None:
    charge = charges["pending"]
    before = mark(charge)
    today = clock.today(charge.connection.time_zone)
    charge.terms.update(discount_until=today)
    assert " off." in read(charge) and mark(charge) == before
    charge.terms.update(discount_until=today - timedelta(days=1))
    assert " off." not in read(charge) and "After the due date" in read(charge)
    assert mark(charge) != before


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fine_cents": 200}, "After the due date: a fine of R$\u00a02.00."),
        ({"interest_bp": 100}, "After the due date: interest of 1% a month."),
        ({"interest_bp": 33}, "After the due date: interest of 0.33% a month."),
        ({"interest_bp": 250}, "After the due date: interest of 2.5% a month."),
    ],
)
def test_says_only_what_is_owed(charges: dict[str, Charge], values: dict[str, int], words: str) -> None:
    sample.give_terms(charges["checkout"], **values)
    assert words in read(charges["checkout"])


def test_new_terms_change_the_page(charges: dict[str, Charge]) -> None:
    before = mark(charges["checkout"])
    sample.give_terms(charges["checkout"], fine_cents=200)
    assert mark(charges["checkout"]) != before


@pytest.mark.parametrize("name", ["paid", "refunded", "cancelled", "double", "confirming"])
def test_says_nothing_of_terms_when_there_is_nothing_to_pay(charges: dict[str, Charge], name: str) -> None:
    sample.give_terms(charges[name], discount_cents=100, fine_cents=200)
    page = read(charges[name])
    assert "After the due date" not in page and " off." not in page


def test_mark_is_the_same_in_every_language(charges: dict[str, Charge]) -> None:
    for charge in charges.values():
        marks = {read(charge, language).split('data-mark="')[1][:16] for language in ("en", "pt-br", "es")}
        assert len(marks) == 1, charge.description


def test_the_way_back_from_the_gateway_proves_nothing(charges: dict[str, Charge]) -> None:
    """Anybody can type what the gateway adds to the address (mercadopago.md 2.4)."""
    charge = charges["card"]
    said = {"collection_status": "approved", "payment_id": "1330000007", "status": "approved"}
    answer = Client().get(f"/pay/{charge.pay_token}/", said)
    charge.refresh_from_db()
    assert charge.status == "pending" and 'data-status="waiting"' in answer.content.decode()
    assert "1330000007" not in answer.content.decode()


def test_boleto_is_shown_as_on_paper(charges: dict[str, Charge]) -> None:
    charge = set_to(
        charges["pending"],
        method="boleto",
        pix_text="",
        boleto_line="23793381286008200000506000063307789840000015000",
        boleto_barcode="23797898400000150003381260082000000600006330",
        boleto_url="https://example.com/boleto.pdf",
    )
    page = read(charge)
    assert "23793.38128 60082.000005 06000.063307 7 89840000015000" in page
    assert 'data-boleto-line="23793381286008200000506000063307789840000015000"' in page
    assert '<a class="button" href="https://example.com/boleto.pdf" rel="noreferrer"' in page
    assert "one to three business days" in page and "style=" not in page


def test_boleto_without_its_digits_yet_leads_to_the_gateway(charges: dict[str, Charge]) -> None:
    page = read(set_to(charges["pending"], method="boleto", pix_text="", link="https://example.com/i/1"))
    assert "data-boleto-line" not in page and 'data-checkout-link="https://example.com/i/1"' in page
