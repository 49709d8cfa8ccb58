from __future__ import annotations

import gzip
import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from payments.models import Charge
from tests import factories
from tests.pages import sample


def read(charge: Charge, **headers: str) -> str:
    answer = Client().get(f"/pay/{charge.pay_token}/", headers=headers)
    assert answer.status_code == 200 and not answer.cookies
    return unescape(answer.content.decode())


def test_shows_amount_payee_code_and_due_date(charges: dict[str, Charge]) -> None:
    page = read(charges["pending"])
    assert f'data-pix-text="{sample.PIX_TEXT}"' in page and 'data-status="pending"' in page
    assert "R$\u00a0150,00" in page and "Padaria Aurora Ltda" in page and "<svg" in page
    assert f'data-live-url="/pay/{charges["pending"].pay_token}/state/"' in page


def test_paid_page_is_a_receipt_without_code(charges: dict[str, Charge]) -> None:
    page = read(charges["paid"])
    assert "data-pix-text" not in page and "data-live-url" not in page and "data-print" in page
    assert charges["paid"].reference in page and charges["paid"].payments.get().gateway_id in page


def test_checkout_button_names_where_it_leads(charges: dict[str, Charge]) -> None:
    page = read(charges["checkout"])
    assert 'data-checkout-link="https://checkout.example.com/pay/9f2c"' in page
    assert 'rel="noreferrer"' in page and "Pagar com Mercado Pago" in page


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("confirming", "Esta cobrança está sendo preparada."),
        ("overdue", "O vencimento já passou, mas você ainda pode pagar."),
        ("cancelled", "Esta cobrança foi cancelada. Não há nada a pagar."),
        ("failed", "Esta cobrança não é válida. Peça um novo link."),
        ("refunded", "O seu pagamento foi devolvido."),
        ("review", "O seu pagamento foi recebido e está sendo conferido."),
    ],
)
def test_says_every_state_in_friendly_words(charges: dict[str, Charge], name: str, sentence: str) -> None:
    page = read(charges[name])
    assert sentence in page
    assert ("data-pix-text" in page) == (name == "overdue")


@pytest.mark.parametrize("name", list(("pending", "paid", "refunded", "failed", "review")))
def test_shows_no_document_and_no_failure(charges: dict[str, Charge], name: str) -> None:
    page = read(charges[name])
    customer = charges[name].customer
    for private in (customer.document, customer.document[-4:], customer.email, "Invalid user"):
        assert private not in page


def test_is_private(charges: dict[str, Charge]) -> None:
    answer = Client().get(f"/pay/{charges['pending'].pay_token}/")
    assert "noindex" in answer["X-Robots-Tag"] and answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"] and 'name="robots"' in answer.content.decode()


def test_works_without_script(charges: dict[str, Charge]) -> None:
    page = read(charges["pending"])
    assert "<noscript>" in page and re.search(r"<textarea[^>]*readonly", page)


def test_weighs_at_most_50_kilobytes_in_three_requests(charges: dict[str, Charge]) -> None:
    html = read(charges["pending"])
    files = re.findall(r'(?:src|href)="/static/backoffice/([a-z]+)(?:\.[0-9a-f]+)?\.(css|js)"', html)
    static = Path(settings.BASE_DIR) / "static" / "backoffice"
    bodies = [html.encode(), *((static / f"{name}.{kind}").read_bytes() for name, kind in files)]
    assert len(bodies) <= 3
    assert sum(map(len, bodies)) <= 50_000, [len(body) for body in bodies]
    assert sum(len(gzip.compress(body)) for body in bodies) <= 20_000


def test_reads_in_the_customers_language(charges: dict[str, Charge]) -> None:
    assert "Copy the PIX code" in read(charges["pending"], **{"accept-language": "en"})
    assert "Copiar código PIX" in read(charges["pending"], **{"accept-language": "pt-BR"})


def test_escapes_hostile_texts(db: None) -> None:
    hostile = '"><script>alert(1)</script>'
    connection = factories.make_connection(account_name=hostile)
    charge = factories.make_charge(connection, description=hostile, pix_text=hostile)
    assert hostile not in Client().get(f"/pay/{charge.pay_token}/").content.decode()
