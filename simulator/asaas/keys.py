"""The life of an Asaas key, and the ACCESS_TOKEN_* events that tell of it (asaas.md 1.2)."""

from datetime import datetime, timedelta
from typing import Any

from simulator import clock, numbering
from simulator.asaas import notify, serialise
from simulator.models import Account, Delivery

EVENTS = {
    "created": "ACCESS_TOKEN_CREATED",
    "disabled": "ACCESS_TOKEN_DISABLED",
    "enabled": "ACCESS_TOKEN_ENABLED",
    "expiring_soon": "ACCESS_TOKEN_EXPIRING_SOON",
    "expired": "ACCESS_TOKEN_EXPIRED",
    "deleted": "ACCESS_TOKEN_DELETED",
}
WORKS = {"disabled": False, "enabled": True, "expired": False, "deleted": False}
"""Whether the key is good afterwards; the other events change nothing about it."""
UNUSED_LIFE, NOTICE = timedelta(days=180), timedelta(days=7)
"""An unused key expires after six months; how long before it is told is our choice."""
REASONS = {"disabled": "DISABLED_BY_USER", "expired": "EXPIRED"}
"""The words of `disabledReason` are ours: the document has none."""


def new(name: str, now: datetime) -> dict[str, Any]:
    return {
        "id": numbering.fresh_uuid(),
        "name": name,
        "disabledReason": None,
        "expirationDate": None,
        "projectedExpirationDateByLackOfUse": (now + UNUSED_LIFE).date().isoformat(),
    }


def happen(account: Account, what: str) -> list[Delivery]:
    """Changes the key as the event says and tells it; the caller holds the transaction.

    `created` is about a second key of the account, of which nothing but the event is known.
    """
    if what == "created":
        other = Account(key_enabled=True, created_at=clock.now(), options={"key": new("Outra", clock.now())})
        return notify.emit_key(account, EVENTS[what], serialise.access_token(other))
    account.options.setdefault("key", new("Integração", account.created_at))
    account.key_enabled = WORKS.get(what, account.key_enabled)
    account.options["key"] |= {"disabledReason": REASONS.get(what)}
    if what == "expiring_soon":
        account.options["key"]["expirationDate"] = (clock.now() + NOTICE).date().isoformat()
    if what == "expired":
        account.options["key"]["expirationDate"] = clock.today().isoformat()
    account.save()
    return notify.emit_key(account, EVENTS[what], serialise.access_token(account))
