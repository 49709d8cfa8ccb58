"""Every turn of a subscription is one charge, whatever tells of it first; its payments are that charge's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections as databases

from connections.gateways.base import PaymentStatus, ResourceKind, SubscriptionStatus, TurnState
from connections.models import Connection
from payments.models import Charge, GatewayResource, LeftBehind, Subscription
from payments.services import agreements, checking, mirroring, refreshing, resources, subscribing, turns
from payments.services.refreshing import Outcome, Refreshed
from payments.services.taking_over import take_over
from tests.factories import NOW
from tests.payments.recurring import Bills, Books, at, new

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
NEXT = date(2026, 12, 26)


def subscribed(name: str, books: Books) -> Subscription:
    """Made and, where somebody has to agree, agreed to."""
    own = subscribing.create_subscription(new(at(name)))
    if name == "cards":
        books.set(own.gateway_id, status=SubscriptionStatus.ACTIVE, gateway_status="authorized")
        agreements.look(own, source="webhook")
    own.refresh_from_db()
    return own


def told(
    connection: Connection, kind: ResourceKind, gateway_id: str, refresh: Callable[..., Refreshed]
) -> Refreshed:
    """What a worker does when it is told of something."""
    row = resources.find_or_add(connection, kind=kind, gateway_id=gateway_id)
    held = resources.lease(row.pk)
    assert held
    try:
        return refresh(connection, row, held, source="webhook")
    finally:
        resources.release(held)


def told_of_payment(connection: Connection, gateway_id: str) -> Refreshed:
    return told(connection, ResourceKind.PAYMENT, gateway_id, refreshing.refresh)


def told_of_turn(connection: Connection, gateway_id: str) -> Refreshed:
    return told(connection, ResourceKind.TURN, gateway_id, turns.refresh)


def status(own: Subscription, due: date) -> str:
    return own.charges.get(due_date=due).status


def test_a_payment_told_of_first_makes_the_charge_of_its_turn(bills: Books) -> None:
    own = subscribed("bills", bills)
    made = bills.bill(own.gateway_id, NEXT)
    assert told_of_payment(own.connection, made.gateway_id).outcome == Outcome.APPLIED
    assert status(own, NEXT) == "pending"
    bills.pay(made.gateway_id)
    told_of_payment(own.connection, made.gateway_id)
    agreements.look(own, source="webhook")
    assert (status(own, NEXT), own.charges.count()) == ("paid", 2)


def test_a_payment_may_be_told_of_before_our_call_is_answered(bills: Books) -> None:
    connection = at("bills")
    bills.after["submit"] = lambda: told_of_payment(connection, next(iter(bills.payments))) and None
    own = subscribing.create_subscription(new(connection))
    assert own.charges.count() == 1


def test_one_without_a_reference_is_known_by_its_subscription(bills: Books) -> None:
    own = subscribed("bills", bills)
    made = bills.bill(own.gateway_id, NEXT, reference="")
    bills.pay(made.gateway_id)
    told_of_payment(own.connection, made.gateway_id)
    charge = own.charges.get(due_date=NEXT)
    assert (charge.status, charge.review_reason) == ("paid", "")


def test_another_reference_is_for_a_person(bills: Books) -> None:
    own = subscribed("bills", bills)
    made = bills.bill(own.gateway_id, NEXT)
    told_of_payment(own.connection, made.gateway_id)
    bills.payments[made.gateway_id] = replace(made, reference="chg_somebodyelse")
    bills.pay(made.gateway_id)
    told_of_payment(own.connection, made.gateway_id)
    charge = own.charges.get(due_date=NEXT)
    assert (charge.status, charge.review_reason) == ("pending", "reference")


def test_an_amount_nobody_agreed_to_is_for_a_person(bills: Books) -> None:
    own = subscribed("bills", bills)
    made = bills.bill(own.gateway_id, NEXT, amount_cents=9_990)
    told_of_payment(own.connection, made.gateway_id)
    charge = own.charges.get(due_date=NEXT)
    assert (charge.amount_cents, charge.review_reason) == (4_990, "terms")
    bills.pay(made.gateway_id)
    told_of_payment(own.connection, made.gateway_id)
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason) == ("pending", "amount")


def test_any_amount_that_was_agreed_once_is_right(bills: Books) -> None:
    own = subscribed("bills", bills)
    own.amounts.create(since=NOW, amount_cents=5_990, is_agreed=True)
    made = bills.bill(own.gateway_id, NEXT)
    told_of_payment(own.connection, made.gateway_id)
    bills.payments[made.gateway_id] = replace(made, amount_cents=5_990)
    bills.pay(made.gateway_id)
    told_of_payment(own.connection, made.gateway_id)
    charge = own.charges.get(due_date=NEXT)
    assert (charge.status, charge.review_reason) == ("paid", "")


def test_what_is_not_of_ours_stays_so(bills: Books) -> None:
    own = subscribed("bills", bills)
    bills.subscriptions["sub_other"] = replace(
        bills.subscriptions[own.gateway_id], gateway_id="sub_other", reference="x"
    )
    made = bills.bill("sub_other", NEXT)
    assert told_of_payment(own.connection, made.gateway_id).outcome == Outcome.NOT_OURS
    assert Charge.objects.count() == 1


def test_a_refused_attempt_is_not_the_end_while_its_gateway_goes_on(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    told_of_turn(own.connection, turn.gateway_id)
    assert status(own, NEXT) == "pending"
    clock.move_to("2026-12-26T12:00:00Z")
    first = cards.attempt(turn, PaymentStatus.FAILED, TurnState.RETRYING)
    told_of_payment(own.connection, first)
    assert status(own, NEXT) == "pending"
    clock.move_to("2026-12-28T12:00:00Z")
    told_of_turn(own.connection, turn.gateway_id)
    assert (status(own, NEXT), own.charges.get(due_date=NEXT).is_collecting) == ("overdue", True)
    second = cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    told_of_turn(own.connection, turn.gateway_id)
    charge = own.charges.get(due_date=NEXT)
    assert (charge.status, charge.is_collecting, charge.review_reason) == ("paid", False, "")
    assert set(charge.payments.values_list("gateway_id", flat=True)) == {first, second}


@pytest.mark.parametrize(
    ("tried", "end"), [(True, "failed"), (False, "cancelled")], ids=["after attempts", "never tried"]
)
def test_a_turn_given_up_ends_as_its_payments_say(cards: Books, tried: bool, end: str, clock: Any) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    told_of_turn(own.connection, turn.gateway_id)
    clock.shift(60)
    if tried:
        cards.attempt(turn, PaymentStatus.FAILED, TurnState.RETRYING)
        clock.shift(60)
    cards.move(turn.gateway_id, state=TurnState.CANCELLED)
    told_of_turn(own.connection, turn.gateway_id)
    assert status(own, NEXT) == end


def test_an_older_answer_about_a_turn_changes_nothing(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    clock.shift(60)
    cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    told_of_turn(own.connection, turn.gateway_id)
    cards.move(turn.gateway_id, state=TurnState.RETRYING, version=NOW)
    told_of_turn(own.connection, turn.gateway_id)
    assert own.charges.get(due_date=NEXT).is_collecting is False


def test_a_payment_that_no_turn_shows_yet_is_asked_for_again(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    clock.shift(60)
    paid = cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    shown = cards.turns[own.gateway_id]
    cards.turns[own.gateway_id] = []
    assert told_of_payment(own.connection, paid).outcome == Outcome.NOT_YET
    cards.turns[own.gateway_id] = shown
    assert told_of_payment(own.connection, paid).outcome == Outcome.APPLIED
    assert status(own, NEXT) == "paid"


def test_a_card_check_is_nobodys_charge(cards: Books) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    name = cards.attempt(turn, PaymentStatus.PAID, TurnState.SCHEDULED)
    cards.payments[name] = replace(cards.payments[name], is_card_check=True, amount_cents=0)
    assert told_of_payment(own.connection, name).outcome == Outcome.CARD_CHECK
    assert own.charges.count() == 0


def test_a_check_by_the_clock_finds_a_turn_that_was_not_told_of(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    told_of_turn(own.connection, turn.gateway_id)
    clock.shift(60)
    cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    checking.plan_open()
    clock.shift(timedelta(hours=25))
    checking.check_due()
    assert status(own, NEXT) == "paid"


def test_an_import_of_its_payments_joins_it(bills: Books) -> None:
    own = subscribed("bills", bills)
    made = bills.bill(own.gateway_id, NEXT)
    taken = take_over(own.connection, Bills(None), made.gateway_id)
    assert (taken.is_ours, taken.reason) == (True, LeftBehind.NONE)
    assert own.charges.get(due_date=NEXT).imported_at is None


def test_a_list_tells_which_are_ours(bills: Books) -> None:
    own = subscribed("bills", bills)
    listed = [bills.bill(own.gateway_id, NEXT, reference="")]
    assert mirroring.are_ours(own.connection.pk, listed) == {own.gateway_id}


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_all_at_once_make_one_charge_of_one_turn(cards: Books) -> None:
    """A notification of the turn, one of its payment and a look at the subscription, in three threads."""
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    paid = cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    start, errors = threading.Barrier(3), list[BaseException]()

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait()
            work()
        except BaseException as err:
            errors.append(err)
        finally:
            databases.close_all()

    works: list[Callable[[], object]] = [
        lambda: told_of_payment(own.connection, paid),
        lambda: told_of_turn(own.connection, turn.gateway_id),
        lambda: agreements.look(own, source="check"),
    ]
    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    told_of_turn(own.connection, turn.gateway_id)
    assert not [one for one in errors if not isinstance(one, AssertionError)], database.vendor
    assert (own.charges.count(), status(own, NEXT)) == (1, "paid")
    assert GatewayResource.objects.filter(charge=own.charges.get()).count() == 2
