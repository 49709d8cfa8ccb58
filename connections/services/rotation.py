"""Replace what a webhook is known by, so that no notification is refused meanwhile (design rules 10 and 12).

The order is the same everywhere: store and accept the new one, tell the gateway, end the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from django.db.models import F

from config import clock
from connections.models import Connection, new_path_token
from connections.sealed import CannotOpen
from connections.services.keeping import TOKEN, keep_webhook
from connections.services.secrets_of_webhook import Held, change, generated_token

# Asaas keeps undelivered notifications for 14 days (asaas.md 5.2).
OLD_TOKEN_FOR = timedelta(days=14)
OLD_ADDRESS_FOR = timedelta(days=14)
OLD_SECRET_FOR = timedelta(days=7)


class Unfinished(Exception):
    """The change before has to be finished or given up first."""


def new_token(connection: Connection, *, by: str) -> Connection:
    """Give the webhook a new token and tell the gateway, or have a worker tell it; both are accepted.

    While the gateway has not heard of the last new token it is told that one, not another.
    """
    now = clock.now()

    def renew(held: Held) -> bool:
        return held.put(TOKEN, generated_token(), at=now, by=by, old_until=now + OLD_TOKEN_FOR)

    if not connection.webhook_untold:
        change(connection, renew, webhook_untold=True, token_revealed_at=None)
    return keep_webhook(connection)


def replace_secrets(connection: Connection, pasted: Mapping[str, str], *, by: str) -> bool:
    """Take secrets a person copied from the gateway's panel; each old one is accepted for 7 days more."""
    now = clock.now()

    def replace(held: Held) -> bool:
        until = now + OLD_SECRET_FOR
        return any([held.put(name, value, at=now, by=by, old_until=until) for name, value in pasted.items()])

    return change(connection, replace)


def drop_old_secrets(connection: Connection, name: str) -> bool:
    """Stop accepting the secrets that ``name`` had before. Raises ``Unfinished`` while one is in use."""
    if connection.webhook_untold:
        raise Unfinished

    def drop(held: Held) -> bool:
        names = held.old_names(name)
        for old in names:
            held.drop(old)
        return bool(names)

    return change(connection, drop)


def drop_lapsed() -> None:
    """Forget the secrets whose time is up; they are not accepted since then anyway."""
    now = clock.now()

    def drop(held: Held) -> bool:
        over = [name for name, hint in held.hints.items() if hint.get("until") and held.until(name) <= now]
        for name in over:
            held.drop(name)
        return bool(over)

    for connection in Connection.objects.filter(secrets_lapse_at__lte=now):
        # What does not open stays for the process that has its key; it is not accepted meanwhile.
        with suppress(CannotOpen):
            change(connection, drop)


def new_address(connection: Connection) -> Connection:
    """Give the webhook a new address; the old one works for 14 days, and the gateway is told.

    Raises ``Unfinished`` while an older one still works: gateways may still be using that.
    """
    now = clock.now()
    free = Connection.objects.filter(pk=connection.pk).exclude(old_path_until__gt=now)
    is_taken = free.filter(webhook_untold=False).update(
        old_path_token=F("path_token"),
        old_path_until=now + OLD_ADDRESS_FOR,
        path_token=new_path_token(),
        webhook_untold=connection.capabilities.registers_webhook,
    )
    if not is_taken:
        raise Unfinished
    connection.refresh_from_db()
    return keep_webhook(connection)


def drop_old_path(connection: Connection) -> bool:
    """Stop taking notifications at the old address. Raises ``Unfinished`` while the gateway uses it."""
    same = Connection.objects.filter(pk=connection.pk, webhook_untold=False)
    if not same.update(old_path_token=None, old_path_until=None):
        raise Unfinished
    connection.refresh_from_db()
    return True


def reveal_token(connection: Connection) -> str:
    """The generated token, once; empty afterwards. Raises ``CannotOpen``.

    The caller has made sure of a recent login (design rule 10).
    """
    if not connection.capabilities.registers_webhook:
        return ""
    fresh = Connection.objects.get(pk=connection.pk)
    token = fresh.open_webhook_secrets().get(TOKEN, "")
    unseen = Connection.objects.filter(
        pk=fresh.pk, webhook_secrets=fresh.webhook_secrets, token_revealed_at=None
    )
    return token if token and unseen.update(token_revealed_at=clock.now()) else ""
