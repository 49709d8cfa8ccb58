"""What a gateway told of a charge or a subscription, as lines of its story."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from payments.models import Charge, Subscription, TimelineKind
from payments.staff.sentences import Line
from webhooks.models import OPEN_STATES, WebhookEvent
from webhooks.panel import presentation


def notifications_of(thing: Charge | Subscription, most: int | None) -> list[Line]:
    """The newest ``most`` notifications (None: all) about it or about a part of it, each with its repeats."""
    about = {"resource__charge": thing} if isinstance(thing, Charge) else {"resource__subscription": thing}
    sealed = ("connection__credentials", "connection__webhook_secrets")
    events = WebhookEvent.objects.filter(**about).with_progress().select_related("connection")
    listed = events.defer("body", "headers", "query", "history", *sealed)
    return [_line(event) for event in listed.order_by("-received_at", "-pk")[:most]]


def _line(event: WebhookEvent) -> Line:
    said, word = presentation.in_words(event)
    sentence = _("Simulated from here: %(topic)s") if event.is_simulated else _("The gateway told: %(topic)s")
    return Line(
        at=event.received_at,
        icon="✉",
        kind=TimelineKind.NOTIFICATION,
        code="notification",
        sentence=sentence % {"topic": said},
        detail=_detail(event, "" if word == said else word),
        exchange=None,
        problem="",
        link=reverse("event", args=[event.public_id]),
        permission="webhooks.view_webhookevent",
        facts=_facts(event),
    )


def _detail(event: WebhookEvent, word: str) -> str:
    parts = [word, _("unsigned") if event.is_hint else "", str(event.progress.label)]
    if event.repeats:
        told = ngettext("told once more", "told %(times)s times more", event.repeats)
        parts.append(told % {"times": event.repeats})
    if event.state not in OPEN_STATES and event.reason:
        parts.append(presentation.reason(event))
    elif event.cause:
        parts.append(presentation.cause(event))
    return " · ".join(part for part in parts if part)


def _facts(event: WebhookEvent) -> dict[str, object]:
    """For programs: the words of the gateway and of our tables as they are."""
    finished = event.finished_at if event.state not in OPEN_STATES else None
    return {
        "notification": str(event.public_id),
        "topic": event.topic,
        "action": event.action,
        "kind": event.kind,
        "gateway_id": event.gateway_id,
        "is_signed": not event.is_hint,
        "is_simulated": event.is_simulated,
        "state": event.state,
        "reason": event.reason,
        "attempts": event.attempts,
        "repeats": event.repeats,
        "last_repeat_at": event.last_repeat_at,
        "finished_at": finished,
    }
