"""What a person decides about a subscription that should be looked at."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from payments import transitions
from payments.models import Charge, Subscription, SubscriptionReview
from payments.services import subscription_states, terms
from payments.services.timeline import note_person

SOURCE = "person"


def agree_amount(subscription: Subscription, *, cents: int, actor: User, note: str = "") -> bool:
    """Take the gateway's newest amount as what a turn costs from now on; False where that is not ``cents``.

    Turns that were issued with it ask for it, too.
    """
    with transaction.atomic():
        own = subscription_states.hold(subscription.pk)
        newest = own.amounts.last()
        if newest is None or newest.is_agreed or newest.amount_cents != cents:
            return False
        own.amounts.filter(pk=newest.pk).update(is_agreed=True, agreed_by=actor)
        Subscription.objects.filter(pk=own.pk).update(amount_cents=newest.amount_cents)
        before = own.amount_cents
        note_person(
            own,
            "amount_agreed",
            actor=actor,
            before=before,
            after=newest.amount_cents,
            currency=own.currency,
            note=note,
        )
        subscription_states.unflag(own.pk, SubscriptionReview.AMOUNT, source=SOURCE)
    for charge in subscription.charges.filter(terms__is_agreed=False).distinct():
        _agree_turn(charge, newest.amount_cents, actor)
    return True


def _agree_turn(charge: Charge, cents: int, actor: User) -> None:
    with transaction.atomic():
        own = transitions.hold(charge.pk)
        version = own.terms.last()
        if version and not version.is_agreed and version.amount_cents == cents:
            terms.agree(own, version, actor=actor)
        transitions.apply(own.pk, source=SOURCE)


def close_review(subscription: Subscription, *, actor: User, note: str) -> None:
    """A person looked: nothing is asked any more, unless the gateway still shows it at its next look."""
    reason = subscription.review_reason
    if not reason:
        return
    subscription_states.unflag(subscription.pk, SubscriptionReview(reason), source=SOURCE)
    note_person(subscription, "reviewed", actor=actor, reason=reason, note=note)
