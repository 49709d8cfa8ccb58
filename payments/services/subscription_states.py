"""The one writer of a subscription's state and of what a person should look at: guarded by its revision, one
timeline line for each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from config import clock
from payments.models import Subscription, SubscriptionReview, SubscriptionState, TimelineEntry, TimelineKind
from payments.services import agreement_questions

BEING_MADE = (SubscriptionState.DRAFT, SubscriptionState.CONFIRMING)
OVER = (SubscriptionState.CANCELLED, SubscriptionState.ENDED, SubscriptionState.FAILED)


def hold(subscription_id: int) -> Subscription:
    """The subscription, held for this short transaction."""
    own = Subscription.objects.select_for_update(of=("self",), no_key=True).select_related("connection")
    return own.defer("connection__credentials", "connection__webhook_secrets").get(pk=subscription_id)


def follow(own: Subscription, after: SubscriptionState, *, source: str, cause: str = "") -> bool:
    """What its gateway shows now; whether that is another state. ``own`` is held."""
    return _write(own, after, source=source, cause=cause)


def confirm(subscription_id: int) -> bool:
    """The creating call may or may not have worked: until we know, it is being confirmed."""
    return _move(subscription_id, (SubscriptionState.DRAFT,), SubscriptionState.CONFIRMING)


def fail(subscription_id: int, *, failure: str) -> bool:
    """The gateway refused to make it; ``failure`` is its sentence."""
    return _move(subscription_id, BEING_MADE, SubscriptionState.FAILED, failure=failure)


def flag(subscription_id: int, reason: SubscriptionReview, *, source: str) -> None:
    """Ask a person to look at it, unless they are asked about something as urgent already.

    Another amount, an unknown word and one that is missing are asked about again at the next look; a change
    that was not done is, once nothing else is asked (``unflag``).
    """
    with transaction.atomic():
        own = hold(subscription_id)
        if not own.review_reason or _urgency(reason) > _urgency(own.review_reason):
            _review(own, reason, source=source, only_from=own.review_reason)


def _urgency(reason: str) -> int:
    """Somebody could be charged twice: that comes before all else. Then what was to end and goes on."""
    ranks = {SubscriptionReview.TWIN: 3, SubscriptionReview.LANDED: 2, SubscriptionReview.NOT_APPLIED: 1}
    return ranks.get(SubscriptionReview(reason), 0)


def unflag(subscription_id: int, reason: SubscriptionReview, *, source: str) -> None:
    """What was asked about is gone. A change that was not done and that nobody looked at comes after it."""
    not_applied = SubscriptionReview.NOT_APPLIED
    with transaction.atomic():
        own = hold(subscription_id)
        if not _review(own, SubscriptionReview.NONE, source=source, only_from=reason):
            return
        if reason != not_applied and own.state not in OVER and agreement_questions.is_standing(own):
            _review(own, not_applied, source=source, only_from=SubscriptionReview.NONE)


def _move(
    subscription_id: int, before: Sequence[str], after: SubscriptionState, *, failure: str = ""
) -> bool:
    with transaction.atomic():
        own = hold(subscription_id)
        return own.state in before and _write(own, after, source="creation", failure=failure)


def _write(
    own: Subscription, after: SubscriptionState, *, source: str, cause: str = "", failure: str = ""
) -> bool:
    if own.state == after:
        return False
    before = own.state
    guarded = Subscription.objects.filter(pk=own.pk, revision=own.revision)
    if not guarded.update(state=after, failure=failure, revision=own.revision + 1, updated_at=clock.now()):
        return False
    own.state, own.failure, own.revision = after, failure, own.revision + 1
    data = {"before": before, "after": after.value, "cause": cause, "failure": failure}
    _line(own, "state", source=source, data=data)
    return True


def _review(own: Subscription, reason: SubscriptionReview, *, source: str, only_from: str) -> bool:
    same = Subscription.objects.filter(pk=own.pk, review_reason=only_from)
    if reason == only_from or not same.update(review_reason=reason, revision=F("revision") + 1):
        return False
    _line(own, "review", source=source, data={"reason": reason.value})
    return True


def _line(own: Subscription, code: str, *, source: str, data: dict[str, Any]) -> None:
    TimelineEntry.objects.create(
        subscription=own, at=clock.now(), kind=TimelineKind.CHANGE, code=code, source=source, data=data
    )
