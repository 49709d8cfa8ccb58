from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from connections.gateways.base import DisputeKind, DisputeState
from connections.models import Connection, reachable_by
from payments.models.charges import Charge
from payments.models.payments import Payment
from payments.models.resources import GatewayResource

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class DisputeKindChoices(models.TextChoices):
    CHARGEBACK = DisputeKind.CHARGEBACK.value, _("chargeback")
    CLAIM = DisputeKind.CLAIM.value, _("claim")


class DisputeProgress(models.TextChoices):
    OPEN = DisputeState.OPEN.value, pgettext_lazy("dispute", "open")
    DOCUMENTS = DisputeState.DOCUMENTS.value, _("documents asked for")
    REVIEW = DisputeState.REVIEW.value, _("being decided")
    WON = DisputeState.WON.value, pgettext_lazy("dispute", "won")
    LOST = DisputeState.LOST.value, pgettext_lazy("dispute", "lost")


# For a payer who wins a claim the gateway makes a refund; a chargeback takes the money without one.
_LOST_CLAIM = Q(kind=DisputeKindChoices.CLAIM, state=DisputeProgress.LOST)
_NOT_COUNTING = _LOST_CLAIM | Q(state=DisputeProgress.WON)
UNDECIDED = (DisputeProgress.OPEN, DisputeProgress.DOCUMENTS, DisputeProgress.REVIEW)


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> DisputeQuerySet:
        """Those on connections a person may work with."""
        return self.filter(reachable_by(user))

    def disputed(self, payment: models.OuterRef) -> models.QuerySet[Any, Any]:
        """The sum that counts against what can be given back of a payment, as one row and column."""
        return self._sum(self.filter(payment=payment).exclude(_NOT_COUNTING))

    def given_back(self, payment: models.OuterRef) -> models.QuerySet[Any, Any]:
        """What lost claims gave back of a payment: a part of its refunds, as soon as it shows those."""
        return self._sum(self.filter(_LOST_CLAIM, payment=payment))

    @staticmethod
    def _sum(disputes: DisputeQuerySet) -> models.QuerySet[Any, Any]:
        by_payment = disputes.order_by().values("payment")
        return by_payment.annotate(sum=models.Sum("amount_cents")).values("sum")


class Dispute(models.Model):
    """A chargeback or a claim about one payment, with a life of its own; never a refund. Hundredths.

    ``state`` is empty for a word of the gateway we do not know. Where the gateway knows it only as a state of
    the payment, it is followed by that payment and has no ``resource`` of its own.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="disputes")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    resource = models.ForeignKey(
        GatewayResource, on_delete=models.PROTECT, null=True, related_name="disputes"
    )
    kind = models.CharField(max_length=16, choices=DisputeKindChoices.choices)
    gateway_id = models.CharField(max_length=100)
    state = models.CharField(max_length=16, choices=DisputeProgress.choices, blank=True)
    gateway_status = models.CharField(max_length=80)
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    reason = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    link = models.URLField(max_length=500, blank=True)
    # The gateway's own time of its last change, where it has one.
    version = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "kind", "gateway_id"],
                name="one_row_per_dispute",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline"],
                name="dispute_deadline",
                condition=Q(state__in=["open", "documents", "review"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.gateway_id}"

    @property
    def is_counting(self) -> bool:
        """Open or lost: this money is spoken for, or gone, and is in no refund."""
        return self.state != DisputeProgress.WON and not self.is_lost_claim

    @property
    def is_lost_claim(self) -> bool:
        return (self.kind, self.state) == (DisputeKindChoices.CLAIM, DisputeProgress.LOST)

    @property
    def is_open(self) -> bool:
        return self.state in UNDECIDED
