"""Raise and clear what people should know of a connection; each may be said any number of times.

What the row of a connection says of its key, its account and its webhook is followed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from config import clock
from connections.models import Connection, ConnectionState, Problem, WebhookState
from connections.problem_kinds import Area, kind_of

AWAY_AFTER = timedelta(minutes=15)
_KEPT_FOR = timedelta(days=90)
_FORGET_AT_ONCE = 500
_LONGEST_WORDS = 300

# Why it was refused only the gateway knows.
_IN_THEIR_WORDS = ("webhook_refused", "webhook_not_allowed")

Found = dict[str, dict[str, Any]]

# Why we refused a key that the gateway took (``CredentialsUnfit``).
_UNFIT = {
    "sealed": "key_sealed",
    "environment": "key_of_other_environment",
    "another_account": "key_of_other_account",
    "account": "account_connected_twice",
}


def raise_(connection: Connection | None, code: str, *, area: str = "", **data: Any) -> Problem:
    """Say that a problem is there, of a connection or (None) of the whole house."""
    while True:
        now = clock.now()
        kind = kind_of(code)
        problem, _is_new = Problem.objects.get_or_create(
            connection=connection,
            code=code,
            cleared_at=None,
            defaults={
                "area": area or kind.area,
                "since": now,
                "last_seen_at": now,
                "data": data,
                "tell_due_at": now + kind.tell_after,
            },
        )
        # Cleared by another process between the two statements: then it is a new one.
        if Problem.objects.filter(pk=problem.pk, cleared_at=None).update(last_seen_at=now, data=data):
            return problem


def clear(connection: Connection | None, code: str, *, repair: str = "") -> bool:
    """Say that a problem is over; ``repair`` is what we did about it. False when it was not there."""
    return bool(_end(Problem.objects.filter(connection=connection, code=code), repair))


def keep(connection: Connection | None, area: Area, found: Found, *, repair: str = "") -> None:
    """Make the open problems of an area exactly these."""
    over = Problem.objects.filter(connection=connection, area=area).exclude(code__in=found)
    _end(over, repair)
    for code, data in found.items():
        raise_(connection, code, area=area, **data)


def _end(problems: QuerySet[Problem], repair: str) -> int:
    return problems.filter(cleared_at=None).update(cleared_at=clock.now(), repair=repair)


def forget() -> int:
    """Drop what was over too long ago for anybody to ask; returns how many."""
    over = Problem.objects.filter(cleared_at__lt=clock.now() - _KEPT_FOR).order_by()
    rows = list(over.values_list("pk", flat=True)[:_FORGET_AT_ONCE])
    return Problem.objects.filter(pk__in=rows).delete()[0] if rows else 0


def follow_key(connection: Connection) -> None:
    """Bring the problems of key and account in line with what the row says; no gateway is asked."""
    if not connection.is_active:
        _end(connection.problems.all(), "")
        return
    keep(connection, Area.KEY, _of_key(connection))
    if connection.state == ConnectionState.READY:
        keep(connection, Area.ACCOUNT, _of_notices(connection.notices))


def follow_webhook(connection: Connection, *, repair: str = "") -> None:
    """The same for the webhook; ``repair`` is what was just done about those that are over."""
    found = _of_webhook(connection) if connection.is_active else {}
    keep(connection, Area.WEBHOOK, found, repair=repair)


def _of_key(connection: Connection) -> Found:
    if connection.state == ConnectionState.REFUSED:
        if code := _UNFIT.get(connection.state_code):
            return {code: {}}
        return {"key_refused": _says(connection.state_reason)}
    since = connection.unreachable_since
    if connection.state == ConnectionState.UNREACHABLE and since and clock.now() - since >= AWAY_AFTER:
        return {"gateway_away": {}}
    return {}


def _of_webhook(connection: Connection) -> Found:
    if connection.capabilities.registers_webhook:
        return _of_notices(connection.webhook_notices)
    return {"webhook_secret_missing": {}} if connection.webhook_state == WebhookState.MISSING else {}


def _of_notices(notices: list[dict[str, str]]) -> Found:
    """The adapters' words are kept where we have none of our own, or where they are the gateway's."""
    return {notice["code"][:40]: _words(notice) for notice in notices}


def _words(notice: dict[str, str]) -> dict[str, str]:
    has_own = bool(kind_of(notice["code"]).advice) and notice["code"] not in _IN_THEIR_WORDS
    return {} if has_own else _says(notice["text"])


def _says(text: str) -> dict[str, str]:
    return {"says": text[:_LONGEST_WORDS]} if text else {}
