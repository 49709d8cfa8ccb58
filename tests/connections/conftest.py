from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from config import clock as product_clock
from connections import services
from connections.models import Connection
from tests.connections.asaas_desk import ACCOUNT, AsaasDesk
from tests.connections.shop import Shop
from tests.factories import NOW, make_connection
from tests.gateways.controls import Simulator

PASSWORD = "a long enough password"
KEY = "$aact_hmlg_" + "a" * 100


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)


@pytest.fixture
def desk() -> Iterator[AsaasDesk]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield AsaasDesk(mock)


@pytest.fixture
def registered(db: None, clock: Any, desk: AsaasDesk) -> Connection:
    """An Asaas connection whose webhook is registered."""
    connection = make_connection(credentials={"api_key": KEY}, account_id=ACCOUNT, webhook_secrets={})
    return services.keep_webhook(connection)


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def person(root: User) -> Client:
    """An administrator who logged in; the password was not typed again since."""
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def simulator(simulator_url: str, settings: Any) -> Iterator[Simulator]:
    """The gateways, and the clock, are the simulator's."""
    controls = Simulator(simulator_url)
    controls.reset()
    settings.SIMULATOR_URL = simulator_url
    product_clock._simulator._asked_at = float("-inf")
    yield controls
    controls.reset()
    settings.SIMULATOR_URL = ""


@pytest.fixture
def shop(db: None, simulator: Simulator) -> Shop:
    return Shop(simulator)
