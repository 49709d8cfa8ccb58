"""What can be taken from a page to send it, as the story tells it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy


class Sending(models.TextChoices):
    """What was taken."""

    LINK = "link", gettext_lazy("%(who)s copied the link to send it")
    PIX = "pix", gettext_lazy("%(who)s copied the PIX text to send it")
    BOLETO = "boleto", gettext_lazy("%(who)s copied the boleto's digits to send them")
    MESSAGE = "message", gettext_lazy("%(who)s copied the message to send it")
    WHATSAPP = "whatsapp", gettext_lazy("%(who)s opened WhatsApp with the message")
