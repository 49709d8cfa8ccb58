"""What a person decides about a subscription that should be looked at."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from config import clock
from payments import transitions
from payments.models import Charge, ReviewReason, Subscription, SubscriptionAmount, SubscriptionReview
from payments.services import subscription_states, terms
from payments.services.timeline import note_person

SOURCE = "person"


def theirs(own: Subscription) -> SubscriptionAmount | None:
    """What the gateway asked for last without anybody's agreement."""
    return own.amounts.filter(is_agreed=False).last()


def agree_amount(subscription: Subscription, *, cents: int, actor: User, note: str = "") -> bool:
    """Take the gateway's amount as what a turn costs from now on; False where that is not ``cents``.

    Turns that were issued or paid with it ask for it, too. Agreeing once more only sees to those.
    """
    with transaction.atomic():
        own = subscription_states.hold(subscription.pk)
        asked = theirs(own)
        if asked and asked.amount_cents == cents:
            _agree(own, asked, actor, note)
        elif own.amount_cents != cents or own.review_reason == SubscriptionReview.AMOUNT:
            return False
        waits = Q(terms__is_agreed=False) | Q(review_reason__in=(ReviewReason.AMOUNT, ReviewReason.TERMS))
        for charge_id in own.charges.filter(waits).order_by("pk").values_list("pk", flat=True).distinct():
            _agree_turn(charge_id, cents, actor)
    return True


def _agree(own: Subscription, asked: SubscriptionAmount, actor: User, note: str) -> None:
    own.amounts.filter(pk=asked.pk).update(is_agreed=True, agreed_by=actor)
    Subscription.objects.filter(pk=own.pk).update(amount_cents=asked.amount_cents)
    note_person(
        own,
        "amount_agreed",
        actor=actor,
        before=own.amount_cents,
        after=asked.amount_cents,
        currency=own.currency,
        note=note,
    )
    subscription_states.unflag(own.pk, SubscriptionReview.AMOUNT, source=SOURCE)


def _agree_turn(charge_id: int, cents: int, actor: User) -> None:
    """One that was first seen as paid has no other terms than ours: its payment tells what it costs."""
    own = transitions.hold(charge_id)
    version = own.terms.last()
    paid = own.payments.filter(received_cents__gt=0)
    if version and not version.is_agreed and version.amount_cents == cents:
        terms.agree(own, version, actor=actor)
    elif own.amount_cents != cents and paid.exists() and not paid.exclude(amount_cents=cents).exists():
        terms.keep_ours(own, amount_cents=cents, due_date=own.due_date, actor=actor)
        Charge.objects.filter(pk=own.pk).update(amount_cents=cents)
    transitions.apply(own.pk, source=SOURCE)


def close_review(subscription: Subscription, *, actor: User, note: str) -> None:
    """A person looked: nothing is asked any more, unless the gateway still shows it at its next look.

    What was less urgent than a change that was not done may have been kept back: that look is now.
    """
    reason = subscription.review_reason
    if not reason:
        return
    subscription_states.unflag(subscription.pk, SubscriptionReview(reason), source=SOURCE)
    note_person(subscription, "reviewed", actor=actor, reason=reason, note=note)
    if reason == SubscriptionReview.NOT_APPLIED and subscription.state not in subscription_states.OVER:
        Subscription.objects.filter(pk=subscription.pk).update(check_due_at=clock.now())
