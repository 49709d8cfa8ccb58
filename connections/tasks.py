"""Looks at the connections by the clock; the rows decide whose turn it is."""

from __future__ import annotations

from config.celery import app
from connections.services import health, problems, telling


@app.task(name="connections.tasks.watch")
def watch() -> None:
    """Look at the keys and webhooks that are due."""
    health.sweep()


@app.task(name="connections.tasks.tell")
def tell() -> None:
    """Write to the people who can act."""
    telling.tell()
    problems.forget()
