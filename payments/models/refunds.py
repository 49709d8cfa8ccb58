from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import ResourceKind
from connections.models import reachable_by
from payments.models.charges import Charge
from payments.models.payments import Payment

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class RefundProgress(models.TextChoices):
    RESERVED = "reserved", _("waiting to be asked for")
    REQUESTED = "requested", _("being asked for")
    UNSURE = "unsure", _("not certain yet")
    PENDING = "pending", _("on its way")
    DONE = "done", _("given back")
    DENIED = "denied", _("not given back")
    WITHDRAWN = "withdrawn", _("called off")


class RefundReason(models.TextChoices):
    CUSTOMER = "customer", _("the customer asked for it")
    DUPLICATE = "duplicate", _("paid more than once")
    WRONG_AMOUNT = "wrong_amount", _("the amount was wrong")
    OTHER = "other", _("another reason")


# The call is out, or its answer was lost: of one payment, one refund at a time.
IN_FLIGHT = (RefundProgress.REQUESTED, RefundProgress.UNSURE)
# The money is spoken for, or gone.
COUNTING = (RefundProgress.RESERVED, *IN_FLIGHT, RefundProgress.PENDING, RefundProgress.DONE)
MOVING = (RefundProgress.RESERVED, *IN_FLIGHT, RefundProgress.PENDING)


class RefundQuerySet(models.QuerySet["Refund"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> RefundQuerySet:
        """Those on connections a person may work with."""
        return self.filter(reachable_by(user, "payment__connection"))


class Refund(models.Model):
    """Money that goes back from one payment, with a life of its own. Amounts are hundredths.

    ``submission`` names the filled form and is the idempotency key; of a refund made in the gateway's own
    panel it names nothing. The call is stored before it is sent. ``gateway_key`` is which of the gateway's
    refunds it is, once that is known: its id, or its time, amount and place where it has none.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="refunds")
    amount_cents = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=RefundProgress.choices, default=RefundProgress.RESERVED)
    is_ours = models.BooleanField(default=True)
    reason = models.CharField(max_length=16, choices=RefundReason.choices, blank=True)
    note = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Why nothing was given back, in the gateway's words, and what that means in ours.
    failure = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    payer_link = models.URLField(max_length=500, blank=True)

    # The call, byte for byte.
    call_kind = models.CharField(
        max_length=16, blank=True, choices=[(kind.value, kind.value) for kind in ResourceKind]
    )
    http_method = models.CharField(max_length=8, blank=True)
    path = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)

    gateway_key = models.CharField(max_length=120, blank=True)
    gateway_status = models.CharField(max_length=60, blank=True)
    gateway_created_at = models.DateTimeField(null=True)
    # The gateway, or a person who looked there, said that it exists.
    is_certain = models.BooleanField(default=False)
    # Contained in the sum that the payment itself shows as given back.
    is_counted = models.BooleanField(default=False)
    # Refunds at the gateway of the same amount that may be this one, as of the last look.
    look_alikes = models.PositiveSmallIntegerField(default=0)
    is_for_person = models.BooleanField(default=False)

    # Who goes on with it now, and when a worker may; the time is null once nothing is open.
    token = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    looked_up = models.PositiveSmallIntegerField(default=0)

    objects = RefundQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        permissions = [("refund_charge", _("Can give money back"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="refund_of_something"),
            models.UniqueConstraint(
                fields=["payment", "gateway_key"],
                condition=~Q(gateway_key=""),
                name="one_row_per_gateway_refund",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state__in=["requested", "unsure"]),
                name="one_refund_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="refund_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["charge"], name="refund_for_person", condition=Q(is_for_person=True)),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    def get_absolute_url(self) -> str:
        return reverse("refund", args=[self.charge.reference, self.public_id])

    @property
    def currency(self) -> str:
        return self.payment.currency or self.charge.currency

    @property
    def is_moving(self) -> bool:
        """Whether its state may still change by itself."""
        return self.state in MOVING
