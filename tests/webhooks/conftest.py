"""What tests of the inbox share: a clock that stands, a gateway that is scripted, no broker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
import responses
import time_machine

from payments.models import Charge
from tests.factories import NOW, make_charge
from tests.payments.simulated import World
from tests.simulator.support import Inbox, free_port, handler


@pytest.fixture
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def charge(db: None) -> Charge:
    return make_charge()


@pytest.fixture
def world(simulator_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings.SIMULATOR_URL = simulator_url
    made = World(simulator_url, monkeypatch)
    yield made
    made.no_faults()


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    """Where the gateways' notifications arrive, to be handed on in another order."""
    port = free_port()
    made = Inbox(f"http://127.0.0.1:{port}")
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(made))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()
