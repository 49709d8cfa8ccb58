"""Notifications made by hand: one composed and signed as the gateway would, and how one is verified, told.

``base.Gateway`` has these calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connections.gateways.accounts import Secrets
from connections.gateways.vocabulary import Rejection


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A request to a webhook URL, ready to be sent; ``signed`` are the headers that prove who sent it."""

    query: Mapping[str, str]
    body: str
    headers: Mapping[str, str]
    signed: Secrets


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a verification: what was looked at, what was found with ``values`` to fill in.

    ``is_good`` is ``None`` for what decides nothing.
    """

    title: str
    found: str
    values: Mapping[str, str] = field(default_factory=dict)
    is_good: bool | None = None


class SampleCalls(Protocol):
    """``sample_topics``: what can be composed, by word in ``topic_words``. ``sample_id`` exists nowhere.

    ``signing_headers`` prove who sent a notification: their values are never shown.
    """

    sample_topics: Sequence[str]
    sample_id: str
    signing_headers: Sequence[str]

    @classmethod
    def compose(cls, topic: str, gateway_id: str, *, secret: str, now: datetime, mark: str) -> Sample:
        """A notification as the gateway would send it, proven with this secret.

        ``mark`` is its own, so that no other is taken for a repeat of it.
        """

    @classmethod
    def explain(
        cls,
        headers: Mapping[str, str],
        query: str,
        *,
        rejection: Rejection | None,
        received_at: datetime,
        tolerance_seconds: int | None = None,
    ) -> Sequence[Step]:
        """How a delivery that was taken, or refused for this reason, was verified, step by step.

        ``headers`` may lack what is secret. The name of the secret that fitted stands in the texts as
        ``{secret}``, which the caller fills in.
        """

    @classmethod
    def notification_id(cls, body: bytes) -> str:
        """The id that the gateway gave the notification itself; empty where the body names none."""
