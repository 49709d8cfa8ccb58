"""Changes of a subscription in words: what each does, why it cannot be done, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config import clock
from connections.gateways.base import SubscriptionRule
from payments.models import AgreementChange, AgreementChangeKind, Subscription, TimelineEntry
from payments.money import format_cents
from payments.services import agreement_hindrances
from payments.services.agreement_hindrances import Hindrance

# After so long the newest change is no news any more.
_NEWS = timedelta(hours=24)
_KINDS = AgreementChangeKind


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the page of one kind of change says; what it means is told by ``effects``."""

    title: Promise
    question: Promise
    button: Promise
    icon: str


WORDS = {
    _KINDS.PAUSE: Words(
        title=gettext_lazy("Pause the subscription"),
        question=gettext_lazy("Pause this subscription?"),
        button=gettext_lazy("Pause it now"),
        icon="paused",
    ),
    _KINDS.RESUME: Words(
        title=gettext_lazy("Resume the subscription"),
        question=gettext_lazy("Let this subscription charge again?"),
        button=gettext_lazy("Resume it now"),
        icon="repeat",
    ),
    _KINDS.AMOUNT: Words(
        title=gettext_lazy("New amount"),
        question=gettext_lazy("How much shall each charge be?"),
        button=gettext_lazy("Change the amount"),
        icon="pending",
    ),
    _KINDS.DESCRIPTION: Words(
        title=gettext_lazy("New description"),
        question=gettext_lazy("What shall the customer read?"),
        button=gettext_lazy("Change the description"),
        icon="info",
    ),
    _KINDS.CANCEL: Words(
        title=gettext_lazy("Cancel the subscription"),
        question=gettext_lazy("Cancel this subscription for good?"),
        button=gettext_lazy("Cancel it now"),
        icon="cancelled",
    ),
}
_HINDRANCES: dict[Hindrance, Promise] = {
    Hindrance.BUSY: gettext_lazy("Another change is under way. Wait until the gateway shows it."),
    Hindrance.IN_DOUBT: gettext_lazy(
        "It is not certain yet that this subscription arrived at %(gateway)s. Wait until it is."
    ),
    Hindrance.OVER: gettext_lazy("The subscription is over. To go on, make a new one."),
    Hindrance.NOT_ACTIVE: gettext_lazy("It charges nobody yet: first the customer has to agree."),
    Hindrance.NOT_PAUSED: gettext_lazy("It is not paused."),
    Hindrance.PAUSED: gettext_lazy(
        "While it is paused it can only be resumed or cancelled. Resume it first."
    ),
    Hindrance.DISABLED: gettext_lazy("The account is disabled. An administrator can enable it."),
    Hindrance.TOO_LITTLE: gettext_lazy("Type at least %(least)s: %(gateway)s takes no less."),
    Hindrance.TOO_MUCH: gettext_lazy("Type at most %(most)s: %(gateway)s takes no more."),
    Hindrance.NO_CENTS: gettext_lazy("This currency has no cents: type a whole amount."),
    Hindrance.SAME_AMOUNT: gettext_lazy("It costs this already: type another amount."),
    Hindrance.SAME_TEXT: gettext_lazy("It says this already: type something else."),
    Hindrance.NO_TEXT: gettext_lazy("Type what the customer shall read."),
    Hindrance.USED: gettext_lazy("This form was already used for something else. Open the page again."),
}
_STEPS: dict[tuple[str, str], Promise] = {
    ("pause", "asked"): gettext_lazy("%(who)s asked to pause it"),
    ("pause", "done"): gettext_lazy("The subscription was paused"),
    ("pause", "refused"): gettext_lazy("The subscription was not paused"),
    ("resume", "asked"): gettext_lazy("%(who)s asked to resume it"),
    ("resume", "done"): gettext_lazy("The subscription was resumed"),
    ("resume", "refused"): gettext_lazy("The subscription was not resumed"),
    ("cancel", "asked"): gettext_lazy("%(who)s asked to cancel it"),
    ("cancel", "done"): gettext_lazy("The subscription was cancelled"),
    ("cancel", "refused"): gettext_lazy("The subscription was not cancelled"),
    ("amount", "asked"): gettext_lazy("%(who)s asked for the new amount %(amount)s"),
    ("amount", "done"): gettext_lazy("Each charge is %(amount)s now"),
    ("amount", "refused"): gettext_lazy("The amount was not changed to %(amount)s"),
    ("description", "asked"): gettext_lazy("%(who)s asked for the new description “%(text)s”"),
    ("description", "done"): gettext_lazy("The description was changed to “%(text)s”"),
    ("description", "refused"): gettext_lazy("The description was not changed to “%(text)s”"),
}


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a person may want to do with it as it stands; ``why_not`` where they cannot."""

    kind: str
    title: str
    icon: str
    why_not: str


def actions(own: Subscription) -> Sequence[Action]:
    """In the order of the page. What makes no sense as it stands is left out, or says why."""
    return [_action(own, kind) for kind in WORDS if _is_shown(own, kind)]


def _is_shown(own: Subscription, kind: AgreementChangeKind) -> bool:
    if agreement_hindrances.concerns(own, kind):
        return True
    is_changed_later = kind in (_KINDS.AMOUNT, _KINDS.DESCRIPTION)
    return is_changed_later and agreement_hindrances.concerns(own, _KINDS.RESUME)


def _action(own: Subscription, kind: AgreementChangeKind) -> Action:
    found = agreement_hindrances.hindrance(own, kind)
    why_not = hindrance(own, found) if found else ""
    return Action(kind=kind.value, title=str(WORDS[kind].title), icon=WORDS[kind].icon, why_not=why_not)


def hindrance(own: Subscription, found: Hindrance) -> str:
    """Why it is not possible, for the person who asked."""
    can = own.connection.capabilities
    return str(_HINDRANCES[found]) % {
        "gateway": own.connection.gateway_label,
        "least": format_cents(max(can.least_cents(own.method), 1), own.currency),
        "most": format_cents(can.most_cents(own.method) or 0, own.currency),
    }


def effects(own: Subscription, kind: AgreementChangeKind) -> list[str]:
    """What happens once it is asked for, as the gateway has it."""
    rule = own.connection.capabilities.subscriptions
    told = _EFFECTS[kind](rule) if rule else ()
    days = rule.issues_ahead if rule else 0
    return [text % {"gateway": own.connection.gateway_label, "days": days} for text in told]


def _of_pause(rule: SubscriptionRule) -> Iterator[str]:
    yield _("Nothing new is charged until somebody resumes it.")
    yield _of_gap(rule)
    if rule.issues_ahead:
        yield ngettext(
            "%(gateway)s issues charges up to %(days)d day ahead: those there are stay open and can be paid."
            " Cancel them one by one where nobody shall pay them.",
            "%(gateway)s issues charges up to %(days)d days ahead: those there are stay open and can be paid."
            " Cancel them one by one where nobody shall pay them.",
            rule.issues_ahead,
        )


def _of_gap(rule: SubscriptionRule) -> str:
    if rule.recovers:
        return _("What falls into the pause is charged afterwards.")
    return _("What falls into the pause is not charged afterwards either.")


def _of_resume(rule: SubscriptionRule) -> Iterator[str]:
    yield _("%(gateway)s charges again from its next date on.")
    yield _of_gap(rule)


def _of_amount(rule: SubscriptionRule) -> Iterator[str]:
    if rule.issues_ahead:
        yield _("What %(gateway)s issues from now on asks for the new amount.")
    else:
        yield _("The next charge asks for the new amount.")
    if rule.moves_open:
        yield _("What was issued before keeps its amount, unless you tick the box.")
    if rule.is_hosted:
        yield _("%(gateway)s tells the customer by e-mail.")
    yield _("Who still pays an amount it had before has paid; nothing is owed then.")


def _of_description(_rule: SubscriptionRule) -> Iterator[str]:
    yield _("It is changed at %(gateway)s, and stands on the charges that follow.")


def _of_cancel(rule: SubscriptionRule) -> Iterator[str]:
    yield _("Nothing more is charged. It cannot be taken back: to go on, a new one has to be made.")
    if rule.issues_ahead:
        yield _("%(gateway)s cancels what was issued and is not paid, too.")
    if rule.is_hosted:
        yield _("The customer's card is not charged any more, and their link stops working.")
    yield _("What was paid stays paid. To give money back, open the charge.")


_EFFECTS = {
    _KINDS.PAUSE: _of_pause,
    _KINDS.RESUME: _of_resume,
    _KINDS.AMOUNT: _of_amount,
    _KINDS.DESCRIPTION: _of_description,
    _KINDS.CANCEL: _of_cancel,
}


@dataclass(frozen=True, kw_only=True)
class News:
    """The newest change, while it is under way, or was refused a short time ago."""

    change: AgreementChange
    title: str
    said: str
    advice: str

    @property
    def is_open(self) -> bool:
        return self.change.state == "open"


def news(own: Subscription) -> News | None:
    newest = own.changes.last()
    if newest is None or newest.state == "done":
        return None
    if newest.finished_at and clock.now() - newest.finished_at > _NEWS:
        return None
    return News(
        change=newest,
        title=str(WORDS[AgreementChangeKind(newest.kind)].title),
        said=_(newest.failure) if newest.failure else "",
        advice=_(newest.advice) if newest.advice else "",
    )


def done(change: AgreementChange, own: Subscription) -> str:
    """What was done, for the person who just asked for it."""
    return str(_STEPS[change.kind, "done"]) % {
        "amount": format_cents(change.amount_cents or 0, own.currency),
        "text": change.text,
    }


def sentence(entry: TimelineEntry) -> tuple[str, str]:
    """A line of the subscription's story, and its detail."""
    data = entry.data
    said = str(_STEPS.get((data["kind"], data["step"]), f"{data['kind']}: {data['step']}"))
    words = {
        "who": entry.actor.get_username() if entry.actor else _("The system"),
        "amount": format_cents(data["amount_cents"] or 0, data["currency"]),
        "text": data["text"],
    }
    told = [_(data[name]) for name in ("failure", "advice") if data[name]]
    if data["with_open"] and data["step"] == "asked":
        told.append(_("also for what is open"))
    return said % words, " · ".join(told)
