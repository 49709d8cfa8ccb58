"""What an adapter tells people in words: how to try a charge in the sandbox, why a payment ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SandboxCard:
    """One of the gateway's published test cards. ``outcome`` says what happens; empty: the holder decides."""

    brand: str
    number: str
    code: str
    expiry: str
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A name to type on the card, and what it makes of the payment."""

    name: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class SandboxGuide:
    """How a sandbox charge can be paid, and what stays pending there. All sentences are ours."""

    notes: tuple[str, ...] = ()
    cards: tuple[SandboxCard, ...] = ()
    holders: tuple[Holder, ...] = ()
