"""Refunds in words: what can be given back and what happens then, why not, and how far each one is."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from connections.gateways.base import Method
from connections.gateways.registry import gateway_class
from payments.models import Charge, Refund, RefundProgress, RefundReason, TimelineEntry
from payments.money import format_cents
from payments.services.refundable import NotPossible, Obstacle, Offer

_OBSTACLES: dict[Obstacle, Promise] = {
    Obstacle.NOTHING_RECEIVED: gettext_lazy("Nothing was received by this payment."),
    Obstacle.CASH: gettext_lazy(
        "This was received in cash, outside the gateway: give it back in cash and undo the receipt on the"
        " page of the charge."
    ),
    Obstacle.CONTESTED: gettext_lazy(
        "The customer contests this payment at their bank: the dispute decides about the money, and a refund"
        " now could pay it twice."
    ),
    Obstacle.NOTHING_LEFT: gettext_lazy("Nothing is left of this payment to give back."),
    Obstacle.METHOD: gettext_lazy("%(gateway)s does not give back payments made in this way."),
    Obstacle.TOO_OLD: gettext_lazy(
        "%(gateway)s gives money back until %(days)s days after the payment, and these are over: agree with"
        " the customer on another way."
    ),
    Obstacle.DISABLED: gettext_lazy("This account is disabled: an administrator can enable it again."),
    Obstacle.TOO_MUCH: gettext_lazy("Only %(left)s is left of this payment: type that or less."),
    Obstacle.ONLY_WHOLE: gettext_lazy("%(gateway)s gives this back as a whole only: %(left)s."),
}
_ICONS = {
    RefundProgress.RESERVED: "confirming",
    RefundProgress.REQUESTED: "confirming",
    RefundProgress.UNSURE: "review",
    RefundProgress.PENDING: "pending",
    RefundProgress.DONE: "refunded",
    RefundProgress.DENIED: "failed",
    RefundProgress.WITHDRAWN: "cancelled",
}
_COLOURS = {
    RefundProgress.RESERVED: "status-confirming",
    RefundProgress.REQUESTED: "status-confirming",
    RefundProgress.UNSURE: "status-review",
    RefundProgress.DENIED: "status-failed",
}
_EFFECTS: dict[str, Promise] = {
    Method.PIX.value: gettext_lazy("A PIX is usually back in the account it came from within minutes."),
    Method.CARD.value: gettext_lazy(
        "On a card it shows on one of the next statements; that can take up to 10 business days."
    ),
}
_BY_PAYER = gettext_lazy(
    "A boleto has no account to go back to: %(gateway)s gives you a link, and the customer must fill in a"
    " form there before the money moves. You find the link with the charge, to copy and send."
)
_OTHERWISE = gettext_lazy("%(gateway)s decides how it reaches the customer; that can take some days.")
_STEPS: dict[str, Promise] = {
    "reserved": gettext_lazy("%(who)s asked to give back %(amount)s"),
    "unsure": gettext_lazy("No answer about giving back %(amount)s: we look whether it was made"),
    "pending": gettext_lazy("The gateway took it on: %(amount)s goes back"),
    "done": gettext_lazy("Given back: %(amount)s"),
    "denied": gettext_lazy("Not given back: %(amount)s"),
    "withdrawn": gettext_lazy("%(who)s said that %(amount)s was not given back: it is free again"),
    "confirmed": gettext_lazy("%(who)s said which refund at the gateway is the one of %(amount)s"),
    "imported_pending": gettext_lazy("Asked for in the gateway's own panel: %(amount)s goes back"),
    "imported_done": gettext_lazy("Given back in the gateway's own panel: %(amount)s"),
    "imported_denied": gettext_lazy("Asked for in the gateway's own panel and not given back: %(amount)s"),
}
NO_OFFER = gettext_lazy("Nothing was received for this charge, so there is nothing to give back.")
PANEL = pgettext_lazy("who asked for a refund", "The gateway's own panel")


def obstacle(charge: Charge, refused: NotPossible) -> str:
    """Why it is not possible, for the person who asked."""
    return str(_OBSTACLES[refused.obstacle]) % {
        "gateway": charge.connection.gateway_label,
        "days": charge.connection.capabilities.refund_days or "",
        "left": format_cents(refused.left_cents, charge.currency),
    }


def effects(charge: Charge, offer: Offer) -> list[str]:
    """What the gateway will do with a refund of this payment, before somebody asks for it."""
    names = {"gateway": charge.connection.gateway_label}
    way = _BY_PAYER if offer.needs_payer else _EFFECTS.get(offer.payment.method, _OTHERWISE)
    said = [str(way) % names]
    if not offer.can_be_part:
        said.append(_("This payment can be given back as a whole only."))
    if charge.connection.capabilities.keeps_fees:
        said.append(_("%(gateway)s keeps the fee of the payment. Its balance must cover the amount.") % names)
    else:
        said.append(_("The balance at %(gateway)s must cover the amount.") % names)
    return said


@dataclass(frozen=True, kw_only=True)
class Row:
    """One payment as the refund page shows it."""

    offer: Offer
    received: str
    given_back: str
    reserved: str
    left: str
    why_not: str


def row(charge: Charge, offer: Offer) -> Row:
    payment = offer.payment
    currency = payment.currency or charge.currency
    why_not = obstacle(charge, NotPossible(offer.obstacle)) if offer.obstacle else ""
    return Row(
        offer=offer,
        received=format_cents(payment.received_cents, currency),
        given_back=format_cents(payment.refunded_cents, currency) if payment.refunded_cents else "",
        reserved=format_cents(payment.reserved_cents, currency) if payment.reserved_cents else "",
        left=format_cents(offer.left_cents, currency),
        why_not=why_not,
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """One refund as the charge's page lists it."""

    refund: Refund
    amount: str
    icon: str
    colour: str
    why: str
    who: str
    said: str
    advice: str


def lines(charge: Charge) -> list[Line]:
    """The refunds of a charge, newest first."""
    found = charge.refunds.select_related("payment", "requested_by").order_by("-pk")
    return [line(charge, refund) for refund in found]


def line(charge: Charge, refund: Refund) -> Line:
    refund.charge = charge
    state = RefundProgress(refund.state)
    reasons = gateway_class(charge.connection.gateway).refund_reasons
    waits_for = reasons.get(refund.gateway_status, "") if refund.is_moving else ""
    return Line(
        refund=refund,
        amount=format_cents(refund.amount_cents, refund.currency),
        icon=_ICONS[state],
        colour=_COLOURS.get(state, ""),
        why=str(RefundReason(refund.reason).label) if refund.reason else "",
        who=_who(refund),
        said=_(refund.failure) if refund.failure else "",
        advice=_(refund.advice or waits_for) if refund.advice or waits_for else "",
    )


def _who(refund: Refund) -> str:
    if not refund.is_ours:
        return str(PANEL)
    return refund.requested_by.get_username() if refund.requested_by else _("The system")


def sentence(entry: TimelineEntry) -> tuple[str, str]:
    """A line of the charge's story, and its detail."""
    data = entry.data
    known = _STEPS.get(data["step"])
    said = str(known) if known else f"{data['step']}: %(amount)s"
    words = {
        "who": entry.actor.get_username() if entry.actor else _("The system"),
        "amount": format_cents(data["amount_cents"], data["currency"]),
    }
    reason = str(RefundReason(data["reason"]).label) if data["reason"] and data["step"] == "reserved" else ""
    failure = _(data["failure"]) if data["failure"] else ""
    return said % words, " · ".join(filter(None, (reason, data["note"], failure)))
