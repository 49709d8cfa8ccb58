"""A charge's history as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from connections.gateways import errors
from payments.models import Charge, ChargeStatus, ReviewReason, TimelineEntry, TimelineKind
from payments.money import format_cents
from payments.staff import change_words, dispute_words, refund_words
from payments.staff.sending_words import Sending

_ICONS = {
    TimelineKind.CHANGE: "●",
    TimelineKind.PEOPLE: "☺",
    TimelineKind.GATEWAY: "⇄",
    TimelineKind.NOTIFICATION: "✉",
}
MOST_LINES = 200
ALL = Q()
Sentence = Callable[[TimelineEntry], tuple[str, str]]
# A stored exchange names its error's class first, for us; people read what follows.
_ERROR_CLASSES = frozenset(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.GatewayError)
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the story. ``facts`` are the same for programs; ``link`` is for who has ``permission``."""

    at: datetime
    icon: str
    kind: str
    sentence: str
    detail: str
    exchange: dict[str, Any] | None
    problem: str
    code: str = ""
    link: str = ""
    permission: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def story(charge: Charge, *, most: int | None = MOST_LINES, only: Q = ALL) -> list[Line]:
    """The newest lines first; all of them where ``most`` is None."""
    entries = charge.timeline.filter(only).select_related("actor")[:most]
    return [line(entry) for entry in entries]


def line(entry: TimelineEntry, own: Mapping[str, Sentence] | None = None) -> Line:
    """One entry in words; ``own`` are sentences that come before those of charges."""
    sentence, detail = {**_SENTENCES, **(own or {})}.get(entry.code, _unknown)(entry)
    return Line(
        at=entry.at,
        icon=_ICONS[TimelineKind(entry.kind)],
        kind=entry.kind,
        sentence=sentence,
        detail=detail,
        exchange=entry.exchange,
        problem=_problem(entry.exchange or {}),
        code=entry.code,
        facts=_facts(entry),
    )


def _facts(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "person": entry.actor.get_username() if entry.actor else None,
        "source": entry.source,
        "cause": entry.data.get("cause", ""),
        "data": entry.data,
    }


def who(entry: TimelineEntry) -> str:
    return entry.actor.get_username() if entry.actor else _("The system")


def _status(entry: TimelineEntry) -> tuple[str, str]:
    after = ChargeStatus(entry.data["after"]).label
    detail = translated(entry.data.get("failure", "")) or source(entry)
    return _("Status: %(status)s") % {"status": after}, detail


def _review(entry: TimelineEntry) -> tuple[str, str]:
    reason = ReviewReason(entry.data.get("reason", "")).label
    return _("To review: %(reason)s") % {"reason": reason} if reason else _("Review closed"), source(entry)


def _created(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s created the charge") % {"who": who(entry)}, ""


def _imported(entry: TimelineEntry) -> tuple[str, str]:
    reference = entry.data.get("reference", "")
    detail = _("its reference there: %(reference)s") % {"reference": reference} if reference else ""
    return _("%(who)s took it over from the gateway, where it was made without us") % {
        "who": who(entry)
    }, detail


def _turn(entry: TimelineEntry) -> tuple[str, str]:
    reference = {"reference": entry.data.get("subscription", "")}
    return _("The gateway made it for the subscription %(reference)s") % reference, source(entry)


def _note(entry: TimelineEntry) -> tuple[str, str]:
    text = entry.data["text"] or _("A note that was removed with the customer's data")
    return text, _("note of %(who)s, for your team alone") % {"who": who(entry)}


def _asked(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s had the gateway asked") % {"who": who(entry)}, ""


def _sent(entry: TimelineEntry) -> tuple[str, str]:
    return str(Sending(entry.data["how"]).label) % {"who": who(entry)}, ""


def _sent_again(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s had it sent again") % {"who": who(entry)}, _("nothing was found at the gateway")


def _new_code(entry: TimelineEntry) -> tuple[str, str]:
    if entry.actor is None:
        return _("The customer asked for a PIX code"), ""
    return _("%(who)s had a PIX code made") % {"who": entry.actor.get_username()}, ""


def _new_link(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s made a new link to pay") % {"who": who(entry)}, _("the old one leads nowhere any more")


def _twin_cancelled(entry: TimelineEntry) -> tuple[str, str]:
    detail = _("a creating call without an answer had its effect late")
    return _("Cancelled at the gateway, as it was there twice: %(id)s") % {
        "id": entry.data["gateway_id"]
    }, detail


def _simulated(entry: TimelineEntry) -> tuple[str, str]:
    sentences = {
        "payment": _("%(who)s simulated the payment"),
        "overdue": _("%(who)s simulated that the due date had passed"),
    }
    return sentences[entry.data["action"]] % {"who": who(entry)}, _("in the sandbox of the gateway")


def _terms(entry: TimelineEntry) -> tuple[str, str]:
    after = entry.data["after"]
    asked = {
        "amount": format_cents(after["amount_cents"], entry.data["currency"]),
        "day": date_format(date.fromisoformat(after["due_date"]), "SHORT_DATE_FORMAT"),
    }
    if not entry.data["is_agreed"]:
        sentence = _("At the gateway it asks for other terms now: %(amount)s, due on %(day)s")
    elif after["due_date"] != entry.data["before"]["due_date"]:
        sentence = _("At the gateway it is due on %(day)s now")
    else:
        sentence = _("At the gateway it asks for the agreed terms again: %(amount)s, due on %(day)s")
    return sentence % asked, source(entry)


def _reviewed(entry: TimelineEntry) -> tuple[str, str]:
    reason = ReviewReason(entry.data["reason"]).label
    return _("%(who)s reviewed and accepted: %(reason)s") % {"who": who(entry), "reason": reason}, entry.data[
        "note"
    ]


def _notification_asked(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s had a notification asked again") % {"who": who(entry)}, entry.data["topic"]


def _notification_ignored(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s ignored a notification") % {
        "who": who(entry)
    }, f"{entry.data['topic']} · {entry.data['note']}"


def _fraud_alert(_entry: TimelineEntry) -> tuple[str, str]:
    return _("The gateway warns of fraud: do not deliver"), ""


def _exchange(entry: TimelineEntry) -> tuple[str, str]:
    call = entry.exchange or {}
    answer = call.get("http_status") or _problem(call) or "–"
    sentence = _("Asked the gateway: %(method)s %(path)s") % {
        "method": call.get("method", ""),
        "path": call.get("path", ""),
    }
    return sentence, f"{answer} · {call.get('milliseconds', 0)} ms"


def _problem(call: dict[str, Any]) -> str:
    """Why a call gave no answer, without the words meant for programmers."""
    words = (call.get("error") or "").split()
    if words and words[0] in _ERROR_CLASSES:
        del words[0]
        if words and words[0] == str(call.get("http_status")):
            del words[0]
    return translated(" ".join(words))


def translated(text: str) -> str:
    """One of the adapters' sentences in the reader's language; a gateway's own words stay as they are."""
    return _(text) if text else ""


def source(entry: TimelineEntry) -> str:
    words = {
        "webhook": _("after a notification (%(cause)s)"),
        "import": _("as it was taken over"),
        "adoption": _("as a subscription was begun by the link of a plan"),
        "creation": _("when it was created at the gateway"),
        "refund": _("as a refund was asked for"),
        "change": _("as a change was asked for"),
        "person": _("asked by a person"),
        "asked": _("asked by a person"),
        "check": _("found by our own check: the notification was missed or late"),
        "clock": _("by the calendar"),
        "hint": _("after an unsigned notification (%(cause)s)"),
        "reconciliation": _("found by reconciliation: no notification had come"),
    }
    return words.get(entry.source, entry.source) % {"cause": entry.data.get("cause", "")}


def _unknown(entry: TimelineEntry) -> tuple[str, str]:
    return entry.code, ""


_SENTENCES = {
    "status": _status,
    "dispute": dispute_words.sentence,
    "fraud_alert": _fraud_alert,
    "review": _review,
    "created": _created,
    "imported": _imported,
    "asked": _asked,
    "note": _note,
    "sent": _sent,
    "sent_again": _sent_again,
    "turn": _turn,
    "new_code": _new_code,
    "new_link": _new_link,
    "twin_cancelled": _twin_cancelled,
    "simulated": _simulated,
    "terms": _terms,
    "reviewed": _reviewed,
    "notification_asked": _notification_asked,
    "notification_ignored": _notification_ignored,
    "refund": refund_words.sentence,
    "change": change_words.sentence,
    "exchange": _exchange,
}
