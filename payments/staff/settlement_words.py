"""What each payment of a charge brought: gross, fee, net, and since when or when it is in the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config import clock
from payments.models import Charge, Payment


@dataclass(frozen=True, kw_only=True)
class Line:
    """``state``: ``settled``, ``expected``, ``late``, ``anticipated``, ``cash``, or empty where nothing is to
    come. ``moment`` is when. Amounts are cents; ``None`` where the gateway did not tell.
    """

    gateway_id: str
    parcel: int | None = None
    gross_cents: int
    fee_cents: int | None
    refunded_cents: int
    net_cents: int | None
    paid_at: datetime | None = None
    state: str = ""
    moment: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Money:
    """``total`` only of several payments."""

    lines: Sequence[Line]
    total: Line | None


def lines(charge: Charge) -> Money | None:
    """Every payment that brought money, oldest first; None while none did."""
    expected = set(charge.payments.expected().values_list("pk", flat=True))
    received = charge.payments.filter(received_cents__gt=0).order_by("pk")
    found = [_line(charge, payment, is_expected=payment.pk in expected) for payment in received]
    return Money(lines=found, total=_total(found) if len(found) > 1 else None) if found else None


def _line(charge: Charge, payment: Payment, *, is_expected: bool) -> Line:
    state = _state(charge, payment, is_expected=is_expected)
    return Line(
        gateway_id=payment.gateway_id,
        parcel=payment.parcel,
        gross_cents=payment.received_cents,
        fee_cents=payment.fee_cents,
        refunded_cents=payment.refunded_cents,
        net_cents=payment.net_cents,
        paid_at=payment.paid_at,
        state=state,
        moment=payment.settled_at if state in ("settled", "cash") else payment.settles_at,
    )


def _state(charge: Charge, payment: Payment, *, is_expected: bool) -> str:
    if payment.is_cash:
        return "cash"
    if payment.settled_at:
        return "settled"
    if payment.is_anticipated:
        return "anticipated"
    if not is_expected or payment.settles_at is None:
        return ""
    zone = charge.connection.time_zone
    day = payment.settles_at.astimezone(ZoneInfo(zone)).date()
    return "late" if day < clock.today(zone) else "expected"


def _total(found: Sequence[Line]) -> Line:
    """A fee that one payment does not tell leaves the sums unknown."""
    fees, nets = [one.fee_cents for one in found], [one.net_cents for one in found]
    return Line(
        gateway_id="",
        gross_cents=sum(one.gross_cents for one in found),
        fee_cents=None if None in fees else sum(fee for fee in fees if fee is not None),
        refunded_cents=sum(one.refunded_cents for one in found),
        net_cents=None if None in nets else sum(net for net in nets if net is not None),
    )
