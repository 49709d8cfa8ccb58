"""One form is one charge: pressed twice at once, sent again after it was made, gone back to and sent."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django.test import Client

from payments.models import Charge
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db(transaction=True)


def form(world: World, **values: str) -> dict[str, str]:
    return {
        "submission": str(uuid.uuid4()),
        "connection": str(world.connection("asaas").pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "100,00",
        "description": "Pedido 77",
        "due_date": (world.today() + timedelta(days=3)).isoformat(),
        **values,
    }


def operator() -> Client:
    user, is_new = User.objects.get_or_create(username="carla")
    if is_new:
        user.groups.add(Group.objects.get(name="Operator"))
    client = Client()
    client.force_login(user)
    return client


def test_a_double_click_makes_one_charge(world: World) -> None:
    """Both requests are on their way before the gateway answers the first."""
    typed, together = form(world), threading.Barrier(2)
    world.fault("slow", seconds=1, method="POST")
    clients, answers = [operator(), operator()], []

    def click(client: Client) -> None:
        together.wait(timeout=20)
        answers.append(client.post("/charges/new/", typed))
        connections.close_all()

    threads = [threading.Thread(target=click, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    charge = Charge.objects.get()
    assert [answer["Location"] for answer in answers] == [f"/charges/{charge.reference}/"] * 2
    assert len(world.books(charge)) == 1 and charge.creation_attempts.count() == 1


def test_a_form_sent_again_while_its_charge_is_in_doubt_sends_nothing(world: World) -> None:
    typed, client = form(world), operator()
    world.fault("error_500", when="after", method="POST", path="/payments", times=1)
    first, second = (client.post("/charges/new/", typed) for _time in range(2))
    charge = Charge.objects.get()
    assert (charge.status, first["Location"]) == ("confirming", second["Location"])
    assert len(world.books(charge)) == 1


def test_back_in_the_browser_and_sent_again_is_the_same_charge(world: World) -> None:
    """Nothing was changed: the same; something was: it is asked about, under a new number."""
    typed, client = form(world), operator()
    made = client.post("/charges/new/", typed)["Location"]
    assert client.post("/charges/new/", typed)["Location"] == made
    asked = client.post("/charges/new/", {**typed, "method": "card"})
    assert asked.status_code == 422 and "data-sent-before" in asked.content.decode()
    assert Charge.objects.count() == 1 and len(world.books(Charge.objects.get())) == 1
