"""The Celery app. A message is only a wake-up: rows are the truth, so nothing here keeps results.

The broker returns an unacknowledged message after ``visibility_timeout``; every task is shorter than that.
"""

import os
import sys
from typing import Any

from celery import Celery, Task, signals
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

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
    beat_schedule={
        "sweep-notifications": {
            "task": "webhooks.tasks.sweep",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "settle-doubts": {
            "task": "payments.tasks.settle_doubts",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "settle-refunds": {
            "task": "payments.tasks.settle_refunds",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "settle-changes": {
            "task": "payments.tasks.settle_changes",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "settle-subscriptions": {
            "task": "payments.tasks.settle_subscriptions",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "check-subscriptions": {
            "task": "payments.tasks.check_subscriptions",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "make-batches": {
            "task": "payments.tasks.make_batches",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "check-charges": {
            "task": "payments.tasks.check_charges",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "watch-connections": {
            "task": "connections.tasks.watch",
            "schedule": 5.0,
            "options": {"expires": 5},
        },
        "tell-of-problems": {
            "task": "connections.tasks.tell",
            "schedule": 10.0,
            "options": {"expires": 10},
        },
        "import-charges": {
            "task": "payments.tasks.import_charges",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "reconcile": {
            "task": "payments.tasks.reconcile",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
    },
)
app.autodiscover_tasks()


@signals.task_prerun.connect
@signals.task_postrun.connect
def keep_fit(task: Task, **_signal: Any) -> None:
    """As before and after a request: what is broken or too old is closed, the rest is used again."""
    if not task.request.is_eager:
        close_old_connections()
