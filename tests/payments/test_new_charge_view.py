"""The page for a new charge: one form, one charge, and a question before a second one alike."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.contrib.auth.models import Group, User
from django.test import Client

from config import clock
from connections.models import Connection
from payments.models import Charge
from tests.factories import make_connection
from tests.payments.test_creation import ASAAS, EMPTY, PAYMENT, at_asaas, qr

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("carla")
    user.groups.add(Group.objects.get(name="Operator"))
    client.force_login(user)
    return client


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    made: list[str] = []

    def created(request: Any) -> tuple[int, dict[str, str], str]:
        made.append(f"pay_{len(made):016d}")
        return 200, {}, json.dumps(at_asaas(json.loads(request.body)["externalReference"], id=made[-1]))

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ASAAS}/customers", json=EMPTY)
        mock.post(f"{ASAAS}/customers", json={"object": "customer", "id": "cus_000007410933"})
        mock.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
        for number in range(3):
            mock.get(f"{ASAAS}/payments/pay_{number:016d}/pixQrCode", json=qr())
        mock.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
        yield mock


def fields(connection: Connection, **values: str) -> dict[str, str]:
    return {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "100,00",
        "description": "Pedido 77",
        "due_date": (clock.today("America/Sao_Paulo") + timedelta(days=3)).isoformat(),
        **values,
    }


def test_makes_a_charge_and_goes_straight_to_it(operator: Client, gateway: Any) -> None:
    answer = operator.post("/charges/new/", fields(make_connection()))
    charge = Charge.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/charges/{charge.reference}/")
    assert charge.status == "pending"


def test_a_re_sent_form_is_the_same_charge(operator: Client, gateway: Any) -> None:
    form = fields(make_connection())
    first, second = (operator.post("/charges/new/", form) for _time in range(2))
    assert first["Location"] == second["Location"]
    assert Charge.objects.count() == 1


def test_a_changed_form_with_an_old_number_is_asked_about(operator: Client, gateway: Any) -> None:
    form = fields(make_connection())
    operator.post("/charges/new/", form)
    answer = operator.post("/charges/new/", {**form, "amount": "999,00"})
    assert answer.status_code == 422 and "data-sent-before" in answer.content.decode()
    assert form["submission"] not in answer.content.decode()
    assert Charge.objects.count() == 1 and Charge.objects.get().amount_cents == 10_000


def test_a_look_alike_is_asked_about_and_then_made(operator: Client, gateway: Any) -> None:
    connection = make_connection()
    operator.post("/charges/new/", fields(connection))
    alike = fields(connection, description="Pedido 78")
    answer = operator.post("/charges/new/", alike)
    assert answer.status_code == 200 and "data-look-alike" in answer.content.decode()
    assert Charge.objects.count() == 1
    answer = operator.post("/charges/new/", {**alike, "look_alike_seen": "1"})
    assert answer.status_code == 302 and Charge.objects.count() == 2


def test_the_form_is_not_kept_by_the_browser(operator: Client) -> None:
    assert "no-store" in operator.get("/charges/new/")["Cache-Control"]
