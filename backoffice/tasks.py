"""Signs of life, and the doctor's rounds."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

from celery.signals import worker_init, worker_process_shutdown, worker_shutting_down
from django.db import close_old_connections

from backoffice import house, pulses
from config.celery import app

logger = logging.getLogger(__name__)

ROUND = timedelta(minutes=5)
_PAUSE_SECONDS = 15.0
_stop = threading.Event()


@app.task(name="backoffice.tasks.tick")
def tick() -> None:
    """Beat is alive: it sent this."""
    pulses.beat(pulses.BEAT)


def live() -> None:
    """A worker is alive; one of them makes the rounds."""
    pulses.beat(pulses.WORKER)
    if pulses.beat(pulses.LOOK, every=ROUND):
        house.look()


def _live_on() -> None:
    while True:
        close_old_connections()
        try:
            live()
        except Exception:
            logger.exception("the sign of life failed; it is tried again in %s s", _PAUSE_SECONDS)
        if _stop.wait(_PAUSE_SECONDS):
            return


@worker_init.connect
def start(**_signal: Any) -> None:
    _stop.clear()
    threading.Thread(target=_live_on, name="sign of life", daemon=True).start()


@worker_shutting_down.connect
@worker_process_shutdown.connect
def stop(**_signal: Any) -> None:
    _stop.set()
