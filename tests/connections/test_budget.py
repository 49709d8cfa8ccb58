"""The budget is one for all processes: it lives in Redis and survives Redis being away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings as django_settings

from config.circuit import Circuit
from connections import budget
from connections.budget import ConnectionBudget
from connections.gateways.base import Capabilities
from connections.gateways.errors import BudgetExhausted
from connections.models import Connection
from tests.factories import NOW, make_connection

pytestmark = pytest.mark.django_db


def limits(**values: Any) -> Capabilities:
    defaults: dict[str, Any] = {
        "methods": frozenset(),
        "minimum_cents": 1,
        "registers_webhook": False,
        "has_versions": False,
        "concurrency": 4,
        "window_calls": 100,
        "window_seconds": 60,
    }
    return Capabilities(**{**defaults, **values})


@pytest.fixture
def connection() -> Connection:
    connection = make_connection()
    store = redis.Redis.from_url(django_settings.REDIS_URL)
    store.delete(f"budget:{connection.pk}:flying", f"budget:{connection.pk}:window")
    return connection


def take(connection: Connection, **values: Any) -> ConnectionBudget:
    taken = ConnectionBudget(connection.pk, limits(**values), is_background=False)
    taken.acquire()
    return taken


def test_two_holders_share_the_places(connection: Connection) -> None:
    held = [take(connection) for _place in range(4)]
    with pytest.raises(BudgetExhausted):
        take(connection)
    held[0].release()
    take(connection)


def test_people_come_before_background_work(connection: Connection) -> None:
    for _place in range(3):
        ConnectionBudget(connection.pk, limits(), is_background=True).acquire()
    with pytest.raises(BudgetExhausted):
        ConnectionBudget(connection.pk, limits(), is_background=True).acquire()
    take(connection)


def test_the_window_says_when_to_come_back(connection: Connection) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _call in range(3):
            take(connection, window_calls=3).release()
        clock.shift(20)
        with pytest.raises(BudgetExhausted) as caught:
            take(connection, window_calls=3)
        assert 40 <= caught.value.retry_after <= 42
        clock.shift(41)
        take(connection, window_calls=3)


def test_places_of_a_dead_process_come_back(connection: Connection) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _place in range(4):
            take(connection)
        clock.shift(61)
        take(connection)


def test_a_pause_holds_for_this_connection_alone(connection: Connection) -> None:
    other = make_connection()
    ConnectionBudget(connection.pk, limits(), is_background=True).pause(30)
    with pytest.raises(BudgetExhausted) as caught:
        take(connection)
    assert 0 < caught.value.retry_after <= 30
    take(other).release()
    Connection.objects.update(paused_until=NOW - timedelta(days=1))
    take(connection)


def test_without_redis_each_process_keeps_a_share(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.3)
    monkeypatch.setattr(budget, "_redis", lambda: nowhere)
    monkeypatch.setattr(budget, "circuit", Circuit(seconds=60))
    held = [take(connection) for _place in range(8)]
    with pytest.raises(BudgetExhausted):
        take(connection)
    held[0].release()
    take(connection)
