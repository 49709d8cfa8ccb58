"""In calm nobody waits until the workers look at what is due: they are told to, as beat tells them."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable

import redis
from celery import Celery

_AT_MOST = 20.0
_UNACKNOWLEDGED = "unacked"


class Looks:
    """Every look that beat would send for, sent at once to the workers of one broker."""

    def __init__(self, broker: str, insist: Callable[[], None]) -> None:
        conf = importlib.import_module("config.celery").app.conf
        self._names = sorted({entry["task"] for entry in conf.beat_schedule.values()})
        self._queue, self._broker, self._insist = conf.task_default_queue, broker, insist
        self._app = Celery("storm", broker=broker, set_as_current=False)

    def take(self) -> None:
        """Returns when every look has ended; what a killed worker left unacknowledged is not waited for."""
        with redis.Redis.from_url(self._broker) as client:
            before = client.hlen(_UNACKNOWLEDGED)
            for name in self._names:
                self._app.send_task(name, queue=self._queue, ignore_result=True)
            deadline = time.monotonic() + _AT_MOST
            while client.llen(self._queue) or client.hlen(_UNACKNOWLEDGED) > before:
                self._insist()
                if time.monotonic() > deadline:
                    return
                time.sleep(0.05)
