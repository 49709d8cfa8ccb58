"""Signs of life of the processes, which nobody else can tell of each other; and what people like."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Pulse(models.Model):
    """When a kind of process was last alive, by the machine's clock; ``since`` is how long without a gap."""

    name = models.CharField(max_length=16, primary_key=True)
    since = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Preference(models.Model):
    """What a person chose for themselves: one of ``settings.LANGUAGES``, or empty for the browser's."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    language = models.CharField(max_length=8, blank=True, default="", db_default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.language
