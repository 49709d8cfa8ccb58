"""Changes of a charge in words: what each does, why it cannot be done, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import clock
from payments import parcels
from payments.models import ChangeKind, ChangeState, Charge, ChargeChange, TimelineEntry
from payments.money import format_cents
from payments.services import changeable
from payments.services.changeable import Obstacle

PERMISSIONS = {
    ChangeKind.CANCEL: "payments.cancel_charge",
    ChangeKind.DUE_DATE: "payments.cancel_charge",
    ChangeKind.AMOUNT: "payments.cancel_charge",
    ChangeKind.DESCRIPTION: "payments.cancel_charge",
    ChangeKind.RESTORE: "payments.cancel_charge",
    ChangeKind.CASH: "payments.receive_cash",
    ChangeKind.UNDO_CASH: "payments.receive_cash",
}
# What people come to a charge for; the rest is rare.
OFTEN = (ChangeKind.CANCEL,)
# After so long the newest change is no news any more.
_NEWS = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the page of one kind of change says. ``effects`` are told before anything is asked for."""

    title: Promise
    question: Promise
    effects: tuple[Promise, ...]
    button: Promise
    icon: str


_CASH_EFFECTS = (
    gettext_lazy("The charge becomes paid, and nobody can pay it at %(gateway)s any more."),
    gettext_lazy("No money moves at %(gateway)s, and it takes no fee. It can be undone later."),
    gettext_lazy("An amount other than what was owed on that day is shown for review first."),
)
# Of several parcels one is received.
_PARCEL_CASH_EFFECTS = (
    gettext_lazy("This parcel counts as received, and nobody can pay it at %(gateway)s any more."),
    gettext_lazy("The charge becomes paid once every parcel is."),
    *_CASH_EFFECTS[1:],
)
WORDS = {
    ChangeKind.CANCEL: Words(
        title=gettext_lazy("Cancel the charge"),
        question=gettext_lazy("Cancel this charge?"),
        effects=(
            gettext_lazy("The customer can no longer pay it: link, code and boleto stop working."),
            gettext_lazy(
                "It says cancelled here once %(gateway)s shows it. If money comes first, it is paid."
            ),
            gettext_lazy(
                "A boleto somebody printed may still be paid at a bank for a while; you will see it."
            ),
        ),
        button=gettext_lazy("Cancel the charge now"),
        icon="cancelled",
    ),
    ChangeKind.DUE_DATE: Words(
        title=gettext_lazy("New due date"),
        question=gettext_lazy("Which day shall it be due on?"),
        effects=(
            gettext_lazy("The link stays the same. Code and boleto are made anew: send them again."),
            gettext_lazy("Discount, fine and interest stay as agreed and count from the new day."),
        ),
        button=gettext_lazy("Move the due date"),
        icon="pending",
    ),
    ChangeKind.AMOUNT: Words(
        title=gettext_lazy("New amount"),
        question=gettext_lazy("How much shall be asked for?"),
        effects=(
            gettext_lazy("The link stays the same. Code and boleto are made anew: send them again."),
            gettext_lazy("A discount for paying early, a fine and interest stay as agreed."),
            gettext_lazy("Who still pays the amount it asked for before has paid; nothing is owed then."),
        ),
        button=gettext_lazy("Change the amount"),
        icon="pending",
    ),
    ChangeKind.DESCRIPTION: Words(
        title=gettext_lazy("New description"),
        question=gettext_lazy("What shall the customer read?"),
        effects=(gettext_lazy("It is changed on the page to pay, and at %(gateway)s."),),
        button=gettext_lazy("Change the description"),
        icon="info",
    ),
    ChangeKind.CASH: Words(
        title=gettext_lazy("Received in cash"),
        question=gettext_lazy("How much was received outside the gateway, and when?"),
        effects=_CASH_EFFECTS,
        button=gettext_lazy("It was received"),
        icon="paid",
    ),
    ChangeKind.UNDO_CASH: Words(
        title=gettext_lazy("Undo the receipt in cash"),
        question=gettext_lazy("Was this not received after all?"),
        effects=(
            gettext_lazy("The charge is no longer paid and asks the customer for the money again."),
            gettext_lazy("No money moves: what was received has to be given back by hand."),
        ),
        button=gettext_lazy("Undo the receipt"),
        icon="refunded",
    ),
    ChangeKind.RESTORE: Words(
        title=gettext_lazy("Restore the charge"),
        question=gettext_lazy("Let this charge be paid again?"),
        effects=(
            gettext_lazy("The customer can pay it again with the same link. The due date stays as it was."),
        ),
        button=gettext_lazy("Restore the charge now"),
        icon="back",
    ),
}
# Where the gateway cannot change what it has.
_REMADE = (
    gettext_lazy("%(gateway)s cannot change it: what is there now is cancelled, and made again like this."),
    gettext_lazy("The link you sent stays the same. A code or a boleto has to be sent again."),
    gettext_lazy("If money comes first, it is paid and nothing is changed."),
)
_HERE_ALONE = (gettext_lazy("It is changed on the page to pay. At %(gateway)s the old one stays."),)
_OBSTACLES: dict[Obstacle, Promise] = {
    Obstacle.IN_DOUBT: gettext_lazy(
        "It is not certain yet whether %(gateway)s has this charge. Wait until it is, then try again."
    ),
    Obstacle.BUSY: gettext_lazy("Something is being changed already. Wait until that is done."),
    Obstacle.MONEY_CAME: gettext_lazy(
        "Money came in for this charge, and it stays received. To part with it, give it back."
    ),
    Obstacle.UNDER_REVIEW: gettext_lazy(
        "%(gateway)s has a payment of this charge and is looking at it. Wait until it has decided."
    ),
    Obstacle.OVER: gettext_lazy("This charge is closed: nobody can pay it, and nothing is left to change."),
    Obstacle.DISABLED: gettext_lazy("This account is disabled: an administrator can enable it again."),
    Obstacle.SEVERAL: gettext_lazy(
        "%(gateway)s holds this charge more than once, so nobody can tell which is meant. Review it first."
    ),
    Obstacle.PARCELS: gettext_lazy(
        "A charge of several parcels is changed parcel by parcel, in the panel of %(gateway)s: what is done"
        " there shows here."
    ),
    Obstacle.NO_PAYMENT: gettext_lazy("%(gateway)s holds nothing of this charge that could be changed."),
    Obstacle.NO_CASH: gettext_lazy("Nothing of this charge was received in cash."),
    Obstacle.SAME_DAY: gettext_lazy("It is due on this day already: choose another one."),
    Obstacle.PAST_DAY: gettext_lazy("This day has passed: choose today or a later day."),
    Obstacle.DAY_AHEAD: gettext_lazy("This day has not come yet: choose today or an earlier day."),
    Obstacle.NO_AMOUNT: gettext_lazy("Type an amount above zero."),
    Obstacle.SAME_AMOUNT: gettext_lazy("It asks for this amount already: type another one."),
    Obstacle.TOO_LITTLE: gettext_lazy(
        "Type more: less a discount for paying early, this is under what %(gateway)s takes."
    ),
    Obstacle.TOO_MUCH: gettext_lazy("%(gateway)s takes charges up to %(amount)s this way."),
    Obstacle.NO_CENTS: gettext_lazy("This currency has no cents."),
    Obstacle.NO_REASON: gettext_lazy("Say why: on %(account)s every discount needs a reason."),
    Obstacle.SAME_TEXT: gettext_lazy("It says this already: type something else."),
    Obstacle.TO_REVIEW: gettext_lazy("Somebody has to review this charge first."),
    Obstacle.COLLECTED: gettext_lazy(
        "%(gateway)s collects this charge by itself, as part of a subscription: pause, change or cancel that."
    ),
}
_CANNOT = {
    ChangeKind.DUE_DATE: gettext_lazy(
        "%(gateway)s cannot move a due date: cancel this charge and create another one for the new day."
    ),
    ChangeKind.AMOUNT: gettext_lazy(
        "%(gateway)s cannot change an amount: cancel this charge and create another one."
    ),
    ChangeKind.DESCRIPTION: gettext_lazy("%(gateway)s cannot change a description."),
    ChangeKind.CASH: gettext_lazy(
        "%(gateway)s has no way of saying that a charge was paid in cash: cancel it, and keep the receipt."
    ),
    ChangeKind.UNDO_CASH: gettext_lazy("%(gateway)s knows no receipts in cash."),
    ChangeKind.RESTORE: gettext_lazy(
        "What was cancelled at %(gateway)s stays cancelled: create another charge."
    ),
}
_STEPS: dict[tuple[str, str], Promise] = {
    ("cancel", "asked"): gettext_lazy("%(who)s asked to cancel the charge"),
    ("cancel", "done"): gettext_lazy("Nothing of it can be paid any more: it is cancelled"),
    ("cancel", "refused"): gettext_lazy("Not cancelled"),
    ("due_date", "asked"): gettext_lazy("%(who)s asked for %(day)s as the due date"),
    ("due_date", "done"): gettext_lazy("The due date was moved to %(day)s"),
    ("due_date", "refused"): gettext_lazy("The due date was not moved to %(day)s"),
    ("amount", "asked"): gettext_lazy("%(who)s asked for %(amount)s as the amount"),
    ("amount", "done"): gettext_lazy("The amount was changed to %(amount)s"),
    ("amount", "refused"): gettext_lazy("The amount was not changed to %(amount)s"),
    ("description", "asked"): gettext_lazy("%(who)s asked for another description: “%(text)s”"),
    ("description", "done"): gettext_lazy("The description was changed to “%(text)s”"),
    ("description", "refused"): gettext_lazy("The description was not changed to “%(text)s”"),
    ("cash", "asked"): gettext_lazy("%(who)s said that %(amount)s was received in cash on %(day)s"),
    ("cash", "done"): gettext_lazy("The gateway took it on: %(amount)s received in cash"),
    ("cash", "refused"): gettext_lazy("The gateway did not take it on: %(amount)s received in cash"),
    ("undo_cash", "asked"): gettext_lazy("%(who)s asked to undo the receipt in cash"),
    ("undo_cash", "done"): gettext_lazy("The receipt in cash was undone"),
    ("undo_cash", "refused"): gettext_lazy("The receipt in cash was not undone"),
    ("restore", "asked"): gettext_lazy("%(who)s asked to restore the charge"),
    ("restore", "done"): gettext_lazy("The charge was restored"),
    ("restore", "refused"): gettext_lazy("The charge was not restored"),
}


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a person may want to do with a charge as it stands; ``why_not`` where they cannot."""

    kind: str
    title: str
    icon: str
    why_not: str


def actions(charge: Charge, user: AbstractBaseUser | AnonymousUser | User) -> Sequence[Action]:
    """What this person may do, in the order of the page."""
    allowed = [kind for kind in ChangeKind if user.has_perm(PERMISSIONS[kind])]  # type: ignore[union-attr]
    return [_action(charge, kind) for kind in allowed if changeable.concerns(charge, kind)]


def _action(charge: Charge, kind: ChangeKind) -> Action:
    found = changeable.obstacle(charge, kind)
    why_not = obstacle(charge, kind, found) if found else ""
    return Action(kind=kind.value, title=str(WORDS[kind].title), icon=WORDS[kind].icon, why_not=why_not)


def obstacle(charge: Charge, kind: ChangeKind, found: Obstacle) -> str:
    """Why it is not possible, for the person who asked."""
    said = _CANNOT[kind] if found == Obstacle.CANNOT else _OBSTACLES[found]
    most = charge.connection.capabilities.most_cents(charge.method)
    amount = format_cents(most, charge.currency) if most else ""
    account = charge.connection.name
    return str(said) % {"gateway": charge.connection.gateway_label, "account": account, "amount": amount}


def effects(charge: Charge, kind: ChangeKind) -> list[str]:
    said = WORDS[kind].effects
    if changeable.is_remade(charge, kind):
        said = _REMADE
    elif kind == ChangeKind.CASH and parcels.are_ours(charge):
        said = _PARCEL_CASH_EFFECTS
    elif kind == ChangeKind.DESCRIPTION and changeable.is_ours_alone(charge, kind):
        said = _HERE_ALONE
    return [str(effect) % {"gateway": charge.connection.gateway_label} for effect in said]


@dataclass(frozen=True, kw_only=True)
class News:
    """The newest change, while it is under way, or was refused a short time ago."""

    change: ChargeChange
    title: str
    said: str
    advice: str


def news(charge: Charge) -> News | None:
    newest = charge.changes.select_related("requested_by").last()
    if newest is None or newest.state == ChangeState.DONE:
        return None
    if newest.finished_at and clock.now() - newest.finished_at > _NEWS:
        return None
    return News(
        change=newest,
        title=str(WORDS[ChangeKind(newest.kind)].title),
        said=_(newest.failure) if newest.failure else "",
        advice=_advice(charge, newest.kind, newest.obstacle, newest.advice),
    )


def done(change: ChargeChange) -> str:
    """What was done, for the person who just asked for it."""
    amount = _amount(change.amount_cents, change.charge.currency)
    words = {"day": _day(change.day), "amount": amount, "text": change.text}
    return str(_STEPS[change.kind, "done"]) % words


def _day(day: date | None) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


def _amount(cents: int | None, currency: str) -> str:
    return format_cents(cents, currency) if cents else ""


def _advice(charge: Charge, kind: str, found: str, advice: str) -> str:
    if found:
        return obstacle(charge, ChangeKind(kind), Obstacle(found))
    return _(advice) if advice else ""


def sentence(entry: TimelineEntry) -> tuple[str, str]:
    """A line of the charge's story, and its detail."""
    data = entry.data
    said = str(_STEPS.get((data["kind"], data["step"]), f"{data['kind']}: {data['step']}"))
    words = {
        "who": entry.actor.get_username() if entry.actor else _("The system"),
        "day": _day(date.fromisoformat(data["day"]) if data["day"] else None),
        "amount": _amount(data["amount_cents"], data["currency"]),
        "text": data.get("text", ""),
    }
    failure = _(data["failure"]) if data["failure"] else ""
    charge = entry.charge
    advice = _advice(charge, data["kind"], data["obstacle"], data["advice"]) if charge else ""
    reason = words["text"] if (data["kind"], data["step"]) == (ChangeKind.AMOUNT, "asked") else ""
    return said % words, " · ".join(filter(None, (reason, failure, advice)))
