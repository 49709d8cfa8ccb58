"""Accounts in memory: asked for at every call and delivery, changed only by controls."""

import threading

from simulator.models import Account

_lock = threading.Lock()
_by_key: dict[str, Account] = {}
_by_id: dict[int, Account] = {}


def by_key(gateway: str, key: str) -> Account | None:
    account = _by_key.get(key) or _load(key=key)
    return account if account is not None and account.gateway == gateway else None


def by_id(identifier: int) -> Account:
    account = _by_id.get(identifier) or _load(pk=identifier)
    if account is None:
        raise Account.DoesNotExist
    return account


def _load(**where: object) -> Account | None:
    """Under the lock, so that nobody stores again what forget() has just dropped."""
    with _lock:
        account = Account.objects.filter(**where).first()
        if account is not None:
            _by_key[account.key] = _by_id[account.pk] = account
        return account


def forget() -> None:
    """After every committed change of an account."""
    with _lock:
        _by_key.clear()
        _by_id.clear()
