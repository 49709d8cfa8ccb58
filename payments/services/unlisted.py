"""Payments of ours that a gateway's list of what changed did not show, and that may have changed unseen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import F, Q

from config import clock
from payments.models import Payment, Reconciliation

# Asked one by one: this many at most, the longest unasked first.
MOST = 500
# How often a thorough run asks for what no list of changes shows.
_OPEN_EVERY = timedelta(days=1)
_ALL_EVERY = timedelta(days=7)
_OLDEST = timedelta(days=365)
_MAY_MOVE = ("pending", "overdue", "authorized", "disputed")
# A list may not know yet what was just made.
_LIST_LAGS = timedelta(minutes=10)


def unlisted_by(run: Reconciliation, *, shown: Mapping[str, object]) -> list[str]:
    """The ids of what was paid in the period and is not among those ``shown``, the longest unasked first.

    In a thorough run also what is open and was not asked for a day, and, where the gateway has no list of
    changes, once a week all that is not older than a year.
    """
    now = clock.now()
    own = Payment.objects.filter(connection=run.connection, charge__created_at__lt=now - _LIST_LAGS)
    wanted = Q(paid_at__gte=run.since)
    if run.is_thorough:
        unasked = Q(resource__fetched_at=None) | Q(resource__fetched_at__lt=now - _OPEN_EVERY)
        wanted |= unasked & Q(status__in=_MAY_MOVE)
        if not run.connection.capabilities.has_versions:
            is_old = Q(resource__fetched_at__lt=now - _ALL_EVERY)
            wanted |= is_old & Q(charge__created_at__gte=now - _OLDEST)
    asked = own.filter(wanted).order_by(F("resource__fetched_at").asc(nulls_first=True), "pk")
    names = asked.values_list("gateway_id", flat=True)[: MOST + len(shown)]
    return [name for name in names if name not in shown][:MOST]
