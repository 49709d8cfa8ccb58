"""Signs of life of workers and beat, and the doctor's rounds. No broker carries them: it may be away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery.signals import beat_init, worker_init, worker_process_shutdown, worker_shutting_down
from django.db import close_old_connections

from backoffice import house, pulses
from payments.services import silence

logger = logging.getLogger(__name__)

ROUND = timedelta(minutes=5)
# While something is wrong.
_SOON = timedelta(minutes=1)
_PAUSE_SECONDS = 15.0
_stop = threading.Event()


def live() -> None:
    """A worker is alive; one of them makes the rounds, though not in its first moments: others start, too."""
    pulses.beat(pulses.WORKER)
    if not pulses.has_lasted(pulses.WORKER) or not pulses.beat(pulses.LOOK, every=ROUND):
        return
    found = house.look()
    silence.follow()
    if found:
        pulses.come_back(pulses.LOOK, every=ROUND, after=_SOON)


def tick() -> None:
    """Beat is alive."""
    pulses.beat(pulses.BEAT)


def repeat(act: Callable[[], Any]) -> None:
    """Until the process stops."""
    while True:
        close_old_connections()
        try:
            act()
        except Exception:
            logger.exception("the sign of life failed; it is tried again in %s s", _PAUSE_SECONDS)
        if _stop.wait(_PAUSE_SECONDS):
            return


@worker_init.connect
def start_worker(**_signal: Any) -> None:
    _stop.clear()
    threading.Thread(target=repeat, args=[live], name="sign of life", daemon=True).start()


@beat_init.connect
def start_beat(**_signal: Any) -> None:
    threading.Thread(target=repeat, args=[tick], name="sign of life", daemon=True).start()


@worker_shutting_down.connect
@worker_process_shutdown.connect
def stop(**_signal: Any) -> None:
    _stop.set()
