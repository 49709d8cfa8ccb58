from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from payments.models.changes import ChargeChange
from payments.models.charges import Charge


class CancellationState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"


class Cancellation(models.Model):
    """Many charges that a person wants cancelled: the workers ask for each as if it had been asked for alone.

    ``public_id`` names the form that confirmed it: sent twice, it is one. ``total`` charges were shown there.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    total = models.PositiveIntegerField()
    state = models.CharField(
        max_length=16, choices=CancellationState.choices, default=CancellationState.RUNNING
    )
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)
    # One worker goes on with it at a time.
    lease_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["asked_at"], name="cancellation_open", condition=Q(state="running")),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    def get_absolute_url(self) -> str:
        return reverse("cancellation", args=[self.public_id])


class CancellationItemState(models.TextChoices):
    WAITING = "waiting"
    ASKED = "asked"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    LEFT = "left"


class CancellationItem(models.Model):
    """One charge of many. ``submission`` names its change before there is one: it is asked for once.

    ``obstacle`` says why nothing was asked for; what its gateway refused is told by ``change``.
    """

    cancellation = models.ForeignKey(Cancellation, on_delete=models.CASCADE, related_name="items")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="+")
    submission = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(
        max_length=16, choices=CancellationItemState.choices, default=CancellationItemState.WAITING
    )
    change = models.ForeignKey(ChargeChange, on_delete=models.PROTECT, null=True, related_name="+")
    obstacle = models.CharField(max_length=16, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["cancellation", "charge"], name="one_item_per_charge")]
        indexes = [models.Index(fields=["cancellation", "state"], name="cancellation_item_state")]

    def __str__(self) -> str:
        return f"{self.cancellation_id}:{self.charge_id}"
