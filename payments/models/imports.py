from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connections.models import Connection, reachable_by
from payments.models.charges import Charge
from payments.models.reconciliation import RunState

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class ChargeImportQuerySet(models.QuerySet["ChargeImport"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ChargeImportQuerySet:
        """Those of the connections a person may work with."""
        return self.filter(reachable_by(user))


class ChargeImport(models.Model):
    """Taking over what a connection's account charged without us, from a moment on.

    Interrupted it begins again at the head of the gateway's list once ``claim_until`` has passed: what was
    taken over is ours by then and costs no call.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    since = models.DateTimeField()
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.QUEUED)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claim_token = models.UUIDField(null=True)
    claim_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    listed = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)

    objects = ChargeImportQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=("queued", "running")),
                name="one_open_import_per_connection",
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="import_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.since:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.state in (RunState.QUEUED, RunState.RUNNING)


class LeftBehind(models.TextChoices):
    """Why a payment was not taken over."""

    NONE = "", ""
    GONE = "gone", _("the gateway lists it, but does not know it any more")
    NO_AMOUNT = "no_amount", _("the gateway tells no amount")
    CURRENCY = "currency", _("it is in another currency than the account")
    ACCOUNT = "account", _("it belongs to another account")
    BUSY = "busy", _("it was being looked at: import once more")
    NO_ANSWER = "no_answer", _("the gateway gave no answer about it: import once more later")


class ImportedPayment(models.Model):
    """What became of one payment of the list that was not ours; a charge, or the reason why not."""

    run = models.ForeignKey(ChargeImport, on_delete=models.CASCADE, related_name="items")
    gateway_id = models.CharField(max_length=100)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=16, choices=LeftBehind.choices, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "gateway_id"], name="one_item_per_payment")]

    def __str__(self) -> str:
        return self.gateway_id
