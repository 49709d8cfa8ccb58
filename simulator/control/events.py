"""The control that sends any event of Asaas, about a thing that exists or not."""

import re
from typing import Any

from simulator import outbox
from simulator.answers import jsonable
from simulator.asaas import imagined, notify
from simulator.control import accounts
from simulator.control.errors import ControlError
from simulator.models import Account, AsaasCheckout, AsaasPayment, AsaasSubscription, AsaasWebhook, write

EXISTING = {
    "payment": AsaasPayment,
    notify.SUBSCRIPTION: AsaasSubscription,
    notify.CHECKOUT: AsaasCheckout,
}
MOST = 1000


def asaas_event(body: dict[str, Any]) -> dict[str, Any]:
    """To every enabled webhook, whatever it subscribed to; `times` over with one event id."""
    account, event = accounts.find(body.get("account")), str(body.get("event") or "")
    if account.gateway != "asaas" or not re.fullmatch(r"[A-Z][A-Z_]{2,59}", event):
        raise ControlError("needs an Asaas account and an event, like INVOICE_CREATED")
    times = int(body.get("times", 1))
    if not 1 <= times <= MOST:
        raise ControlError(f"times must be 1 to {MOST}")
    key, gid, entity = _entity(account, event, body)
    extra: dict[str, Any] = {"claims": jsonable(body.get("body") or {})}
    if not _exists(account, key, gid):
        extra["entity"] = entity
    identifier = notify.event_id(event, account.environment)
    with write():
        hooks = AsaasWebhook.objects.filter(account=account, enabled=True)
        notices = [
            notify.notice_of(account, event, identifier, hook, resource=key, resource_id=gid, extra=extra)
            for hook in hooks
        ]
        delay = float(body.get("delay_seconds", 0))
        made = [one for notice in notices for _ in range(times) for one in outbox.again(notice, delay)]
    return {"id": gid, "event_id": identifier, "deliveries": [one.pk for one in made]}


def _entity(account: Account, event: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Of a family nobody knows only `key` and `body` can tell it."""
    identifier = None if body.get("id") is None else str(body["id"])
    found = imagined.entity(account, event, identifier)
    if body.get("key"):
        gid = identifier or (found[1] if found else "")
        return str(body["key"]), gid, found[2] if found else {"id": gid}
    if found is None:
        raise ControlError("no family of that name: give the key of its object too")
    return found


def _exists(account: Account, key: str, gid: str) -> bool:
    model = EXISTING.get(key)
    return model is not None and model.objects.filter(account=account, gid=gid).exists()
