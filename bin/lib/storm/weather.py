"""The storm itself: what gateways do wrong, and what is killed and when. All of it drawn from the seed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import Any

from lib.storm.ground import WORKERS, Ground

# Of notifications: a fifth twice, a tenth never, others late or in another order.
# Of calls: one in twenty answers 500, half of them after the effect; one in fifty of those that change
# something is never answered, though it worked; one in a hundred is one too many.
FAULTS: tuple[dict[str, Any], ...] = (
    {"name": "duplicate", "share": 0.20},
    {"name": "drop", "share": 0.10},
    {"name": "reorder", "share": 0.10, "seconds": 30},
    {"name": "delay", "share": 0.10, "seconds": 300},
    {"name": "error_500", "share": 0.025, "when": "before"},
    {"name": "error_500", "share": 0.025, "when": "after"},
    {"name": "hang", "share": 0.02, "when": "after", "method": "POST", "seconds": 9},
    {"name": "rate_limit", "share": 0.01, "retry_after": 2},
)
# Seconds between two blows at a worker, and at which shares of the charges made the other blows fall.
_BETWEEN = (4.0, 8.0)
_FLUSHES, _BROKER, _DATABASE, _WEB = 3, 1, 1, 2


class Weather:
    """A with-block in which it storms; ``progress`` says how much of the plan was begun (0 to 1)."""

    def __init__(self, ground: Ground, seed: int, progress: Callable[[], float]) -> None:
        self._ground, self._progress, self._seed = ground, progress, seed
        self._rng = Random(f"weather {seed}")
        self._blows = self._plan()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._rage, name="weather", daemon=True)
        self.error: BaseException | None = None
        self.struck: dict[str, int] = {}

    def __enter__(self) -> Weather:
        for number, fault in enumerate(FAULTS):
            self._ground.control("faults", **fault, seed=self._seed * 100 + number)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        for fault in self._ground.ask("faults")["faults"]:
            name = fault["name"].replace("_", " ")
            self.struck[name] = self.struck.get(name, 0) + fault["struck"]
        self._ground.no_faults()

    def insist(self) -> None:
        """Raises what stopped it, if anything did."""
        if self.error:
            raise self.error

    def _plan(self) -> list[tuple[float, Callable[[], None]]]:
        ground = self._ground
        blows = [(self._rng.uniform(0.05, 0.95), ground.flush_broker) for _time in range(_FLUSHES)]
        blows += [(self._rng.uniform(0.1, 0.9), ground.restart_broker) for _time in range(_BROKER)]
        blows += [(self._rng.uniform(0.3, 0.7), ground.restart_database) for _time in range(_DATABASE)]
        blows += [(self._rng.uniform(0.1, 0.9), ground.restart_web) for _time in range(_WEB)]
        return sorted(blows, key=lambda blow: blow[0])

    def _rage(self) -> None:
        try:
            while not self._is_over.is_set():
                self._pause(self._rng.uniform(*_BETWEEN))
                if not self._is_over.is_set():
                    self._ground.kill_worker(self._rng.randrange(WORKERS))
            self._strike(all_left=True)
        except BaseException as error:  # told by ``insist`` to who waits
            self.error = error

    def _pause(self, seconds: float) -> None:
        """Meanwhile the blows fall whose place in the plan was reached."""
        for _moment in range(int(seconds / 0.25)):
            if self._is_over.wait(0.25):
                return
            self._strike()

    def _strike(self, *, all_left: bool = False) -> None:
        while self._blows and (all_left or self._blows[0][0] <= self._progress()):
            self._blows.pop(0)[1]()
