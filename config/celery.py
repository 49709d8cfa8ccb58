"""The Celery app. A message is only a wake-up: rows are the truth, so nothing here keeps results.

The broker returns an unacknowledged message after ``visibility_timeout``; every task is shorter than that.
"""

import os
import sys
from typing import Any

from celery import Celery, Task, signals
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_EVERY_SECONDS = 30.0


def _look(task: str) -> dict[str, Any]:
    """One that nobody took in time is dropped: the next one sees the same."""
    return {"task": task, "schedule": _EVERY_SECONDS, "options": {"expires": _EVERY_SECONDS}}


app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_connection_retry_on_startup=True,
    # A worker without a broker goes on by its own sweep; it must not give up and exit.
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 300,
        "unacked_restore_throttle": 1,
        "unacked_restore_interval": 5,
    },
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    # Else each task would open and close a database connection of its own; ``keep_fit`` sees to them.
    CELERY_DB_REUSE_MAX=sys.maxsize,
    task_default_queue="cobranca",
    timezone="UTC",
    # Workers take the same looks by themselves, and oftener; this is for where their threads do not run.
    beat_schedule={
        "sweep-notifications": _look("webhooks.tasks.sweep"),
        "tend-webhooks": _look("webhooks.tasks.tend"),
        "settle-doubts": _look("payments.tasks.settle_doubts"),
        "settle-refunds": _look("payments.tasks.settle_refunds"),
        "settle-changes": _look("payments.tasks.settle_changes"),
        "settle-subscriptions": _look("payments.tasks.settle_subscriptions"),
        "check-subscriptions": _look("payments.tasks.check_subscriptions"),
        "make-batches": _look("payments.tasks.make_batches"),
        "check-charges": _look("payments.tasks.check_charges"),
        "watch-connections": _look("connections.tasks.watch"),
        "tell-of-problems": _look("connections.tasks.tell"),
        "import-charges": _look("payments.tasks.import_charges"),
        "reconcile": _look("payments.tasks.reconcile"),
    },
)
app.autodiscover_tasks()


@signals.task_prerun.connect
@signals.task_postrun.connect
def keep_fit(task: Task, **_signal: Any) -> None:
    """As before and after a request: what is broken or too old is closed, the rest is used again."""
    if not task.request.is_eager:
        close_old_connections()
