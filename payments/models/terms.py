from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from payments.models.charges import Charge


class TermsOrigin(models.TextChoices):
    OURS = "ours", _("as the charge was made")
    GATEWAY = "gateway", _("changed at the gateway")


class ChargeTerms(models.Model):
    """What may be paid for a charge, from one moment on; every version is kept, the newest is asked for.

    The money of an older version is still good: somebody may pay a code they saved. A version that began
    at the gateway counts once a person agreed to it. Amounts are hundredths of the currency, interest is
    hundredths of a percent of the amount a month (``connections.gateways.base.Terms``).

    Of a charge of parcels the amount is the sum, the due date the first, and discount and fine are of each;
    a version with a ``parcel`` is of that one alone, since something of it changed.
    """

    charge = models.ForeignKey(Charge, on_delete=models.CASCADE, related_name="terms")
    since = models.DateTimeField()
    origin = models.CharField(max_length=16, choices=TermsOrigin.choices)
    is_agreed = models.BooleanField()
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    parcel = models.PositiveSmallIntegerField(null=True)
    amount_cents = models.BigIntegerField()
    due_date = models.DateField()
    discount_cents = models.BigIntegerField(default=0)
    discount_until = models.DateField(null=True)
    fine_cents = models.BigIntegerField(default=0)
    interest_bp = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.amount_cents} {self.due_date}"
