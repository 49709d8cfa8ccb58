"""Subscriptions and plans as people read them: state, how often, until when, and what to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from connections.gateways.documents import bare
from payments import presentation
from payments.languages import language_for
from payments.models import (
    Charge,
    ChargeStatus,
    CycleChoices,
    Plan,
    PlanState,
    Subscription,
    SubscriptionReview,
    SubscriptionState,
)
from payments.models.subscriptions import SubscriptionQuerySet
from payments.money import format_cents
from payments.presentation import digest
from payments.services import plan_states, renewing

_STATES = SubscriptionState
# The drawing and the colour of each state; its word stands beside them.
_LOOKS = {
    _STATES.DRAFT: ("draft", ""),
    _STATES.CONFIRMING: ("confirming", "status-confirming"),
    _STATES.PENDING: ("pending", "status-pending"),
    _STATES.ACTIVE: ("repeat", "status-paid"),
    _STATES.PAUSED: ("paused", "status-overdue"),
    _STATES.CANCELLED: ("cancelled", ""),
    _STATES.ENDED: ("paid", ""),
    _STATES.FAILED: ("failed", "status-failed"),
}
_PLAN_LOOKS = {
    PlanState.DRAFT: ("draft", ""),
    PlanState.CONFIRMING: ("confirming", "status-confirming"),
    PlanState.ACTIVE: ("repeat", "status-paid"),
    PlanState.CLOSED: ("cancelled", ""),
    PlanState.FAILED: ("failed", "status-failed"),
}


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A saved view of the list."""

    name: str
    label: str | Promise
    states: tuple[SubscriptionState, ...] = ()
    only_review: bool = False


TABS = (
    Tab(name="", label=pgettext_lazy("subscriptions", "All")),
    Tab(name="active", label=pgettext_lazy("subscriptions", "Active"), states=(_STATES.ACTIVE,)),
    Tab(
        name="waiting",
        label=pgettext_lazy("subscriptions", "Waiting"),
        states=(_STATES.DRAFT, _STATES.CONFIRMING, _STATES.PENDING),
    ),
    Tab(name="paused", label=pgettext_lazy("subscriptions", "Paused"), states=(_STATES.PAUSED,)),
    Tab(
        name="over",
        label=pgettext_lazy("subscriptions", "Over"),
        states=(_STATES.CANCELLED, _STATES.ENDED, _STATES.FAILED),
    ),
    Tab(name="review", label=pgettext_lazy("subscriptions", "To review"), only_review=True),
)


def tab_named(name: str) -> Tab:
    return next((tab for tab in TABS if tab.name == name), TABS[0])


def narrowed(listed: SubscriptionQuerySet, *, tab: Tab, text: str) -> SubscriptionQuerySet:
    """The subscriptions of a tab that match a text: name, reference, document or gateway id."""
    if tab.states:
        listed = listed.filter(state__in=tab.states)
    if tab.only_review:
        listed = listed.exclude(review_reason="")
    if not text:
        return listed
    found = Q(customer__name__icontains=text) | Q(reference__iexact=text) | Q(gateway_id=text)
    if document := bare(text):
        found |= Q(customer__document=document)
    return listed.filter(found)


def row(own: Subscription) -> dict[str, Any]:
    """A subscription as lists and heads show it."""
    icon, colour = _LOOKS[SubscriptionState(own.state)]
    return {
        "subscription": own,
        "amount": format_cents(own.amount_cents, own.currency),
        "cycle": how_often(own.cycle),
        "icon": icon,
        "colour": colour,
        "state": own.get_state_display(),
        "review": SubscriptionReview(own.review_reason).label if own.review_reason else "",
    }


def plan_row(plan: Plan) -> dict[str, Any]:
    icon, colour = _PLAN_LOOKS[PlanState(plan.state)]
    return {
        "plan": plan,
        "amount": format_cents(plan.amount_cents, plan.currency),
        "cycle": how_often(plan.cycle),
        "icon": icon,
        "colour": colour,
        "state": plan.get_state_display(),
        "is_local": plan_states.is_local(plan),
        "end": end_in_words(plan),
    }


def how_often(cycle: str) -> str:
    return str(CycleChoices(cycle).label) if cycle else _("at an interval of the gateway's own")


def end_in_words(agreement: Subscription | Plan) -> str:
    """When it stops by itself."""
    if agreement.turns:
        text = ngettext("after %(count)d charge", "after %(count)d charges", agreement.turns)
        return text % {"count": agreement.turns}
    last = getattr(agreement, "ends_on", None)
    if last:
        return _("on %(day)s") % {"day": date_format(last, "SHORT_DATE_FORMAT")}
    return _("never: it goes on until it is cancelled")


def live_mark(own: Subscription) -> str:
    """Changes whenever a page about the subscription would look different."""
    changes = own.changes.values_list("pk", "state")
    charges = own.charges.order_by("pk").values_list("pk", "status", "revision")
    amounts = own.amounts.values_list("pk", "is_agreed")
    facts = (own.state, own.revision, own.amount_cents, own.next_due_on, own.link, own.description)
    doubt = (own.failure, own.looked_up, own.due_at is None)
    return digest("payments.subscription", (*facts, *doubt, *changes, *charges, *amounts))


def plan_mark(plan: Plan) -> str:
    users = plan.subscriptions.order_by("pk").values_list("pk", "state", "revision")
    return digest("payments.plan", (plan.state, plan.due_at is None, plan.link, plan.failure, *users))


_WAITING = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
_MOST_LOOKED_AT = 3


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What an operator sends: where the customer agrees, or where the first open charge is paid."""

    link: str
    message: str
    whatsapp_url: str
    charge: Charge | None = None


def sending(own: Subscription) -> Sending | None:
    """What to send now; None while there is nothing a customer could open."""
    if own.state == SubscriptionState.PENDING and own.link:
        return _to_agree(own)
    if own.state not in (SubscriptionState.ACTIVE, SubscriptionState.PAUSED):
        return None
    charges = own.charges.select_related("customer", "connection").filter(status__in=_WAITING)
    for charge in charges.order_by("due_date", "pk")[:_MOST_LOOKED_AT]:
        code = presentation.code_state(charge, may_renew=renewing.may_have_new_code(charge))
        if ready := presentation.sending(charge, code=code):
            return Sending(
                link=ready.link, message=ready.message, whatsapp_url=ready.whatsapp_url, charge=charge
            )
    return None


def _to_agree(own: Subscription) -> Sending:
    with translation.override(language_for(own.connection, own.customer)):
        text = _(
            "Hello, %(name)s! To begin your subscription of %(amount)s %(cycle)s (%(description)s), open this"
            " page and say how you want to pay: %(link)s"
        ) % {
            "name": own.customer.name.split()[0],
            "amount": format_cents(own.amount_cents, own.currency),
            "cycle": how_often(own.cycle),
            "description": own.description,
            "link": own.link,
        }
    number = own.customer.home.international(own.customer.phone)
    return Sending(link=own.link, message=text, whatsapp_url=_whatsapp(text, number))


def plan_sending(plan: Plan) -> Sending | None:
    """The public link, for anybody."""
    if plan.state != PlanState.ACTIVE or not plan.link:
        return None
    with translation.override(language_for(plan.connection)):
        text = _("Subscribe to %(name)s, %(amount)s %(cycle)s: %(link)s") % {
            "name": plan.name,
            "amount": format_cents(plan.amount_cents, plan.currency),
            "cycle": how_often(plan.cycle),
            "link": plan.link,
        }
    return Sending(link=plan.link, message=text, whatsapp_url=_whatsapp(text, ""))


def _whatsapp(text: str, number: str) -> str:
    return f"https://wa.me/{number}?text={quote(text)}"
