"""What cannot be read of a subscription, of a plan or of one customer hides nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import PaymentStatus, ResourceKind, SubscriptionStatus, TurnState
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable, UnreadableAnswer
from connections.models import GatewayPause
from payments.models import GatewayResource, Subscription
from payments.services import agreement_checking, agreements, mirroring, outages, planning, subscribing
from tests.payments.recurring import PAYER, Bills, Books, Cards, at, new
from tests.payments.test_agreements import begun, plan_at
from tests.payments.test_mirroring import NEXT, subscribed, told_of_payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
UNREADABLE = UnreadableAnswer("no JSON", maybe_sent=False)
AWAY = GatewayUnavailable("time-out", maybe_sent=False)


def fail_for(monkeypatch: pytest.MonkeyPatch, kind: Any, call: str, *names: str, error: GatewayError) -> None:
    """The gateway always fails when it is asked for one of these."""
    real = getattr(kind, call)

    def answer(self: Any, gateway_id: str) -> Any:
        if gateway_id in names:
            raise error
        return real(self, gateway_id)

    monkeypatch.setattr(kind, call, answer)


def look(own: Subscription) -> None:
    agreements.look(own, source="check")


def due(own: Subscription) -> timedelta:
    """How long it is until its next look."""
    own.refresh_from_db()
    assert own.check_due_at
    return own.check_due_at - agreement_checking.clock.now()


# -- one turn, one subscription, one customer of a plan --------------------------------------------------


def test_turns_after_one_that_cannot_be_read_are_there(bills: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    own = subscribed("bills", bills)
    bad, good = (bills.bill(own.gateway_id, NEXT + timedelta(days=days)) for days in (0, 31))
    fail_for(monkeypatch, Bills, "fetch_payment", bad.gateway_id, error=UNREADABLE)
    with pytest.raises(UnreadableAnswer):
        look(own)
    assert own.charges.get(due_date=NEXT + timedelta(days=31)).payments.get().gateway_id == good.gateway_id


def test_a_gateway_that_is_away_is_not_asked_for_every_turn(
    bills: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = subscribed("bills", bills)
    made = [bills.bill(own.gateway_id, NEXT + timedelta(days=31 * month)) for month in range(6)]
    fail_for(monkeypatch, Bills, "fetch_payment", *(one.gateway_id for one in made), error=AWAY)
    with pytest.raises(GatewayUnavailable):
        look(own)
    assert own.charges.count() == 3  # the first, and two in vain


@pytest.mark.parametrize(
    ("errors", "done"),
    [
        ([UNREADABLE, UNREADABLE, UNREADABLE], 3),
        ([AWAY, None, AWAY, None], 4),
        ([AWAY, AWAY, None], 1),
        ([CredentialsRefused("no", http_status=401), None], 0),
        ([CredentialsRefused("not this one", http_status=403), None], 2),
    ],
    ids=["about one thing", "one at a time", "away", "the key", "one that the key does not reach"],
)
def test_only_a_gateway_that_is_away_ends_it(errors: list[GatewayError | None], done: int) -> None:
    tried = list[GatewayError | None]()

    def work(error: GatewayError | None) -> None:
        if error:
            tried.append(error)
            raise error
        tried.append(None)

    with pytest.raises(type(errors[0])):
        outages.for_each(errors, work)
    assert len(tried) == (done or 1) + (errors[:2] == [AWAY, AWAY])


def test_subscriptions_with_a_bad_turn_do_not_pause_their_account(
    bills: Books, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    connection = at("bills")
    several = [subscribing.create_subscription(new(connection)) for _one in range(3)]
    bad = [bills.bill(own.gateway_id, NEXT).gateway_id for own in several]
    fail_for(monkeypatch, Bills, "fetch_subscription", *(own.gateway_id for own in several), error=UNREADABLE)
    fail_for(monkeypatch, Bills, "fetch_payment", *bad, error=UNREADABLE)
    agreement_checking.plan_new()
    clock.shift(timedelta(hours=25))
    assert agreement_checking.check_due() == 3
    assert not GatewayPause.objects.filter(connection=connection).exists()
    assert all(due(own) > timedelta(hours=1) for own in several)


def test_one_whose_gateway_is_away_is_asked_for_soon(
    bills: Books, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    own = subscribed("bills", bills)
    fail_for(monkeypatch, Bills, "fetch_subscription", own.gateway_id, error=AWAY)
    agreement_checking.plan_new()
    clock.shift(timedelta(hours=25))
    agreement_checking.check_due()
    assert due(own) == timedelta(minutes=10)
    assert GatewayPause.objects.filter(connection=own.connection).exists()


def test_customers_after_one_that_cannot_be_read_are_adopted(
    cards: Books, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    plan = plan_at(at("cards"))
    for number in range(3):
        payer = replace(PAYER, document="", email=f"ana{number}@example.com")
        begun(cards, plan.gateway_id, f"pre_{number}", payer=payer)
    fail_for(monkeypatch, Cards, "fetch_subscription", "pre_0", error=UNREADABLE)
    for _round in range(3):
        clock.shift(planning.POLL_EVERY + timedelta(seconds=1))
        planning.poll_due()
    assert set(plan.subscriptions.values_list("gateway_id", flat=True)) == {"pre_1", "pre_2"}
    assert not GatewayPause.objects.filter(connection=plan.connection).exists()


# -- what is hardly to be expected any more --------------------------------------------------------------


def test_one_that_nobody_agreed_to_is_asked_for_daily_for_a_month_only(cards: Books, clock: Any) -> None:
    own = subscribing.create_subscription(new(at("cards")))
    looks = list[int]()
    for days in (29, 2, 400):
        clock.shift(timedelta(days=days))
        looks.append(round(due_after_a_look(own) / agreement_checking.DAILY))
    assert (own.state, looks) == ("pending", [1, 30, 30])


def due_after_a_look(own: Subscription) -> timedelta:
    Subscription.objects.filter(pk=own.pk).update(check_due_at=own.created_at)
    assert agreement_checking.check_due() == 1
    return due(own)


def test_one_that_its_gateway_does_not_know_twice_is_for_a_person(bills: Books) -> None:
    own = subscribed("bills", bills)
    kept = bills.subscriptions.pop(own.gateway_id)
    assert due_after_a_look(own) == timedelta(hours=1)
    assert own.review_reason == ""
    assert due_after_a_look(own) == agreement_checking.SELDOM
    assert (own.state, own.review_reason) == ("active", "missing")
    bills.subscriptions[own.gateway_id] = kept
    assert due_after_a_look(own) <= agreement_checking.DAILY
    assert own.review_reason == ""


def test_a_turn_we_do_not_know_brings_the_next_look_forward_but_not_into_one(cards: Books) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT)
    paid = cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    cards.turns[own.gateway_id] = []
    claimed = agreement_checking.clock.now() + timedelta(minutes=5)
    Subscription.objects.filter(pk=own.pk).update(check_due_at=claimed)
    told_of_payment(own.connection, paid)
    assert due(own) == timedelta(seconds=30)
    assert agreement_checking.check_due() == 0
    told_of_payment(own.connection, paid)
    assert due(own) == timedelta(seconds=30)


# -- names and amounts -----------------------------------------------------------------------------------


def test_what_somebody_else_wrote_into_a_subscription_stays(cards: Books) -> None:
    plan = plan_at(at("cards"))
    begun(cards, plan.gateway_id, reference="loja-77")
    planning.poll(plan)
    subscribing.settle_due()
    own = plan.subscriptions.get()
    assert (cards.subscriptions["pre_1"].reference, cards.changes) == ("loja-77", [])
    assert (own.foreign_reference, own.due_at) == ("loja-77", None)


def test_a_name_is_not_written_over_what_nobody_could_see(cards: Books) -> None:
    plan = plan_at(at("cards"))
    begun(cards, plan.gateway_id, reference="loja-77")
    planning.poll(plan)
    row = GatewayResource.objects.get(kind=ResourceKind.SUBSCRIPTION)
    GatewayResource.objects.filter(pk=row.pk).update(lease_until=planning.clock.now() + timedelta(minutes=1))
    subscribing.settle_due()
    assert cards.changes == [] and plan.subscriptions.get().due_at is not None


def test_a_turn_without_an_amount_asks_for_what_was_agreed(cards: Books) -> None:
    own = subscribed("cards", cards)
    turn = cards.schedule(own.gateway_id, NEXT, amount_cents=0)
    charge = mirroring.keep(own, turn, source="check")
    assert (charge.amount_cents, charge.review_reason) == (4_990, "")
    assert cards.subscriptions[own.gateway_id].status == SubscriptionStatus.ACTIVE
