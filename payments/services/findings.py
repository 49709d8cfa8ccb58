"""What a comparison found made elsewhere on the same account, until it is ours."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from config import clock
from connections.gateways.base import GatewayPayment
from payments.models import Finding, FindingKind, Payment, Reconciliation
from payments.services import comparing


def keep_not_ours(run: Reconciliation, payment: GatewayPayment) -> None:
    """One finding for it, however often it is listed."""
    now = clock.now()
    values = {"seen_at": now, "theirs": comparing.facts(payment), "currency": payment.currency[:8]}
    if _open(run.connection_id).filter(gateway_id=payment.gateway_id).update(**values):
        return
    found = Finding(
        connection=run.connection,
        kind=FindingKind.NOT_OURS,
        gateway_id=payment.gateway_id,
        run=run,
        found_at=now,
        **values,
    )
    Finding.objects.bulk_create([found], ignore_conflicts=True)


def settle_not_ours(connection_id: int, *gateway_ids: str) -> None:
    """These payments became ours: nothing is to be decided about them."""
    _open(connection_id).filter(gateway_id__in=gateway_ids).update(settled_at=clock.now())


def settle_all_ours(connection_id: int) -> None:
    """The same for every payment of the account that is ours, however it became so."""
    own = Payment.objects.filter(connection=connection_id, gateway_id=OuterRef("gateway_id"))
    _open(connection_id).filter(Exists(own)).update(settled_at=clock.now())


def _open(connection_id: int) -> QuerySet[Finding]:
    return Finding.objects.filter(connection=connection_id, kind=FindingKind.NOT_OURS, settled_at=None)
