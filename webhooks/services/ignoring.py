"""A person takes a notification out of the queue, with a reason."""

from __future__ import annotations

from django.contrib.auth.models import User

from config import clock
from webhooks.models import BY_PERSON, EventState, WebhookEvent
from webhooks.services import about

# Of what was signed; hints are bounded and forgotten by themselves.
IGNORABLE = (EventState.RECEIVED, EventState.RETRY, EventState.DEAD)


def may_be_ignored(event: WebhookEvent) -> bool:
    return event.state in IGNORABLE and not event.is_hint


def ignore(event: WebhookEvent, *, actor: User, note: str) -> bool:
    """Take it out of the queue or the dead list; False when it has left both meanwhile.

    Its repeats are counted from then on and bring about nothing (design rule 14).
    """
    mine = WebhookEvent.objects.filter(pk=event.pk, state__in=IGNORABLE, is_hint=False)
    taken = mine.update(
        state=EventState.IGNORED,
        reason=BY_PERSON,
        ignored_by=actor,
        note=note,
        next_attempt_at=None,
        finished_at=clock.now(),
    )
    if taken:
        about.note(event, "notification_ignored", actor=actor, note=note)
    return bool(taken)
