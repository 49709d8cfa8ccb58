"""The simulator's controls (docs/simulator.md) and a receiver for what it sends."""

from __future__ import annotations

import json
import queue
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from connections.gateways.base import Delivery


class Simulator:
    """One running simulator; every method is one HTTP control."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = Request(f"{self.url}/_control/{path}", method=method)
        request.add_header("Content-Type", "application/json")
        data = None if method == "GET" else json.dumps(body or {}).encode()
        with urlopen(request, data=data, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def reset(self) -> None:
        self.control("POST", "reset")

    def now(self) -> datetime:
        return datetime.fromisoformat(self.control("GET", "clock")["now"])

    def account(self, gateway: str, **switches: Any) -> dict[str, Any]:
        created: dict[str, Any] = self.control("POST", "accounts", {"gateway": gateway, **switches})
        return created

    def change_account(self, account: dict[str, Any], **switches: Any) -> None:
        self.control("POST", f"accounts/{account['id']}", switches)

    def act(self, name: str, **what: Any) -> Any:
        """``pay``, ``expire``, ``overdue``, ``delete``, ``notify`` or ``panel_event``."""
        return self.control("POST", name, what)

    def fault(self, name: str, **parameters: Any) -> None:
        self.control("POST", "faults", {"name": name, **parameters})

    def books(self, reference: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.control("GET", f"books?reference={reference}")["payments"]
        return listed

    def balance(self, account: dict[str, Any]) -> float:
        return float(self.control("GET", f"books?account={account['id']}")["balance"])

    def received(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.control("GET", "received")["calls"]
        return listed

    def flush(self) -> None:
        self.control("POST", "flush", {"ignore_schedule": True})


class Receiver:
    """Our end of the webhook: answers 200 and hands over each delivery as it came."""

    def __init__(self) -> None:
        self._arrived: queue.Queue[Delivery] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/7f3c/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._arrived.put(Delivery(headers=headers, query=urlsplit(request.path).query, body=body))
        request.send_response(200)
        request.end_headers()

    def take(self) -> Delivery:
        """The next delivery; fails the test when none comes."""
        return self._arrived.get(timeout=60)

    def take_all(self) -> list[Delivery]:
        """At least one delivery, and whatever else has arrived."""
        found = [self.take()]
        while not self._arrived.empty():
            found.append(self._arrived.get())
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
