"""Every API call as it was received, in memory: the newest ten thousand in full, many more to be counted."""

import itertools
import re
import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock

KEPT, COUNTED = 10_000, 200_000
SECRET_HEADERS = ("Access-Token", "Access_Token", "Authorization")
IDENTIFIER = re.compile(r"[a-z]{3}_\w+|(?=.*\d)[0-9a-f-]{5,}")
"""A path segment that names one object: pay_..., a number, a uuid."""

_lock = threading.Lock()
_calls: deque[dict[str, Any]] = deque(maxlen=KEPT)
_counted: deque["Seen"] = deque(maxlen=COUNTED)
_numbers = itertools.count(1)
_life = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of a call to count it."""

    id: int
    account: int | None
    method: str
    path: str
    at: str


@dataclass(frozen=True)
class Chosen:
    """Which calls are asked for; `since` is an id or an ISO moment, `path` a part of the path."""

    since: str = ""
    account: int | None = None
    method: str = ""
    path: str = ""


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
        number = next(_numbers)
        _calls.append({"id": number, **call})
        _counted.append(Seen(number, account, request.method or "", request.path, call["at"]))


def calls(chosen: Chosen) -> list[dict[str, Any]]:
    """In full, oldest first."""
    with _lock:
        kept = list(_calls)
    wanted = {seen.id for seen in _chosen(chosen)}
    return [call for call in kept if call["id"] in wanted]


def count(chosen: Chosen) -> dict[str, Any]:
    """How many, by method and path without its identifiers; `last` is the mark for the next question."""
    seen = _chosen(chosen)
    paths = Counter(f"{one.method} {_kind_of(one.path)}" for one in seen)
    with _lock:
        last = _counted[-1].id if _counted else 0
    return {"count": len(seen), "paths": dict(sorted(paths.items())), "last": last}


def _chosen(chosen: Chosen) -> list[Seen]:
    with _lock:
        seen: Iterable[Seen] = list(_counted)
    if chosen.since.isdigit():
        seen = [one for one in seen if one.id > int(chosen.since)]
    elif chosen.since:
        moment = datetime.fromisoformat(chosen.since.replace(" ", "+"))
        seen = [one for one in seen if datetime.fromisoformat(one.at) >= moment]
    return [one for one in seen if _matches(one, chosen)]


def _matches(one: Seen, chosen: Chosen) -> bool:
    return (
        (chosen.account is None or one.account == chosen.account)
        and (not chosen.method or one.method == chosen.method.upper())
        and chosen.path in one.path
    )


def _kind_of(path: str) -> str:
    return "/".join("<id>" if IDENTIFIER.fullmatch(part) else part for part in path.split("/"))


def life() -> int:
    """Which life this is, from reset to reset: a call that began in an earlier one is not of this one."""
    return _life


def clear() -> None:
    global _life
    with _lock:
        _life += 1
        _calls.clear()
        _counted.clear()
