"""The public address of a test: a server that hands on to the product, as a proxy should or should not."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import Client


class Door:
    """What stands before the product. Each attribute is one thing a proxy gets wrong."""

    def __init__(self) -> None:
        self.host = ""  # hands on this host
        self.request_id = ""  # hands on this request id
        self.page = b""  # answers this by itself
        self.redirects = False  # sends everybody to where they came from
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

            def log_message(self, *_arguments: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
