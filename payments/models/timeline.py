from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from payments.models.charges import Charge
from payments.models.subscriptions import Subscription


class TimelineKind(models.TextChoices):
    CHANGE = "change", _("change")
    PEOPLE = "people", _("people")
    GATEWAY = "gateway", _("gateway")
    NOTIFICATION = "notification", _("notification")


class TimelineEntry(models.Model):
    """One line of the history of a charge or of a subscription. Lines are added, never changed.

    ``code`` and ``data`` make the sentence in the reader's language; ``exchange`` is the redacted call.
    """

    charge = models.ForeignKey(Charge, on_delete=models.CASCADE, null=True, related_name="timeline")
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, null=True, related_name="timeline"
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=TimelineKind.choices)
    code = models.CharField(max_length=40)
    source = models.CharField(max_length=40, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField(default=dict)
    exchange = models.JSONField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["charge", "-at", "-id"], name="timeline_newest"),
            models.Index(
                fields=["subscription", "-at", "-id"],
                name="timeline_of_subscription",
                condition=models.Q(subscription__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(charge__isnull=False, subscription=None)
                | models.Q(charge=None, subscription__isnull=False),
                name="timeline_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("The timeline is append-only.")
        super().save(*args, **kwargs)
