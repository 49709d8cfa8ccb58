from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Method
from connections.models import Connection, reachable_by
from payments.models.charges import Charge

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class BatchState(models.TextChoices):
    READING = "reading", _("being read")
    PREVIEW = "preview", _("to be confirmed")
    RUNNING = "running", _("being created")
    STOPPED = "stopped", _("stopped")
    DONE = "done", _("finished")


class ChargeBatchQuerySet(models.QuerySet["ChargeBatch"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ChargeBatchQuerySet:
        """Those of the connections a person may work with."""
        return self.filter(reachable_by(user))


class ChargeBatch(models.Model):
    """A file of charges: what was read of it is shown first, and made by the workers once confirmed."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=16, choices=[(method.value, method.value) for method in Method])
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # What the person read in: amounts, dates and sentences are those of this language.
    language = models.CharField(max_length=16, blank=True, default="", db_default="")
    file_name = models.CharField(max_length=120)
    # SHA-256 of the bytes: the same file uploaded again is recognised.
    content_hash = models.CharField(max_length=64)
    unused_columns = models.JSONField(default=list)
    # The day in the account's time zone on which its rows were last held against the rules.
    checked_on = models.DateField()
    state = models.CharField(max_length=16, choices=BatchState.choices, default=BatchState.READING)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)
    # When a worker looks at it next, while something of it waits; null while it is held for a person.
    due_at = models.DateTimeField(null=True)
    # The gateway's sentence after which no further row was tried.
    held_for = models.TextField(blank=True, default="", db_default="")
    # What its rows held of people is gone.
    is_cleared = models.BooleanField(default=False)

    objects = ChargeBatchQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="batch_newest"),
            models.Index(fields=["content_hash"], name="batch_content"),
            models.Index(fields=["due_at"], name="batch_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("charge_batch", args=[self.public_id])


class RowState(models.TextChoices):
    INVALID = "invalid"
    READY = "ready"
    LEFT_OUT = "left_out"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    MADE = "made"


class BatchRow(models.Model):
    """One line of the file. ``submission`` names its charge before there is one: it is made once at most.

    ``typed`` is the row as it was read, ``asked`` what the rules made of it; both hold personal data and
    are emptied once the charge exists at the gateway, or a month later.
    """

    batch = models.ForeignKey(ChargeBatch, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    submission = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=16, choices=RowState.choices)
    typed = models.JSONField(default=dict)
    asked = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    amount_cents = models.BigIntegerField(null=True)
    # An earlier line of the file, a charge, or a row of another file that waits: it asks for the same.
    same_as_line = models.PositiveIntegerField(null=True)
    looks_like = models.ForeignKey(Charge, on_delete=models.SET_NULL, null=True, related_name="+")
    looks_like_row = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, null=True, related_name="batch_row")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="one_row_per_line")]
        indexes = [models.Index(fields=["batch", "state", "line"], name="batch_row_state")]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line}"

    @property
    def is_marked(self) -> bool:
        """Whether somebody should look before it is made."""
        found = (self.same_as_line, self.looks_like_id, self.looks_like_row_id)
        return any(one is not None for one in found)
