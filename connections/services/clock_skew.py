"""Whether this machine's clock agrees with the gateways': due dates and signatures hang on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from config import clock
from connections.models import Problem
from connections.services import problems

CODE = "clock_skewed"
# The header has whole seconds, and an answer may be on its way for some.
_MOST = timedelta(minutes=2)


def compare(date_header: str) -> None:
    """Take a gateway's time (RFC 9110, 6.6.1) and say, or take back, that ours is another."""
    told = _parsed(date_header)
    if told is None:
        return
    ahead = clock.machine_now() - told
    if abs(ahead) > _MOST:
        problems.raise_(None, CODE, seconds=round(ahead.total_seconds()))
    elif Problem.objects.open().filter(connection=None, code=CODE).exists():
        problems.clear(None, CODE)


def _parsed(date_header: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(date_header)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
