"""Every worker sweeps by itself, so that neither a lost message nor a dead broker or beat stops the queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from celery.signals import worker_init, worker_process_shutdown, worker_shutting_down
from django.db import close_old_connections

from connections.tasks import tell, watch
from payments.tasks import (
    check_charges,
    check_subscriptions,
    import_charges,
    make_batches,
    reconcile,
    settle_changes,
    settle_doubts,
    settle_refunds,
    settle_subscriptions,
)
from webhooks.lanes import lanes
from webhooks.tasks import sweep, tend

logger = logging.getLogger(__name__)

# A notification whose wake-up was lost waits so long; the rest is seldom begun by a moment to be met.
SWEEP_SECONDS, LOOK_SECONDS = 2.0, 5.0

_stop = threading.Event()


def sweep_forever(look: Callable[[], None], every: float) -> None:
    """Until the worker stops: look for due work each ``every`` seconds, whatever became of the messages."""
    while not _stop.wait(every):
        close_old_connections()
        try:
            look()
        except Exception:
            logger.exception("the sweep failed; it is tried again in %s s", every)


@worker_init.connect
def start(sender: Any = None, **_signal: Any) -> None:
    _stop.clear()
    # One connection whose gateway hangs leaves half of the threads to the others.
    lanes.most = max(1, (getattr(sender, "concurrency", None) or 2) // 2)
    settling = (settle_doubts, settle_refunds, settle_changes, settle_subscriptions, make_batches)
    checking = (check_charges, check_subscriptions)
    looks = dict.fromkeys((sweep, *settling), SWEEP_SECONDS)
    looks |= dict.fromkeys((*checking, tend, watch, tell, reconcile, import_charges), LOOK_SECONDS)
    # A thread each: what waits for a gateway keeps no notification waiting.
    for look, every in looks.items():
        name = f"sweeper {look.name}"
        threading.Thread(target=sweep_forever, args=[look, every], name=name, daemon=True).start()


@worker_shutting_down.connect
@worker_process_shutdown.connect
def stop(**_signal: Any) -> None:
    _stop.set()
