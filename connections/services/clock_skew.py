"""Whether this machine's clock agrees with the gateways': due dates and signatures hang on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from socket import gethostname

from config import clock
from connections.models import Problem
from connections.services import problems

CODE = "clock_skewed"
# The header has whole seconds, and an answer may be on its way for some.
_MOST = timedelta(minutes=2)
# A machine that said nothing for so long is not one of ours any more.
_GONE = timedelta(hours=1)


def compare(date_header: str) -> None:
    """Take a gateway's time (RFC 9110, 6.6.1) and say, or take back, that ours is another.

    Another machine's clock says nothing of the one that is wrong.
    """
    told = _parsed(date_header)
    if told is None:
        return
    ahead, here = clock.machine_now() - told, gethostname()
    if abs(ahead) > _MOST:
        problems.raise_(None, CODE, seconds=round(ahead.total_seconds()), host=here)
        return
    known = Problem.objects.open().filter(connection=None, code=CODE).first()
    if known and (known.data.get("host") == here or known.last_seen_at <= clock.now() - _GONE):
        problems.clear(None, CODE)


def _parsed(date_header: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(date_header)
    except (ValueError, TypeError, OverflowError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
