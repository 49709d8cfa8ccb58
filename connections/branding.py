"""How the page that a customer opens looks for one account: its name, its logo, its colour."""

from __future__ import annotations

import uuid
from base64 import b64encode
from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from connections.models import Connection

# The logo stands in the page itself, which may weigh 50 kB with everything it needs.
MOST_LOGO_BYTES = 10 * 1024


class Brand(models.Model):
    """The look of the customer's page; without a row it shows the account's name in our own colours."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.OneToOneField(
        "connections.Connection",
        on_delete=models.CASCADE,
        related_name="brand",
        verbose_name=_("connection"),
    )
    name = models.CharField(
        _("name for customers"),
        max_length=80,
        blank=True,
        help_text=_("As your customers know you. Left blank: the account's name at the gateway."),
    )
    colour = models.CharField(_("colour"), max_length=7, blank=True)
    logo = models.BinaryField(blank=True, default=b"")
    logo_kind = models.CharField(max_length=16, blank=True, editable=False)
    logo_width = models.PositiveSmallIntegerField(default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("look of the pay page")
        verbose_name_plural = _("looks of the pay page")
        ordering = ["connection__name", "pk"]

    def __str__(self) -> str:
        return self.name or str(self.connection)

    @property
    def logo_address(self) -> str:
        """The logo as an address that needs no request; empty where there is none."""
        if not self.logo:
            return ""
        return f"data:{self.logo_kind};base64,{b64encode(bytes(self.logo)).decode()}"


def brand_of(connection: Connection) -> Brand | None:
    try:
        return connection.brand
    except ObjectDoesNotExist:
        return None
