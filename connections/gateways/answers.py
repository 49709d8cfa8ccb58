"""From bytes to an answer: what was sent, what came back, and whether it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from connections.gateways.errors import UnreadableAnswer
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, decode_json

LONGEST_PAUSE_SECONDS = 12 * 3600.0  # the longest window a gateway names (asaas.md 1.4)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer below 500 with its JSON; ``data`` is ``None`` for an empty body or an unreadable 4xx."""

    method: str
    status: int
    request_id: str
    data: object = None

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    def record(self) -> Record:
        """The JSON object the document promises; raises ``UnreadableAnswer`` when it is something else."""
        if isinstance(self.data, Mapping):
            return self.data
        raise self.unreadable()

    def unreadable(self) -> UnreadableAnswer:
        return UnreadableAnswer(
            _("The gateway sent an answer we cannot read."),
            maybe_sent=self.is_write,
            http_status=self.status,
            request_id=self.request_id,
        )


@dataclass(frozen=True)
class Call:
    """One request as it leaves; ``shown`` is its redacted path."""

    method: str
    url: str
    shown: str
    body: str
    headers: Mapping[str, str]

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True)
class Received:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")[:100]


def to_answer(call: Call, received: Received) -> Answer | UnreadableAnswer:
    """3xx is refused: following it could hand the key to another host. 4xx may be empty or HTML."""
    if 300 <= received.status < 400:
        return unreadable(call, received.status, received.request_id)
    data: object = None
    if received.body.strip():
        try:
            data = decode_json(received.body)
        except ValueError:
            if received.status < 300:
                return unreadable(call, received.status, received.request_id)
    return Answer(method=call.method, status=received.status, request_id=received.request_id, data=data)


def unreadable(call: Call, status: int, request_id: str = "") -> UnreadableAnswer:
    return Answer(method=call.method, status=status, request_id=request_id).unreadable()


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from ``Retry-After`` (number or date), else ``RateLimit-Reset`` (asaas.md 1.4)."""
    for name in ("Retry-After", "RateLimit-Reset"):
        written = headers.get(name, "").strip()
        seconds: float | None = None
        if written.isascii() and written.isdigit() and len(written) < 10:
            seconds = float(written)
        else:
            with suppress(ValueError, TypeError, OverflowError):
                seconds = (parsedate_to_datetime(written) - now).total_seconds()
        if seconds is not None:
            return min(max(seconds, 0.0), LONGEST_PAUSE_SECONDS)
    return None
