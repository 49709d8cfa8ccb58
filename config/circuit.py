"""A switch that leaves something alone for a while after it failed."""

from __future__ import annotations

import time


class Circuit:
    """After a failure nobody tries again for ``seconds``; safe to share between threads."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._closed_again_at = float("-inf")

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._closed_again_at

    def open(self) -> None:
        self._closed_again_at = time.monotonic() + self._seconds

    def close(self) -> None:
        self._closed_again_at = float("-inf")
