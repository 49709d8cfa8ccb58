"""A change of a subscription while its gateway answers late, by halves, of other things, or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import PaymentStatus, ResourceKind, SubscriptionStatus, TurnState
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    RequestRefused,
    UnreadableAnswer,
)
from payments.models import AgreementChange, AgreementChangeKind, GatewayResource, Subscription
from payments.services import agreement_changing, agreement_checking, agreement_reviewing, agreements
from payments.services.agreement_hindrances import Hindrance, NewAgreementChange, NotPossible
from payments.services.refreshing import Outcome
from tests.payments.recurring import Bills, Books
from tests.payments.test_agreements import change, look
from tests.payments.test_mirroring import NEXT, subscribed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
AWAY = GatewayUnavailable("time-out", maybe_sent=True)


def raising(error: GatewayError) -> Callable[[], None]:
    def hook() -> None:
        raise error

    return hook


def passes(stored: AgreementChange, clock: Any, how_many: int = 1, **wait: int) -> AgreementChange:
    for _pass in range(how_many):
        clock.shift(timedelta(**(wait or {"minutes": 1})))
        agreement_changing.settle_due()
    stored.refresh_from_db()
    stored.subscription.refresh_from_db()
    return stored


# -- asked for whatever else cannot be read -----------------------------------------------------------------


def test_a_cancel_is_sent_while_its_turns_cannot_be_read(cards: Books) -> None:
    own = subscribed("cards", cards)
    cards.before["turns"] = raising(UnreadableAnswer("no JSON", maybe_sent=False))
    assert (change(own, "cancel").state, own.state, len(cards.changes)) == ("done", "cancelled", 1)


def test_what_was_issued_before_is_brought_by_the_next_look(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    bills.bill(own.gateway_id, NEXT)
    change(own, "amount", amount_cents=5_990)
    assert own.charges.count() == 1
    agreement_checking.check_due()
    assert own.charges.count() == 2


def test_a_change_is_sent_while_the_subscription_cannot_be_read(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.before["fetch"] = raising(AWAY)
    stored = change(own, "cancel")
    assert (stored.state, cards.subscriptions[own.gateway_id].status) == (
        "open",
        SubscriptionStatus.CANCELLED,
    )
    del cards.before["fetch"]
    assert passes(stored, clock).state == "done"


def test_a_key_that_was_replaced_drops_no_cancel(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.before["change"] = raising(CredentialsRefused("invalid token"))
    stored = change(own, "cancel")
    assert stored.state == "open"
    del cards.before["change"]
    assert (passes(stored, clock).state, stored.subscription.state) == ("done", "cancelled")


# -- nobody learns it by looking at the right page ----------------------------------------------------------


def test_what_was_not_reached_for_a_day_is_for_a_person(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.before["change"] = raising(AWAY)
    stored = passes(change(own, "pause"), clock, 2, hours=25)
    assert (stored.state, stored.advice) == ("refused", agreement_changing.NOT_REACHED)
    assert stored.subscription.review_reason == "not_applied"


@pytest.mark.parametrize(
    ("kind", "is_late", "reason"),
    [("cancel", False, "not_applied"), ("pause", False, ""), ("pause", True, "not_applied")],
    ids=["it goes on charging", "who asked reads it", "who asked is gone"],
)
def test_a_refusal_that_nobody_may_have_read_is_for_a_person(
    cards: Books, clock: Any, kind: str, is_late: bool, reason: str
) -> None:
    own = subscribed("cards", cards)
    cards.before["change"] = raising(AWAY) if is_late else raising(RequestRefused("Not this one."))
    stored = change(own, kind)
    cards.before["change"] = raising(RequestRefused("Not this one."))
    if is_late:
        passes(stored, clock)
    own.refresh_from_db()
    stored.refresh_from_db()
    assert (stored.state, stored.failure, own.review_reason) == ("refused", "Not this one.", reason)


def test_nobody_is_asked_any_more_once_it_is_over(cards: Books) -> None:
    own = subscribed("cards", cards)
    cards.before["change"] = raising(RequestRefused("Not this one."))
    assert (change(own, "cancel").state, own.review_reason) == ("refused", "not_applied")
    cards.set(own.gateway_id, status=SubscriptionStatus.CANCELLED)
    assert (look(own).state, own.review_reason) == ("cancelled", "")


# -- answers that are older than what we know ---------------------------------------------------------------


def test_an_older_count_proves_no_change(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    before = cards.subscriptions[own.gateway_id]
    change(own, "amount", amount_cents=8_000)
    newest = list[Any]()

    def lag() -> None:
        newest.append(cards.subscriptions[own.gateway_id])
        cards.subscriptions[own.gateway_id] = before

    cards.after["change"] = lag
    stored = change(own, "amount", amount_cents=4_990)
    assert (stored.state, newest[0].amount_cents, len(cards.changes)) == ("open", 4_990, 2)
    cards.subscriptions[own.gateway_id] = newest[0]
    assert (passes(stored, clock).state, stored.subscription.amount_cents) == ("done", 4_990)
    assert len(cards.changes) == 2


def test_where_nothing_is_counted_an_old_answer_to_no_call_proves_nothing(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    before = bills.subscriptions[own.gateway_id]
    change(own, "amount", amount_cents=8_000)
    newest = bills.subscriptions[own.gateway_id]
    bills.before["change"] = raising(AWAY)
    stored = change(own, "amount", amount_cents=4_990)
    bills.subscriptions[own.gateway_id] = before
    bills.before["change"] = lambda: bills.subscriptions.update({own.gateway_id: newest})
    assert (passes(stored, clock).state, bills.subscriptions[own.gateway_id].amount_cents) == ("done", 4_990)
    assert len(bills.changes) == 2


def test_a_lease_in_other_hands_refuses_no_cancel(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    rows = GatewayResource.objects.filter(kind=ResourceKind.SUBSCRIPTION, gateway_id=own.gateway_id)

    def lose() -> None:
        rows.update(lease_token=uuid.uuid4())

    cards.after["fetch"] = lose
    stored = change(own, "cancel")
    assert (stored.state, stored.failure, stored.advice) == ("open", "", "")
    del cards.after["fetch"]
    rows.update(lease_until=None)
    assert passes(stored, clock).state == "done"


def test_one_that_is_missed_for_a_moment_after_a_yes_is_asked_for_again(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    gone = dict[str, Any]()
    cards.after["change"] = lambda: gone.update({own.gateway_id: cards.subscriptions.pop(own.gateway_id)})
    stored = change(own, "pause")
    assert stored.state == "open"
    cards.subscriptions.update(gone)
    assert passes(stored, clock).state == "done"


# -- amounts ------------------------------------------------------------------------------------------------


def test_what_is_overdue_is_not_waited_for(bills: Books) -> None:
    own = subscribed("bills", bills)
    (name,) = bills.payments
    bills.pay(name, PaymentStatus.OVERDUE)
    look(own)
    stored = change(own, "amount", amount_cents=5_990, with_open=True)
    assert (stored.state, stored.advice, own.amount_cents) == ("done", "", 5_990)


def test_an_amount_in_force_is_not_taken_back(
    bills: Books, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bills, "_move_open", lambda *_any: None)
    own = subscribed("bills", bills)
    stored = passes(change(own, "amount", amount_cents=5_990, with_open=True), clock, 3)
    assert (stored.state, stored.advice) == ("done", agreement_changing.NOT_FOR_OPEN)
    assert (stored.subscription.amount_cents, stored.subscription.review_reason) == (5_990, "not_applied")
    assert look(own).review_reason == "not_applied"
    assert own.amounts.last().amount_cents == 5_990  # type: ignore[union-attr]


def test_our_amount_can_be_asked_for_again(bills: Books) -> None:
    own = subscribed("bills", bills)
    bills.set(own.gateway_id, amount_cents=5_990)
    assert look(own).review_reason == "amount"
    stored = change(own, "amount", amount_cents=4_990)
    assert (stored.state, bills.subscriptions[own.gateway_id].amount_cents) == ("done", 4_990)
    assert (own.amount_cents, own.review_reason) == (4_990, "")


def test_a_refused_way_back_leaves_the_amount_that_holds(bills: Books) -> None:
    own = subscribed("bills", bills)
    change(own, "amount", amount_cents=5_990)
    bills.before["change"] = raising(RequestRefused("Not now."))
    assert change(own, "amount", amount_cents=4_990).state == "refused"
    assert list(own.amounts.values_list("amount_cents", flat=True)) == [4_990, 5_990]


@pytest.mark.parametrize("is_agreed_before", [False, True], ids=["agreed now", "agreed once more"])
def test_agreeing_reaches_a_turn_that_was_paid_already(
    cards: Books, admin_user: Any, is_agreed_before: bool
) -> None:
    own = subscribed("cards", cards)
    cards.set(own.gateway_id, amount_cents=5_990)
    cards.attempt(cards.schedule(own.gateway_id, NEXT), PaymentStatus.PAID, TurnState.DONE)
    charge = look(own).charges.get()
    assert (charge.status, charge.review_reason, charge.amount_cents) == ("pending", "amount", 4_990)
    if is_agreed_before:  # and its turns were not seen to
        own.amounts.update(is_agreed=True)
        Subscription.objects.filter(pk=own.pk).update(amount_cents=5_990, review_reason="")
    assert agreement_reviewing.agree_amount(own, cents=5_990, actor=admin_user)
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason, charge.amount_cents) == ("paid", "", 5_990)
    assert not agreement_reviewing.agree_amount(own, cents=6_990, actor=admin_user)


# -- forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_other", [True, False], ids=["another subscription", "another amount"])
def test_the_number_of_a_form_that_asked_for_something_else_is_refused(bills: Books, is_other: bool) -> None:
    own, number = subscribed("bills", bills), uuid.uuid4()
    agreement_changing.change(_asked(own, number, 5_990))
    another = subscribed("bills", bills) if is_other else own
    with pytest.raises(NotPossible) as refused:
        agreement_changing.change(_asked(another, number, 5_990 if is_other else 6_990))
    assert (refused.value.hindrance, len(bills.changes)) == (Hindrance.USED, 1)


def _asked(own: Subscription, number: uuid.UUID, cents: int) -> NewAgreementChange:
    return NewAgreementChange(
        subscription=own, kind=AgreementChangeKind.AMOUNT, submission=number, amount_cents=cents
    )


# -- over is over -------------------------------------------------------------------------------------------


def test_one_old_answer_brings_no_cancelled_one_back(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    before = bills.subscriptions[own.gateway_id]
    change(own, "cancel")
    removed = bills.subscriptions[own.gateway_id]
    bills.subscriptions[own.gateway_id] = before
    seen = agreements.look(own, source="webhook")
    own.refresh_from_db()
    assert (seen and seen.outcome, own.state, own.review_reason) == (Outcome.STALE, "cancelled", "")
    bills.subscriptions[own.gateway_id] = removed
    clock.shift(timedelta(minutes=11))
    assert agreement_checking.check_due() == 1
    own.refresh_from_db()
    assert (own.state, own.check_due_at) == ("cancelled", None)
    assert [line.data["after"] for line in own.timeline.filter(code="state")].count("active") == 1


def test_one_that_shows_as_alive_again_and_again_is_for_a_person(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    change(own, "cancel")
    bills.set(own.gateway_id, status=SubscriptionStatus.ACTIVE, is_deleted=False)
    reasons = list[str]()
    for _look in range(5):
        clock.shift(timedelta(minutes=11))
        agreement_checking.check_due()
        own.refresh_from_db()
        reasons.append(own.review_reason)
    assert (own.state, reasons[0], reasons[-1]) == ("cancelled", "", "not_applied")
    bills.set(own.gateway_id, is_deleted=True)
    clock.shift(timedelta(hours=25))
    agreement_checking.check_due()
    own.refresh_from_db()
    assert (own.state, own.review_reason, own.check_due_at) == ("cancelled", "", None)
