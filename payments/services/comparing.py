"""What a gateway's list says against what we hold. Pure: nothing here asks or writes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from connections.gateways.base import GatewayPayment
from payments import contested
from payments.models import Payment
from payments.models.payments import CONTESTED

Row = dict[str, Any]


def facts(listed: GatewayPayment) -> dict[str, Any]:
    """A payment as the gateway shows it, to be kept and read by people."""
    return {
        "status": listed.status.value if listed.status else "",
        "gateway_status": listed.gateway_status,
        "amount_cents": listed.amount_cents,
        "received_cents": listed.received_cents,
        "refunded_cents": listed.refunded_cents,
        "paid_at": listed.paid_at.isoformat() if listed.paid_at else None,
        "method": listed.method.value if listed.method else "",
        "reference": listed.reference[:64],
    }


def held_facts(held: Payment) -> dict[str, Any]:
    """The same of ours."""
    return {
        "status": held.status,
        "gateway_status": held.gateway_status,
        "amount_cents": held.amount_cents,
        "received_cents": held.received_cents,
        "refunded_cents": held.refunded_cents,
        "paid_at": held.paid_at.isoformat() if held.paid_at else None,
        "method": held.method,
        "reference": held.reference[:64],
    }


def is_news(listed: GatewayPayment, held: Payment) -> bool:
    """Whether the gateway's list says something else than we hold, and is not merely older."""
    version = held.resource.gateway_version
    if listed.version and version and listed.version < version:
        return False
    return differs(listed, held)


def differs(listed: GatewayPayment, held: Payment) -> bool:
    if held.status in CONTESTED:
        listed = contested.reading(listed, can=held.connection.capabilities)
    theirs = (listed.status.value if listed.status else "", listed.received_cents, listed.refunded_cents)
    settles = bool(listed.settled_at) and held.settled_at is None
    return settles or theirs != (held.status, held.received_cents, held.refunded_cents)


_STEPS = (
    frozenset({"pending", "overdue", "authorized", ""}),
    frozenset({"cancelled", "expired", "failed"}),
    frozenset({"paid"}),
    frozenset({"refunded", "disputed", "charged_back"}),
)


def is_behind(listed: GatewayPayment, held: Payment) -> bool:
    """Whether the list shows an earlier stage than the answer that was fetched after it: then it is older."""
    there = (_step(listed.status.value if listed.status else ""), listed.refunded_cents)
    return there < (_step(held.status), held.refunded_cents)


def _step(status: str) -> int:
    return next(number for number, statuses in enumerate(_STEPS) if status in statuses)


@dataclass
class Sums:
    """Number of payments, cents received and given back."""

    payments: int = 0
    received_cents: int = 0
    refunded_cents: int = 0

    def add(self, received_cents: int, refunded_cents: int) -> None:
        self.payments += 1
        self.received_cents += received_cents
        self.refunded_cents += refunded_cents

    def as_list(self) -> list[int]:
        return [self.payments, self.received_cents, self.refunded_cents]


@dataclass
class Day:
    """One civil day of payments in one currency: at the gateway, here, and there but not made here."""

    theirs: Sums = field(default_factory=Sums)
    ours: Sums = field(default_factory=Sums)
    not_ours: Sums = field(default_factory=Sums)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One payment of the list: as little of it as the sums need, and whether it is one of ours."""

    gateway_id: str
    day: str
    currency: str
    received_cents: int
    refunded_cents: int


def seen(listed: GatewayPayment, *, zone: tzinfo) -> Seen:
    """``day`` is the civil day of payment in ``zone``, empty while unpaid."""
    return Seen(
        gateway_id=listed.gateway_id,
        day=listed.paid_at.astimezone(zone).date().isoformat() if listed.paid_at else "",
        currency=listed.currency,
        received_cents=listed.received_cents,
        refunded_cents=listed.refunded_cents,
    )


def by_day(listed: Iterable[Seen], held: Mapping[str, Payment], *, open_ids: Container[str]) -> list[Row]:
    """The sums of what was listed as paid, and of the same payments here.

    A payment that was fetched after the list, and agrees, counts as fetched: the list was merely older.
    """
    days: dict[tuple[str, str], Day] = {}
    for one in listed:
        own = held.get(one.gateway_id)
        is_agreed = own is not None and one.gateway_id not in open_ids
        there = own if own is not None and is_agreed else one
        if not one.day or not there.received_cents:
            continue
        day = days.setdefault((one.day, one.currency), Day())
        theirs = day.theirs if own else day.not_ours
        theirs.add(there.received_cents, there.refunded_cents)
        if own and own.received_cents:
            day.ours.add(own.received_cents, own.refunded_cents)
    return [
        {
            "day": date,
            "currency": currency,
            "theirs": day.theirs.as_list(),
            "ours": day.ours.as_list(),
            "not_ours": day.not_ours.as_list(),
        }
        for (date, currency), day in sorted(days.items(), reverse=True)
    ]
