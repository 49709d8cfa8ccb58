"""What the gateways told and what they did not, by the simulator's own list of notifications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lib.storm.looking import Look
from lib.storm.rows import Row

# What says that something changed which we could not know, because the gateway or the customer did it.
_CHANGES = (
    "PAYMENT_CONFIRMED",
    "PAYMENT_RECEIVED",
    "PAYMENT_REFUNDED",
    "PAYMENT_PARTIALLY_REFUNDED",
    "PAYMENT_DELETED",
    "PAYMENT_CHARGEBACK_REQUESTED",
    "PAYMENT_CHARGEBACK_DISPUTE",
    "PAYMENT_AWAITING_CHARGEBACK_REVERSAL",
    "payment.created",
    "payment.updated",
)
_UNTOLD = ("check", "reconciliation")
_CHARGEBACK = {
    "DISPUTE_LOST": "lost",
    "DONE": "lost",
    "REVERSED": "won",
    "settled": "lost",
    "reimbursed": "won",
}
_CLAIM = {"payer": "lost", "seller": "won"}
_AGREEMENT = {
    "ACTIVE": ("active",),
    "EXPIRED": ("ended", "active"),
    "INACTIVE": ("paused", "cancelled"),
    "pending": ("pending",),
    "authorized": ("active",),
    "paused": ("paused",),
    "cancelled": ("cancelled", "ended"),
}


@dataclass(frozen=True)
class Miss:
    """A change that no notification told: it was dropped, and nothing about the same thing came later."""

    gateway_id: str
    charge: str
    event: str
    is_named: bool


def disputes(books: dict[str, list[Row]]) -> Iterator[tuple[str, str]]:
    """Of each dispute that ended: the payment and whether it was won or lost."""
    for payment in books["payments"]:
        chargeback = payment.get("chargeback")
        if chargeback and chargeback["status"] in _CHARGEBACK:
            yield str(payment["id"]), _CHARGEBACK[chargeback["status"]]
    for row in books["chargebacks"]:
        if row["status"] in _CHARGEBACK:
            yield str(row["payment"]), _CHARGEBACK[row["status"]]
    for row in books["claims"]:
        if row["for"] in _CLAIM:
            yield str(row["payment"]), _CLAIM[row["for"]]


def unseen_disputes(look: Look) -> list[tuple[str, str]]:
    """Won while no notification of them came: of the payment nothing tells them any more."""
    known = {row["gateway_id"] for row in look.disputes}
    return [one for one in disputes(look.books) if one[1] == "won" and one[0] not in known]


def agreement(row: Row) -> tuple[str, ...]:
    """What a subscription may be called here."""
    return ("cancelled",) if row.get("deleted") else _AGREEMENT.get(row["status"], ())


def lost_after_200(look: Look) -> Iterator[str]:
    """What was answered 2xx and is not in the inbox; at Mercado Pago by what it is about."""
    asaas = {event["dedupe_key"] for event in look.events}
    about = {event["gateway_id"] for event in look.events}
    for delivery in look.deliveries:
        if delivery["state"] != "delivered":
            continue
        if delivery["event_id"] and delivery["form"] == "asaas" and delivery["event_id"] not in asaas:
            yield f"{delivery['event']} {delivery['event_id']} was answered 200 and is not in the inbox"
        elif delivery["form"] != "asaas" and delivery["resource_id"] not in about:
            yield f"{delivery['event']} of {delivery['resource_id']} was answered 200 and is not in the inbox"


def missed(look: Look) -> list[Miss]:
    """One for each payment whose last news were dropped; named where we found out and said so."""
    told: dict[str, datetime] = {}
    dropped: dict[str, list[Row]] = defaultdict(list)
    for delivery in look.deliveries:
        gateway_id = delivery["resource_id"]
        if delivery["state"] == "dropped" and delivery["event"] in _CHANGES:
            dropped[gateway_id].append(delivery)
        for attempt in delivery["attempts"]:
            if attempt["status"] and 200 <= attempt["status"] < 300:
                at = datetime.fromisoformat(attempt["at"])
                told[gateway_id] = max(at, told.get(gateway_id, at))
    found = []
    for gateway_id, those in dropped.items():
        own, last = look.ours.get(gateway_id), those[-1]
        at = datetime.fromisoformat(last["created_at"])
        if own is None or told.get(gateway_id, at) > at:
            continue
        is_named = _is_named(look, gateway_id, own["charge"], at)
        found.append(Miss(gateway_id, own["charge"], last["event"], is_named))
    return found


def _is_named(look: Look, gateway_id: str, charge: str, at: datetime) -> bool:
    """A row names it; or nothing was left to find out, because what we did ourselves had told us."""
    if any(row["gateway_id"] == gateway_id and row["found_at"] >= at for row in look.missed):
        return True
    later = [move for move in look.moves if move["reference"] == charge and move["at"] >= at]
    return all(move["source"] not in _UNTOLD for move in later)
