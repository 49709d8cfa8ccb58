"""What is asked for again and again, whether its gateway can do that, and storing it before it is asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config import clock
from connections.gateways.base import Cycle, Method, SubscriptionRule
from connections.models import Connection
from payments.models import Customer, Plan, Subscription, SubscriptionAmount
from payments.money import format_cents, smallest_cents
from payments.services.timeline import note_person

LATEST_DAYS = 365
MOST_TURNS = 600


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What is charged how often. ``starts_on`` is the due date of the first turn; a plan has none."""

    connection: Connection
    method: Method
    amount_cents: int
    cycle: Cycle
    starts_on: date | None = None
    ends_on: date | None = None
    turns: int | None = None


@dataclass(frozen=True, kw_only=True)
class NewSubscription(Agreement):
    """What an operator asks for. ``submission`` names the filled form: sent twice, it makes one."""

    customer: Customer
    description: str
    starts_on: date
    submission: uuid.UUID
    plan: Plan | None = None
    actor: User | None = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why it cannot be like that, in the reader's language; ``field`` is one of ``Agreement``'s."""

    field: str
    text: str


def problems(asked: Agreement) -> list[Problem]:
    """Everything the gateway would refuse later, as far as we know; empty where it can be asked for."""
    rule = asked.connection.capabilities.subscriptions
    if rule is None:
        text = _("%(gateway)s takes no subscriptions on this account: choose another account.")
        return [Problem(field="connection", text=text % {"gateway": asked.connection.gateway_label})]
    return [*_of_kind(asked, rule), *_of_amount(asked), *_of_days(asked), *_of_turns(asked, rule)]


def _of_kind(asked: Agreement, rule: SubscriptionRule) -> Iterator[Problem]:
    gateway = {"gateway": asked.connection.gateway_label}
    if asked.method not in rule.methods:
        text = _("%(gateway)s takes no subscriptions paid like that: choose another way of paying.")
        yield Problem(field="method", text=text % gateway)
    if asked.cycle not in rule.cycles:
        text = _("%(gateway)s does not charge that often: choose another interval.")
        yield Problem(field="cycle", text=text % gateway)


def _of_amount(asked: Agreement) -> Iterator[Problem]:
    can, currency, cents = asked.connection.capabilities, asked.connection.currency, asked.amount_cents
    least, most = can.least_cents(asked.method), can.most_cents(asked.method)
    if cents <= 0 or cents < least:
        text = _("Type at least %(amount)s: the gateway takes no less.")
        yield Problem(field="amount", text=text % {"amount": format_cents(max(least, 1), currency)})
    elif most and cents > most:
        text = _("Type at most %(amount)s: the gateway takes no more.")
        yield Problem(field="amount", text=text % {"amount": format_cents(most, currency)})
    elif cents % smallest_cents(currency):
        yield Problem(field="amount", text=_("This currency has no cents."))


def _of_days(asked: Agreement) -> Iterator[Problem]:
    today = clock.today(asked.connection.time_zone)
    latest = today + timedelta(days=LATEST_DAYS)
    if asked.starts_on and asked.starts_on < today:
        yield Problem(field="starts_on", text=_("This day has passed: choose today or a later day."))
    elif asked.starts_on and asked.starts_on > latest:
        text = _("Choose a day up to %(day)s.")
        yield Problem(field="starts_on", text=text % {"day": date_format(latest, "SHORT_DATE_FORMAT")})
    elif asked.ends_on and asked.starts_on and asked.ends_on < asked.starts_on:
        yield Problem(field="ends_on", text=_("It would end before the first charge: choose a later day."))


def _of_turns(asked: Agreement, rule: SubscriptionRule) -> Iterator[Problem]:
    if asked.turns is None:
        return
    if not 1 <= asked.turns <= MOST_TURNS:
        text = _("Type a number from 1 to %(most)d, or leave it empty for no end.")
        yield Problem(field="turns", text=text % {"most": MOST_TURNS})
    elif asked.ends_on:
        yield Problem(field="turns", text=_("Choose the last day or the number of charges, not both."))
    elif asked.starts_on and not rule.takes_turns:
        text = _("%(gateway)s cannot count the charges: choose the last day instead.")
        yield Problem(field="turns", text=text % {"gateway": asked.connection.gateway_label})


def store_intent(new: NewSubscription, *, next_look: timedelta) -> tuple[Subscription, bool]:
    """The subscription of this form, and whether it is new; a worker takes it over after ``next_look``."""
    if known := Subscription.objects.filter(submission=new.submission).first():
        return known, False
    now = clock.now()
    try:
        with transaction.atomic():
            own = Subscription.objects.create(
                submission=new.submission,
                connection=new.connection,
                customer=new.customer,
                plan=new.plan,
                method=new.method,
                currency=new.connection.currency,
                amount_cents=new.amount_cents,
                description=new.description,
                cycle=new.cycle,
                starts_on=new.starts_on,
                ends_on=new.ends_on,
                turns=new.turns,
                created_by=new.actor,
                created_at=now,
                token=uuid.uuid4(),
                due_at=now + next_look,
            )
            SubscriptionAmount.objects.create(
                subscription=own,
                since=now,
                amount_cents=new.amount_cents,
                is_agreed=True,
                agreed_by=new.actor,
            )
            note_person(own, "created", actor=new.actor)
    except IntegrityError:  # the same form, sent twice at once
        return Subscription.objects.get(submission=new.submission), False
    return own, True
