from __future__ import annotations

from django.db import models


class AttemptState(models.TextChoices):
    """What became of a creating call that was stored before it was sent."""

    PREPARED = "prepared"
    SENT = "sent"
    ANSWERED = "answered"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    ABANDONED = "abandoned"
