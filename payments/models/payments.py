from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

from connections.gateways.base import Method, PaymentStatus
from connections.models import Connection, reachable_by
from payments.models.charges import Charge
from payments.models.resources import GatewayResource

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# Of money that is contested, or was lost so, nothing can be given back.
CONTESTED = (PaymentStatus.DISPUTED, PaymentStatus.CHARGED_BACK)

_EXPECTED = Q(settled_at__isnull=True, status=PaymentStatus.PAID.value, is_cash=False, is_anticipated=False)


def _sum(subquery: models.QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(subquery), Value(0), output_field=models.BigIntegerField())


class PaymentQuerySet(models.QuerySet["Payment"]):
    def with_left(self, amount_cents: int) -> PaymentQuerySet:
        """Those of which so much can still be given back: refunds and disputes share what was received."""
        disputes = apps.get_model("payments", "Dispute").objects  # its module names this one
        of_disputes = _sum(disputes.disputed(OuterRef("pk")))
        given_back = Greatest(F("refunded_cents"), _sum(disputes.given_back(OuterRef("pk"))))
        contested = Case(When(status__in=CONTESTED, then=F("received_cents")), default=of_disputes)
        taken = given_back + F("reserved_cents") + contested
        return self.filter(received_cents__gte=taken + amount_cents)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> PaymentQuerySet:
        """Those on connections a person may work with."""
        return self.filter(reachable_by(user))

    def expected(self) -> PaymentQuerySet:
        """Paid, but not yet in the account: neither contested nor advanced, nor told to be paid in cash.

        Of some the day is not known.
        """
        return self.filter(_EXPECTED)

    def settled(self) -> PaymentQuerySet:
        """Whose money came into the account at the gateway on the day told; what was paid in cash never does.

        What is contested is held or was taken back; of what was advanced neither day nor cost are told.
        """
        came = self.filter(settled_at__isnull=False, is_cash=False, is_anticipated=False)
        return came.exclude(status__in=CONTESTED)

    def advanced(self) -> PaymentQuerySet:
        """Whose money the gateway paid before its day, for a cost it does not tell."""
        return self.filter(is_anticipated=True, is_cash=False).exclude(status__in=CONTESTED)


class Payment(models.Model):
    """One attempt or parcel at the gateway that belongs to a charge, as last fetched."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="payments")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    resource = models.OneToOneField(GatewayResource, on_delete=models.PROTECT, related_name="payment")
    gateway_id = models.CharField(max_length=100)
    reference = models.CharField(max_length=200, blank=True)
    status = models.CharField(
        max_length=16, blank=True, choices=[(status.value, status.value) for status in PaymentStatus]
    )
    gateway_status = models.CharField(max_length=80)
    method = models.CharField(
        max_length=16, blank=True, choices=[(method.value, method.value) for method in Method]
    )
    currency = models.CharField(max_length=8, blank=True)
    account_id = models.CharField(max_length=100, blank=True)
    amount_cents = models.BigIntegerField()
    received_cents = models.BigIntegerField(default=0)
    # Said to be paid in cash, when it was last shown as paid: such a receipt may be undone.
    is_cash = models.BooleanField(default=False)
    refunded_cents = models.BigIntegerField(default=0)
    # Refunds that are spoken for and not in that sum (``payments.models.Refund``).
    reserved_cents = models.BigIntegerField(default=0)
    fee_cents = models.BigIntegerField(null=True)
    net_cents = models.BigIntegerField(null=True)
    # Of the fee, what came back with refunds; the two above stay as when it was paid.
    fee_returned_cents = models.BigIntegerField(default=0, db_default=0)
    paid_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    # Advanced by the gateway: nothing more comes on the day expected.
    is_anticipated = models.BooleanField(default=False, db_default=False)
    # Until then nobody asks by themselves whether the money has come (payments.services.settling).
    settlement_asked_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    link = models.URLField(max_length=500, blank=True)

    # Of a parcel: its number within a plan at the gateway, and the boleto it is paid by.
    parcel = models.PositiveSmallIntegerField(null=True)
    plan_id = models.CharField(max_length=100, blank=True, default="", db_default="")
    due_date = models.DateField(null=True)
    boleto_line = models.CharField(max_length=48, blank=True, default="", db_default="")
    boleto_barcode = models.CharField(max_length=44, blank=True, default="", db_default="")
    boleto_url = models.URLField(max_length=500, blank=True, default="", db_default="")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "gateway_id"], name="one_row_per_gateway_payment")
        ]
        indexes = [
            models.Index(fields=["settles_at"], name="payment_to_settle", condition=_EXPECTED),
            models.Index(
                fields=["settled_at"], name="payment_settled", condition=Q(settled_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.gateway_id

    @property
    def contested_cents(self) -> int:
        """What open disputes hold of it and lost ones took, whether or not its own state tells it yet."""
        if self.status in CONTESTED:
            return self.received_cents
        return sum(dispute.amount_cents for dispute in self.disputes.all() if dispute.is_counting)

    @property
    def given_back_cents(self) -> int:
        """Refunds that are done, and what lost claims gave back where its own state does not tell it yet."""
        of_claims = sum(dispute.amount_cents for dispute in self.disputes.all() if dispute.is_lost_claim)
        return max(self.refunded_cents, of_claims)

    @property
    def left_cents(self) -> int:
        """How much of it can still be given back."""
        taken = self.given_back_cents + self.reserved_cents + self.contested_cents
        return max(0, self.received_cents - taken)
