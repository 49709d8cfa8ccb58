"""A process of its own that spends the budget of a connection: ``python -m tests.connections.spending``.

Takes one JSON command a line, answers with one JSON value a line. The settings come from the environment.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

import django

django.setup()

from connections.budget import ConnectionBudget  # noqa: E402
from connections.gateways.base import Capabilities  # noqa: E402
from connections.gateways.errors import BudgetExhausted  # noqa: E402

HELD = 0.002


class Spender:
    """The budgets of one process, with the limits its commands name."""

    def __init__(self) -> None:
        self._held: list[ConnectionBudget] = []
        self._spans: list[list[float]] = []
        self._is_over = threading.Event()

    def take(self, connection: int, *, is_background: bool = False, **limits: Any) -> float:
        """0 for a place, else the seconds after which to come back."""
        budget = ConnectionBudget(connection, _capabilities(**limits), is_background=is_background)
        try:
            budget.acquire()
        except BudgetExhausted as refusal:
            return refusal.retry_after or -1.0
        self._held.append(budget)
        return 0

    def release(self) -> int:
        self._held.pop().release()
        return len(self._held)

    def pause(self, connection: int, seconds: float) -> None:
        ConnectionBudget(connection, _capabilities(), is_background=True).pause(seconds)

    def begin(self, connection: int, *, threads: int, **limits: Any) -> int:
        """Many threads take a place, hold it for a moment and give it back, until the end."""
        limit = _capabilities(**limits)
        self._crowd = [
            threading.Thread(target=self._spend, args=(connection, limit)) for _n in range(threads)
        ]
        for thread in self._crowd:
            thread.start()
        return threads

    def count(self) -> int:
        return len(self._spans)

    def end(self) -> list[list[float]]:
        """When each place was held, on a clock that all processes share."""
        self._is_over.set()
        for thread in self._crowd:
            thread.join()
        return self._spans

    def _spend(self, connection: int, limits: Capabilities) -> None:
        budget = ConnectionBudget(connection, limits, is_background=False)
        while not self._is_over.is_set():
            try:
                budget.acquire()
            except BudgetExhausted:
                continue
            began = time.monotonic()
            self._is_over.wait(HELD)
            self._spans.append([began, time.monotonic()])
            budget.release()


def _capabilities(
    concurrency: int = 4, window_calls: int = 100_000, window_seconds: int = 60
) -> Capabilities:
    return Capabilities(
        methods=frozenset(),
        minimum_cents=1,
        registers_webhook=False,
        has_versions=False,
        concurrency=concurrency,
        window_calls=window_calls,
        window_seconds=window_seconds,
    )


if __name__ == "__main__":
    spender = Spender()
    for line in sys.stdin:
        name, words, options = json.loads(line)
        sys.stdout.write(json.dumps(getattr(spender, name)(*words, **options)) + "\n")
        sys.stdout.flush()
