from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Method, ResourceKind
from connections.models import Connection, reachable_by
from payments.models.attempts import AttemptState as AttemptState
from payments.models.customers import Customer
from payments.models.subscriptions import Subscription

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0/o, 1/l/i: a reference may be read over the phone


def new_reference() -> str:
    """Our name for a charge at the gateway: fits Mercado Pago's 64 of ``[A-Za-z0-9_-]``."""
    return "chg_" + "".join(secrets.choice(_ALPHABET) for _letter in range(16))


def new_pay_token() -> str:
    return secrets.token_urlsafe(24)


class ChargeStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    CONFIRMING = "confirming", _("confirming with the gateway")
    PENDING = "pending", _("waiting for payment")
    AUTHORIZED = "authorized", _("under review at the gateway")
    PAID = "paid", _("paid")
    OVERDUE = "overdue", _("overdue")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")
    PARTIALLY_REFUNDED = "partially_refunded", _("partially refunded")
    REFUNDED = "refunded", _("refunded")
    DISPUTED = "disputed", _("disputed")
    CHARGED_BACK = "charged_back", _("charged back")


class ReviewReason(models.TextChoices):
    NONE = "", ""
    AMOUNT = "amount", _("the amount received is not the amount asked for")
    CURRENCY = "currency", _("the payment is in another currency")
    ACCOUNT = "account", _("the payment went to another account")
    REFERENCE = "reference", _("the payment carries another reference")
    UNKNOWN_STATUS = "unknown_status", _("the gateway uses a status we do not know")
    MOVED_BACK = "moved_back", _("the gateway no longer shows a payment it had shown")
    DOUBLE_PAYMENT = "double_payment", _("paid more than once")
    TWIN = "twin", _("the gateway holds this charge twice")
    PIX_CODE = "pix_code", _("the code of the gateway does not fit this charge")
    TERMS = "terms", _("the gateway asks for other terms than ours")
    REFUND = "refund", _("nobody knows whether a refund was made")
    DO_NOT_DELIVER = "do_not_deliver", _("the gateway warns of fraud: do not deliver")


class ChargeQuerySet(models.QuerySet["Charge"]):
    def for_lists(self) -> ChargeQuerySet:
        return self.select_related("customer", "connection").defer(
            "connection__credentials", "connection__webhook_secrets"
        )

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ChargeQuerySet:
        """Those on connections a person may work with."""
        return self.filter(reachable_by(user))


class Charge(models.Model):
    """What a customer is asked to pay on one connection. Amounts are hundredths of the currency.

    ``subtotal_cents``, ``discount_cents`` and the lines are as it was made: subtotal less discount was asked
    for then, ``amount_cents`` is asked for now.
    ``status`` is written by ``payments.transitions.apply`` alone, with ``revision`` as its guard.
    """

    reference = models.CharField(max_length=64, unique=True, default=new_reference, editable=False)
    pay_token = models.CharField(max_length=64, unique=True, default=new_pay_token, editable=False)
    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="charges")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="charges")
    method = models.CharField(max_length=16, choices=[(method.value, method.value) for method in Method])
    currency = models.CharField(max_length=3)
    subtotal_cents = models.BigIntegerField(default=0, db_default=0)
    discount_cents = models.BigIntegerField(default=0, db_default=0)
    discount_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    amount_cents = models.BigIntegerField()
    description = models.CharField(max_length=200)
    due_date = models.DateField()
    expires_at = models.DateTimeField(null=True)
    # In so many parcels; where the payer chooses on the gateway's page, at most.
    instalments = models.PositiveSmallIntegerField(default=1, db_default=1)

    status = models.CharField(max_length=20, choices=ChargeStatus.choices, default=ChargeStatus.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    review_reason = models.CharField(max_length=20, choices=ReviewReason.choices, blank=True)
    failure = models.TextField(blank=True)
    received_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    fee_cents = models.BigIntegerField(null=True)
    net_cents = models.BigIntegerField(null=True)
    paid_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(null=True)

    # Who is making the charge at the gateway now, and when a worker may take over (or fetches a missing
    # PIX code); the time is null once nothing is open.
    creation_token = models.UUIDField(null=True)
    creation_due_at = models.DateTimeField(null=True)
    creation_tries = models.PositiveSmallIntegerField(default=0)
    # Which code of this charge is the newest: an expired one is followed by another, with its own attempts.
    creation_round = models.PositiveSmallIntegerField(default=0)
    # When we next ask the gateway by ourselves, in case it told us nothing; null once nothing may move.
    check_due_at = models.DateTimeField(null=True)

    # The gateway suspects fraud: what was sold shall not be handed over before a person has looked.
    fraud_alert_at = models.DateTimeField(null=True)

    # A person cancelled it and nothing of it can be paid at the gateway any more; null again once restored.
    called_off_at = models.DateTimeField(null=True)

    # Made without us and taken over: what its payments carry in the place of our reference, and the order
    # at the gateway whose attempts they are.
    imported_at = models.DateTimeField(null=True)
    foreign_reference = models.CharField(max_length=200, blank=True, default="", db_default="")
    foreign_order = models.CharField(max_length=100, blank=True, default="", db_default="")

    # One turn of a subscription. While the gateway goes on collecting it by itself a refused attempt is not
    # its end, and another one follows.
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, related_name="charges"
    )
    is_collecting = models.BooleanField(default=False, db_default=False)
    next_try_at = models.DateTimeField(null=True)

    link = models.URLField(max_length=500, blank=True)
    # Of a page that lives shorter than its charge and is made anew when somebody wants to pay.
    link_expires_at = models.DateTimeField(null=True)
    pix_text = models.TextField(blank=True)
    pix_expires_at = models.DateTimeField(null=True)
    boleto_line = models.CharField(max_length=48, blank=True, default="", db_default="")
    boleto_barcode = models.CharField(max_length=44, blank=True, default="", db_default="")
    boleto_url = models.URLField(max_length=500, blank=True, default="", db_default="")

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        permissions = [
            ("review_charge", _("Can decide about charges to review")),
            ("send_charge", _("Can send charges and subscriptions to customers")),
            ("export_charge", _("Can export charges")),
            ("ask_charge", _("Can have the gateway asked about charges")),
            ("note_charge", _("Can write internal notes about charges")),
        ]
        indexes = [
            models.Index(
                fields=["check_due_at"],
                name="charge_check_due",
                condition=models.Q(check_due_at__isnull=False),
            ),
            models.Index(fields=["-created_at", "-id"], name="charge_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="charge_by_status"),
            models.Index(
                fields=["-created_at", "-id"],
                name="charge_to_review",
                condition=~models.Q(review_reason=""),
            ),
            models.Index(fields=["due_date"], name="charge_due"),
            models.Index(
                fields=["paid_at", "connection", "currency", "received_cents"],
                name="charge_paid",
                condition=models.Q(paid_at__isnull=False),
            ),
            models.Index(fields=["amount_cents"], name="charge_amount"),
            models.Index(
                Upper("foreign_reference"),
                name="charge_foreign_reference",
                condition=~models.Q(foreign_reference=""),
            ),
            models.Index(
                fields=["creation_due_at"],
                name="charge_creation_due",
                condition=models.Q(creation_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("charge", args=[self.reference])

    @property
    def pay_url(self) -> str:
        """The customer's page, under our own address."""
        return settings.PUBLIC_URL + reverse("pay", args=[self.pay_token])

    @property
    def is_payable(self) -> bool:
        payable = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
        return self.status in payable and not self.review_reason

    @property
    def codes(self) -> frozenset[Method]:
        """What is fetched for it, to be paid by on our own pages."""
        if self.method == Method.ANY:
            return self.connection.capabilities.codes_of_any
        return frozenset({Method.PIX, Method.BOLETO} & {self.method})

    @property
    def is_open(self) -> bool:
        """Whether the status may still move by itself."""
        waiting = (
            ChargeStatus.CONFIRMING,
            ChargeStatus.PENDING,
            ChargeStatus.OVERDUE,
            ChargeStatus.AUTHORIZED,
        )
        return self.status in waiting


class CreationAttempt(models.Model):
    """One creating call, stored before it is sent, so that it can be sent again byte for byte."""

    charge = models.ForeignKey(Charge, on_delete=models.CASCADE, related_name="creation_attempts")
    round = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ResourceKind])
    http_method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    body = models.TextField()
    idempotency_key = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=AttemptState.choices, default=AttemptState.PREPARED)
    sent_at = models.DateTimeField(null=True)
    looked_up = models.PositiveSmallIntegerField(default=0)
    # Whose answer was lost may still land: its reference is watched for a day, for a twin.
    watched = models.PositiveSmallIntegerField(default=0)
    next_watch_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["next_watch_at"],
                name="attempt_watch_due",
                condition=models.Q(next_watch_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.http_method} {self.path}"
