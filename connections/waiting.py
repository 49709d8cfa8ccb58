"""How many web threads may wait for gateways at once, so that the others stay free for notifications."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


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


room = WaitingRoom(settings.WEB_THREADS // 2)
