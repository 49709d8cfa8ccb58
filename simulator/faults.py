"""Misbehaviour that can be switched on. Kept in the database, mirrored in memory so that asking is free."""

import threading
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from simulator.models import Account, Fault, write

KNOWN = {
    "drop": "the notification is recorded but never sent",
    "duplicate": "the notification is sent `extra` (1) more times, `seconds` (0) later",
    "delay": "the notification waits `seconds` (60) of simulated time",
    "reorder": "the notification is held until the account's next one was sent (at most `seconds`, 30)",
    "wrong_secret": "Asaas: wrong token; Mercado Pago: signed with another secret (counts attempts)",
    "ipn_twin": "Mercado Pago also sends legacy IPN (payment, and merchant_order where there is one); "
    "`unsigned`: without x-signature; `only`: instead of the webhook",
    "signature_ms": "Mercado Pago signs with a 13-digit ts",
    "signature_lower_case": "Mercado Pago signs data.id in lower case",
    "no_data_id": "Mercado Pago leaves data.id out of the query and of the manifest",
    "early_notify": "the notification is sent before the change is seen: for `seconds` (3) reads and lists "
    "answer what was before (404 for what is new)",
    "outage": "answers 503 to every call, and of a whole gateway to its pages too, until removed; optional "
    "`retry_after`",
    "error_500": "answers 500; `when`: before (default) or after the effect",
    "hang": "holds the call for `seconds` (30); `when`: before (then 504, no effect) or after the effect",
    "rate_limit": "answers 429 with Retry-After `retry_after` (30), no effect",
    "slow": "answers after `seconds` (2)",
    "malformed_json": "makes the effect, answers a broken body",
    "html_error": "answers an HTML 502; `when`: before (default) or after the effect",
    "stale_read": "the next `reads` (1) GETs of a changed object answer what it was before its last change",
    "lagging_list": "lists and searches do not show objects younger than `seconds` (60) of simulated time",
    "partial_put": "a PUT answers 200 but leaves out the `fields` named, or else its last field",
    "notify_before_answer": "the call is answered only after its notifications were sent",
    "refuse_direct_payments": "Mercado Pago refuses writes on /v1/payments with 401 cause 7",
}
NUMBERS = ("extra", "seconds", "retry_after", "reads", "share", "seed")
WHEN = ("before", "after")

_lock = threading.RLock()
_active: list[Fault] = []
_asked: Counter[int] = Counter()
"""How often a fault with a share was asked, by its id: the place in its row of seeded choices."""
_switched_on: dict[int, int] = {}
"""When each was switched on, by its id: which one of all it was since the process began."""
_count = 0


@dataclass(frozen=True)
class Occasion:
    """What is happening, for a fault to match against."""

    gateway: str
    account: int | None = None
    method: str = ""
    path: str = ""
    event: str = ""
    topic: str = ""
    newest: int | None = None
    """The newest fault when it began: one that was switched on later does not strike a call that hangs on."""


def newest() -> int:
    return _count


def load() -> None:
    with _lock:
        _active[:] = Fault.objects.order_by("id")


def add(fault: Fault) -> Fault:
    global _count
    with write(), _lock:
        fault.save()
        _count += 1
        _switched_on[fault.pk] = _count
        _active.append(fault)
    return fault


def clear(name: str = "") -> None:
    """All of them, or those of one name."""
    with write(), _lock:
        gone = [one.pk for one in _active if not name or one.name == name]
        _remove(gone)


def remove(identifier: int) -> bool:
    with write(), _lock:
        is_known = any(one.pk == identifier for one in _active)
        _remove([identifier])
        return is_known


def _remove(identifiers: list[int]) -> None:
    Fault.objects.filter(pk__in=identifiers).delete()
    _active[:] = [one for one in _active if one.pk not in identifiers]
    for identifier in identifiers:
        del _asked[identifier]
        _switched_on.pop(identifier, None)


def listed() -> list[Fault]:
    return list(Fault.objects.order_by("id"))


def take(name: str, occasion: Occasion, when: str | None = None) -> dict[str, Any] | None:
    """The parameters of a fault that strikes now, counted; None when none does."""
    if not _active:
        return None
    with _lock:
        matching = (one for one in _active if _matches(one, name, occasion, when))
        fault = next((one for one in matching if _is_drawn(one)), None)
    return _strike(fault) if fault else None


def _is_drawn(fault: Fault) -> bool:
    """Always, or for a `share` of the occasions: chosen by the seed and how often it was asked."""
    share = fault.parameters.get("share")
    if share is None:
        return True
    _asked[fault.pk] += 1
    row = f"{fault.parameters.get('seed', 0)}:{fault.name}:{_asked[fault.pk]}"
    return Random(row).random() < share


def _strike(fault: Fault) -> dict[str, Any] | None:
    with write(), _lock:
        if fault.times is not None and fault.struck >= fault.times:
            return None
        fault.struck += 1
        Fault.objects.filter(pk=fault.pk).update(struck=fault.struck)
        return dict(fault.parameters)


def _matches(fault: Fault, name: str, occasion: Occasion, when: str | None) -> bool:
    wanted = fault.parameters
    return (
        fault.name == name
        and (fault.times is None or fault.struck < fault.times)
        and fault.gateway in ("", occasion.gateway)
        and fault.account in (None, occasion.account)
        and (occasion.newest is None or _switched_on.get(fault.pk, 0) <= occasion.newest)
        and wanted.get("method", occasion.method).upper() == occasion.method.upper()
        and wanted.get("path", "") in occasion.path
        and wanted.get("event", occasion.event) == occasion.event
        and wanted.get("topic", occasion.topic) == occasion.topic
        and (when is None or wanted.get("when", "before") == when)
    )


def occasion_of(account: Account, event: str = "", topic: str = "") -> Occasion:
    return Occasion(account.gateway, account.pk, event=event, topic=topic)
