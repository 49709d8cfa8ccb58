"""Parcels on the pages: asked for and shown beforehand, listed for staff and for the customer."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.base import Method
from connections.gateways.instalments import due_dates, split
from connections.models import Connection
from payments.models import Charge
from payments.staff.forms import ChargeForm
from tests.factories import NOW, make_charge, make_connection, make_payment, make_resource

pytestmark = pytest.mark.django_db
DUE = date(2026, 12, 10)
BOLETO = "00190000090321456789012345678901512340000010000"


def log_in(client: Client, group: str) -> None:
    user = User.objects.create_user("carla")
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)


def typed(connection: Connection, **values: Any) -> dict[str, Any]:
    data = {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "boleto",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "amount": "100,01",
        "description": "Pedido 77",
        "due_date": "2026-12-10",
        "instalments": "3",
    }
    return {**data, **values}


def form(connection: Connection, **values: Any) -> ChargeForm:
    return ChargeForm(typed(connection, **values), connections=Connection.objects.all())


@pytest.fixture
def mercadopago() -> Connection:
    return make_connection(gateway="mercadopago", credentials={"access_token": "APP_USR-1"})


def test_takes_the_parcels_that_account_and_way_of_paying_allow(clock: Any, connection: Connection) -> None:
    found = form(connection)
    assert found.errors == {}
    assert found.cleaned_data["instalments"] == 3
    assert form(connection, instalments="").cleaned_data["instalments"] == 1


@pytest.mark.parametrize(
    "values",
    [
        {"method": "pix"},
        {"method": "any"},
        {"instalments": "61", "amount": "9.000,00"},
        {"amount": "14,99"},
        {"instalments": "0"},
        {"instalments": "três"},
        {"method": "card", "instalments": "22", "amount": "9.000,00"},
    ],
)
def test_names_parcels_that_cannot_be(clock: Any, connection: Connection, values: dict[str, str]) -> None:
    found = form(connection, **values)
    assert list(found.errors) == ["instalments"] and str(found.errors["instalments"][0])


def test_each_gateway_has_its_own_limits(clock: Any, mercadopago: Connection) -> None:
    assert form(mercadopago, method="card", instalments="36").errors == {}
    assert "instalments" in form(mercadopago, method="card", instalments="37").errors
    assert "instalments" in form(mercadopago, method="boleto").errors


def test_fine_and_discount_are_of_each_parcel(clock: Any, connection: Connection) -> None:
    found = form(connection, fine="2", discount="5,00")
    assert found.errors == {}
    assert (found.terms().fine_cents, found.terms().discount_cents) == (67, 500)
    assert list(form(connection, discount="28,34").errors) == ["discount"]
    assert list(form(connection, method="card", fine="2").errors) == ["fine"]


@given(cents=st.integers(1_000, 10_000_000), count=st.integers(2, 60))
def test_what_is_shown_beforehand_is_what_is_made(cents: int, count: int) -> None:
    made = Connection(gateway="asaas", currency="BRL", time_zone="America/Sao_Paulo")
    shown = _preview(made, cents, count)
    if cents // count < 500:
        assert shown.why_not and not shown.parcels
        return
    assert [row.number for row in shown.parcels] == list(range(1, count + 1))
    assert [_cents(row.amount) for row in shown.parcels] == list(split(cents, count))
    assert [row.due for row in shown.parcels] == [f"{day:%d/%m/%Y}" for day in due_dates(DUE, count)]
    assert _cents(shown.total) == cents


def _preview(connection: Connection, cents: int, count: int) -> Any:
    drafted = ChargeForm({}, connections=Connection.objects.none(), is_draft=True)
    bool(drafted.errors)
    drafted.cleaned_data = {
        "connection": connection,
        "method": "boleto",
        "amount": cents,
        "instalments": count,
        "due_date": DUE,
    }
    return drafted.preview


def _cents(shown: str) -> int:
    return int("".join(letter for letter in shown if letter.isdigit()))


def test_shows_the_parcels_while_somebody_types(clock: Any, client: Client, connection: Connection) -> None:
    log_in(client, "Operator")
    text = previewed(client, typed(connection, name="", email="no"))
    assert text.count("data-parcel=") == 3 and "data-parcels-total" in text
    assert 'data-most="1"' in previewed(client, typed(connection, method="pix", instalments=""))
    assert "data-parcel" not in previewed(client, {"amount": "x", "instalments": "-"})


def previewed(client: Client, form: dict[str, Any]) -> str:
    return str(client.post(reverse("check_new_charge"), form).json()["previews"]["parcels-preview"])


def test_without_script_a_press_shows_them_and_loses_nothing(
    clock: Any, client: Client, connection: Connection
) -> None:
    log_in(client, "Operator")
    page = client.post(reverse("new_charge"), {**typed(connection, name=""), "rows": "parcels"})
    text = page.content.decode()
    assert (page.status_code, text.count("data-parcel=")) == (200, 3)
    assert 'value="529.982.247-25"' in text and Charge.objects.count() == 0


def plan(**values: Any) -> Charge:
    charge = make_charge(method=Method.BOLETO, instalments=3, amount_cents=10_001, due_date=DUE, **values)
    make_resource(charge, "plan-1", kind="plan", parcels=3)
    for number, (cents, due) in enumerate(zip(split(10_001, 3), due_dates(DUE, 3), strict=True), 1):
        line = BOLETO if number == 2 else ""
        make_payment(
            charge,
            "paid" if number == 1 else "pending",
            parcel=number,
            plan_id="plan-1",
            amount_cents=cents,
            received_cents=cents if number == 1 else 0,
            due_date=due,
            link=f"https://sandbox.asaas.com/i/{number}",
            boleto_line=line,
            boleto_barcode=line[:44],
        )
    return charge


def test_staff_see_every_parcel_with_what_can_be_done(clock: Any, client: Client) -> None:
    charge = plan()
    log_in(client, "Finance")
    text = client.get(charge.get_absolute_url()).content.decode()
    assert text.count("data-parcel-status=") == 3
    assert text.count("data-parcel-link") == 2 and text.count("data-parcel-refund") == 1
    assert f'data-parcel-line="{BOLETO}"' in text
    first = charge.payments.get(parcel=1)
    assert f"?payment={first.gateway_id}" in text


def test_the_customer_sees_the_next_parcel_first_and_all_of_them(clock: Any, client: Client) -> None:
    charge = plan()
    text = client.get(f"{charge.pay_url}?lang=en").content.decode()
    assert 'data-next-parcel="2"' in text and f'data-boleto-line="{BOLETO}"' in text
    assert "33.33" in text and text.count("data-parcel-tone=") == 3


def test_the_customer_is_told_how_many_parcels_may_be_chosen(clock: Any, client: Client) -> None:
    charge = make_charge(
        method=Method.CARD, instalments=6, link="https://sandbox.asaas.com/checkoutSession/show/1"
    )
    text = client.get(charge.pay_url).content.decode()
    assert 'data-most-parcels="6"' in text


def test_a_page_that_is_over_is_opened_by_a_press(clock: Any, client: Client) -> None:
    charge = make_charge(method=Method.CARD, instalments=6, link="https://x.example/", link_expires_at=NOW)
    text = client.get(charge.pay_url).content.decode()
    assert 'data-status="renewable"' in text and "https://x.example/" not in text


def test_the_same_form_with_other_parcels_asks_again(clock: Any, connection: Connection) -> None:
    first = form(connection)
    assert first.is_valid()
    made = make_charge(
        connection,
        method="boleto",
        amount_cents=10_001,
        due_date=DUE,
        instalments=3,
        customer=None,
    )
    made.customer.document = "52998224725"
    assert first.asks_for(made)
    made.instalments = 2
    assert not first.asks_for(made)
