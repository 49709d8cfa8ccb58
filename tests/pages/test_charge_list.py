from __future__ import annotations

from django.test import Client

from payments.models import Charge
from tests import factories
from tests.pages import sample

HOSTILE = '<script>alert("x")</script>'


def test_shows_every_status_in_words(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/").content.decode()
    for charge in charges.values():
        assert f'data-reference="{charge.reference}" data-status="{charge.status}"' in page
    for words in ("Paga", "Aguardando pagamento", "Vencida", "A conferir", "R$\u00a01.234.567,89", "sandbox"):
        assert words in page


def test_tab_and_search_stay_in_the_address(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/", {"tab": "paid", "q": "ana"}).content.decode()
    assert f'data-reference="{charges["paid"].reference}"' in page
    assert charges["overdue"].reference not in page
    assert 'href="/charges/?tab=overdue&amp;q=ana"' in page and 'name="tab" value="paid"' in page


def test_says_when_nothing_is_found(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get("/charges/", {"q": HOSTILE}).content.decode()
    assert "Nada encontrado" in page and HOSTILE not in page


def test_first_step_for_an_administrator_is_to_connect(admin: Client) -> None:
    page = admin.get("/charges/").content.decode()
    assert 'href="/admin/connections/connection/add/"' in page and page.count("<li>") >= 3


def test_operator_without_connection_is_sent_to_an_administrator(operator: Client) -> None:
    page = operator.get("/charges/").content.decode()
    assert "Peça a um administrador" in page and "connection/add" not in page


def test_first_charge_is_one_press_away(operator: Client) -> None:
    sample.make_accounts()
    assert "Criar a primeira cobrança" in operator.get("/charges/").content.decode()


def test_pages_through_many(operator: Client) -> None:
    connection, customer = factories.make_connection(), factories.make_customer()
    for _number in range(30):
        factories.make_charge(connection, customer=customer)
    page = operator.get("/charges/", {"tab": "waiting"}).content.decode()
    assert "Página 1 de 2" in page and 'href="?tab=waiting&amp;page=2"' in page


def test_escapes_hostile_names(operator: Client) -> None:
    factories.make_charge(customer=factories.make_customer(name=HOSTILE), description=HOSTILE)
    assert HOSTILE not in operator.get("/charges/").content.decode()
