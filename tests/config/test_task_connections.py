"""A task uses the database connection that the one before it left, unless it is broken."""

from __future__ import annotations

import pytest
from celery import signals
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from config.celery import app
from webhooks.tasks import work

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


def begin() -> None:
    """As a worker does before each task."""
    DjangoWorkerFixup(app).on_task_prerun(sender=work)
    signals.task_prerun.send(sender=work, task=work)


def end() -> None:
    signals.task_postrun.send(sender=work, task=work)
    DjangoWorkerFixup(app).on_task_postrun(sender=work)


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def test_no_task_opens_a_connection_of_its_own() -> None:
    ask()
    used = connection.connection
    begin()
    assert ask() == 1
    end()
    begin()
    assert ask() == 1 and connection.connection is used


def test_one_that_was_cut_is_replaced() -> None:
    """A server that is restarted costs no task that begins after it."""
    if connection.vendor != "postgresql":
        return
    ask()
    used, other = connection.connection, connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [used.info.backend_pid])
    other.close()
    begin()
    assert ask() == 1 and connection.connection is not used


def test_one_that_is_too_old_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    monkeypatch.setattr(connection, "close_at", 0.0)
    closed: list[bool] = []
    monkeypatch.setattr(connection, "close", lambda: closed.append(True))
    end()
    assert closed
