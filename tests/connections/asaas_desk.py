"""Asaas as the connection's page needs it: an account, and a register of webhooks that remembers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses

ASAAS = "https://api-sandbox.asaas.com/v3"
ACCOUNT = "3f2c0a77"


class AsaasDesk:
    """The webhooks registered at Asaas; ``before_put`` runs while a change is on its way."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.hooks: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.calls = 0
        self.is_down = False
        self.before_put: Callable[[dict[str, Any]], None] = lambda _sent: None
        mock.get(f"{ASAAS}/myAccount/commercialInfo/", json={"status": "APPROVED", "name": "Padaria"})
        status = {"id": ACCOUNT, "general": "APPROVED", "commercialInfo": "APPROVED"}
        mock.get(f"{ASAAS}/myAccount/status/", json=status)
        mock.get(f"{ASAAS}/pix/addressKeys", json={"data": [{"status": "ACTIVE"}], "hasMore": False})
        mock.add_callback(responses.GET, f"{ASAAS}/webhooks", callback=self._list)
        mock.add_callback(responses.POST, f"{ASAAS}/webhooks", callback=self._write)
        for number in range(5):
            mock.add_callback(responses.PUT, f"{ASAAS}/webhooks/hook-{number}", callback=self._write)

    @property
    def only_hook(self) -> dict[str, Any]:
        [hook] = self.hooks.values()
        return hook

    def _list(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.calls += 1
        if self.is_down:
            return 503, {}, "{}"
        url = parse_qs(urlsplit(request.url).query).get("url", [""])[0]
        found = [_shown(hook) for hook in self.hooks.values() if hook["url"] == url]
        return 200, {}, json.dumps({"data": found, "hasMore": False, "totalCount": len(found)})

    def _write(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.calls += 1
        sent = json.loads(request.body)
        name = request.url.rpartition("/")[2]
        if name == "webhooks":
            name = f"hook-{len(self.hooks)}"
        else:
            self.before_put(sent)
        if self.is_down:
            return 503, {}, "{}"
        self.writes.append(name)
        self.hooks[name] = {**sent, "id": name, "penalizedRequestsCount": 0, "hasAuthToken": True}
        return 200, {}, json.dumps(_shown(self.hooks[name]))


def _shown(hook: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hook.items() if name != "authToken"}
