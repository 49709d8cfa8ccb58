from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from config import clock
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
