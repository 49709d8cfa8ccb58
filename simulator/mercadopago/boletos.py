"""Boletos of Mercado Pago: made, paid at a bank, cleared (mercadopago.md 3.2)."""

from datetime import date, datetime, time, timedelta
from typing import Any

from simulator import clock, numbering, slips
from simulator.clock import SAO_PAULO
from simulator.days import weekdays_after
from simulator.mercadopago import effects, serialise
from simulator.mercadopago.errors import cause
from simulator.models import Account, MpOrder, MpPayment, write

METHOD, KIND = "bolbradesco", "ticket"
BANK, BEFORE_NUMBER, AFTER_NUMBER = "237", "33800260", "7663330"
"""What the published bar code has around its ten-digit reference."""
DAYS = 3
LAST_SECOND = time(23, 59, 59)
CLEARING_DAYS, CLEARING_TIME = 2, time(9, 0)
"""mercadopago.md says 1 to 2 business days; the later one, so that nobody counts on the earlier."""


def create(
    account: Account,
    *,
    amount_cents: int,
    expires_at: datetime | None = None,
    order: MpOrder | None = None,
    columns: dict[str, Any],
    data: dict[str, Any],
) -> MpPayment:
    """`columns` are external_reference and notification_url, `data` the rest in the API's words."""
    expires_at = expires_at or _default_expiry()
    reference = f"{numbering.scattered('mp-boletos', 6_000_000_000):010d}"
    payment = effects.new_waiting(
        account,
        method=METHOD,
        kind=KIND,
        detail="pending_waiting_payment",
        amount_cents=amount_cents,
        expires_at=expires_at,
        order=order,
        columns=columns,
    )
    payment.data |= data | {"slip_reference": reference}
    payment.data["slip_code"] = bar_code(_day_of(expires_at), amount_cents, reference)
    return effects.announced(payment)


def _default_expiry() -> datetime:
    """The end of the third day in São Paulo, as in the published sample."""
    last_day = clock.today() + timedelta(days=DAYS)
    return datetime.combine(last_day, LAST_SECOND, SAO_PAULO)


def _day_of(moment: datetime) -> date:
    return moment.astimezone(SAO_PAULO).date()


def bar_code(due: date, cents: int, reference: str) -> str:
    return slips.bar_code(BANK, due, cents, BEFORE_NUMBER + reference + AFTER_NUMBER)


def is_boleto(row: MpPayment) -> bool:
    return row.method == METHOD


def pay(
    payment: MpPayment,
    *,
    amount_cents: int | None = None,
    force: bool = False,
    is_cleared: bool = False,
) -> MpPayment:
    """At a bank: nothing is seen of it until it clears, two business days later, or at once."""
    if is_cleared:
        return effects.approve(payment, amount_cents=amount_cents, force=force)
    with write():
        row = effects.fresh(payment)
        if effects.is_clearing(row) or (not force and row.status not in effects.PAYABLE):
            raise cause(400, 2063, "The action requested is not valid for the current payment state")
        row.data["paid_at_bank"] = {"at": serialise.stamp(clock.now()), "cents": amount_cents}
        cleared_on = weekdays_after(clock.today(), CLEARING_DAYS)
        row.due_at = datetime.combine(cleared_on, CLEARING_TIME, SAO_PAULO)
        row.save(update_fields=["data", "due_at"])
    return row
