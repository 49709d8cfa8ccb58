"""A charge's history as sentences in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from payments.models import Charge, ChargeStatus, ReviewReason, TimelineEntry, TimelineKind

_ICONS = {
    TimelineKind.CHANGE: "●",
    TimelineKind.PEOPLE: "☺",
    TimelineKind.GATEWAY: "⇄",
    TimelineKind.NOTIFICATION: "✉",
}
_MOST_LINES = 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the story."""

    at: datetime
    icon: str
    kind: str
    sentence: str
    detail: str
    exchange: dict[str, Any] | None


def story(charge: Charge) -> list[Line]:
    """The newest lines first."""
    entries = charge.timeline.select_related("actor")[:_MOST_LINES]
    return [_line(entry) for entry in entries]


def _line(entry: TimelineEntry) -> Line:
    sentence, detail = _SENTENCES.get(entry.code, _unknown)(entry)
    return Line(
        at=entry.at,
        icon=_ICONS[TimelineKind(entry.kind)],
        kind=entry.kind,
        sentence=sentence,
        detail=detail,
        exchange=entry.exchange,
    )


def _status(entry: TimelineEntry) -> tuple[str, str]:
    after = ChargeStatus(entry.data["after"]).label
    detail = entry.data.get("failure") or _source(entry)
    return _("Status: %(status)s") % {"status": after}, detail


def _review(entry: TimelineEntry) -> tuple[str, str]:
    reason = ReviewReason(entry.data.get("reason", "")).label
    return _("To review: %(reason)s") % {"reason": reason} if reason else _("Review closed"), _source(entry)


def _created(entry: TimelineEntry) -> tuple[str, str]:
    who = entry.actor.get_username() if entry.actor else _("The system")
    return _("%(who)s created the charge") % {"who": who}, ""


def _exchange(entry: TimelineEntry) -> tuple[str, str]:
    call = entry.exchange or {}
    answer = call.get("http_status") or call.get("error") or "–"
    sentence = _("Asked the gateway: %(method)s %(path)s") % {
        "method": call.get("method", ""),
        "path": call.get("path", ""),
    }
    return sentence, f"{answer} · {call.get('milliseconds', 0)} ms"


def _source(entry: TimelineEntry) -> str:
    words = {
        "webhook": _("after a notification (%(cause)s)"),
        "creation": _("when it was created at the gateway"),
        "person": _("asked by a person"),
    }
    return words.get(entry.source, entry.source) % {"cause": entry.data.get("cause", "")}


def _unknown(entry: TimelineEntry) -> tuple[str, str]:
    return entry.code, ""


_SENTENCES = {"status": _status, "review": _review, "created": _created, "exchange": _exchange}
