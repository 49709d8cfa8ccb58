"""The one clock. With ``SIMULATOR_URL`` set every process reads the simulator's time, so that due dates,
leases, back-off and schedules can be played through."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings

_REFRESH_SECONDS = 0.2
_TIMEOUT_SECONDS = 0.5


class _SimulatorOffset:
    """How far the simulator's clock is from ours, asked at most five times a second."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._asked_at = float("-inf")

    def current(self) -> timedelta:
        if time.monotonic() - self._asked_at >= _REFRESH_SECONDS:
            self._asked_at = time.monotonic()
            self._offset = self._ask()
        return self._offset

    def _ask(self) -> timedelta:
        address = urlsplit(settings.SIMULATOR_URL)
        http = HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS)
        try:
            http.request("GET", f"{address.path}/_control/clock")
            return timedelta(seconds=json.loads(http.getresponse().read())["offset_seconds"])
        except (OSError, HTTPException, ValueError, KeyError):
            return self._offset  # the simulator is away for a moment: time goes on as before
        finally:
            http.close()


_simulator = _SimulatorOffset()


def now() -> datetime:
    """The time, aware, in UTC."""
    present = datetime.now(UTC)
    return present + _simulator.current() if settings.SIMULATOR_URL else present


def machine_now() -> datetime:
    """The time of this machine: for what is about processes and machines, which no simulated day moves."""
    return datetime.now(UTC)


def today(time_zone: str) -> date:
    """The civil date in a time zone: what "due today" means for an account there."""
    return now().astimezone(ZoneInfo(time_zone)).date()
