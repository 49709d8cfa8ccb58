"""Details of a customer are changed here, and told to the gateways that keep customers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.contrib.auth.models import Group, User
from django.test import Client

from backoffice.groups import OPERATOR, keep_groups
from connections.models import Connection, ConnectionAccess
from payments.models import Customer, CustomerAct, CustomerAtGateway
from tests.factories import make_charge, make_connection, make_customer
from tests.payments.creating import ASAAS

pytestmark = [pytest.mark.django_db, pytest.mark.small]
CUSTOMER = "cus_000007410933"


@pytest.fixture
def operator(client: Client) -> Client:
    keep_groups()
    user = User.objects.create_user("carla")
    user.groups.add(Group.objects.get(name=OPERATOR))
    client.force_login(user)
    return client


@pytest.fixture
def asaas() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def known_at(connection: Connection, **values: Any) -> Customer:
    customer = make_customer(**values)
    make_charge(connection, customer=customer)
    CustomerAtGateway.objects.create(customer=customer, connection=connection, gateway_id=CUSTOMER)
    return customer


def change(browser: Client, customer: Customer, **values: str) -> Any:
    asked = {"name": customer.name, "email": customer.email, "phone": customer.phone, **values}
    return browser.post(f"{customer.get_absolute_url()}change/", asked, follow=True)


def answer(**values: Any) -> dict[str, Any]:
    told = {"name": "Ana Lima", "email": "ana@example.com", "mobilePhone": "11987654321"}
    return {"object": "customer", "id": CUSTOMER, "cpfCnpj": "52998224725", **told, **values}


def levels(page: Any) -> list[str]:
    return [message.level_tag for message in page.context["messages"]]


def test_stores_and_tells_the_gateway(operator: Client, asaas: responses.RequestsMock) -> None:
    ana = known_at(make_connection())
    asaas.put(f"{ASAAS}/customers/{CUSTOMER}", json=answer(name="Ana Prado"))
    page = change(operator, ana, name="Ana Prado")
    ana.refresh_from_db()
    assert ana.name == "Ana Prado" and levels(page) == ["success", "success"]
    assert json.loads(asaas.calls[0].request.body)["name"] == "Ana Prado"
    act = CustomerAct.objects.get()
    assert (act.kind, act.data, act.actor.get_username()) == ("changed", {"fields": ["name"]}, "carla")


def test_says_what_the_gateway_kept(operator: Client, asaas: responses.RequestsMock) -> None:
    ana = known_at(make_connection())
    asaas.put(f"{ASAAS}/customers/{CUSTOMER}", json=answer())
    assert levels(change(operator, ana, email="")) == ["success", "warning"]
    ana.refresh_from_db()
    assert ana.email == ""


def test_is_saved_whatever_the_gateway_says(operator: Client, asaas: responses.RequestsMock) -> None:
    ana = known_at(make_connection())
    refusal = {"errors": [{"code": "invalid_phone", "description": "O telefone informado é inválido."}]}
    asaas.put(f"{ASAAS}/customers/{CUSTOMER}", json=refusal, status=400)
    page = change(operator, ana, phone="11 91234-5678")
    ana.refresh_from_db()
    assert ana.phone == "11912345678" and "O telefone informado é inválido." in page.content.decode()


def test_tells_no_account_of_others(operator: Client, asaas: responses.RequestsMock) -> None:
    ana = known_at(make_connection())
    theirs = make_connection(gateway="mercadopago")
    make_charge(theirs, customer=ana)
    ConnectionAccess.objects.create(user=User.objects.get(username="carla"), connection=theirs)
    assert levels(change(operator, ana, name="Ana Prado")) == ["success"] and not asaas.calls


def test_the_same_again_is_nothing(operator: Client, asaas: responses.RequestsMock) -> None:
    ana = known_at(make_connection())
    assert levels(change(operator, ana)) == ["info"]
    assert not asaas.calls and not CustomerAct.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("email", "ana"),
        ("phone", "12"),
        ("zip_code", "123"),
        ("street", "Rua A"),
        ("name", "x" * 121),
    ],
)
def test_says_what_is_wrong_and_keeps_what_was_typed(operator: Client, field: str, value: str) -> None:
    ana = known_at(make_connection())
    page = change(operator, ana, **{field: value})
    assert page.status_code == 422 and page.context["form"][field].value() == value
    assert not CustomerAct.objects.exists()


def test_an_address_is_kept_whole(operator: Client, asaas: responses.RequestsMock) -> None:
    ana = known_at(make_connection(gateway="mercadopago"))
    home = {"zip_code": "01310-100", "street": "Avenida Paulista", "street_number": "1"}
    change(operator, ana, **home, district="Bela Vista", city="São Paulo", state="SP")
    ana.refresh_from_db()
    assert (ana.zip_code, ana.state, ana.has_address) == ("01310100", "SP", True)
    assert CustomerAct.objects.get().data["fields"][0] == "zip_code"
