from __future__ import annotations

from django.db import models

from payments.amounts import Line
from payments.models.charges import Charge


class ChargeLine(models.Model):
    """One item of what a charge was made for. Amounts are hundredths of the currency."""

    charge = models.ForeignKey(Charge, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=120)
    quantity = models.PositiveIntegerField()
    unit_cents = models.BigIntegerField()
    discount_cents = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["charge", "position"]
        constraints = [
            models.UniqueConstraint(fields=["charge", "position"], name="one_line_per_position"),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0, unit_cents__gt=0, discount_cents__gte=0)
                & models.Q(discount_cents__lte=models.F("quantity") * models.F("unit_cents")),
                name="line_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.description}"

    @property
    def line(self) -> Line:
        return Line(
            description=self.description,
            quantity=self.quantity,
            unit_cents=self.unit_cents,
            discount_cents=self.discount_cents,
        )
