"""A pool of threads that run lanes.

A lane is what must go one after the other: a sequential queue, or a single delivery. The caller says what
a lane does; this module only knows when: at once, or at a moment of the simulated clock.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime

from simulator import clock

THREADS = 16
LONGEST_WAIT = 1.0

Run = Callable[[str], datetime | None]
logger = logging.getLogger("simulator")


class Sender:
    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._progress = threading.Condition(self._condition)
        """For those who wait until all is sent: a finished lane need not wake every idle worker."""
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, int, str]] = []
        self._order = itertools.count()
        self._busy: set[str] = set()
        self._again: dict[str, datetime] = {}
        self._run: Run | None = None

    def start(self, run: Run, threads: int = THREADS) -> None:
        self._run = run
        clock.on_change(self._clock_moved)
        for number in range(threads):
            threading.Thread(target=self._work, name=f"sender-{number}", daemon=True).start()

    def wake(self, lane: str, due: datetime | None = None) -> None:
        """Runs the lane at `due` (now when not given), or earlier if that was already asked."""
        moment = due or clock.now()
        with self._condition:
            if lane in self._busy:
                self._again[lane] = min(moment, self._again.get(lane, moment))
                return
            self._schedule(lane, moment)
            self._condition.notify()

    def forget(self) -> None:
        with self._condition:
            self._due.clear()
            self._heap.clear()
            self._again.clear()

    def wait_idle(self, lanes: Collection[str] | None, timeout: float) -> bool:
        """Waits until nothing is being sent or due (in these lanes, or at all)."""
        deadline = time.monotonic() + timeout
        with self._condition:
            while self._is_active(lanes):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._progress.wait(min(left, 0.05))
        return True

    def _is_active(self, lanes: Collection[str] | None) -> bool:
        now = clock.now()
        if lanes is None:
            return bool(self._busy) or any(due <= now for due in self._due.values())
        return any(lane in self._busy or self._due.get(lane, clock.FAR) <= now for lane in lanes)

    def _schedule(self, lane: str, moment: datetime) -> None:
        if lane in self._due and self._due[lane] <= moment:
            return
        self._due[lane] = moment
        heapq.heappush(self._heap, (moment, next(self._order), lane))

    def _clock_moved(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _work(self) -> None:
        while True:
            lane = self._take()
            again = None
            try:
                again = self._run(lane) if self._run else None
            except Exception:
                logger.exception("lane %s failed", lane)
            self._finish(lane, again)

    def _take(self) -> str:
        with self._condition:
            while True:
                lane = self._next_due()
                if lane is not None:
                    self._busy.add(lane)
                    return lane
                self._condition.wait(self._seconds_to_wait())

    def _next_due(self) -> str | None:
        now = clock.now()
        while self._heap and self._heap[0][0] <= now:
            moment, _, lane = heapq.heappop(self._heap)
            if self._due.get(lane) == moment:
                del self._due[lane]
                return lane
        return None

    def _seconds_to_wait(self) -> float:
        if not self._heap:
            return LONGEST_WAIT
        return max(0.0, min(LONGEST_WAIT, clock.real_seconds_until(self._heap[0][0])))

    def _finish(self, lane: str, again: datetime | None) -> None:
        with self._condition:
            self._busy.discard(lane)
            asked = self._again.pop(lane, None)
            for moment in (again, asked):
                if moment is not None:
                    self._schedule(lane, moment)
                    self._condition.notify()
            self._progress.notify_all()


sender = Sender()
