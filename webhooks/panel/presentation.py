"""How a notification is shown to people: words, icons, causes with their cures, the body without names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config import clock
from connections.gateways.redaction import redact_body, redact_text
from connections.gateways.registry import gateway_class
from connections.models import OLD, GatewayPause
from payments.models import Charge, GatewayResource
from payments.presentation import digest
from webhooks.models import BY_PERSON, OPEN_STATES, EventProgress, Failure, ReplayItem, WebhookEvent
from webhooks.services import replaying
from webhooks.services.recording import UNNAMED_ALERT
from webhooks.services.simulating import without_secret

_LONGEST_TEXT = 20_000

# Icon and tone, as the statuses of charges are drawn.
LOOKS: dict[str, tuple[str, str]] = {
    EventProgress.RECEIVED: ("notification", "pending"),
    EventProgress.WORKING: ("confirming", "confirming"),
    EventProgress.RETRY: ("expired", "overdue"),
    EventProgress.DONE: ("paid", "paid"),
    EventProgress.TEST: ("info", "draft"),
    EventProgress.IGNORED: ("cancelled", "cancelled"),
    EventProgress.DEAD: ("failed", "failed"),
}


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A saved view of the list."""

    name: str
    label: str | Promise


TABS = (
    Tab(name="", label=pgettext_lazy("notifications", "All")),
    Tab(name="waiting", label=pgettext_lazy("notifications", "Waiting")),
    Tab(name="dead", label=pgettext_lazy("notifications", "Given up")),
    Tab(name="ignored", label=pgettext_lazy("notifications", "Ignored")),
    Tab(name="done", label=pgettext_lazy("notifications", "Done")),
    Tab(name="repeated", label=pgettext_lazy("notifications", "Repeated")),
)

# Why a finished one came to nothing, by its reason.
_REASONS: dict[str, str | Promise] = {
    "not_ours": gettext_lazy(
        "It is about something that was not made here. Should it turn out to be, it is"
        " matched again by itself."
    ),
    "card_check": gettext_lazy("It only proved a card: no money moved, and no charge is about it."),
    "not_found": gettext_lazy("The gateway does not know what it is about."),
    "nothing_to_fetch": gettext_lazy("It names nothing that could be asked for."),
    UNNAMED_ALERT: gettext_lazy(
        "It warns of fraud and names no payment. Look in the gateway's panel which one is meant, do not hand"
        " over what was sold by it, and then ignore this with a reason."
    ),
    "unreadable": gettext_lazy("Its content could not be read. Our own open charges were looked at instead."),
    "changes_nothing": gettext_lazy("It tells of something that changes no charge."),
    "announced_more": gettext_lazy(
        "The gateway was asked four times and kept showing an older state than was announced. Reconciliation"
        " finds what is still to come."
    ),
    "matched_later": gettext_lazy("It had been put aside as not made here, and then turned out to be."),
    "panel_test": gettext_lazy("A test sent from the gateway's panel: it arrived, and was signed well."),
    "simulated": gettext_lazy("Sent from here to try the way: it arrived, and the gateway knows no such id."),
    "failed": gettext_lazy("It could not be followed. Our own open charges are looked at anyway."),
    "no_answer": gettext_lazy("The gateway gave no answer. Our own open charges are looked at anyway."),
    BY_PERSON: gettext_lazy("A person took it out of the queue. Its repeats are only counted."),
}
# What to do about a failure, by its cause.
_CURES: dict[str, str | Promise] = {
    Failure.UNREADABLE: gettext_lazy(
        "Nothing is wrong with the notification. Look whether the gateway has a disturbance; when that is"
        " over, have it asked again."
    ),
    Failure.NO_ANSWER: gettext_lazy(
        "The gateway answers for other payments, but not for this one. Open it in the gateway's panel; if it"
        " cannot be shown there either, tell the gateway. Have it asked again afterwards."
    ),
    Failure.REFUSED: gettext_lazy(
        "Read what the gateway says, mend it in its panel or on the connection's page, and have it asked"
        " again. If the payment is no concern of yours, ignore it with a reason."
    ),
    Failure.OWN_FAULT: gettext_lazy(
        "The fault is in this program. Tell whoever keeps the server: its log has the details. After an"
        " update, have it asked again."
    ),
    Failure.AWAY: gettext_lazy(
        "Nothing is to be done: it is asked again by itself when the gateway is back."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A notification as lists and heads show it."""

    event: WebhookEvent
    icon: str
    tone: str
    state: str
    topic: str
    word: str
    charge: Charge | None
    why: str


def rows(events: list[WebhookEvent]) -> list[Row]:
    charges = charges_of(events)
    return [row(event, charge=charges.get(_key(event))) for event in events]


def row(event: WebhookEvent, *, charge: Charge | None) -> Row:
    icon, tone = LOOKS[event.progress]
    topic, word = in_words(event)
    return Row(
        event=event,
        icon=icon,
        tone=tone,
        state=str(event.progress.label),
        topic=topic,
        word=word,
        charge=charge,
        why=cause(event) or reason(event),
    )


def in_words(event: WebhookEvent) -> tuple[str, str]:
    """What it announces to people, and the gateway's own word for it."""
    words = gateway_class(event.connection.gateway).topic_words
    word = event.action if event.action in words else event.topic
    said = words.get(word, "")
    return (_(said) if said else word or _("unnamed")), word


def cause(event: WebhookEvent) -> str:
    """Why the last attempt failed, in our words and the gateway's."""
    return failure(event.cause, event.last_error)


def failure(cause: str, says: str) -> str:
    ours = dict(Failure.choices).get(cause, "")
    theirs = _(says) if says else ""
    return ": ".join(str(part) for part in (ours, theirs) if part)


def cure(event: WebhookEvent) -> str:
    """What to do about it; empty where nothing failed."""
    return str(_CURES.get(event.cause, ""))


def reason(event: WebhookEvent) -> str:
    """Why a finished one came to nothing: in our words, or its gateway's adapter's."""
    return reason_in_words(event, event.reason)


def reason_in_words(event: WebhookEvent, reason: str) -> str:
    idle = gateway_class(event.connection.gateway).idle_reasons.get(reason)
    return _(idle) if idle else str(_REASONS.get(reason, reason))


def charges_of(events: Iterable[WebhookEvent]) -> dict[tuple[int, str, str], Charge]:
    """The charge each of them is about, where one is known, by one query."""
    keys = {_key(event) for event in events if event.gateway_id}
    if not keys:
        return {}
    found = GatewayResource.objects.filter(
        connection__in={connection for connection, _kind, _id in keys},
        kind__in={kind for _connection, kind, _id in keys},
        gateway_id__in={gateway_id for _connection, _kind, gateway_id in keys},
    ).exclude(charge=None)
    known = {
        (one.connection_id, one.kind, one.gateway_id): one.charge for one in found.select_related("charge")
    }
    return {key: charge for key, charge in known.items() if charge and key in keys}


def _key(event: WebhookEvent) -> tuple[int, str, str]:
    return (event.connection_id, event.kind, event.gateway_id)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was received, with names, numbers and addresses of people hidden."""

    headers: list[tuple[str, str]]
    query: str
    body: str
    size: int


def content(event: WebhookEvent) -> Content:
    raw = bytes(event.body)
    proofs = gateway_class(event.connection.gateway).signing_headers
    shown = {
        name: without_secret(name, str(value)) if name in proofs else redact_text(str(value))
        for name, value in event.headers.items()
    }
    return Content(
        headers=sorted(shown.items()),
        query=query_text(event),
        body=body_text(raw),
        size=len(raw),
    )


def query_text(event: WebhookEvent) -> str:
    """With what is shaped like personal data hidden; eleven digits may be the id it is about, and no CPF."""
    parts = event.query.split("&")
    return "&".join(part if _names(part, event.gateway_id) else redact_text(part) for part in parts)


def _names(part: str, gateway_id: str) -> bool:
    return bool(gateway_id) and part.partition("=")[2] == gateway_id


def body_text(raw: bytes) -> str:
    """A JSON body with personal values hidden; of any other, what is shaped like one."""
    clean = redact_body(raw)
    if not clean.endswith(", not JSON)"):
        return clean
    return redact_text(raw[:_LONGEST_TEXT].decode("utf-8", "replace"))


def secret_in_words(event: WebhookEvent) -> str:
    """Which of our secrets it was verified with."""
    return secret_name(event.secret_name.partition(":")[0].partition(".")[0])


def secret_name(name: str) -> str:
    """One of our secrets by its name; a replaced one is taken on for its time."""
    name, is_old, _number = name.partition(OLD)
    said = _secret_name(name)
    return _("%(secret)s, replaced by now") % {"secret": said} if is_old else said


def _secret_name(name: str) -> str:
    words = {
        "token": _("the webhook's token"),
        "test": _("the secret of the test tab"),
        "production": _("the secret of the production tab"),
    }
    return words.get(name, name)


def away_until(event: WebhookEvent) -> datetime | None:
    """Until when its gateway is left alone, because it does not answer."""
    pause = GatewayPause.objects.filter(connection=event.connection_id, until__gt=clock.now()).first()
    return pause.until if pause else None


def live_mark(event: WebhookEvent, replays: Iterable[ReplayItem]) -> str:
    """Changes whenever a page about the notification would look different."""
    asked = [(item.pk, item.outcome, bool(item.at)) for item in replays]
    moments = (event.next_attempt_at, away_until(event))
    shown = (event.progress, event.attempts, event.repeats, event.cause, moments, asked)
    return digest("webhooks.live", shown)


def is_live(event: WebhookEvent, replays: Iterable[ReplayItem]) -> bool:
    """Whether something may still come of it by itself."""
    return event.state in OPEN_STATES or any(not item.outcome for item in replays)


_OUTCOMES: dict[str, str | Promise] = {
    "": gettext_lazy("under way"),
    "done": gettext_lazy("done"),
    "test": gettext_lazy("test"),
    "ignored": gettext_lazy("ignored"),
    "dead": gettext_lazy("given up again"),
    replaying.FAILING: gettext_lazy("failed again, tried on by itself"),
    replaying.BEHIND: gettext_lazy("the gateway did not show it yet, asked on by itself"),
}


def replays(items: Iterable[ReplayItem]) -> list[dict[str, Any]]:
    """Who had it asked again, and what came of it."""
    return [{"item": item, "outcome": _OUTCOMES.get(item.outcome, item.outcome)} for item in items]
