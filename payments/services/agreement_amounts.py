"""Which amounts of a subscription are right while a change of them is under way, and after it ended."""

from __future__ import annotations

from payments.models import (
    AgreementChange,
    AgreementChangeKind,
    Payment,
    Subscription,
    SubscriptionAmount,
    SubscriptionReview,
)


def agree(stored: AgreementChange) -> None:
    """A new amount is right from the moment it is asked for: a turn may show it before the answer comes."""
    if stored.kind != AgreementChangeKind.AMOUNT or stored.amount_cents is None:
        return
    SubscriptionAmount.objects.create(
        subscription=stored.subscription,
        since=stored.created_at,
        amount_cents=stored.amount_cents,
        is_agreed=True,
        agreed_by=stored.requested_by,
    )


def disagree(stored: AgreementChange, own: Subscription) -> None:
    """What the gateway did not take on is not what a turn may cost, unless one asks for it already.

    Agreed to before, it stays so by that older version. ``own`` is held.
    """
    if stored.kind != AgreementChangeKind.AMOUNT or is_in_force(stored, own):
        return
    same = own.amounts.filter(amount_cents=stored.amount_cents or 0, is_agreed=True)
    mine = same.filter(since=stored.created_at).last()
    if mine is None:
        return
    is_used = own.charges.filter(amount_cents=stored.amount_cents or 0).exists()
    if not is_used or same.filter(pk__lt=mine.pk).exists():
        same.filter(pk__gte=mine.pk).delete()


def is_in_force(stored: AgreementChange, own: Subscription) -> bool:
    """Whether the gateway said yes to a new amount and has shown it since, whatever else is not done yet."""
    if stored.kind != AgreementChangeKind.AMOUNT or not stored.answered:
        return False
    newest = own.amounts.last()
    is_agreed = bool(newest and newest.is_agreed) and own.review_reason != SubscriptionReview.AMOUNT
    return is_agreed and own.amount_cents == stored.amount_cents


def moves_open(stored: AgreementChange) -> bool:
    """Whether what was issued before shall follow, and its gateway can do that."""
    rule = stored.subscription.connection.capabilities.subscriptions
    return bool(stored.with_open and rule and rule.moves_open)


def lags(stored: AgreementChange) -> bool:
    """Whether something that was issued before, and that shall ask for the new amount, does not yet.

    What is overdue is not waited for: only that pending charges follow is documented (asaas.md 4.2).
    """
    if not moves_open(stored):
        return False
    waiting = Payment.objects.filter(charge__subscription=stored.subscription, status="pending")
    return waiting.exclude(amount_cents=stored.amount_cents or 0).exists()
