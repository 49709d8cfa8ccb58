"""How long a statement waits for the lock of an SQLite database; other databases lock rows, not files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection as database


@contextmanager
def wait_at_most(seconds: float) -> Iterator[None]:
    """Inside, a statement that finds the database locked gives up after so many seconds (OperationalError).

    The connection is kept for later requests, so the longer patience of the settings is given back.
    """
    if database.vendor != "sqlite":
        yield
        return
    _set(seconds)
    try:
        yield
    finally:
        _set(database.settings_dict["OPTIONS"]["timeout"])


def _set(seconds: float) -> None:
    database.ensure_connection()
    database.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
