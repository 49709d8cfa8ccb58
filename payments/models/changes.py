from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments.models.charges import Charge
from payments.models.payments import Payment


class ChangeKind(models.TextChoices):
    CANCEL = "cancel", _("cancel the charge")
    DUE_DATE = "due_date", _("move the due date")
    AMOUNT = "amount", _("change the amount")
    DESCRIPTION = "description", _("change the description")
    CASH = "cash", _("received in cash")
    UNDO_CASH = "undo_cash", _("undo the receipt in cash")
    RESTORE = "restore", _("restore the charge")


# The method of ``Gateway`` that does it; every gateway cancels.
GATEWAY_METHODS = {
    ChangeKind.DUE_DATE: "change_due_date",
    ChangeKind.AMOUNT: "change_amount",
    ChangeKind.DESCRIPTION: "change_description",
    ChangeKind.CASH: "receive_in_cash",
    ChangeKind.UNDO_CASH: "undo_cash",
    ChangeKind.RESTORE: "restore_charge",
}


class ChangeState(models.TextChoices):
    OPEN = "open", _("being done")
    DONE = "done", _("done")
    REFUSED = "refused", _("not done")


class ChargeChange(models.Model):
    """What a person wants done to a charge that exists, stored before its gateway is asked.

    ``submission`` names the filled form. ``payment`` is the one it is about; cancelling is about all.
    ``day`` is the new due date, or the day of the receipt in cash; ``amount_cents`` what was received then,
    or the new amount; ``text`` the new description, or why the amount is less.
    """

    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=16, choices=ChangeKind.choices)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="+")
    day = models.DateField(null=True)
    amount_cents = models.BigIntegerField(null=True)
    text = models.CharField(max_length=200, blank=True, default="", db_default="")
    state = models.CharField(max_length=16, choices=ChangeState.choices, default=ChangeState.OPEN)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Why it was not done: in the gateway's words, what that means in ours, or what was in the way.
    failure = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    obstacle = models.CharField(max_length=16, blank=True)

    # Who goes on with it now, and when a worker may; the time is null once it is finished.
    token = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        permissions = [
            ("cancel_charge", _("Can cancel charges, restore them and change what they ask for")),
            ("receive_cash", _("Can say that a charge was paid in cash")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["charge"], condition=Q(state="open"), name="one_change_at_a_time")
        ]
        indexes = [models.Index(fields=["due_at"], name="change_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.kind} {self.charge_id}"

    @property
    def is_open(self) -> bool:
        return self.state == ChangeState.OPEN
