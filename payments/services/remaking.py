"""What a gateway cannot change is cancelled there and made again, under the same charge.

The cancelling is ``payments.services.cancelling``'s, the making is the next round of ``creation``'s: here is
what lies between them.
"""

from __future__ import annotations

import dataclasses
from datetime import date

from config import clock
from connections.gateways.base import Gateway
from payments import transitions
from payments.models import Charge, ChargeChange, ChargeStatus
from payments.services import creation, lifetimes, terms
from payments.services.creation import LOOK_AFTER, Patience
from payments.services.ordering import order_of


def insist(change: ChargeChange, gateway: Gateway) -> None:
    """Raises ``RequestRefused`` for what this gateway could never make, before anything is cancelled."""
    charge = change.charge
    day = _day(change, charge)
    order = dataclasses.replace(
        order_of(charge, customer_id=""),
        amount_cents=_cents(change, charge),
        due_date=day,
        expires_at=lifetimes.next_expiry(charge.connection, charge.method, day),
        lines=(),
    )
    gateway.prepare_charge(order)


def begin(change: ChargeChange, charge: Charge) -> None:
    """Nothing of the held charge lives any more: it asks for something else from now on, and is made again.

    Whoever carries the change on makes it; a worker does after a while. What never reached the gateway
    is made when its time comes, as before.
    """
    cents, day = _cents(change, charge), _day(change, charge)
    terms.keep_ours(charge, amount_cents=cents, due_date=day, actor=change.requested_by)
    own = Charge.objects.filter(pk=charge.pk)
    own.update(amount_cents=cents, due_date=day, updated_at=clock.now())
    if not charge.resources.exists():
        return
    own.update(
        creation_round=charge.creation_round + 1,
        creation_token=change.token,
        creation_due_at=clock.now() + LOOK_AFTER[0],
        creation_tries=0,
        expires_at=lifetimes.next_expiry(charge.connection, charge.method, day),
        check_due_at=None,
        link="",
        pix_text="",
        pix_expires_at=None,
        boleto_line="",
        boleto_barcode="",
        boleto_url="",
    )
    transitions.renew(charge.pk)


def make(change: ChargeChange, patience: Patience, *, is_background: bool) -> None:
    """Make it at once, unless somebody else does already."""
    charge = Charge.objects.select_related("connection", "customer").get(pk=change.charge_id)
    is_mine = charge.creation_token == change.token and charge.creation_due_at is not None
    if is_mine and charge.status == ChargeStatus.CONFIRMING:
        creation.submit(charge, patience, is_background=is_background)


def _cents(change: ChargeChange, charge: Charge) -> int:
    return change.amount_cents or charge.amount_cents


def _day(change: ChargeChange, charge: Charge) -> date:
    return change.day or charge.due_date
