from __future__ import annotations

from django.conf import settings
from django.db import models

from payments.models.charges import Charge, ReviewReason


class ReviewDecision(models.Model):
    """What a person decided about a divergence.

    ``mark`` is the divergence as it was seen (its reason and the payments behind it): the same one is not
    raised again, a new one is.
    """

    charge = models.ForeignKey(Charge, on_delete=models.CASCADE, related_name="decisions")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=ReviewReason.choices)
    mark = models.CharField(max_length=64)
    note = models.TextField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["charge", "mark"], name="one_decision_per_divergence")]

    def __str__(self) -> str:
        return self.reason
