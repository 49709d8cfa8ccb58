"""Servers on this machine that behave badly on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from connections.gateways import http as door
from connections.gateways.base import Exchange
from tests.gateways import sample

SECRET = "SECRETKEY0123456789abcdef"
Script = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers with one script a request and remembers what it was asked."""

    def __init__(self) -> None:
        self.script: Script = answer(200, b'{"id":"1"}')
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.released = threading.Event()
        self.ended = False
        self.url = ""

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.command, request.path, headers, request.rfile.read(length)))
        self.script(request)


def answer(status: int, content: bytes = b"", **headers: str) -> Script:
    def script(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return script


class Recorder:
    """A budget and a timeline that remember."""

    def __init__(self) -> None:
        self.budget: list[str] = []
        self.exchanges: list[Exchange] = []

    def acquire(self) -> None:
        self.budget.append("acquire")

    def release(self) -> None:
        self.budget.append("release")

    def pause(self, seconds: float) -> None:
        self.budget.append(f"pause {seconds:g}")


def session(url: str, recorder: Recorder | None = None, **changes: Any) -> door.GatewaySession:
    if recorder:
        changes = {"budget": recorder, "on_exchange": recorder.exchanges.append, **changes}
    return door.GatewaySession(sample.access(**changes), base_url=f"{url}/v3", auth={"access_token": SECRET})


def reset(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)
