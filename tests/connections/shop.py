"""An account at the simulator, connected here; its other side is the gateway's own panel."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

from config import clock
from connections import services
from connections.models import Connection, Problem
from tests.factories import make_connection
from tests.gateways.controls import Simulator


class Shop:
    def __init__(self, simulator: Simulator, **switches: Any) -> None:
        self.simulator = simulator
        simulator.fault("drop")  # nobody here takes notifications, and failed ones would slow the webhook
        self.account = simulator.account("asaas", environment="sandbox", name="Padaria", **switches)
        self.key: str = self.account["api_key"]
        self.other_account: dict[str, Any] = {}
        self.row = make_connection(
            name="Padaria",
            credentials={"api_key": self.key},
            account_id=self.account["account_id"],
            webhook_secrets={},
        )
        services.keep_webhook(self.connection)

    @property
    def connection(self) -> Connection:
        return Connection.objects.get(pk=self.row.pk)

    @property
    def hooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/webhooks")["data"]
        return found

    @property
    def hook(self) -> dict[str, Any]:
        [only] = self.hooks
        return only

    def in_the_panel(self, **changes: Any) -> None:
        """What a person, or Asaas itself, does to the webhook there."""
        self._ask("PUT", f"/webhooks/{self.hook['id']}", changes)

    def delete_hook(self) -> None:
        self._ask("DELETE", f"/webhooks/{self.hook['id']}")

    def change(self, **switches: Any) -> None:
        self.simulator.change_account(self.account, **switches)

    def store_key(self, key: str) -> None:
        row = self.connection
        row.seal_credentials({"api_key": key}, at=clock.now(), by="tests")
        row.save(update_fields=["credentials", "credential_hints"])

    def later(self, **time: float) -> None:
        seconds = timedelta(**time).total_seconds()
        self.simulator.control("POST", "clock", {"advance_seconds": seconds})
        clock._simulator._asked_at = float("-inf")

    def writes(self) -> list[tuple[str, str]]:
        """What was asked of the registration since it was made: the path's end and the body."""
        calls = [call for call in self.simulator.received() if "/webhooks" in call["path"]]
        made = [call for call in calls if call["method"] != "GET"]
        return [(call["path"].rpartition("/")[2], call["body"]) for call in made[1:]]

    @property
    def open_codes(self) -> list[str]:
        return sorted(self.row.problems.open().values_list("code", flat=True))

    @property
    def past(self) -> list[tuple[str, str]]:
        over = Problem.objects.filter(connection=self.row).exclude(cleared_at=None)
        return list(over.order_by("pk").values_list("code", "repair"))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = Request(f"{self.simulator.url}{self.account['base']}/v3{path}", method=method)
        request.add_header("access_token", self.key)
        request.add_header("User-Agent", "panel")
        request.add_header("Content-Type", "application/json")
        with urlopen(request, data=json.dumps(body).encode() if body else None, timeout=20) as answer:
            return json.loads(answer.read())
