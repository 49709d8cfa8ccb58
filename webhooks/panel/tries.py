"""The attempts at a notification, one by one, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from webhooks.models import EventState, WebhookEvent
from webhooks.panel import presentation
from webhooks.services import attempts

_OUTCOMES: dict[str, str | Promise] = {
    EventState.DONE: pgettext_lazy("attempt", "Done"),
    EventState.TEST: gettext_lazy("A test, taken as one"),
    EventState.IGNORED: pgettext_lazy("attempt", "Put aside"),
    EventState.RETRY: pgettext_lazy("attempt", "Failed"),
    EventState.DEAD: gettext_lazy("Failed, and given up"),
    attempts.BEHIND: gettext_lazy("The gateway did not show yet what was announced"),
}


@dataclass(frozen=True, kw_only=True)
class Try:
    at: datetime
    outcome: str
    icon: str
    said: str
    why: str


def tries(event: WebhookEvent) -> list[Try]:
    """Those that are kept, the newest first."""
    return [_try(event, kept) for kept in reversed(event.history)]


def forgotten(event: WebhookEvent) -> int:
    """Of how many attempts only the number is kept."""
    return max(0, event.attempts - len(event.history))


def _try(event: WebhookEvent, kept: attempts.Attempt) -> Try:
    outcome = kept["outcome"]
    icon = "pending" if outcome == attempts.BEHIND else presentation.LOOKS.get(outcome, ("info", ""))[0]
    why = presentation.failure(kept.get("cause", ""), kept.get("says", ""))
    if not why and kept.get("reason"):
        why = presentation.reason_in_words(event, kept["reason"])
    return Try(
        at=datetime.fromisoformat(kept["at"]),
        outcome=outcome,
        icon="failed" if outcome == EventState.RETRY else icon,
        said=str(_OUTCOMES.get(outcome, outcome)),
        why=why,
    )
