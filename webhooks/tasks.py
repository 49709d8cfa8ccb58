"""Wake-ups for the workers: they carry nothing, may come twice or never, and leave the work to a service."""

from __future__ import annotations

from config.celery import app
from connections import services as connections
from webhooks.services import (
    dead_list,
    forgetting,
    hints,
    inbox,
    knocking,
    reasserting,
    recording,
    replaying,
    simulating,
)


@app.task(name="webhooks.tasks.work")
def work() -> None:
    """Something arrived: take all that is open."""
    inbox.work()


@app.task(name="webhooks.tasks.sweep")
def sweep() -> None:
    """By the clock: retries that are due, leases that ran out, lost wake-ups."""
    inbox.work()
    replaying.work()
    hints.work()


@app.task(name="webhooks.tasks.tend")
def tend() -> None:
    """By the clock: webhooks to be mended, what came in vain, what is kept long enough, what is dead."""
    reasserting.reassert()
    connections.drop_lapsed()
    knocking.look()
    hints.forget()
    recording.forget()
    simulating.forget()
    forgetting.clear_late()
    dead_list.look()
