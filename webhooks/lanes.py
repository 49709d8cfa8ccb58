"""How many threads of a worker may work for one connection at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Lanes:
    """At most ``most`` for each connection, so that a gateway that hangs leaves threads for the others.

    Who gets none leaves the work in its row: the next sweep looks again.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[int] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def lane(self, connection_id: int) -> Iterator[bool]:
        """True while inside when there was one."""
        with self._lock:
            is_free = self._taken[connection_id] < self.most
            self._taken[connection_id] += is_free
        try:
            yield is_free
        finally:
            with self._lock:
                self._taken[connection_id] -= is_free


# A worker narrows this to half of its threads when it starts.
lanes = Lanes(most=1000)
