from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from config import clock
from tests.backoffice.door import Door
from tests.backoffice.people import House, make_house
from tests.connections.shop import Shop
from tests.gateways.controls import Simulator


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def door(settings: Any) -> Iterator[Door]:
    """The public address of this test."""
    door = Door()
    settings.PUBLIC_URL = door.url
    yield door
    with suppress(OSError):
        door.close()


@pytest.fixture
def shop(db: None, door: Door, simulator_url: str, settings: Any) -> Iterator[Shop]:
    """An account at the simulator, whose webhook leads to the door."""
    controls = Simulator(simulator_url)
    controls.reset()
    settings.SIMULATOR_URL = simulator_url
    clock._simulator._asked_at = float("-inf")
    yield Shop(controls)
    controls.reset()
    clock._simulator._asked_at = float("-inf")
