from __future__ import annotations

import gzip
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from config import clock
from payments.models import Charge, ReviewReason
from tests import factories
from tests.pages import sample


def read(charge: Charge, language: str = "") -> str:
    answer = Client().get(f"/pay/{charge.pay_token}/", {"lang": language} if language else {})
    assert answer.status_code == 200 and not answer.cookies
    return unescape(answer.content.decode())


def test_shows_amount_payee_code_and_due_date(charges: dict[str, Charge]) -> None:
    page = read(charges["pending"])
    assert f'data-pix-text="{sample.PIX_TEXT}"' in page and 'data-status="waiting"' in page
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


def test_escapes_hostile_texts(db: None) -> None:
    hostile = '"><script>alert(1)</script>'
    connection = factories.make_connection(account_name=hostile)
    charge = factories.make_charge(connection, description=hostile, pix_text=hostile)
    assert hostile not in Client().get(f"/pay/{charge.pay_token}/").content.decode()


def set_to(charge: Charge, **values: object) -> Charge:
    Charge.objects.filter(pk=charge.pk).update(**values)
    charge.refresh_from_db()
    return charge


def state(charge: Charge) -> dict[str, str]:
    return dict(Client().get(f"/pay/{charge.pay_token}/state/").json())


def test_expired_code_is_not_shown(charges: dict[str, Charge]) -> None:
    charge = set_to(charges["pending"], pix_expires_at=clock.now() + timedelta(hours=1))
    assert "data-pix-text" in read(charge)
    before = state(charge)
    set_to(charge, pix_expires_at=clock.now())
    page = read(charge, "en")
    assert "The code has expired. Get a new one." in page and "/code/" in page
    assert sample.PIX_TEXT not in page and "<textarea" not in page and 'data-status="renewable"' in page
    assert state(charge)["status"] == "renewable" and state(charge)["mark"] != before["mark"]
    assert "data-live-url" in page, "money sent in the last second still turns it into a receipt"


def test_code_that_cannot_be_renewed_sends_to_the_shop(charges: dict[str, Charge]) -> None:
    charge = set_to(charges["pending"], pix_expires_at=clock.now())
    charge.payments.update(status="")
    page = read(charge, "en")
    assert "The code has expired. Ask for a new link." in page and "/code/" not in page
    assert 'data-status="closed"' in page and "data-live-url" in page


@pytest.mark.parametrize("received", [0, 15_000])
@pytest.mark.parametrize("reason", [item for item in ReviewReason if item not in ("", "pix_code")])
def test_never_asks_to_pay_what_is_under_review(
    charges: dict[str, Charge], reason: str, received: int
) -> None:
    charge = set_to(charges["pending"], review_reason=reason, received_cents=received)
    page = read(charge, "en")
    assert 'data-status="checking"' in page and "<textarea" not in page and sample.PIX_TEXT not in page
    assert ("Your payment was received" in page) == bool(received)
    assert ("You do not have to pay anything now" in page) != bool(received)


def test_checkout_link_stays_when_only_the_code_is_wrong(charges: dict[str, Charge]) -> None:
    assert "data-checkout-link" in read(set_to(charges["checkout"], review_reason="pix_code"))


@pytest.mark.parametrize(
    "name, shape",
    [
        ("pending", "waiting"),
        ("overdue", "waiting"),
        ("confirming", "preparing"),
        ("review", "checking"),
        ("paid", "paid"),
        ("refunded", "refunded"),
        ("cancelled", "closed"),
        ("failed", "closed"),
    ],
)
def test_tells_only_its_own_words(charges: dict[str, Charge], name: str, shape: str) -> None:
    charge = charges[name]
    page, told = read(charge), state(charge)
    assert f'data-status="{shape}" data-mark="{told["mark"]}"' in page
    assert told["status"] == shape and re.fullmatch("[0-9a-f]{16}", told["mark"])


@pytest.mark.parametrize("hidden", ["charged_back", "partially_refunded", "disputed"])
def test_does_not_name_our_status(charges: dict[str, Charge], hidden: str) -> None:
    assert hidden not in read(set_to(charges["paid"], status=hidden))


def test_mark_changes_with_the_look_alone(charges: dict[str, Charge]) -> None:
    charge = charges["pending"]
    before = state(charge)["mark"]
    assert state(set_to(charge, revision=7))["mark"] == before
    assert state(set_to(charge, pix_text=""))["mark"] != before


def test_never_shows_the_teams_own_name_of_an_account(db: None) -> None:
    connection = factories.make_connection(account_name="", name="Conta reserva da Júlia")
    page = read(factories.make_charge(connection), "en")
    assert "Conta reserva" not in page and "the business that sent you this link" in page
