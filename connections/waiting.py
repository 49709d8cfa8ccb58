"""How many web threads may wait for gateways at once, so that the others stay free for notifications."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class AllSeatsTaken(Exception):
    """Nothing was asked: as many threads as may wait for gateways wait for them already."""


class WaitingRoom:
    """Half of this process's web threads. Who finds it full leaves the call to a worker."""

    def __init__(self, seats: int) -> None:
        self._seats = threading.BoundedSemaphore(max(1, seats))

    @contextmanager
    def seat(self) -> Iterator[bool]:
        """True inside while the caller may wait; false at once, without waiting, when all seats are taken."""
        is_seated = self._seats.acquire(blocking=False)
        try:
            yield is_seated
        finally:
            if is_seated:
                self._seats.release()

    @contextmanager
    def insist(self) -> Iterator[None]:
        """A seat for a call that nobody else can make. Raises ``AllSeatsTaken``."""
        with self.seat() as is_seated:
            if not is_seated:
                raise AllSeatsTaken
            yield


room = WaitingRoom(settings.WEB_THREADS // 2)
