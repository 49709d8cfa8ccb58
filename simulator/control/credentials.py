"""The controls about credentials: what happens to a key, and what tells of it."""

from typing import Any

from simulator import known
from simulator.asaas import keys
from simulator.control import accounts
from simulator.control.errors import ControlError
from simulator.mercadopago import notify
from simulator.models import Delivery, write


def key_event(body: dict[str, Any]) -> dict[str, Any]:
    """Something happens to the key of an Asaas account: the key changes and ACCESS_TOKEN_* tells it."""
    with write():
        account = accounts.find(body.get("account"))
        if account.gateway != "asaas" or body.get("event") not in keys.EVENTS:
            raise ControlError(f"needs an Asaas account, and event one of {', '.join(keys.EVENTS)}")
        made = keys.happen(account, body["event"])
    known.forget()
    return _told(made) | {"key_enabled": account.key_enabled}


def connect_event(body: dict[str, Any]) -> dict[str, Any]:
    """An application is linked to a Mercado Pago account or unlinked, told on the topic mp-connect."""
    account = accounts.find(body.get("account"))
    action = body.get("action", "application.deauthorized")
    if account.gateway != "mercadopago" or action not in notify.CONNECT_ACTIONS:
        raise ControlError(f"needs a Mercado Pago account; action: {' or '.join(notify.CONNECT_ACTIONS)}")
    url = body.get("url") or notify.panel_url(account, notify.CONNECT)
    if not url:
        raise ControlError("needs a url, or a panel_url with mp-connect among the panel_topics")
    if body.get("revoke"):
        account = accounts.change(str(account.pk), {"key_enabled": False})
    return _told(notify.connect_event(account, action, url)) | {"key_enabled": account.key_enabled}


def _told(made: list[Delivery]) -> dict[str, Any]:
    return {"deliveries": [one.pk for one in made]}
