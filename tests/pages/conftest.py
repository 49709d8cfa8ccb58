from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config import clock
from payments.models import Charge
from tests import factories
from tests.gateways.controls import Simulator
from tests.pages import sample


@pytest.fixture
def people(db: None) -> tuple[User, User]:
    return sample.make_people()


@pytest.fixture
def charges(people: tuple[User, User]) -> dict[str, Charge]:
    return sample.make_charges(people[1])


@pytest.fixture
def operator(people: tuple[User, User]) -> Client:
    """A browser in which Carla, who creates charges, is signed in."""
    client = Client()
    client.force_login(people[1])
    return client


@pytest.fixture
def admin(people: tuple[User, User]) -> Client:
    client = Client()
    client.force_login(people[0])
    return client


@pytest.fixture
def simulator(simulator_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setattr(clock, "_REFRESH_SECONDS", 0)  # the test moves the clock and goes on at once
    controls = Simulator(simulator_url)
    controls.reset()
    settings.SIMULATOR_URL = simulator_url
    yield controls
    controls.reset()
    clock.now()


@pytest.fixture
def on_demand(people: tuple[User, User], simulator: Simulator) -> Charge:
    """Due in 75 days: no code of Mercado Pago lives until then."""
    account = simulator.control(
        "POST", "accounts", {"gateway": "mercadopago", "name": "Loja", "token_prefix": "TEST"}
    )
    connection = factories.make_connection(
        gateway="mercadopago",
        account_id=str(account["user_id"]),
        credentials={"access_token": account["access_token"]},
        webhook_secrets={},
    )
    customer = factories.make_customer(document="52998224725")
    due = clock.today("America/Sao_Paulo") + timedelta(days=75)
    return factories.make_charge(connection, customer=customer, due_date=due, created_at=clock.now())
