"""A total deadline on one HTTP call, whatever trickles in.

``requests`` and ``urllib3`` time each read of the socket; a server that sends one byte a second stays inside
such a time-out for hours, in the headers as in the body. Here every read looks at the clock first.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_SECONDS = 15.0


class _Clock(threading.local):
    ends = float("inf")


_clock = _Clock()


def start(seconds: float) -> None:
    """Begin a call on this thread that ends in so many seconds."""
    _clock.ends = time.monotonic() + seconds


def time_left(at_most: float) -> float:
    """Seconds the next step may take; raises ``TimeoutError`` when the call's time is over."""
    left = _clock.ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the call's deadline has passed")
    return min(left, at_most)


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(time_left(READ_SECONDS))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))


class _HTTPConnection(HTTPConnection):
    response_class = _Response


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


POOLS = {"http": _HTTPPool, "https": _HTTPSPool}
