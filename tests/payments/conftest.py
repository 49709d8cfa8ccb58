from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses
import time_machine

from connections.gateways.registry import REGISTRY, gateway_class
from connections.models import Connection
from tests.factories import NOW, make_connection
from tests.payments import recurring
from tests.payments.creating import ASAAS, EMPTY
from tests.payments.simulated import World


@pytest.fixture
def world(simulator_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The services of this process in front of an empty simulator, at its own time."""
    settings.SIMULATOR_URL = simulator_url
    made = World(simulator_url, monkeypatch)
    yield made
    made.no_faults()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ASAAS}/customers", json=EMPTY)
        mock.post(f"{ASAAS}/customers", json={"object": "customer", "id": "cus_000007410933"})
        yield mock


@pytest.fixture
def connection() -> Connection:
    return make_connection()


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, recurring.Books]]:
    """The two made-up gateways with subscriptions, both empty."""
    for name, registration in recurring.REGISTRATIONS.items():
        monkeypatch.setitem(REGISTRY, name, registration)
        monkeypatch.setitem(recurring.BOOKS, name, recurring.Books())
    yield recurring.BOOKS
    gateway_class.cache_clear()


@pytest.fixture
def bills(books: dict[str, recurring.Books]) -> recurring.Books:
    return books["bills"]


@pytest.fixture
def cards(books: dict[str, recurring.Books]) -> recurring.Books:
    return books["cards"]
