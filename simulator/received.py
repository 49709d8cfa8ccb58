"""Every API call as it was received, in memory: the newest ten thousand."""

import itertools
import threading
from collections import deque
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock

KEPT = 10_000
SECRET_HEADERS = ("Access-Token", "Access_Token", "Authorization")

_lock = threading.Lock()
_calls: deque[dict[str, Any]] = deque(maxlen=KEPT)
_numbers = itertools.count(1)


def add(
    request: HttpRequest,
    response: HttpResponse,
    *,
    gateway: str,
    account: int | None,
    at: datetime,
    faults: list[str],
) -> None:
    headers = {name: value for name, value in request.headers.items() if name not in SECRET_HEADERS}
    call = {
        "gateway": gateway,
        "account": account,
        "method": request.method,
        "path": request.path,
        "query": request.META.get("QUERY_STRING", ""),
        "headers": headers,
        "body": request.body.decode("utf-8", "replace"),
        "status": response.status_code,
        "faults": faults,
        "at": at.isoformat(),
        "milliseconds": int((clock.now() - at).total_seconds() * 1000),
    }
    with _lock:
        _calls.append({"id": next(_numbers), **call})


def since(mark: str) -> list[dict[str, Any]]:
    """Calls after an id, or from a moment on; all when there is no mark."""
    with _lock:
        calls = list(_calls)
    if not mark:
        return calls
    if mark.isdigit():
        return [call for call in calls if call["id"] > int(mark)]
    moment = datetime.fromisoformat(mark.replace(" ", "+"))
    return [call for call in calls if datetime.fromisoformat(call["at"]) >= moment]


def clear() -> None:
    with _lock:
        _calls.clear()
