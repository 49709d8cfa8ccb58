"""Waking a worker never holds up the one who wakes: a dead broker is tried once and then left alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from config import wakeup
from config.circuit import Circuit


@pytest.fixture
def silent_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Takes connections and never says a word, as a stopped process does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        monkeypatch.setattr(wakeup, "circuit", Circuit(seconds=60))
        address = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        monkeypatch.setenv("CELERY_BROKER_WRITE_URL", address)
        wakeup._forget_producer()
        yield listener
        wakeup._forget_producer()


def connections_to(listener: socket.socket) -> int:
    taken = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return taken
        taken += 1


def test_a_silent_broker_is_tried_once_for_many_wake_ups(silent_broker: socket.socket) -> None:
    sent = [wakeup.wake("webhooks.tasks.work") for _time in range(20)]
    assert sent == [False] * 20
    assert connections_to(silent_broker) == 1


def test_the_broker_that_came_back_is_used_again(silent_broker: socket.socket) -> None:
    wakeup.wake("webhooks.tasks.work")
    wakeup.circuit.close()
    wakeup.wake("webhooks.tasks.work")
    assert connections_to(silent_broker) == 2


def test_kombu_does_not_knock_again_by_itself() -> None:
    """Its default would hold every notification for six seconds while the broker refuses."""
    options = wakeup._producer().connection.transport_options
    assert (options["max_retries"], options["socket_timeout"], options["socket_connect_timeout"]) == (
        0,
        0.3,
        0.3,
    )
