"""The lagging_list fault: an index that has not seen the newest objects yet."""

from datetime import timedelta

from django.db.models import QuerySet

from simulator import clock, faults
from simulator.models import Account


def without_newest(account: Account, path: str, rows: QuerySet) -> QuerySet:
    lag = faults.take("lagging_list", faults.Occasion(account.gateway, account.pk, "GET", path))
    if lag is None:
        return rows
    return rows.filter(created_at__lte=clock.now() - timedelta(seconds=lag.get("seconds", 60)))
