"""One POST of a notification: a fresh connection, one deadline, redirects not followed."""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

READ_LIMIT = 64 * 1024
KEPT_TEXT = 500
LOOPBACK_NAMES = ("localhost", "::1")


@dataclass(frozen=True)
class Post:
    url: str
    headers: dict[str, str]
    body: bytes
    timeout: float


@dataclass(frozen=True)
class Answer:
    status: int | None
    text: str = ""
    error: str = ""
    milliseconds: int = field(default=0)


def is_loopback(host: str | None) -> bool:
    return host is not None and (host in LOOPBACK_NAMES or host.startswith("127."))


def is_allowed(url: str) -> bool:
    """https anywhere; plain http on loopback only, the simulator's one declared deviation."""
    try:
        parts = urlsplit(url)
        has_valid_port = parts.port != 0
    except ValueError:
        return False
    if not parts.hostname or not has_valid_port:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def post(message: Post) -> Answer:
    started = time.monotonic()
    if not is_allowed(message.url):
        return Answer(None, error="address refused: not https")
    try:
        status, text = _exchange(message)
    except (OSError, http.client.HTTPException, ValueError) as err:
        return Answer(None, error=_reason(err), milliseconds=_since(started))
    return Answer(status, text, milliseconds=_since(started))


def _exchange(message: Post) -> tuple[int, str]:
    parts = urlsplit(message.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=message.timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body=message.body, headers=message.headers)
        response = connection.getresponse()
        return response.status, response.read(READ_LIMIT)[:KEPT_TEXT].decode("utf-8", "replace")
    finally:
        connection.close()


def _reason(err: Exception) -> str:
    if isinstance(err, socket.timeout | TimeoutError):
        return "timeout"
    if isinstance(err, ssl.SSLError):
        return f"tls: {err}"
    return f"{type(err).__name__}: {err}"


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
