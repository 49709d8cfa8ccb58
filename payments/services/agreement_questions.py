"""Which changes of a subscription, among those that came to their end, a person should look at."""

from __future__ import annotations

from datetime import timedelta

from connections.gateways.texts import gettext_noop
from payments.models import AgreementChange, AgreementChangeKind, Subscription, SubscriptionReview

# The page that asked waits for the gateway no longer than that.
WEB_LEASE = timedelta(seconds=15)
NOT_APPLIED = gettext_noop(
    "The gateway said yes twice and changed nothing. Look at the subscription in its panel, or ask the"
    " gateway's support."
)
NOT_REACHED = gettext_noop(
    "For a day the gateway did not show it as done, so we no longer try. Look at the subscription in its"
    " panel: what is changed there shows here."
)
OVER = gettext_noop("The subscription is over at the gateway: nothing is left to change.")


def is_for_person(change: AgreementChange) -> bool:
    """Whether somebody should look: it was not done, and whoever asked may not be at the page any more.

    One that was to be cancelled and goes on charging is shown in any case.
    """
    if change.state == "open" or change.finished_at is None:
        return False
    if change.state == "done":
        return bool(change.advice)
    if change.advice == OVER:
        return False
    if change.advice in (NOT_APPLIED, NOT_REACHED) or change.kind == AgreementChangeKind.CANCEL:
        return True
    return change.finished_at - change.created_at > WEB_LEASE


def is_standing(own: Subscription) -> bool:
    """Whether one is left that nobody has looked at, and that was not done later after all."""
    looks = own.timeline.filter(code="reviewed", data__reason=SubscriptionReview.NOT_APPLIED)
    looked = looks.order_by("pk").last()
    done_later: set[str] = set()
    for change in own.changes.exclude(state="open").order_by("-pk"):
        is_answered = bool(looked and change.finished_at and change.finished_at < looked.at)
        if not is_answered and change.kind not in done_later and is_for_person(change):
            return True
        if change.state == "done":
            done_later.add(change.kind)
    return False
