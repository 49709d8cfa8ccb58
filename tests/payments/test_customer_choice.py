"""A customer found while typing is charged by the row's own name and document, which the page never has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.contrib.auth.models import Group, User
from django.test import Client

from backoffice.groups import OPERATOR
from connections.models import ConnectionAccess
from payments.models import Charge, Customer
from payments.services.customers import save_customer
from tests.factories import make_charge, make_connection, make_customer
from tests.payments.test_new_charge_view import fields, gateway  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.small]
DOCUMENT = "52998224725"
NOBODY = "5b0f7c1e-8f4d-4c55-9a5e-1d2b3c4d5e6f"


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("carla")
    user.groups.add(Group.objects.get(name=OPERATOR))
    client.force_login(user)
    return client


@pytest.fixture
def at_gateway(gateway: responses.RequestsMock) -> Iterator[responses.RequestsMock]:  # noqa: F811
    yield gateway


def post(browser: Client, connection: Any, customer: Any, **values: str) -> Any:
    asked = {**fields(connection), "customer": str(customer), **values}
    return browser.post("/charges/new/", {name: value for name, value in asked.items() if value})


def found(browser: Client, text: str) -> list[dict[str, Any]]:
    return list(browser.get("/customers/search/", {"q": text}).json()["customers"])


def test_search_tells_what_fills_the_form_and_no_document(operator: Client) -> None:
    ana = make_customer(name="Ana Lima", document=DOCUMENT, city="Recife")
    make_customer(name="Bruno Reis", anonymised_at=None)
    answer = operator.get("/customers/search/", {"q": "ana l"})
    assert DOCUMENT not in answer.content.decode()
    (told,) = answer.json()["customers"]
    assert told["id"] == str(ana.public_id) and told["document"].endswith("725")
    assert (told["fields"]["email"], told["fields"]["city"]) == ("ana@example.com", "Recife")


def test_search_asks_for_two_letters_and_shows_eight(operator: Client) -> None:
    for _number in range(9):
        make_customer(name="Ana Lima")
    assert found(operator, "a") == [] == found(operator, "")
    answer = operator.get("/customers/search/", {"q": "ana"}).json()
    assert len(answer["customers"]) == 8 and answer["has_more"]


def test_search_finds_nobody_of_another_connection(operator: Client) -> None:
    theirs = make_connection()
    ConnectionAccess.objects.create(user=User.objects.get(username="carla"), connection=theirs)
    make_charge(customer=make_customer(name="Ana Alheia"))
    make_charge(theirs, customer=make_customer(name="Ana Nossa"))
    assert [one["fields"]["name"] for one in found(operator, "ana")] == ["Ana Nossa"]


def test_charges_the_row_that_was_chosen(operator: Client, at_gateway: responses.RequestsMock) -> None:
    ana = make_customer(name="Ana Lima", document=DOCUMENT, email="old@example.com")
    answer = post(operator, make_connection(), ana.public_id, document="", name="Outra Pessoa")
    assert answer.status_code == 302
    charge = Charge.objects.get()
    ana.refresh_from_db()
    assert charge.customer == ana and (ana.name, ana.email) == ("Ana Lima", "ana@example.com")
    sent = [json.loads(call.request.body) for call in at_gateway.calls if call.request.body]
    assert sent[0]["cpfCnpj"] == DOCUMENT


def test_opens_filled_in_without_script(operator: Client) -> None:
    ana = make_customer(name="Ana Lima", document=DOCUMENT)
    make_connection()
    for address in ("/charges/new/", "/subscriptions/new/"):
        shown = operator.get(f"{address}?customer={ana.public_id}").content.decode()
        assert f'value="{ana.public_id}"' in shown and DOCUMENT not in shown
        assert 'value="Ana Lima"' in shown and 'name="document"' not in shown


@pytest.mark.parametrize("named", ["", "nobody", NOBODY])
def test_an_address_that_names_nobody_opens_the_empty_form(operator: Client, named: str) -> None:
    make_connection()
    shown = operator.get(f"/charges/new/?customer={named}")
    assert shown.status_code == 200 and 'name="document"' in shown.content.decode()


@pytest.mark.parametrize("named", ["nobody", NOBODY])
def test_who_is_gone_is_said_and_nothing_typed_is_lost(operator: Client, named: str) -> None:
    answer = post(operator, make_connection(), named, document="")
    assert answer.status_code == 422 and not Charge.objects.exists()
    shown = answer.content.decode()
    assert 'value="Ana Lima"' in shown and 'name="document"' in shown


def test_refuses_a_document_of_another_country(operator: Client) -> None:
    abroad = make_customer(country="AR", document_type="DNI", document="30123456")
    answer = post(operator, make_connection(), abroad.public_id, document="")
    assert answer.status_code == 422 and "document" in answer.context["form"].errors


def test_one_without_a_document_gets_the_typed_one(
    operator: Client, at_gateway: responses.RequestsMock
) -> None:
    nameless = make_customer(name="Ana Lima", document_type="", document="")
    assert post(operator, make_connection(), nameless.public_id, document="").status_code == 422
    assert post(operator, make_connection(), nameless.public_id).status_code == 302
    nameless.refresh_from_db()
    assert nameless.document == DOCUMENT and Charge.objects.get().customer == nameless


def test_a_document_that_somebody_has_stays_theirs() -> None:
    ana = make_customer(document=DOCUMENT)
    nameless = make_customer(document_type="", document="")
    saved = save_customer(name="Ana Lima", document_type="CPF", document=DOCUMENT, known=nameless)
    assert saved == ana and Customer.objects.get(pk=nameless.pk).document == ""


def test_nobody_charges_one_that_was_anonymised(operator: Client) -> None:
    gone = make_customer(name="Ana Lima", document=DOCUMENT, anonymised_at="2026-11-21T12:00:00Z")
    assert found(operator, "ana") == []
    assert post(operator, make_connection(), gone.public_id, document="").status_code == 422
