"""What a comparison found made elsewhere, and is ours by now."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from config import clock
from payments.models import Finding, FindingKind, Payment


def settle_not_ours(connection_id: int, *gateway_ids: str) -> None:
    """These payments became ours: nothing is to be decided about them."""
    _open(connection_id).filter(gateway_id__in=gateway_ids).update(settled_at=clock.now())


def settle_all_ours(connection_id: int) -> None:
    """The same for every payment of the account that is ours, however it became so."""
    own = Payment.objects.filter(connection=connection_id, gateway_id=OuterRef("gateway_id"))
    _open(connection_id).filter(Exists(own)).update(settled_at=clock.now())


def _open(connection_id: int) -> QuerySet[Finding]:
    return Finding.objects.filter(connection=connection_id, kind=FindingKind.NOT_OURS, settled_at=None)
