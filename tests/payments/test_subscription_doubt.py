"""Creating calls without an answer: sent again so often and no more, by one at a time, looked for as sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from connections.gateways.base import SubscriptionStatus
from connections.gateways.errors import RateLimited, RequestRefused
from payments.models import Charge, Subscription
from payments.services import agreement_checking, subscribing
from payments.services.subscription_alike import find_look_alike
from payments.services.waits import LOOK_AFTER, WATCH_AFTER
from tests.payments.recurring import Bills, Books, at, fresh, lost, new

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def settle(own: Subscription, clock: Any, *, times: int = 1) -> Subscription:
    """What a worker does when it is due, so often."""
    for _pass in range(times):
        due = fresh(own).due_at
        if due is None:
            break
        clock.move_to(due + timedelta(seconds=1), tick=False)
        subscribing.settle_due()
    return fresh(own)


def in_doubt(books: Books, **hooks: Any) -> Subscription:
    """Made where every answer is lost and the list shows nothing."""
    books.after["submit"], books.hides_list = lost, True
    books.before |= hooks
    return subscribing.create_subscription(new(at("cards")))


def test_no_more_than_four_are_sent_after_the_first(cards: Books, clock: Any) -> None:
    own = settle(in_doubt(cards), clock, times=30)
    assert cards.calls.count("submit") == 5
    assert (own.state, own.call_state) == ("confirming", "unknown")
    assert subscribing.may_send_again(own)


def test_each_is_sent_after_two_looks_in_vain(cards: Books, clock: Any) -> None:
    settle(in_doubt(cards), clock, times=12)
    row = [name for name in cards.calls if name in ("submit", "find")]
    again = ["find", "find", "submit"]
    assert row[:13] == ["submit", *again * 4]


def test_the_watch_begins_anew_with_each_that_is_sent(cards: Books, clock: Any) -> None:
    """Sent for the last time a day after the first: its twin is looked for all the same."""
    own = settle(in_doubt(cards), clock, times=7)
    assert cards.calls.count("submit") == 4
    del cards.after["submit"]
    own = settle(own, clock)
    assert (own.state, cards.calls.count("submit")) == ("pending", 5)
    cards.hides_list = False
    for after in WATCH_AFTER:
        clock.shift(after)
        agreement_checking.sweep()
    alive = [one for one in cards.subscriptions.values() if one.status != SubscriptionStatus.CANCELLED]
    assert [one.gateway_id for one in alive] == [fresh(own).gateway_id]
    assert own.timeline.filter(code="twin_cancelled").count() == 4


def test_who_lost_the_claim_sends_nothing(cards: Books, clock: Any, admin_user: Any) -> None:
    """A person has it sent again while a worker asks the list."""
    own = settle(in_doubt(cards), clock, times=5)
    seen, sent = fresh(own), cards.calls.count("submit")
    del cards.after["submit"]

    def meanwhile() -> None:
        del cards.before["find"]
        subscribing.send_again(fresh(seen), actor=admin_user)

    cards.before["find"] = meanwhile
    assert (seen.looked_up, subscribing.may_send_again(seen)) == (5, True)
    settle(own, clock)
    assert cards.calls.count("submit") == sent + 1
    assert (fresh(own).state, own.timeline.filter(code="sent_again").count()) == ("pending", 1)


def test_a_person_sends_nothing_while_a_worker_does(cards: Books, clock: Any, admin_user: Any) -> None:
    own = settle(in_doubt(cards), clock, times=5)
    sent = cards.calls.count("submit")

    def meanwhile() -> None:
        del cards.before["submit"]
        subscribing.send_again(Subscription.objects.get(pk=own.pk), actor=admin_user)

    cards.before["submit"] = meanwhile
    settle(own, clock)
    assert cards.calls.count("submit") == sent + 1
    assert not own.timeline.filter(code="sent_again").exists()


def test_a_person_who_saw_an_older_state_sends_nothing(cards: Books, clock: Any, admin_user: Any) -> None:
    """The page was loaded before the worker began; by now it is made."""
    own = settle(in_doubt(cards), clock, times=5)
    seen = Subscription.objects.get(pk=own.pk)
    Subscription.objects.filter(pk=own.pk).update(state="pending", call_state="answered", gateway_id="sub_1")
    sent = cards.calls.count("submit")
    subscribing.send_again(seen, actor=admin_user)
    assert cards.calls.count("submit") == sent


@pytest.mark.parametrize("is_told", [True, False], ids=["429", "before the call"])
def test_what_could_not_be_sent_again_is_looked_up_before_it_is_sent(
    bills: Books, clock: Any, admin_user: Any, is_told: bool
) -> None:
    """A person pressed, nothing was sent, and meanwhile the first call lands."""
    bills.after["submit"], bills.hides_list = lost, True
    own = settle(subscribing.create_subscription(new(at("bills"))), clock, times=4)
    assert (bills.calls.count("submit"), subscribing.may_send_again(own)) == (1, True)

    def pause() -> None:
        raise RateLimited("slow down", retry_after=30)

    own.customer.at_gateways.all().delete()
    with pytest.MonkeyPatch.context() as patch:
        if is_told:
            bills.before["submit"] = pause
        else:
            patch.setattr(Bills, "find_customer", lambda *_asked: pause())
        subscribing.send_again(own, actor=admin_user)
    assert (fresh(own).call_state, len(bills.subscriptions)) == ("unknown" if is_told else "abandoned", 1)
    bills.before.clear()
    bills.after.clear()
    bills.hides_list = False
    own = settle(own, clock)
    assert (own.state, len(bills.subscriptions)) == ("active", 1)


def test_one_that_nobody_decides_about_is_not_looked_up_for_ever(cards: Books, clock: Any) -> None:
    own = settle(in_doubt(cards), clock, times=40)
    assert (own.due_at, own.state, subscribing.may_send_again(own)) == (None, "confirming", True)
    assert own.sent_at and now() - own.sent_at > timedelta(days=14)
    assert cards.calls.count("find") < 30


def test_one_that_was_cut_off_while_it_was_sent_again_is_in_doubt(cards: Books, clock: Any) -> None:
    own = in_doubt(cards)

    def cut_off() -> None:
        raise RuntimeError("the process ended")

    own = settle(own, clock)
    cards.before["submit"] = cut_off
    own = settle(own, clock)
    assert (own.call_state, own.looked_up, subscribing.may_send_again(own)) == ("sent", 2, False)
    del cards.before["submit"]
    own = settle(own, clock)
    assert (own.call_state, own.looked_up) == ("unknown", 3)


def test_refused_after_every_look_it_failed_and_before_it_did_not(cards: Books, clock: Any) -> None:
    own = in_doubt(cards)

    def refuse() -> None:
        raise RequestRefused("O valor mínimo é R$ 5,00.")

    cards.before["submit"] = refuse
    assert settle(own, clock, times=4).state == "confirming"
    assert own.looked_up == len(LOOK_AFTER)
    assert settle(own, clock, times=2).state == "failed"
    assert own.check_due_at is not None


# -- what was made lacks something yet ----------------------------------------------------------------------


def test_the_first_charge_is_asked_for_until_it_shows(bills: Books, clock: Any) -> None:
    hidden: dict[str, Any] = {}

    def hide() -> None:
        hidden.update(bills.turns)
        bills.turns.clear()

    bills.before["turns"] = hide
    own = subscribing.create_subscription(new(at("bills")))
    assert (own.state, own.charges.count()) == ("active", 0)
    assert own.due_at is not None
    del bills.before["turns"]
    bills.turns.update(hidden)
    assert settle(own, clock).due_at is None
    assert Charge.objects.filter(subscription=own).count() == 1


def test_a_first_charge_that_never_shows_is_not_asked_for_without_end(bills: Books, clock: Any) -> None:
    bills.before["turns"] = bills.turns.clear
    own = subscribing.create_subscription(new(at("bills")))
    assert settle(own, clock, times=8).due_at is None
    assert bills.calls.count("turns") == 1 + len(LOOK_AFTER)


def test_a_hosted_one_has_no_charge_to_wait_for(cards: Books) -> None:
    assert subscribing.create_subscription(new(at("cards"))).due_at is None


@pytest.mark.usefixtures("bills")
def test_one_that_is_about_to_be_made_is_like_another() -> None:
    asked = new(at("bills"))
    own = subscribing.create_subscription(asked)
    Subscription.objects.filter(pk=own.pk).update(state="draft")
    other = new(asked.connection, customer=asked.customer)
    assert find_look_alike(other) == own
    assert find_look_alike(asked) is None
