"""A change that was not done is told to somebody, and nothing that is only not seen ends one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import SubscriptionStatus
from connections.gateways.errors import (
    GatewayError,
    GatewayUnavailable,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from payments.models import AgreementChange, Subscription, SubscriptionReview
from payments.services import agreement_changing, agreement_checking, agreement_reviewing, mirroring
from payments.services import subscription_states as states
from tests.payments.recurring import Bills, Books
from tests.payments.test_agreement_trouble import AWAY, passes, raising
from tests.payments.test_agreements import change, look
from tests.payments.test_mirroring import NEXT, subscribed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
NOT_THIS_ONE = RequestRefused("Not this one.")


def refused(own: Subscription, books: Books, kind: str = "cancel") -> AgreementChange:
    books.before["change"] = raising(NOT_THIS_ONE)
    stored = change(own, kind)
    del books.before["change"]
    assert stored.state == "refused"
    return stored


def review_of(own: Subscription) -> str:
    own.refresh_from_db()
    return own.review_reason


# -- one question hides no other ----------------------------------------------------------------------------


def test_a_refused_cancel_comes_before_another_amount(cards: Books, clock: Any, admin_user: Any) -> None:
    own = subscribed("cards", cards)
    cards.set(own.gateway_id, amount_cents=5_990)
    assert look(own).review_reason == "amount"
    refused(own, cards)
    assert look(own).review_reason == "not_applied"
    clock.shift(timedelta(minutes=1))
    agreement_reviewing.close_review(own, actor=admin_user, note="They stay.")
    agreement_checking.check_due()
    assert review_of(own) == "amount"
    assert agreement_reviewing.agree_amount(own, cents=5_990, actor=admin_user)
    assert review_of(own) == ""


@pytest.mark.parametrize("reason", [SubscriptionReview.TWIN, SubscriptionReview.LANDED])
@pytest.mark.parametrize("is_first", [True, False], ids=["asked before", "asked afterwards"])
def test_a_refused_cancel_is_asked_about_after_what_is_more_urgent(
    cards: Books, reason: SubscriptionReview, is_first: bool
) -> None:
    own = subscribed("cards", cards)
    if is_first:
        refused(own, cards)
    states.flag(own.pk, reason, source="check")
    if not is_first:
        refused(own, cards)
    assert review_of(own) == reason
    states.unflag(own.pk, reason, source="check")
    assert review_of(own) == "not_applied"


def test_what_a_person_looked_at_is_not_asked_again(cards: Books, clock: Any, admin_user: Any) -> None:
    own = subscribed("cards", cards)
    for _time in range(2):
        refused(own, cards)
        assert review_of(own) == "not_applied"
        clock.shift(timedelta(minutes=1))
        agreement_reviewing.close_review(own, actor=admin_user, note="They stay.")
        states.flag(own.pk, SubscriptionReview.TWIN, source="check")
        states.unflag(own.pk, SubscriptionReview.TWIN, source="check")
        assert review_of(own) == ""


def test_what_was_done_later_or_is_over_is_not_asked_again(cards: Books) -> None:
    own = subscribed("cards", cards)
    refused(own, cards)
    states.flag(own.pk, SubscriptionReview.TWIN, source="check")
    cards.set(own.gateway_id, status=SubscriptionStatus.CANCELLED)
    look(own)
    states.unflag(own.pk, SubscriptionReview.TWIN, source="check")
    assert (own.state, review_of(own)) == ("cancelled", "")


def test_another_change_that_is_done_answers_no_refused_cancel(cards: Books) -> None:
    own = subscribed("cards", cards)
    refused(own, cards)
    refused(own, cards, "pause")
    assert change(own, "pause").state == "done"
    assert review_of(own) == "not_applied"
    assert change(own, "cancel").state == "done"
    assert review_of(own) == ""


# -- what was issued before, and cannot be read -------------------------------------------------------------


@pytest.mark.parametrize("error", [UnreadableAnswer("no JSON", maybe_sent=False), NOT_THIS_ONE, AWAY])
def test_turns_that_cannot_be_read_hold_an_amount_for_minutes_only(
    bills: Books, clock: Any, error: GatewayError
) -> None:
    own = subscribed("bills", bills)
    bills.before["turns"] = raising(error)
    stored = change(own, "amount", amount_cents=5_990, with_open=True)
    assert (stored.state, len(bills.changes)) == ("open", 1)
    stored = passes(stored, clock, 1, seconds=30)
    assert (stored.state, len(bills.changes)) == ("open", 1)
    stored = passes(stored, clock, 4)
    assert (stored.state, stored.advice) == ("done", agreement_changing.NOT_FOR_OPEN)
    assert (stored.subscription.amount_cents, len(bills.changes)) == (5_990, 2)
    assert change(own, "cancel").state == "done"


def test_turns_that_can_be_read_again_in_time_are_brought(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    bills.before["turns"] = raising(UnreadableAnswer("no JSON", maybe_sent=False))
    stored = change(own, "amount", amount_cents=5_990, with_open=True)
    del bills.before["turns"]
    stored = passes(stored, clock, 1, seconds=30)
    assert (stored.state, stored.advice, len(bills.changes)) == ("done", "", 1)
    assert own.charges.get().amount_cents == 5_990


def test_one_new_turn_that_cannot_be_kept_holds_nothing(
    bills: Books, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    own = subscribed("bills", bills)
    bad = bills.bill(own.gateway_id, NEXT).gateway_id
    keep = mirroring.keep

    def unreadable(owner: Subscription, turn: Any, *, source: str) -> Any:
        if turn.gateway_id == bad:
            raise NOT_THIS_ONE
        return keep(owner, turn, source=source)

    monkeypatch.setattr(mirroring, "keep", unreadable)
    stored = change(own, "amount", amount_cents=5_990, with_open=True)
    assert (stored.state, stored.advice, own.charges.count()) == ("done", "", 1)
    monkeypatch.setattr(mirroring, "keep", keep)
    agreement_checking.check_due()
    assert own.charges.count() == 2


def test_turns_keep_no_amount_from_being_sent_again(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    bills.before |= {"turns": raising(NOT_THIS_ONE), "change": raising(AWAY)}
    stored = change(own, "amount", amount_cents=5_990, with_open=True)
    del bills.before["change"]
    passes(stored, clock)
    assert (len(bills.changes), bills.subscriptions[own.gateway_id].amount_cents) == (1, 5_990)


# -- not seen is not refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [NotFound(), RequestRefused("Bad request."), UnreadableAnswer("no JSON", maybe_sent=False)]
)
def test_a_cancel_whose_call_was_lost_is_sent_again_whatever_the_look_says(
    cards: Books, clock: Any, error: GatewayError
) -> None:
    own = subscribed("cards", cards)
    cards.before["change"] = raising(AWAY)
    stored = change(own, "cancel")
    cards.before |= {"fetch": raising(error)}
    del cards.before["change"]
    stored = passes(stored, clock)
    assert (stored.state, len(cards.changes)) == ("open", 1)
    del cards.before["fetch"]
    stored = passes(stored, clock)
    assert (stored.state, stored.subscription.state, len(cards.changes)) == ("done", "cancelled", 1)


def test_a_subscription_not_known_for_a_moment_refuses_no_second_call(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.after["change"] = raising(GatewayUnavailable("time-out", maybe_sent=True))
    stored = change(own, "cancel")
    cards.before |= {"fetch": raising(NotFound()), "change": raising(NotFound())}
    assert passes(stored, clock).state == "open"
    del cards.before["fetch"]
    assert passes(stored, clock).state == "done"


def test_a_refused_question_after_a_yes_refuses_no_change(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.before["fetch"] = raising(RequestRefused("Bad request."))
    stored = change(own, "cancel")
    assert (stored.state, stored.failure) == ("open", "")
    del cards.before["fetch"]
    assert passes(stored, clock).state == "done"


def test_the_only_call_that_is_refused_is_refused_also_where_nothing_is_seen(cards: Books) -> None:
    own = subscribed("cards", cards)
    cards.before["fetch"] = raising(RequestRefused("Bad request."))
    assert refused(own, cards).failure == "Not this one."


# -- an amount that nobody agreed to, seen in between -------------------------------------------------------


def panel_then(own: Subscription, bills: Books, monkeypatch: pytest.MonkeyPatch, *, shows_ours: bool) -> None:
    """The panel's amount is seen once more after a new one was asked for; then the new one, or never."""
    monkeypatch.setattr(Bills, "_move_open", lambda *_any: None)
    bills.set(own.gateway_id, amount_cents=5_990)
    look(own)
    bills.before["change"] = lambda: look(own) and None
    bills.drops = 0 if shows_ours else 5


def test_an_amount_is_in_force_after_another_was_seen(
    bills: Books, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = subscribed("bills", bills)
    panel_then(own, bills, monkeypatch, shows_ours=True)
    stored = passes(change(own, "amount", amount_cents=8_000, with_open=True), clock, 4)
    assert (stored.state, stored.advice) == ("done", agreement_changing.NOT_FOR_OPEN)
    assert own.amounts.filter(amount_cents=8_000, is_agreed=True).exists()
    agreement_checking.check_due()
    assert (review_of(own), own.amount_cents) == ("not_applied", 8_000)


def test_an_amount_that_was_never_shown_is_not_in_force(
    bills: Books, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = subscribed("bills", bills)
    panel_then(own, bills, monkeypatch, shows_ours=False)
    stored = passes(change(own, "amount", amount_cents=8_000, with_open=True), clock, 4)
    assert (stored.state, stored.advice) == ("refused", agreement_changing.NOT_APPLIED)
    assert not own.amounts.filter(amount_cents=8_000, is_agreed=True).exists()


def test_ours_that_is_shown_again_need_not_be_asked_for(bills: Books) -> None:
    own = subscribed("bills", bills)
    bills.set(own.gateway_id, amount_cents=5_990)
    look(own)
    bills.set(own.gateway_id, amount_cents=4_990)
    look(own)
    newest = own.amounts.last()
    assert newest and (newest.amount_cents, newest.is_agreed, own.review_reason) == (4_990, True, "")
