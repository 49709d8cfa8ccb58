"""Money that came, is to come, and is late, for the settlements report and the pictures of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from config import clock
from payments.models import Charge, Customer, Payment
from tests import factories

# Days from now, cents, fee, cents given back.
_COMING = ((-3, 12_990, 437, 0), (1, 8_990, 318, 0), (6, 45_000, 1_395, 0), (23, 7_550, 275, 2_000))
_FAR = ((34, 11_666, 423, 0), (66, 11_668, 423, 0))
_CAME = ((-1, 15_000, 199, 0), (-2, 22_000, 199, 5_000), (-4, 99_900, 199, 0))


def make_settlements(charges: dict[str, Charge]) -> dict[str, str]:
    """Addresses of the report and of a charge paid by parcels."""
    payer = charges["paid"].customer
    shop, net = charges["paid"].connection, charges["refunded"].connection
    for connection in (shop, net):
        for days, cents, fee, refunded in (*_COMING, *_FAR):
            _pay(connection, payer, cents, fee, refunded, settles_at=clock.now() + timedelta(days=days))
    for days, cents, fee, refunded in _CAME:
        moment = clock.now() + timedelta(days=days)
        _pay(shop, payer, cents, fee, refunded, settles_at=moment, settled_at=moment)
    return {"settlements": "/reports/settlements/", "charge-parcels": _in_parcels(charges["paid"])}


def _in_parcels(like: Charge) -> str:
    now = clock.now()
    charge = factories.make_charge(
        like.connection,
        customer=like.customer,
        status="paid",
        method="card",
        amount_cents=35_000,
        received_cents=35_000,
        fee_cents=1_268,
        net_cents=33_732,
        paid_at=now - timedelta(days=40),
        settles_at=now + timedelta(days=56),
        created_at=now - timedelta(days=41),
        description="Curso",
    )
    for number, cents in enumerate((11_666, 11_666, 11_668), 1):
        day = now + timedelta(days=32 * number - 40)
        came = {"settled_at": day} if number == 1 else {}
        _money(charge, cents, 423 if number < 3 else 422, settles_at=day, **_parcel(number), **came)
    return charge.get_absolute_url()


def _parcel(number: int) -> dict[str, Any]:
    return {"parcel": number, "due_date": (clock.now() + timedelta(days=30 * number - 70)).date()}


def _pay(connection: Any, customer: Customer, cents: int, fee: int, refunded: int, **values: Any) -> Payment:
    paid_at = clock.now() - timedelta(days=5 + cents % 24)
    charge = factories.make_charge(
        connection,
        customer=customer,
        status="paid",
        amount_cents=cents,
        received_cents=cents,
        refunded_cents=refunded,
        paid_at=paid_at,
        created_at=paid_at - timedelta(days=2),
    )
    return _money(charge, cents, fee, refunded_cents=refunded, paid_at=paid_at, **values)


def _money(charge: Charge, cents: int, fee: int, **values: Any) -> Payment:
    return factories.make_payment(
        charge,
        "paid",
        amount_cents=cents,
        received_cents=cents,
        fee_cents=fee,
        net_cents=cents - fee,
        gateway_status="CONFIRMED",
        **{"paid_at": clock.now() - timedelta(days=40), **values},
    )
