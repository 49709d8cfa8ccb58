"""Changes that we found by asking, because the gateway did not tell us (or not yet)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from config import clock
from payments.models import Charge, GatewayResource, MissedNotification, Payment, Reconciliation

# Who asks without having been told: what they find was missed.
UNTOLD = frozenset({"asked", "check", "reconciliation"})
_FACTS = ("status", "gateway_status", "amount_cents", "received_cents", "refunded_cents", "settled_at")


def facts_of(payment: Payment | None) -> dict[str, Any]:
    """What a person compares of a payment; empty for one we do not have."""
    if payment is None:
        return {}
    facts = {name: getattr(payment, name) for name in _FACTS}
    settled = facts["settled_at"]
    return {**facts, "settled_at": settled.isoformat() if settled else None}


def note(resource: GatewayResource, charge: Charge, before: dict[str, Any], *, source: str) -> None:
    """Keep that a fetch nobody announced brought something new; nothing where it brought nothing."""
    if source not in UNTOLD:
        return
    after = facts_of(Payment.objects.filter(resource=resource).first())
    if before and not charge.connection.capabilities.tells_settlement:
        before = {**before, "settled_at": after["settled_at"]}
    if before == after:
        return
    MissedNotification.objects.create(
        connection_id=resource.connection_id,
        resource=resource,
        charge=charge,
        found_at=clock.now(),
        source=source,
        before=before,
        after=after,
    )


def note_arrival(resource: GatewayResource) -> None:
    """The gateway told us after all: what was missed was only late."""
    waiting = MissedNotification.objects.filter(resource=resource, arrived_at=None)
    waiting.update(arrived_at=clock.now())


def found_by(run: Reconciliation) -> QuerySet[MissedNotification]:
    """What the gateway left out since the run before: found by this run, or by a check in between."""
    before = (
        Reconciliation.objects.filter(connection=run.connection_id, pk__lt=run.pk, finished_at__isnull=False)
        .order_by("-pk")
        .values_list("finished_at", flat=True)
        .first()
    )
    found = MissedNotification.objects.filter(connection=run.connection_id)
    if before:
        found = found.filter(found_at__gt=before)
    return found.filter(found_at__lte=run.finished_at) if run.finished_at else found
