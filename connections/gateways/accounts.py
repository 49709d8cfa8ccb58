"""Plain values about an account at a gateway, and what an adapter needs to speak for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connections.gateways.vocabulary import Environment, Method


class Secrets(Mapping[str, str]):
    """Named secret strings that never print themselves."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "<secrets>"

    __str__ = __repr__


@dataclass(frozen=True, kw_only=True)
class TypingHint:
    """What to say at once of a secret that begins so, for connections of ``environment`` (None: of any).

    Only the beginning is looked at, in the browser; ``Gateway.review_credentials`` judges.
    """

    begins: str
    text: str
    environment: Environment | None = None


@dataclass(frozen=True, kw_only=True)
class SecretField:
    """One write-only box of the connection form."""

    name: str
    label: str
    help: str
    required: bool = True
    hints: tuple[TypingHint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something an administrator should know about an account; ``code`` is stable, ``text`` is ours."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PaymentWay:
    """One way of paying that a gateway lists for an account: a card, a shop, a bank.

    ``code`` and ``name`` are the gateway's; ``method`` is ours, ``None`` for what we have no word for. A
    largest amount of 0 is none known.
    """

    code: str
    name: str
    method: Method | None
    least_cents: int
    most_cents: int
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class DocumentRule:
    """One kind of document that a gateway takes of payers, as it lists it."""

    code: str
    name: str
    shortest: int
    longest: int
    is_numeric: bool


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose account a key opens, as learned from the gateway.

    ``ways`` and ``documents`` are ``None`` where the gateway did not tell this time.
    """

    account_id: str
    name: str
    environment: Environment
    site: str
    currency: str
    time_zone: str
    notices: tuple[Notice, ...] = ()
    ways: tuple[PaymentWay, ...] | None = None
    documents: tuple[DocumentRule, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookRegistration:
    """The state of our webhook at a gateway that has an API for it."""

    webhook_id: str
    url: str
    enabled: bool
    interrupted: bool
    penalties: int
    problems: tuple[Notice, ...] = ()

    @property
    def is_healthy(self) -> bool:
        return self.enabled and not self.interrupted and not self.penalties and not self.problems


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One finished call, redacted, for the timeline: no credential and no personal data."""

    method: str
    path: str
    request_body: str
    http_status: int | None
    response_body: str
    request_id: str
    milliseconds: int
    error: str = ""


class Budget(Protocol):
    """The calls a connection may make, shared by every process."""

    def acquire(self) -> None:
        """Take one place; raises ``BudgetExhausted``."""

    def release(self) -> None: ...

    def pause(self, seconds: float) -> None:
        """Let nobody call for a while (the gateway answered 429)."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """All an adapter needs to speak for one connection."""

    credentials: Secrets
    environment: Environment
    now: Callable[[], datetime]
    account_id: str = ""
    budget: Budget | None = None
    simulator_url: str = ""
    on_exchange: Callable[[Exchange], None] | None = None
    on_date: Callable[[str], None] | None = None  # the Date header of every answer
    deadline_seconds: float = 20.0
    seconds_left: Callable[[], float] | None = None
