"""Codes paid in cash at a shop or a machine, and transfers from the buyer's bank (other-payment-ways)."""

from datetime import datetime, timedelta
from typing import Any

from simulator import clock, numbering
from simulator.mercadopago import effects
from simulator.mercadopago.sites import Way
from simulator.models import Account, MpOrder, MpPayment

LIFE = timedelta(days=3)
"""The usual expiry of a cash payment."""
WAITS = {"bank_transfer": "pending_waiting_transfer"}


def create(
    account: Account,
    way: Way,
    *,
    amount_cents: int,
    expires_at: datetime | None,
    order: MpOrder | None,
    columns: dict[str, Any],
    data: dict[str, Any],
) -> MpPayment:
    """`columns` are external_reference and notification_url, `data` the rest in the API's words."""
    payment = effects.new_waiting(
        account,
        method=way.id,
        kind=way.kind,
        detail=WAITS.get(way.kind, "pending_waiting_payment"),
        amount_cents=amount_cents,
        expires_at=expires_at or clock.now() + LIFE,
        order=order,
        columns=columns,
    )
    reference = f"{numbering.scattered('mp-tickets', 5_000_000_000):010d}"
    payment.data |= data | {"ticket_reference": reference}
    return effects.announced(payment)
