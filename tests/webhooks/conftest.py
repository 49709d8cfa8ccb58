"""What tests of the inbox share: a clock that stands, a gateway that is scripted, no broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
import time_machine

from payments.models import Charge
from tests.factories import NOW, make_charge


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
