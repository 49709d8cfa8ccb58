"""Signs of life of the processes, which nobody else can tell of each other."""

from __future__ import annotations

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
