"""Disputes of a small shop: papers asked for, being decided, lost."""

from __future__ import annotations

from datetime import timedelta

from config import clock
from connections.gateways.base import DisputeKind, DisputeState, GatewayDispute
from payments import transitions
from payments.models import Charge
from payments.services import disputing
from tests import factories


def make_disputes(like: Charge) -> dict[str, str]:
    """The addresses of the list and of a contested charge, by name."""
    now = clock.now()
    pages = {"disputes": "/disputes/", "disputes-decided": "/disputes/?tab=decided"}
    for number, state in enumerate((DisputeState.DOCUMENTS, DisputeState.REVIEW, DisputeState.LOST)):
        charge = factories.make_charge(
            like.connection, customer=like.customer, method="card", status="pending", created_at=now
        )
        is_lost = state == DisputeState.LOST
        payment = factories.make_payment(charge, "charged_back" if is_lost else "disputed", paid_at=now)
        transitions.apply(charge.pk, source="webhook", cause="PAYMENT_CONFIRMED")
        one = GatewayDispute(
            kind=DisputeKind.CLAIM if state == DisputeState.REVIEW else DisputeKind.CHARGEBACK,
            gateway_id=f"23300006168086000{number}",
            payment_ids=(payment.gateway_id,),
            state=state,
            gateway_status=state.value,
            reason="FRAUD" if number else "",
            opened_at=now - timedelta(days=2),
            deadline=now + timedelta(days=2) if not number else None,
        )
        disputing.take(payment, [one], source="webhook")
        pages.setdefault("charge-contested", charge.get_absolute_url())
    return pages
