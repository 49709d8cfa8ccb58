"""Refunds of every kind a page must show well, on charges of the sample."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from config import clock
from payments import transitions
from payments.models import Charge, Payment, Refund
from payments.services import refund_states


def make_refunds(charges: dict[str, Charge], actor: User) -> dict[str, str]:
    """Addresses of the pages about them, by name."""
    payment = charges["paid"].payments.get()
    Payment.objects.filter(pk=payment.pk).update(refunded_cents=2_500)
    _make(payment, actor, 2_500, "done", is_counted=True, reason="customer")
    _make(payment, actor, 1_000, "denied", reason="wrong_amount", **_REFUSED)
    _make(payment, actor, 3_000, "pending", reason="other", note="Veio sem a cobertura", **_BY_PAYER)
    _make(payment, None, 500, "done", is_counted=True, is_ours=False)
    second = charges["double"].payments.order_by("-pk").first()
    assert second
    lost = _make(second, actor, 9_900, "unsure", reason="duplicate", is_for_person=True, looked_up=4)
    transitions.apply(charges["double"].pk, source="refund")
    refund = f"{charges['paid'].get_absolute_url()}refund/"
    return {
        "refund": refund,
        "refund-of-two": f"{charges['double'].get_absolute_url()}refund/",
        "refund-doubt": lost.get_absolute_url(),
    }


_REFUSED = {
    "failure": "Saldo insuficiente para realizar o estorno.",
    "advice": "The balance at Asaas does not cover it. The fee of the payment is not given back, so the whole"
    " amount needs more than came in: add balance and try again.",
}
_BY_PAYER = {"payer_link": "https://sandbox.asaas.com/estorno/k3v9x0q2m7d1r5tz"}


def _make(payment: Payment, actor: User | None, cents: int, state: str, **values: Any) -> Refund:
    now = clock.now()
    refund = Refund.objects.create(
        payment=payment,
        charge=payment.charge,
        amount_cents=cents,
        state=state,
        requested_by=actor,
        created_at=now - timedelta(minutes=20),
        requested_at=now - timedelta(minutes=20),
        **values,
    )
    refund_states.recount(payment.pk)
    if refund.is_ours:
        refund_states.note(refund, "reserved", actor=actor)
    refund_states.note(refund, state if refund.is_ours else f"imported_{state}")
    return refund
