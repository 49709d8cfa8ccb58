"""A webhook's secrets with overlap: a new one takes the name, the one before goes on under another.

The new secret of ``token`` is stored as ``token``, its predecessor as ``token.old1`` with the time until
which it is accepted. Every change is a compare-and-set on the sealed bytes, because the page, a worker and
``rotate_keys`` may all change them at the same moment.
"""

from __future__ import annotations

import copy
import itertools
import re
import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.models import OLD, Connection, secret_hint

_TRIES = 20
_TOKEN_LETTERS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 48
# Asaas refuses a token with "12345" or with a character four times in a row (asaas.md 5.1).
_REPEATED = re.compile(r"(.)\1\1")
_RUN_LENGTH = 4


@dataclass
class Held:
    """The opened secrets of one webhook and what is known of each, to be changed in place."""

    values: dict[str, str]
    hints: dict[str, dict[str, Any]]

    def old_names(self, name: str) -> list[str]:
        return [known for known in self.values if known.startswith(name + OLD)]

    def put(self, name: str, value: str, *, at: datetime, by: str, old_until: datetime) -> bool:
        """Take a new value; the one before stays accepted until then. False when nothing is new."""
        before = self.values.get(name)
        if before == value:
            return False
        for old in [known for known in self.old_names(name) if self.values[known] == value]:
            self.drop(old)  # back to an earlier one
        if before:
            self._retire(name, before, at=at, until=old_until)
        self.values[name] = value
        self.hints[name] = secret_hint(value, at=at, by=by)
        return True

    def _retire(self, name: str, value: str, *, at: datetime, until: datetime) -> None:
        free = (f"{name}{OLD}{number}" for number in itertools.count(1))
        old = next(candidate for candidate in free if candidate not in self.values)
        known = self.hints.get(name) or secret_hint(value, at=at, by="")
        self.values[old] = value
        self.hints[old] = {**known, "until": until.isoformat()}

    def end(self, name: str, *, at: datetime) -> bool:
        """Accept an old one until then at most. False when that is so already."""
        if self.until(name) <= at:
            return False
        self.hints[name]["until"] = at.isoformat()
        return True

    def until(self, name: str) -> datetime:
        return datetime.fromisoformat(self.hints[name]["until"])

    def drop(self, name: str) -> None:
        self.values.pop(name, None)
        self.hints.pop(name, None)

    def lapses(self) -> Iterator[datetime]:
        for name, hint in self.hints.items():
            if hint.get("until"):
                yield self.until(name)


def change(connection: Connection, edit: Callable[[Held], bool], **also: Any) -> bool:
    """Apply an edit to the stored secrets, whoever else changes them; False when it had nothing to do.

    ``also`` are columns written with it. The instance is brought up to date. Raises ``CannotOpen``.
    """
    for _try in range(_TRIES):
        row = Connection.objects.get(pk=connection.pk)
        held = Held(dict(row.open_webhook_secrets()), copy.deepcopy(row.webhook_secret_hints))
        before = None if row.webhook_secrets is None else bytes(row.webhook_secrets)
        is_changed = edit(held)
        hit = 1
        if is_changed:
            row.seal_webhook_secrets(held.values)
            hit = Connection.objects.filter(pk=row.pk, webhook_secrets=before).update(
                webhook_secrets=row.webhook_secrets,
                webhook_secret_hints=held.hints,
                secrets_lapse_at=min(held.lapses(), default=None),
                **also,
            )
        if hit:
            connection.refresh_from_db()
            return is_changed
    raise RuntimeError("the webhook's secrets were changed by somebody else all the time")


def generated_token() -> str:
    """A token every gateway takes."""
    while True:
        token = "".join(secrets.choice(_TOKEN_LETTERS) for _letter in range(_TOKEN_LENGTH))
        if not _REPEATED.search(token) and not _has_run(token):
            return token


def _has_run(token: str) -> bool:
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(token)]
    windows = (steps[start : start + _RUN_LENGTH - 1] for start in range(len(steps)))
    return any(window in ([1] * (_RUN_LENGTH - 1), [-1] * (_RUN_LENGTH - 1)) for window in windows)
