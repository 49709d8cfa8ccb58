"""Plain values about chargebacks and claims. A dispute is never a refund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DisputeKind(StrEnum):
    CHARGEBACK = "chargeback"  # the card's holder contested it at the bank
    CLAIM = "claim"  # the payer complained to the gateway


class DisputeState(StrEnum):
    """``OPEN``: nothing is asked of us. ``DOCUMENTS``: papers are asked for, until the deadline.
    ``REVIEW``: they were handed in. ``WON``: the money stays, or comes back. ``LOST``: it is gone."""

    OPEN = "open"
    DOCUMENTS = "documents"
    REVIEW = "review"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class GatewayDispute:
    """One dispute, from one fetch. ``state`` is ``None`` for a word we do not know.

    A gateway that knows disputes only as a state of their payment (Asaas) gives them the payment's id.
    ``amount_cents`` is ``None`` where not told: then it is about all of the payment. ``reason`` is the
    gateway's word or sentence. ``version`` orders two fetches, aware UTC, where the gateway has one.
    ``link`` leads to it in the gateway's panel.
    """

    kind: DisputeKind
    gateway_id: str
    payment_ids: tuple[str, ...]
    state: DisputeState | None
    gateway_status: str
    amount_cents: int | None = None
    currency: str = ""
    reason: str = ""
    opened_at: datetime | None = None
    deadline: datetime | None = None
    closed_at: datetime | None = None
    version: datetime | None = None
    link: str = ""
