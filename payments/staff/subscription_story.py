"""A subscription's history as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from payments.models import CycleChoices, Subscription, SubscriptionReview, SubscriptionState, TimelineEntry
from payments.money import format_cents
from payments.staff import agreement_words, sentences
from payments.staff.sentences import Line

Sentence = Callable[[TimelineEntry], tuple[str, str]]


def story(
    own: Subscription, *, most: int | None = sentences.MOST_LINES, only: Q = sentences.ALL
) -> list[Line]:
    """The newest lines first; all of them where ``most`` is None."""
    entries = own.timeline.filter(only).select_related("actor")[:most]
    return [sentences.line(entry, _SENTENCES) for entry in entries]


def _state(entry: TimelineEntry) -> tuple[str, str]:
    after = SubscriptionState(entry.data["after"]).label
    detail = sentences.translated(entry.data.get("failure", "")) or sentences.source(entry)
    return _("Status: %(status)s") % {"status": after}, detail


def _review(entry: TimelineEntry) -> tuple[str, str]:
    reason = SubscriptionReview(entry.data.get("reason", "")).label
    said = _("To review: %(reason)s") % {"reason": reason} if reason else _("Review closed")
    return said, sentences.source(entry)


def _created(entry: TimelineEntry) -> tuple[str, str]:
    return _("%(who)s created the subscription") % {"who": sentences.who(entry)}, ""


def _adopted(entry: TimelineEntry) -> tuple[str, str]:
    plan = {"plan": entry.data.get("plan", "")}
    return _("The customer began it by the link of the plan %(plan)s") % plan, sentences.source(entry)


def _agreement(entry: TimelineEntry) -> tuple[str, str]:
    """What it says of itself became something else at the gateway."""
    names = {
        "description": _("description"),
        "ends_on": _("last day"),
        "turns": _("number of charges"),
        "cycle": _("interval"),
    }
    cycles = {choice.value: str(choice.label) for choice in CycleChoices}
    told = [
        f"{names[name]}: {cycles.get(value, value) if name == 'cycle' else value}"
        for name, value in entry.data.items()
        if name in names
    ]
    return _("At the gateway it says: %(what)s") % {"what": " · ".join(told)}, sentences.source(entry)


def _amount(entry: TimelineEntry) -> tuple[str, str]:
    amount = {"amount": format_cents(entry.data["after"], entry.data["currency"])}
    if entry.data["is_agreed"]:
        return _("Each charge is %(amount)s now") % amount, sentences.source(entry)
    return _("The gateway asks for %(amount)s, which nobody here agreed to") % amount, sentences.source(entry)


def _amount_agreed(entry: TimelineEntry) -> tuple[str, str]:
    words = {
        "who": sentences.who(entry),
        "amount": format_cents(entry.data["after"], entry.data["currency"]),
    }
    return _("%(who)s agreed with the gateway's amount, %(amount)s") % words, entry.data.get("note", "")


def _reviewed(entry: TimelineEntry) -> tuple[str, str]:
    words = {"who": sentences.who(entry), "reason": SubscriptionReview(entry.data["reason"]).label}
    return _("%(who)s reviewed and accepted: %(reason)s") % words, entry.data["note"]


def _turn(entry: TimelineEntry) -> tuple[str, str]:
    due = date_format(date.fromisoformat(entry.data["due"]), "SHORT_DATE_FORMAT")
    said = _("The charge %(reference)s was made, due on %(day)s")
    return said % {"reference": entry.data["charge"], "day": due}, sentences.source(entry)


def _twin_cancelled(entry: TimelineEntry) -> tuple[str, str]:
    detail = _("a creating call without an answer had its effect late")
    return _("Cancelled at the gateway, so that nobody is charged twice: %(id)s") % {
        "id": entry.data["gateway_id"]
    }, detail


def _twin_paid(entry: TimelineEntry) -> tuple[str, str]:
    said = _("It is there twice at the gateway, and this one may have been paid: %(id)s")
    return said % {"id": entry.data["gateway_id"]}, sentences.source(entry)


_SENTENCES: dict[str, Sentence] = {
    "state": _state,
    "review": _review,
    "created": _created,
    "adopted": _adopted,
    "agreement": _agreement,
    "amount": _amount,
    "amount_agreed": _amount_agreed,
    "reviewed": _reviewed,
    "turn": _turn,
    "twin_cancelled": _twin_cancelled,
    "twin_paid": _twin_paid,
    "change": agreement_words.sentence,
}
