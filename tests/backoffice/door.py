"""The public address of a test: a server that hands on to the product, as a proxy should or should not."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import Client


@dataclass(frozen=True)
class Letter:
    """One notification as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Door:
    """What stands before the product. Each attribute is one thing a proxy gets wrong."""

    def __init__(self) -> None:
        self.host = ""  # hands on this host
        self.request_id = ""  # hands on this request id
        self.page = b""  # answers this by itself
        self.redirects = False  # sends everybody to where they came from
        self.takes = 200  # answers this to notifications, which it keeps for who hands them on
        self.letters: list[Letter] = []
        self.url = ""
        self.open()

    def open(self) -> None:
        """Where it was before, if it ever was."""
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = door.answer(self.path, dict(self.headers))
                self.send_response(status)
                if status == 301:
                    self.send_header("Location", door.url + self.path)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                door.letters.append(Letter(self.path, dict(self.headers), body))
                self.send_response(door.takes)
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Says nothing."""

        port = int(self.url.rpartition(":")[2] or 0)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        if self.redirects:
            return 301, b""
        if self.page:
            return 200, self.page
        handed_on = {
            "host": self.host or headers["Host"],
            "x-request-id": self.request_id or headers["x-request-id"],
        }
        answered = Client().get(path, headers=handed_on)
        return answered.status_code, answered.content

    def hand_on(self) -> None:
        """Give the product what came since the last time, in the thread and transaction of the test."""
        while self.letters:
            letter = self.letters.pop(0)
            kept = {k: v for k, v in letter.headers.items() if k.lower() not in ("host", "content-length")}
            answer = Client().post(letter.path, letter.body, content_type="application/json", headers=kept)
            assert answer.status_code == 200, answer.content

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
