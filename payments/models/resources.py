from __future__ import annotations

from django.db import models

from connections.gateways.base import ResourceKind
from connections.models import Connection
from payments.models.charges import Charge
from payments.models.subscriptions import Plan, Subscription

# Where somebody pays at the gateway, as opposed to what they pay.
PAGES = (ResourceKind.PREFERENCE, ResourceKind.CHECKOUT)


class GatewayResource(models.Model):
    """One thing at the gateway we follow, and the right to fetch it.

    The lease (token, until) lets one worker fetch at a time, whatever the database. ``ticket`` counts the
    fetches begun, ``applied_ticket`` is the newest one whose answer was written: an answer with an older
    ticket is not news. Where the gateway has a version of its own, that decides instead.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ResourceKind])
    gateway_id = models.CharField(max_length=100)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, null=True, related_name="resources")
    # Of a subscription, its turns and a plan: whose it is. What has none of the three is not ours.
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, related_name="resources"
    )
    recurring_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="resources")
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    ticket = models.BigIntegerField(default=0)
    applied_ticket = models.BigIntegerField(default=0)
    gateway_version = models.DateTimeField(null=True)
    # Where the gateway counts its changes instead of dating them.
    gateway_counter = models.BigIntegerField(null=True)
    fetched_at = models.DateTimeField(null=True)
    is_missing = models.BooleanField(default=False)
    # Of a plan: how many parcels it was made of.
    parcels = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "gateway_id"], name="one_row_per_resource")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.gateway_id}"
