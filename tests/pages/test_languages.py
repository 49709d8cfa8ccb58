"""In which language the customer reads the page to pay, and what is sent to them."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from config import clock
from payments import presentation
from payments.models import Charge, Customer
from payments.services.customers import save_customer
from tests import factories
from tests.pages import sample

HEADINGS = {"pt-br": "Copiar código PIX", "en": "Copy the PIX code", "es": "Copiar el código PIX"}


def look(charge: Charge, query: str = "", accepts: str = "") -> str:
    headers = {"accept-language": accepts} if accepts else {}
    answer = Client().get(f"/pay/{charge.pay_token}/{query}", headers=headers)
    assert answer.status_code == 200 and not answer.cookies
    page = unescape(answer.content.decode())
    language = answer["Content-Language"]
    assert f'<html lang="{language}">' in page and HEADINGS[language] in page
    return str(language)


def charged(currency: str = "BRL", **customer: Any) -> Charge:
    connection = factories.make_connection(gateway="mercadopago", currency=currency)
    person = factories.make_customer(**customer)
    return factories.make_charge(connection, customer=person, currency=currency, pix_text=sample.PIX_TEXT)


@pytest.mark.parametrize(
    ("currency", "own", "accepts", "query", "expected"),
    [
        ("BRL", "", "", "", "pt-br"),
        ("BRL", "", "en", "", "pt-br"),
        ("ARS", "", "pt-BR", "", "es"),
        ("CLP", "", "", "", "es"),
        ("BRL", "es", "en", "", "es"),
        ("ARS", "en", "", "", "en"),
        ("ARS", "tlh", "", "", "es"),
        ("XXX", "", "es-AR,es;q=0.9", "", "es"),
        ("XXX", "", "fr", "", "pt-br"),
        ("BRL", "es", "es", "?lang=en", "en"),
        ("BRL", "", "", "?lang=pt", "pt-br"),
        ("BRL", "", "", "?lang=es-AR", "es"),
        ("BRL", "", "", "?lang=fr", "pt-br"),
        ("BRL", "", "", "?lang=%3Cscript%3E", "pt-br"),
        ("BRL", "", "", "?lang=" + "e" * 900, "pt-br"),
    ],
)
def test_address_then_customer_then_country_then_browser(
    db: None, currency: str, own: str, accepts: str, query: str, expected: str
) -> None:
    assert look(charged(currency, language=own), query, accepts) == expected


def test_links_lead_to_every_language_and_keep_no_cookie(charges: dict[str, Charge]) -> None:
    page = Client().get(f"/pay/{charges['pending'].pay_token}/").content.decode()
    for code, name in (("pt-br", "Português (Brasil)"), ("en", "English"), ("es", "Español")):
        assert f'href="?lang={code}" lang="{code}"' in page and f">{name}</a>" in page
        assert look(charges["pending"], f"?lang={code}") == code
    assert page.count('aria-current="true"') == 1


def test_choice_goes_along_with_the_form(charges: dict[str, Charge]) -> None:
    charge = charges["pending"]
    Charge.objects.filter(pk=charge.pk).update(pix_expires_at=clock.now() - timedelta(minutes=1))
    page = Client().get(f"/pay/{charge.pay_token}/?lang=es").content.decode()
    assert f'action="/pay/{charge.pay_token}/code/?lang=es"' in page
    Charge.objects.filter(pk=charge.pk).update(status="cancelled")
    said = {"Sec-Fetch-Site": "same-origin"}
    answer = Client().post(f"/pay/{charge.pay_token}/code/?lang=es", headers=said)
    assert (answer.status_code, answer["Location"]) == (303, f"/pay/{charge.pay_token}/?lang=es")


def test_amounts_and_dates_are_those_of_the_language(db: None) -> None:
    charge = charged()
    Charge.objects.filter(pk=charge.pk).update(amount_cents=123_456)
    for query, amount in (
        ("?lang=pt", "R$\u00a01.234,56"),
        ("?lang=en", "R$\u00a01,234.56"),
        ("?lang=es", "R$\u00a01.234,56"),
    ):
        assert amount in unescape(Client().get(f"/pay/{charge.pay_token}/{query}").content.decode())


@pytest.mark.parametrize(
    ("currency", "own", "hello"), [("BRL", "", "Olá"), ("ARS", "", "¡Hola"), ("ARS", "en", "Hello")]
)
def test_message_is_in_the_customers_language_whoever_sends_it(
    db: None, currency: str, own: str, hello: str
) -> None:
    charge = charged(currency, language=own)
    with translation.override("en"):
        ready = presentation.sending(charge, code="")
        assert ready and ready.message.startswith(hello) and translation.get_language() == "en"


def test_a_blank_choice_keeps_the_language_that_was_given(db: None) -> None:
    person = {"name": "Ana", "document_type": "CPF", "document": "52998224725"}
    save_customer(**person, email="a@example.com", phone="", language="es")
    assert save_customer(**person, email="a@example.com", phone="").language == "es"
    assert Customer.objects.get().language_name == "Español"
