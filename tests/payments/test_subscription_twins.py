"""A second subscription under one reference: ended and read again, or left to a person; never forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from connections.gateways.base import GatewaySubscription, PaymentStatus, SubscriptionStatus, TurnState
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused, UnreadableAnswer
from payments.models import Subscription, SubscriptionReview
from payments.services import agreement_checking, agreement_reviewing, agreements, subscribing
from payments.services import subscription_states as states
from tests.payments.recurring import Books, at, new
from tests.payments.test_agreements import change
from tests.payments.test_subscription_doubt import fresh, lost, settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
ACTIVE, CANCELLED = SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELLED
TWIN = "sub_twin"


def sent_twice(books: Books, name: str, **values: Any) -> Subscription:
    """One whose first call was lost, and may land."""
    own = subscribing.create_subscription(new(at(name)))
    Subscription.objects.filter(pk=own.pk).update(looked_up=2)
    land(books, own, TWIN, **values)
    return fresh(own)


def land(books: Books, own: Subscription, name: str, **values: Any) -> GatewaySubscription:
    made = replace(books.subscriptions[own.gateway_id], gateway_id=name, **values)
    books.subscriptions[name] = made
    return made


def look(own: Subscription, clock: Any, **ahead: float) -> Subscription:
    """The next look of the worker that checks, so much later."""
    clock.shift(timedelta(**(ahead or {"minutes": 15})))
    Subscription.objects.filter(pk=own.pk).update(check_due_at=now())
    agreement_checking.check_due()
    return fresh(own)


def is_alive(books: Books, name: str = TWIN) -> bool:
    return agreements.is_alive(books.subscriptions[name])


def refused() -> None:
    raise RequestRefused("Invalid transition.")


def test_one_that_nobody_paid_is_cancelled_and_read_again(bills: Books, clock: Any) -> None:
    own = look(sent_twice(bills, "bills"), clock)
    assert (is_alive(bills), own.review_reason, own.state) == (False, "", "active")
    assert own.timeline.get(code="twin_cancelled").data["gateway_id"] == TWIN


def test_a_cancel_that_was_dropped_is_no_cancel(cards: Books, clock: Any) -> None:
    own, cards.drops = sent_twice(cards, "cards"), 1
    own = look(own, clock)
    assert (is_alive(cards), own.review_reason) == (True, "twin")
    assert not own.timeline.filter(code="twin_cancelled").exists()
    own = look(own, clock)
    assert (is_alive(cards), own.review_reason) == (False, "")


def test_a_refused_cancel_is_for_a_person(bills: Books, clock: Any) -> None:
    bills.before["change"] = refused
    own = look(sent_twice(bills, "bills"), clock, hours=24)
    assert (is_alive(bills), own.review_reason) == (True, "twin")


def test_one_that_ended_by_itself_needs_nobody(bills: Books, clock: Any) -> None:
    def ended() -> None:
        bills.set(TWIN, status=CANCELLED)
        refused()

    bills.before["change"] = ended
    assert look(sent_twice(bills, "bills"), clock).review_reason == ""


def test_a_gateway_that_is_away_at_the_last_look_is_not_the_end(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")

    def away() -> None:
        raise GatewayUnavailable("away", maybe_sent=True)

    bills.before["change"] = away
    assert look(own, clock, hours=24).review_reason == "twin"
    assert look(own, clock, days=4).review_reason == "twin"
    del bills.before["change"]
    assert (look(own, clock, days=1).review_reason, is_alive(bills)) == ("", False)


def test_a_list_that_hides_it_closes_no_review(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")
    bills.pay(bills.bill(TWIN, own.starts_on).gateway_id)
    assert look(own, clock).review_reason == "twin"
    bills.hides_list = True
    assert look(own, clock).review_reason == "twin"
    assert own.charges.filter(status="paid").count() == 1


def test_a_person_who_ended_it_in_the_panel_need_not_say_so(bills: Books, clock: Any) -> None:
    bills.before["change"] = refused
    own = look(sent_twice(bills, "bills"), clock)
    bills.set(TWIN, is_deleted=True)
    bills.hides_list = True
    assert look(own, clock, days=5).review_reason == ""


def test_money_in_one_that_is_over_stays_a_question(bills: Books, clock: Any, admin_user: Any) -> None:
    own = sent_twice(bills, "bills")
    bills.pay(bills.bill(TWIN, own.starts_on).gateway_id)
    own = look(own, clock)
    bills.set(TWIN, is_deleted=True)
    own = look(own, clock)
    assert own.review_reason == "twin"
    agreement_reviewing.close_review(own, actor=admin_user, note="Given back.")
    assert look(own, clock).review_reason == ""


def test_money_that_comes_while_it_is_cancelled_is_shown(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")
    paid = bills.bill(TWIN, own.starts_on).gateway_id
    bills.before["change"] = lambda: bills.pay(paid)
    own = look(own, clock)
    assert (is_alive(bills), own.review_reason) == (False, "twin")
    assert own.charges.filter(status="paid").count() == 1
    assert look(own, clock).review_reason == "twin"


def test_one_that_vanished_is_asked_for_like_the_others(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")
    bills.pay(bills.bill(TWIN, own.starts_on).gateway_id)
    own = look(own, clock)
    del bills.subscriptions[TWIN]
    land(bills, own, "sub_third")
    own = look(own, clock)
    assert (own.review_reason, is_alive(bills, "sub_third")) == ("twin", False)
    assert own.check_due_at and own.check_due_at - now() > timedelta(minutes=15)


def test_a_list_of_turns_that_is_not_there_is_no_proof_that_nobody_paid(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")

    def nothing() -> None:
        if bills.calls[-2] == "find":
            raise NotFound()

    bills.before["turns"] = nothing
    own = look(own, clock)
    assert (is_alive(bills), own.review_reason) == (True, "twin")


def test_the_one_its_payer_agreed_to_is_not_cancelled_for_one_that_waits(cards: Books, clock: Any) -> None:
    own = look(sent_twice(cards, "cards", status=ACTIVE, gateway_status="authorized"), clock)
    assert (own.state, own.review_reason) == ("pending", "twin")
    assert (is_alive(cards), is_alive(cards, own.gateway_id)) == (True, True)


def test_one_that_waits_is_cancelled_beside_one_its_payer_agreed_to(cards: Books, clock: Any) -> None:
    own = sent_twice(cards, "cards")
    cards.set(own.gateway_id, status=ACTIVE, gateway_status="authorized")
    own = look(own, clock)
    assert (own.state, own.review_reason, is_alive(cards)) == ("active", "", False)


def test_the_one_that_is_left_once_ours_was_ended_is_for_a_person(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")
    bills.set(own.gateway_id, is_deleted=True)
    own = look(own, clock)
    assert (own.state, own.review_reason, is_alive(bills)) == ("cancelled", "twin", True)
    assert own.check_due_at and own.check_due_at <= now() + timedelta(days=1)
    bills.set(TWIN, is_deleted=True)
    assert look(own, clock, days=1).review_reason == ""


def test_what_lands_after_ours_was_cancelled_here_is_cancelled(bills: Books, clock: Any) -> None:
    own = subscribing.create_subscription(new(at("bills")))
    Subscription.objects.filter(pk=own.pk).update(looked_up=2)
    made = bills.subscriptions[own.gateway_id]
    assert change(own, "cancel").state == "done"
    bills.subscriptions[TWIN] = replace(made, gateway_id=TWIN)
    tell(own, TWIN)
    own = look(own, clock)
    assert (own.state, own.review_reason, is_alive(bills)) == ("cancelled", "", False)


def test_what_is_left_after_a_person_was_asked_about_two_is_for_a_person(bills: Books, clock: Any) -> None:
    """They may have cancelled ours for the sake of the other."""
    own = sent_twice(bills, "bills")
    tell(own, TWIN)
    assert change(fresh(own), "cancel").state == "done"
    own = look(own, clock)
    assert (own.state, own.review_reason, is_alive(bills)) == ("cancelled", "twin", True)


def test_what_its_payer_agreed_to_after_ours_was_cancelled_is_for_a_person(cards: Books, clock: Any) -> None:
    own = sent_twice(cards, "cards", status=ACTIVE, gateway_status="authorized")
    assert change(own, "cancel").state == "done"
    own = look(own, clock)
    assert (own.review_reason, is_alive(cards)) == ("twin", True)


def test_a_turn_that_cannot_be_read_is_no_proof_that_nobody_paid(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")
    bills.bill(TWIN, own.starts_on)
    bills.turns[TWIN] = [
        replace(turn, unread=UnreadableAnswer("no JSON", maybe_sent=False)) for turn in bills.turns[TWIN]
    ]
    own = look(own, clock)
    assert (own.review_reason, is_alive(bills)) == ("twin", True)
    assert not own.timeline.filter(code="twin_paid").exists()


def test_one_of_ours_that_is_missing_does_not_put_off_the_watch(bills: Books, clock: Any) -> None:
    """It was erased in the panel, because there were two."""
    own = sent_twice(bills, "bills")
    bills.hides_list = True
    del bills.subscriptions[own.gateway_id]
    own = look(look(own, clock), clock, hours=1)
    assert own.review_reason == "missing"
    assert own.check_due_at and own.sent_at
    assert own.check_due_at == own.sent_at + timedelta(hours=2)


def test_a_word_nobody_knows_is_for_a_person(bills: Books, clock: Any) -> None:
    own = look(sent_twice(bills, "bills", status=None, gateway_status="FROZEN"), clock)
    assert (own.review_reason, bills.changes) == ("twin", [])


def test_one_that_no_call_of_ours_made_is_not_cancelled(bills: Books, clock: Any) -> None:
    own = sent_twice(bills, "bills")
    Subscription.objects.filter(pk=own.pk).update(looked_up=0)
    states.flag(own.pk, SubscriptionReview.TWIN, source="check")
    own = look(own, clock)
    assert (own.review_reason, bills.changes) == ("twin", [])


@pytest.mark.parametrize("before", ["amount", "unknown_status", "not_applied", "landed"])
def test_a_twin_comes_before_what_is_less_urgent(bills: Books, clock: Any, before: str) -> None:
    bills.before["change"] = refused
    own = sent_twice(bills, "bills")
    Subscription.objects.filter(pk=own.pk).update(review_reason=before)
    if before == "amount":
        bills.set(own.gateway_id, amount_cents=5_990)
    assert look(own, clock).review_reason == "twin"
    states.flag(own.pk, SubscriptionReview.AMOUNT, source="check")
    assert fresh(own).review_reason == "twin"


def test_an_amount_is_asked_about_again_once_the_twin_is_gone(bills: Books, clock: Any) -> None:
    bills.before["change"] = refused
    own = sent_twice(bills, "bills")
    bills.set(own.gateway_id, amount_cents=5_990)
    assert look(own, clock).review_reason == "twin"
    del bills.before["change"]
    look(own, clock)
    assert look(own, clock).review_reason == "amount"


# -- given up, and landed after all -------------------------------------------------------------------------


def given_up(books: Books, clock: Any) -> Subscription:
    """Looked up in vain, sent again and refused; the first call had worked."""
    books.after["submit"], books.hides_list = lost, True
    own = subscribing.create_subscription(new(at("cards")))
    books.before["submit"] = refused
    own = settle(own, clock, times=8)
    assert (own.state, own.gateway_id, len(books.subscriptions)) == ("failed", "", 1)
    books.hides_list = False
    return own


def the_one(books: Books) -> GatewaySubscription:
    (made,) = books.subscriptions.values()
    return made


def tell(own: Subscription, gateway_id: str) -> Subscription:
    told = Subscription(connection=own.connection, gateway_id=gateway_id)
    agreements.look(told, source="webhook")
    return fresh(own)


def test_what_landed_after_it_was_given_up_is_cancelled(cards: Books, clock: Any) -> None:
    own = look(given_up(cards, clock), clock)
    assert (own.state, own.review_reason, is_alive(cards, the_one(cards).gateway_id)) == ("failed", "", False)
    assert own.failure and own.timeline.filter(code="twin_cancelled").count() == 1


def test_the_end_of_what_was_given_up_changes_nothing(cards: Books, clock: Any) -> None:
    own = look(given_up(cards, clock), clock)
    assert tell(own, the_one(cards).gateway_id).state == "failed"


def test_what_its_payer_agreed_to_after_it_was_given_up_is_for_a_person(cards: Books, clock: Any) -> None:
    own = given_up(cards, clock)
    made = cards.set(the_one(cards).gateway_id, status=ACTIVE, gateway_status="authorized")
    turn = cards.schedule(made.gateway_id, own.starts_on)
    cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    own = look(own, clock)
    assert (own.state, own.review_reason, own.gateway_id) == ("active", "landed", made.gateway_id)
    assert own.charges.filter(status="paid").count() == 1
    assert look(own, clock).review_reason == "landed"


def test_what_a_notification_tells_of_one_that_was_given_up_is_for_a_person(cards: Books, clock: Any) -> None:
    own = given_up(cards, clock)
    made = cards.set(the_one(cards).gateway_id, status=ACTIVE, gateway_status="authorized")
    own = tell(own, made.gateway_id)
    assert (own.state, own.review_reason, own.failure) == ("active", "landed", "")


def test_it_is_asked_about_again_once_its_twin_is_gone(cards: Books, clock: Any) -> None:
    own = given_up(cards, clock)
    own = tell(own, the_one(cards).gateway_id)
    land(cards, own, TWIN)
    cards.before["change"] = refused
    assert look(own, clock).review_reason == "twin"
    del cards.before["change"]
    assert (look(own, clock).review_reason, is_alive(cards)) == ("landed", False)
