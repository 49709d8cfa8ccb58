"""The announced limit of POST /payments: 100 per window of 10 s and account (asaas.md 1.4, 9.3)."""

import math
import threading
from datetime import datetime

from simulator import clock
from simulator.asaas.errors import AsaasError
from simulator.models import Account

LIMIT, WINDOW = 100, 10.0

_lock = threading.Lock()
_windows: dict[int, tuple[datetime, int]] = {}


def count(account: Account) -> dict[str, str]:
    """Counts one call; answers the RateLimit headers or refuses with 429."""
    now = clock.now()
    with _lock:
        started, used = _windows.get(account.pk, (now, 0))
        age = (now - started).total_seconds()
        if not 0 <= age < WINDOW:
            started, used, age = now, 0, 0.0
        _windows[account.pk] = (started, used + 1)
    if used >= LIMIT and account.options.get("rate_limited", True):
        raise AsaasError(
            429, "too_many_requests", "Limite de requisições atingido. Tente novamente mais tarde."
        )
    return {
        "RateLimit-Limit": str(LIMIT),
        "RateLimit-Remaining": str(max(0, LIMIT - used - 1)),
        "RateLimit-Reset": str(math.ceil(WINDOW - age) - 1),
    }


def forget() -> None:
    with _lock:
        _windows.clear()
