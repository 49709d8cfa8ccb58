"""A charge as what its gateway is asked to collect: always the net, the items only where they come to it."""

from __future__ import annotations

import uuid

from connections.gateways.base import ChargeOrder, Method, OrderLine
from connections.services import webhook_url
from payments import amounts
from payments.models import Charge
from payments.services.customers import details_of
from payments.services.terms import asked


def order_of(charge: Charge, *, customer_id: str) -> ChargeOrder:
    return ChargeOrder(
        reference=charge.reference,
        idempotency_key=_key(charge),
        customer=details_of(charge.customer),
        customer_id=customer_id,
        method=Method(charge.method),
        amount_cents=charge.amount_cents,
        currency=charge.currency,
        description=charge.description,
        due_date=charge.due_date,
        notification_url=webhook_url(charge.connection),
        expires_at=charge.expires_at,
        return_url=charge.pay_url,
        terms=asked(charge),
        instalments=charge.instalments,
        lines=_lines(charge),
    )


def _lines(charge: Charge) -> tuple[OrderLine, ...]:
    """Empty where a discount on the total, or a later change, makes it come to something else."""
    lines = [row.line for row in charge.lines.all()]
    if amounts.subtotal(lines) != charge.amount_cents:
        return ()
    return tuple(
        OrderLine(
            description=line.description,
            quantity=line.quantity,
            unit_cents=line.unit_cents,
            discount_cents=line.discount_cents,
        )
        for line in lines
    )


def _key(charge: Charge) -> str:
    """Every code of a charge has a key of its own, the same however often it is sent."""
    if not charge.creation_round:
        return str(charge.submission)
    return str(uuid.uuid5(charge.submission, str(charge.creation_round)))
