from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connections.models import Connection, reachable_by
from payments.models.charges import Charge
from payments.models.resources import GatewayResource

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class RunState(models.TextChoices):
    QUEUED = "queued", _("waiting to begin")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("stopped")


class RunTrigger(models.TextChoices):
    SCHEDULE = "schedule", _("by the clock")
    PERSON = "person", _("asked by a person")
    COMMAND = "command", _("by command")


class ReconciliationQuerySet(models.QuerySet["Reconciliation"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ReconciliationQuerySet:
        """Those of the connections a person may work with."""
        return self.filter(reachable_by(user))


class Reconciliation(models.Model):
    """One comparison of a connection with its gateway: everything that changed there since a moment.

    A run that is interrupted begins again when ``claim_until`` has passed; what it had repaired is equal
    by then and costs nothing. ``calls`` never exceeds ``calls_allowed``, which is worked out at the end of
    the list: its pages, three looks at each payment that differs, four at each of ours it did not show, ten
    calls for each turn and for the disputes of each payment to ask about. What is left is for the next run.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="reconciliations")
    trigger = models.CharField(max_length=16, choices=RunTrigger.choices)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    since = models.DateTimeField()
    is_thorough = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.QUEUED)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claim_token = models.UUIDField(null=True)
    claim_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    calls = models.PositiveIntegerField(default=0)
    calls_allowed = models.PositiveIntegerField(default=0)
    compared = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(default=0)
    differences = models.PositiveIntegerField(default=0)
    not_ours = models.PositiveIntegerField(default=0)
    # Per day of payment there and currency: number and cents, at the gateway and here.
    days = models.JSONField(default=list)

    objects = ReconciliationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        permissions = [("run_reconciliation", _("Can compare with the gateways"))]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=("queued", "running")),
                name="one_open_run_per_connection",
            )
        ]
        indexes = [
            models.Index(fields=["-requested_at", "-id"], name="run_newest"),
            models.Index(fields=["due_at"], name="run_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.since:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.state in (RunState.QUEUED, RunState.RUNNING)


class MissedNotification(models.Model):
    """A change we found by asking, where the gateway should have told us; one row per change found.

    ``before`` and ``after`` are the payment as we had it and as it is; ``arrived_at`` is when the gateway
    told us after all.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    resource = models.ForeignKey(GatewayResource, on_delete=models.PROTECT, related_name="misses")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="misses")
    run = models.ForeignKey(Reconciliation, on_delete=models.SET_NULL, null=True, related_name="misses")
    found_at = models.DateTimeField()
    source = models.CharField(max_length=40)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    arrived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-found_at", "-id"]
        indexes = [models.Index(fields=["connection", "-found_at"], name="missed_newest")]

    def __str__(self) -> str:
        return f"{self.charge_id} {self.found_at}"


class FindingKind(models.TextChoices):
    NOT_OURS = "not_ours", _("not made here")
    DIFFERENCE = "difference", _("still differs")


class Finding(models.Model):
    """Something at a gateway that does not match: one open row per payment, however many runs see it."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=FindingKind.choices)
    gateway_id = models.CharField(max_length=100)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, null=True, related_name="findings")
    run = models.ForeignKey(Reconciliation, on_delete=models.SET_NULL, null=True, related_name="findings")
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=8, blank=True)
    theirs = models.JSONField(default=dict)
    ours = models.JSONField(default=dict)

    class Meta:
        ordering = ["-found_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "gateway_id"],
                condition=Q(settled_at__isnull=True),
                name="one_open_finding_per_payment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.gateway_id}"
