"""Fees, net and release of money at Mercado Pago (mercadopago.md 3.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.base import GatewayPayment
from connections.gateways.mercadopago.mapping import to_payment
from tests.gateways import sample

RELEASE = datetime(2026, 8, 31, 14, 20, 2, tzinfo=UTC)
BEFORE, AFTER = RELEASE - timedelta(seconds=1), RELEASE + timedelta(seconds=1)


def card(now: datetime | None = None, **changes: Any) -> GatewayPayment:
    return to_payment(sample.body("mercadopago", "payment_card", **changes), now=now)


def refund(amount: str, at: datetime, status: str = "approved") -> dict[str, Any]:
    return {"id": 1, "amount": Decimal(amount), "status": status, "date_created": at.isoformat()}


def test_only_the_fees_of_the_collector_are_ours() -> None:
    """The payer's interest for instalments is in the list of fees, too."""
    found = card()
    assert (found.received_cents, found.fee_cents, found.net_cents) == (14990, 747, 14243)
    assert card(fee_details=[{"type": "x", "amount": 3, "fee_payer": "payer"}]).fee_cents == 0
    assert card(fee_details=[]).fee_cents == 747


def test_the_word_of_the_gateway_decides_about_the_release() -> None:
    assert card(AFTER).settled_at is None
    assert card(BEFORE, money_release_status="released").settled_at == RELEASE


def test_without_a_word_the_release_date_decides() -> None:
    for absent in (None, ""):
        assert card(BEFORE, money_release_status=absent).settled_at is None
        assert card(AFTER, money_release_status=absent).settled_at == RELEASE
        assert card(money_release_status=absent).settled_at is None


@pytest.mark.parametrize(
    ("refunds", "is_settled"),
    [
        ([("149.90", BEFORE, "approved")], False),
        ([("100.00", BEFORE, "approved"), ("49.90", BEFORE, "approved")], False),
        ([("100.00", BEFORE, "approved")], True),
        ([("149.90", BEFORE, "rejected")], True),
        ([("149.90", AFTER, "approved")], True),
    ],
)
def test_what_was_given_back_before_was_never_released(
    refunds: list[tuple[str, datetime, str]], is_settled: bool
) -> None:
    listed = [refund(*one) for one in refunds]
    found = card(AFTER, refunds=listed, money_release_status="released")
    assert (found.settled_at is not None) is is_settled


def test_nothing_is_expected_of_what_is_not_paid() -> None:
    for status in ("pending", "rejected", "cancelled"):
        found = card(AFTER, status=status)
        assert (found.settles_at, found.settled_at, found.fee_cents) == (None, None, None)
