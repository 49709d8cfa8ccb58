from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from config import clock
from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.base import Method
from connections.models import Connection
from tests import factories

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def connection(people: object) -> Connection:
    return factories.make_connection(name="Loja Centro")


def typed(connection: Connection, **values: str) -> dict[str, str]:
    due = clock.today("America/Sao_Paulo") + timedelta(days=3)
    good = {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "150,00",
        "description": "Pedido 77",
        "due_date": due.isoformat(),
    }
    return {**good, **values}


def test_shows_gateway_and_environment_of_the_account(operator: Client, connection: Connection) -> None:
    page = operator.get("/charges/new/").content.decode()
    assert "Loja Centro · Asaas · sandbox" in page and 'value="pix" checked' in page


@pytest.mark.parametrize(
    "field, value, sentence",
    [
        ("document", "111.111.111-11", "Isto não é um CPF nem um CNPJ: confira os dígitos."),
        ("amount", "1,00", "Asaas aceita cobranças a partir de R$\u00a05,00."),
        ("amount", "dez", "Digite um valor como 150,00."),
        ("due_date", "2020-01-01", "O vencimento já passou: escolha hoje ou um dia depois."),
        ("phone", "123", "Digite o telefone com DDD"),
    ],
)
def test_says_at_the_field_what_to_do(
    operator: Client, connection: Connection, field: str, value: str, sentence: str
) -> None:
    answer = operator.post("/charges/new/", typed(connection, **{field: value}))
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert sentence in page and f'id="error-{field}"' in page and f'href="#id_{field}"' in page
    assert f'aria-describedby="error-{field}"' in page


def test_keeps_what_was_typed_and_the_submission(operator: Client, connection: Connection) -> None:
    values = typed(connection, document="1", name="Zé & Cia", description=HOSTILE)
    page = operator.post("/charges/new/", values).content.decode()
    assert HOSTILE not in page
    fields = dict(re.findall(r'<input[^>]*?name="(\w+)"[^>]*?value="([^"]*)"', page))
    for name in ("submission", "name", "email", "amount", "description", "due_date"):
        assert unescape(fields[name]) == values[name], name


def test_without_an_account_there_is_no_form(operator: Client) -> None:
    page = operator.get("/charges/new/").content.decode()
    assert 'name="amount"' not in page and "Primeiro, conecte uma conta" in page


def in_english(operator: Client, values: dict[str, str] | None = None) -> str:
    """The empty form, or what comes back for these values."""
    english = {"accept-language": "en"}
    if values is None:
        return unescape(operator.get("/charges/new/", headers=english).content.decode())
    return unescape(operator.post("/charges/new/", values, headers=english).content.decode())


def test_offers_every_way_in_words(operator: Client, connection: Connection) -> None:
    page = in_english(operator)
    assert 'value="pix" checked' in page
    assert all(f'value="{method}"' in page for method in ("boleto", "card", "any"))
    assert "Paid on the gateway's own page" in page
    assert re.search(r'<option value="\d+"[^>]*data-methods="any boleto card pix"', page)


def test_keeps_the_way_of_paying_that_was_chosen(operator: Client, connection: Connection) -> None:
    page = in_english(operator, typed(connection, method="card", amount="x"))
    assert 'value="card" checked' in page and 'value="pix" checked' not in page


def test_says_at_the_cards_what_the_account_does_not_take(
    operator: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = replace(AsaasGateway.capabilities, methods=frozenset({Method.PIX}))
    monkeypatch.setattr(AsaasGateway, "capabilities", can)
    answer = in_english(operator, typed(connection, method="card"))
    assert "Loja Centro does not take this: choose another way of paying or another account." in answer
    assert 'id="error-method"' in answer and 'data-methods="pix"' in answer
    assert re.search(r'value="card" checked aria-invalid="true" aria-describedby="error-method"', answer)


@pytest.mark.parametrize(("environment", "is_hidden"), [("sandbox", False), ("production", True)])
def test_ribbon_says_that_the_chosen_account_is_for_tests(
    operator: Client, connection: Connection, environment: str, is_hidden: bool
) -> None:
    Connection.objects.update(environment=environment)
    ribbon = re.search(r'<p class="ribbon" id="sandbox-ribbon"( hidden)?>', in_english(operator))
    assert ribbon and bool(ribbon[1]) is is_hidden


def test_ribbon_follows_the_account_that_was_chosen(operator: Client, connection: Connection) -> None:
    real = factories.make_connection(name="A real one", environment="production")
    page = in_english(operator, typed(real, amount="x"))
    assert 'id="sandbox-ribbon" hidden' in page
    page = in_english(operator, typed(connection, amount="x"))
    assert 'id="sandbox-ribbon">' in page


def test_terms_are_folded_until_somebody_types_there(operator: Client, connection: Connection) -> None:
    assert re.search(r'<details class="card folded" id="terms">', in_english(operator))
    kept = {"discount": "7,00", "discount_days": "2", "fine": "2", "interest": "1,5"}
    page = in_english(operator, typed(connection, amount="x", **kept))
    assert '<details class="card folded" id="terms" open>' in page
    for name, value in kept.items():
        assert re.search(f'name="{name}" value="{re.escape(value)}"', page), name


def test_says_that_a_gateway_takes_no_terms(operator: Client, people: object) -> None:
    mercado = factories.make_connection(gateway="mercadopago", name="Loja Online")
    assert 'id="terms"' not in in_english(operator)
    page = in_english(operator, typed(mercado, fine="2"))
    assert "Mercado Pago takes no discount, fine or interest: leave this empty." in page
    assert 'id="error-fine"' in page and 'value="2"' in page
