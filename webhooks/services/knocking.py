"""What came to our door and cannot be used may have our own open charges looked at sooner, nothing else."""

from __future__ import annotations

from datetime import timedelta

from config import clock
from payments.services import checking
from webhooks.models import EventState, RejectedNotification, WebhookEvent, quarter
from webhooks.services import hints
from webhooks.services.recording import UNREADABLE

# A little longer than the pause between two looks, so that who knocked during it is not forgotten.
_REMEMBERED = checking.FORWARD_EVERY + timedelta(seconds=10)


def look() -> int:
    """Bring forward checks where a notification was refused or could not be read just now.

    Both may be real ones of a gateway: signed with a secret we do not have, or cut because they were too
    long. What they say chooses nothing. Returns how many charges are looked at sooner.
    """
    since = clock.now() - _REMEMBERED
    refused = RejectedNotification.objects.filter(since__gte=quarter(since), last_at__gt=since)
    unread = WebhookEvent.objects.filter(
        received_at__gt=since, state=EventState.IGNORED, reason=UNREADABLE, is_hint=False
    )
    knocked = {*refused.exclude(reason__in=hints.COUNTED).values_list("connection_id", flat=True)}
    knocked |= {*unread.values_list("connection_id", flat=True)}
    return sum(checking.bring_forward(connection_id) for connection_id in sorted(knocked))
