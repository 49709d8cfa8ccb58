from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from connections.gateways.base import Cycle, Method
from connections.models import Connection, reachable_by
from payments.models.attempts import AttemptState
from payments.models.customers import Customer

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def _named(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _letter in range(16))


def new_subscription_reference() -> str:
    """Our name for a subscription at the gateway: fits Mercado Pago's 64 of ``[A-Za-z0-9_-]``."""
    return _named("sub_")


def new_plan_reference() -> str:
    return _named("plan_")


class CycleChoices(models.TextChoices):
    WEEKLY = Cycle.WEEKLY.value, _("every week")
    BIWEEKLY = Cycle.BIWEEKLY.value, _("every two weeks")
    MONTHLY = Cycle.MONTHLY.value, _("every month")
    BIMONTHLY = Cycle.BIMONTHLY.value, _("every two months")
    QUARTERLY = Cycle.QUARTERLY.value, _("every three months")
    HALF_YEARLY = Cycle.HALF_YEARLY.value, _("every six months")
    YEARLY = Cycle.YEARLY.value, _("every year")


class SubscriptionState(models.TextChoices):
    """``ACTIVE`` says that it charges, not that anything was paid: that stands in its charges."""

    DRAFT = "draft", _("draft")
    CONFIRMING = "confirming", _("confirming with the gateway")
    PENDING = "pending", _("waiting for the customer to agree")
    ACTIVE = "active", pgettext_lazy("subscription", "active")
    PAUSED = "paused", pgettext_lazy("subscription", "paused")
    CANCELLED = "cancelled", pgettext_lazy("subscription", "cancelled")
    ENDED = "ended", pgettext_lazy("subscription", "ended")
    FAILED = "failed", pgettext_lazy("subscription", "failed")


class SubscriptionReview(models.TextChoices):
    NONE = "", ""
    AMOUNT = "amount", _("the gateway asks for another amount than ours")
    UNKNOWN_STATUS = "unknown_status", _("the gateway uses a status we do not know")
    TWIN = "twin", _("the gateway holds this subscription twice")
    LANDED = "landed", _("the gateway made it after it had been given up here")
    NOT_APPLIED = "not_applied", _("a change did not take effect at the gateway")
    MISSING = "missing", _("the gateway does not know this subscription any more")


class PlanState(models.TextChoices):
    """A plan that only we know (``Plan.is_local``) is active at once."""

    DRAFT = "draft", _("draft")
    CONFIRMING = "confirming", _("confirming with the gateway")
    ACTIVE = "active", pgettext_lazy("plan", "active")
    CLOSED = "closed", pgettext_lazy("plan", "closed")
    FAILED = "failed", pgettext_lazy("plan", "failed")


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> PlanQuerySet:
        """Those of the connections a person may work with."""
        return self.filter(reachable_by(user))


class Plan(models.Model):
    """A reusable agreement: what is charged how often. Amounts are hundredths of the currency.

    Where the gateway keeps plans it has a public ``link`` that any number of customers may use; elsewhere it
    is only a form filled in beforehand.
    """

    reference = models.CharField(max_length=64, unique=True, default=new_plan_reference, editable=False)
    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="plans")
    gateway_id = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=120)
    method = models.CharField(max_length=16, choices=[(method.value, method.value) for method in Method])
    currency = models.CharField(max_length=3)
    amount_cents = models.BigIntegerField()
    cycle = models.CharField(max_length=16, choices=CycleChoices.choices)
    # It ends after so many charges; null is never.
    turns = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=16, choices=PlanState.choices, default=PlanState.DRAFT)
    failure = models.TextField(blank=True)
    link = models.URLField(max_length=500, blank=True)
    adopted_at = models.DateTimeField(null=True)

    token = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    # So often the creating call went out.
    sends = models.PositiveSmallIntegerField(default=0, db_default=0)
    closed_at = models.DateTimeField(null=True)
    # When we next ask which subscriptions were made from its link.
    check_due_at = models.DateTimeField(null=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "gateway_id"],
                condition=~Q(gateway_id=""),
                name="one_row_per_gateway_plan",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="plan_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["check_due_at"], name="plan_check_due", condition=Q(check_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("plan", args=[self.reference])


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def for_lists(self) -> SubscriptionQuerySet:
        return self.select_related("customer", "connection").defer(
            "connection__credentials", "connection__webhook_secrets"
        )

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> SubscriptionQuerySet:
        """Those on connections a person may work with."""
        return self.filter(reachable_by(user))


class Subscription(models.Model):
    """A recurring agreement with one customer; each of its turns is a ``Charge``. Amounts are hundredths.

    ``state`` is written by ``payments.services.subscription_states`` alone, with ``revision`` as its guard.
    The creating call is stored before it is sent, and sent again only as its gateway allows (design rule 7).
    """

    reference = models.CharField(
        max_length=64, unique=True, default=new_subscription_reference, editable=False
    )
    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="subscriptions")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="subscriptions")
    method = models.CharField(max_length=16, choices=[(method.value, method.value) for method in Method])
    currency = models.CharField(max_length=3)
    amount_cents = models.BigIntegerField()
    description = models.CharField(max_length=200)
    # Empty for one that the gateway does not offer here, made elsewhere.
    cycle = models.CharField(max_length=16, choices=CycleChoices.choices, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    turns = models.PositiveSmallIntegerField(null=True)

    state = models.CharField(
        max_length=16, choices=SubscriptionState.choices, default=SubscriptionState.DRAFT
    )
    gateway_status = models.CharField(max_length=60, blank=True)
    review_reason = models.CharField(max_length=20, choices=SubscriptionReview.choices, blank=True)
    revision = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True)
    gateway_id = models.CharField(max_length=100, blank=True)
    link = models.URLField(max_length=500, blank=True)
    next_due_on = models.DateField(null=True)

    # The creating call, byte for byte, who makes it now, and when a worker may take over.
    call_state = models.CharField(max_length=16, choices=AttemptState.choices, blank=True)
    http_method = models.CharField(max_length=8, blank=True)
    path = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)
    # The payer's e-mail addresses that such calls named, one a line: a search by today's finds none of them.
    sent_to = models.TextField(blank=True, default="", db_default="")
    token = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    looked_up = models.PositiveSmallIntegerField(default=0)
    # When we next ask the gateway by ourselves, in case it told us nothing; null once nothing may move.
    check_due_at = models.DateTimeField(null=True)

    # Started from the link of a plan of ours, and followed since.
    adopted_at = models.DateTimeField(null=True)
    # What its payments carry in the place of our reference.
    foreign_reference = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        permissions = [("change_agreement", _("Can pause, resume, change and cancel subscriptions"))]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "gateway_id"],
                condition=~Q(gateway_id=""),
                name="one_row_per_gateway_subscription",
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="subscription_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="subscription_by_state"),
            models.Index(fields=["due_at"], name="subscription_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["check_due_at"],
                name="subscription_check_due",
                condition=Q(check_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("subscription", args=[self.reference])

    @property
    def is_alive(self) -> bool:
        """Whether it may still charge, now or after somebody acted."""
        return self.state in ALIVE


ALIVE = (
    SubscriptionState.CONFIRMING,
    SubscriptionState.PENDING,
    SubscriptionState.ACTIVE,
    SubscriptionState.PAUSED,
)


class SubscriptionAmount(models.Model):
    """What one turn may cost, from one moment on; every version is kept, the newest is charged.

    The money of an older version is still good. One that began at the gateway counts once a person agreed.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="amounts")
    since = models.DateTimeField()
    amount_cents = models.BigIntegerField()
    is_agreed = models.BooleanField()
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.amount_cents)


class AgreementChangeKind(models.TextChoices):
    PAUSE = "pause", _("pause the subscription")
    RESUME = "resume", _("resume the subscription")
    CANCEL = "cancel", _("cancel the subscription")
    AMOUNT = "amount", _("change the amount of the subscription")
    DESCRIPTION = "description", _("change the description of the subscription")


class AgreementChange(models.Model):
    """What a person wants done to a subscription, stored before its gateway is asked, read back afterwards.

    A gateway may answer 200 and drop the change (mercadopago.md 4.4): it is *done* once a fetch shows it.
    """

    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=16, choices=AgreementChangeKind.choices)
    amount_cents = models.BigIntegerField(null=True)
    # The new amount also holds for what was issued before and is not paid.
    with_open = models.BooleanField(default=False)
    text = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=16,
        choices=[("open", _("being done")), ("done", _("done")), ("refused", _("not done"))],
        default="open",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    # So often the gateway said that it was done.
    answered = models.PositiveSmallIntegerField(default=0, db_default=0)
    finished_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    token = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(state="open"), name="one_agreement_change_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="agreement_change_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subscription_id}"
