"""Whether something like a new subscription is there already: charged twice for one thing, nobody stays."""

from __future__ import annotations

from payments.models import ALIVE, Subscription, SubscriptionState
from payments.services.subscription_intents import NewSubscription


def find_look_alike(new: NewSubscription) -> Subscription | None:
    """One of the same customer over the same amount as often, that charges or may, whenever it was made."""
    seen = Subscription.objects.visible_to(new.actor) if new.actor else Subscription.objects.all()
    alike = seen.filter(
        customer=new.customer,
        amount_cents=new.amount_cents,
        currency=new.connection.currency,
        cycle=new.cycle,
        state__in=(SubscriptionState.DRAFT, *ALIVE),
    )
    return alike.exclude(submission=new.submission).order_by("-pk").first()
