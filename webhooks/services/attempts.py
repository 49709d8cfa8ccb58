"""What became of each attempt at a notification, kept with it: the newest ones, without personal data."""

from __future__ import annotations

from typing import Any

from config import clock
from webhooks.models import WebhookEvent

MOST = 20
# The gateway did not show yet what was announced: asked again a little later.
BEHIND = "behind"
_LONGEST = 200

Attempt = dict[str, str]


def and_one(event: WebhookEvent, outcome: str, *, reason: str = "", cause: str = "", says: str = "") -> Any:
    """The history of the event with an attempt that ends now; the oldest gives way to it.

    ``outcome`` is the state it led to, or ``BEHIND``. ``says`` has no personal data in it any more.
    """
    told: Attempt = {
        "at": clock.now().isoformat(),
        "outcome": str(outcome),
        "reason": reason,
        "cause": str(cause),
        "says": says[:_LONGEST],
    }
    return [*event.history, {name: value for name, value in told.items() if value}][-MOST:]
