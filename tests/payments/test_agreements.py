"""A subscription follows its gateway: its state, its amount; what a plan began, what a person changes."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import (
    Cycle,
    GatewaySubscription,
    Method,
    PaymentStatus,
    ResourceKind,
    SubscriptionStatus,
    TurnState,
)
from connections.gateways.errors import GatewayUnavailable, RequestRefused
from payments.models import AgreementChange, AgreementChangeKind, Customer, Plan, Subscription
from payments.services import (
    agreement_changing,
    agreement_checking,
    agreement_reviewing,
    agreements,
    planning,
    resources,
    subscribing,
)
from payments.services.agreement_hindrances import Hindrance, NewAgreementChange, NotPossible
from payments.services.refreshing import Outcome
from tests.payments.recurring import PAYER, Books, at, new
from tests.payments.test_mirroring import NEXT, subscribed, told, told_of_payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock"), pytest.mark.weighty]
PAUSED, CANCELLED = SubscriptionStatus.PAUSED, SubscriptionStatus.CANCELLED


def look(own: Subscription) -> Subscription:
    agreements.look(own, source="webhook")
    own.refresh_from_db()
    return own


def change(own: Subscription, kind: str, **values: Any) -> AgreementChange:
    asked = NewAgreementChange(
        subscription=own, kind=AgreementChangeKind(kind), submission=uuid.uuid4(), **values
    )
    stored = agreement_changing.change(asked)
    own.refresh_from_db()
    return stored


# -- what the gateway shows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"status": PAUSED}, "paused"),
        ({"status": SubscriptionStatus.ENDED}, "ended"),
        ({"status": PAUSED, "is_deleted": True}, "cancelled"),
    ],
    ids=["paused", "ended", "removed is not paused"],
)
def test_its_state_is_the_gateways(bills: Books, values: dict[str, Any], state: str) -> None:
    own = subscribed("bills", bills)
    bills.set(own.gateway_id, **values)
    assert look(own).state == state


def test_an_unknown_word_changes_nothing_and_asks_a_person(bills: Books) -> None:
    own = subscribed("bills", bills)
    bills.set(own.gateway_id, status=None, gateway_status="FROZEN")
    assert (look(own).state, own.gateway_status, own.review_reason) == ("active", "FROZEN", "unknown_status")
    bills.set(own.gateway_id, status=PAUSED, gateway_status="INACTIVE")
    assert (look(own).state, own.review_reason) == ("paused", "")


def test_an_older_count_is_not_written_and_asked_for_once_more(cards: Books) -> None:
    own = subscribed("cards", cards)
    older = cards.subscriptions[own.gateway_id]
    cards.set(own.gateway_id, status=PAUSED)
    look(own)
    cards.subscriptions[own.gateway_id], newest = older, cards.subscriptions[own.gateway_id]
    asked = list[int]()

    def then_the_truth() -> None:
        asked.append(1)
        cards.subscriptions[own.gateway_id] = newest

    cards.after["fetch"] = then_the_truth
    assert (look(own).state, len(asked)) == ("paused", 2)


def test_another_amount_waits_for_a_person(bills: Books, admin_user: Any) -> None:
    own = subscribed("bills", bills)
    bills.set(own.gateway_id, amount_cents=5_990)
    made = bills.bill(own.gateway_id, NEXT)
    assert (look(own).amount_cents, own.review_reason) == (4_990, "amount")
    charge = own.charges.get(due_date=NEXT)
    assert charge.review_reason == "terms"
    assert agreement_reviewing.agree_amount(own, cents=5_990, actor=admin_user)
    own.refresh_from_db()
    charge.refresh_from_db()
    assert (own.amount_cents, own.review_reason) == (5_990, "")
    assert (charge.amount_cents, charge.review_reason) == (5_990, "")
    bills.pay(made.gateway_id)
    told_of_payment(own.connection, made.gateway_id)
    charge.refresh_from_db()
    assert charge.status == "paid"


def test_the_agreed_amount_again_needs_nobody(bills: Books) -> None:
    own = subscribed("bills", bills)
    bills.set(own.gateway_id, amount_cents=5_990)
    look(own)
    bills.set(own.gateway_id, amount_cents=4_990)
    assert look(own).review_reason == ""


def test_one_that_is_not_there_is_missing(bills: Books) -> None:
    own = subscribed("bills", bills)
    done = told(own.connection, ResourceKind.SUBSCRIPTION, "sub_nowhere", agreements.refresh)
    assert done.outcome == Outcome.MISSING


# -- begun by the link of a plan ----------------------------------------------------------------------------


def plan_at(connection: Any, **values: Any) -> Plan:
    facts: dict[str, Any] = {
        "connection": connection,
        "name": "Clube",
        "method": Method.CARD,
        "amount_cents": 4_990,
        "cycle": Cycle.MONTHLY,
        "submission": uuid.uuid4(),
    }
    return planning.create_plan(planning.NewPlan(**{**facts, **values}))


def begun(books: Books, plan_id: str, name: str = "pre_1", **values: Any) -> GatewaySubscription:
    facts: dict[str, Any] = {
        "gateway_id": name,
        "reference": "",
        "status": SubscriptionStatus.ACTIVE,
        "gateway_status": "authorized",
        "method": Method.CARD,
        "amount_cents": 4_990,
        "currency": "BRL",
        "account_id": "",
        "cycle": Cycle.MONTHLY,
        "plan_id": plan_id,
        "payer": PAYER,
        "version": 0,
    }
    books.subscriptions[name] = GatewaySubscription(**{**facts, **values})
    return books.subscriptions[name]


def test_a_plan_has_a_link_where_its_gateway_keeps_plans(cards: Books) -> None:
    plan = plan_at(at("cards"))
    assert (plan.state, bool(plan.link), plan.due_at) == ("active", True, None)


@pytest.mark.usefixtures("bills")
def test_elsewhere_it_is_ours_alone() -> None:
    plan = plan_at(at("bills"))
    assert (plan.state, plan.link, planning.is_local(plan)) == ("active", "", True)


def test_a_lost_answer_makes_no_second_plan(cards: Books, clock: Any) -> None:
    def lose() -> None:
        raise GatewayUnavailable("time-out", maybe_sent=True)

    cards.after["create_plan"] = lose
    plan = plan_at(at("cards"))
    assert plan.state == "confirming"
    clock.shift(timedelta(minutes=2))
    planning.settle_due()
    plan.refresh_from_db()
    assert (plan.state, len(cards.plans)) == ("active", 1)


def test_a_closed_plan_is_closed_there(cards: Books) -> None:
    plan = plan_at(at("cards"))
    planning.close_plan(plan)
    plan.refresh_from_db()
    assert (plan.state, cards.plans[plan.gateway_id].is_active) == ("closed", False)


def test_what_a_customer_began_becomes_ours_with_its_charges(cards: Books) -> None:
    plan = plan_at(at("cards"))
    theirs = begun(cards, plan.gateway_id)
    turn = cards.schedule(theirs.gateway_id, NEXT)
    paid = cards.attempt(turn, PaymentStatus.PAID, TurnState.DONE)
    assert told_of_payment(plan.connection, paid).outcome == Outcome.NOT_OURS
    told(plan.connection, ResourceKind.SUBSCRIPTION, theirs.gateway_id, agreements.refresh)
    own = plan.subscriptions.get()
    assert (own.state, own.customer.document, own.adopted_at is not None) == ("active", PAYER.document, True)
    assert own.charges.get().status == "paid"
    subscribing.settle_due()
    assert cards.subscriptions[theirs.gateway_id].reference == own.reference
    own.refresh_from_db()
    assert own.due_at is None


def test_three_customers_nobody_told_us_of(cards: Books, clock: Any) -> None:
    plan = plan_at(at("cards"))
    for number in range(3):
        payer = replace(PAYER, document="", email=f"ana{number}@example.com")
        begun(cards, plan.gateway_id, f"pre_{number}", payer=payer)
    clock.shift(planning.POLL_EVERY + timedelta(seconds=1))
    planning.poll_due()
    assert plan.subscriptions.count() == 3
    assert Customer.objects.filter(subscriptions__plan=plan).distinct().count() == 3


def test_what_is_from_no_plan_of_ours_is_not_ours(cards: Books) -> None:
    connection = at("cards")
    begun(cards, "somebody-elses")
    done = told(connection, ResourceKind.SUBSCRIPTION, "pre_1", agreements.refresh)
    assert (done.outcome, Subscription.objects.count(), Customer.objects.count()) == (Outcome.NOT_OURS, 0, 0)


def test_a_dropped_reference_is_tried_again(cards: Books, clock: Any) -> None:
    plan = plan_at(at("cards"))
    begun(cards, plan.gateway_id)
    told(plan.connection, ResourceKind.SUBSCRIPTION, "pre_1", agreements.refresh)
    own = plan.subscriptions.get()
    cards.drops = 1
    subscribing.settle_due()
    own.refresh_from_db()
    assert own.due_at is not None
    clock.shift(timedelta(minutes=1))
    subscribing.settle_due()
    assert cards.subscriptions["pre_1"].reference == own.reference


# -- what a person changes ----------------------------------------------------------------------------------


def test_pause_resume_and_cancel_are_done_once_they_show(cards: Books) -> None:
    own = subscribed("cards", cards)
    for kind, state in (("pause", "paused"), ("resume", "active"), ("cancel", "cancelled")):
        assert (change(own, kind).state, own.state) == ("done", state)


def test_a_paused_one_can_only_be_resumed_or_cancelled(cards: Books) -> None:
    own = subscribed("cards", cards)
    change(own, "pause")
    with pytest.raises(NotPossible) as refused:
        change(own, "amount", amount_cents=5_990)
    assert refused.value.hindrance == Hindrance.PAUSED


def test_a_new_amount_is_agreed_before_the_gateway_hears_of_it(bills: Books) -> None:
    own = subscribed("bills", bills)
    agreed = list[list[int]]()
    bills.before["change"] = lambda: agreed.append(
        list(own.amounts.filter(is_agreed=True).values_list("amount_cents", flat=True))
    )
    done = change(own, "amount", amount_cents=5_990, with_open=True)
    assert (agreed, done.state) == ([[4_990, 5_990]], "done")
    charge = own.charges.get()
    assert (own.amount_cents, own.review_reason) == (5_990, "")
    assert (charge.amount_cents, charge.review_reason) == (5_990, "")


def test_a_yes_that_changed_nothing_is_tried_again_once_and_then_refused(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.drops = 5
    stored = change(own, "amount", amount_cents=5_990)
    assert stored.state == "open"
    for _pass in range(3):
        clock.shift(timedelta(minutes=1))
        agreement_changing.settle_due()
    stored.refresh_from_db()
    own.refresh_from_db()
    assert (stored.state, stored.advice, len(cards.changes)) == ("refused", agreement_changing.NOT_APPLIED, 2)
    assert (own.review_reason, own.amounts.filter(is_agreed=True).count()) == ("not_applied", 1)


def test_a_dropped_one_that_takes_the_second_time_is_done(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    cards.drops = 1
    stored = change(own, "description", text="Plano anual")
    clock.shift(timedelta(minutes=1))
    agreement_changing.settle_due()
    stored.refresh_from_db()
    own.refresh_from_db()
    assert (stored.state, own.description, own.review_reason) == ("done", "Plano anual", "")


def test_a_refusal_is_the_gateways_sentence(cards: Books) -> None:
    def refuse() -> None:
        raise RequestRefused("You can not modify this preapproval.")

    own = subscribed("cards", cards)
    cards.before["change"] = refuse
    stored = change(own, "pause")
    assert (stored.state, stored.failure, own.state) == (
        "refused",
        "You can not modify this preapproval.",
        "active",
    )


def test_a_lost_answer_is_looked_at_before_it_is_asked_again(cards: Books, clock: Any) -> None:
    def lose() -> None:
        raise GatewayUnavailable("time-out", maybe_sent=True)

    own = subscribed("cards", cards)
    cards.after["change"] = lose
    stored = change(own, "pause")
    assert stored.state == "open"
    clock.shift(timedelta(minutes=1))
    agreement_changing.settle_due()
    stored.refresh_from_db()
    assert (stored.state, len(cards.changes)) == ("done", 1)


def test_one_thing_at_a_time(cards: Books) -> None:
    own = subscribed("cards", cards)
    cards.drops = 1
    change(own, "pause")
    with pytest.raises(NotPossible) as refused:
        change(own, "cancel")
    assert refused.value.hindrance == Hindrance.BUSY


@pytest.mark.parametrize(
    ("kind", "values", "hindrance"),
    [
        ("amount", {"amount_cents": 4_990}, Hindrance.SAME_AMOUNT),
        ("amount", {"amount_cents": 100}, Hindrance.TOO_LITTLE),
        ("description", {"text": "Plano mensal"}, Hindrance.SAME_TEXT),
        ("description", {"text": " "}, Hindrance.NO_TEXT),
        ("resume", {}, Hindrance.NOT_PAUSED),
    ],
)
def test_what_cannot_be_is_said_before(
    bills: Books, kind: str, values: dict[str, Any], hindrance: Hindrance
) -> None:
    own = subscribed("bills", bills)
    with pytest.raises(NotPossible) as refused:
        change(own, kind, **values)
    assert (refused.value.hindrance, bills.changes) == (hindrance, [])


# -- nobody told us -----------------------------------------------------------------------------------------


def test_everything_alive_is_asked_for_every_day_until_a_last_look(bills: Books, clock: Any) -> None:
    own = subscribed("bills", bills)
    agreement_checking.sweep()
    bills.bill(own.gateway_id, NEXT)
    bills.set(own.gateway_id, is_deleted=True)
    clock.shift(timedelta(hours=25))
    agreement_checking.sweep()
    own.refresh_from_db()
    assert (own.state, own.charges.count(), own.check_due_at) == ("cancelled", 2, None)


def test_a_pending_one_is_asked_for_soon_after_it_was_made(cards: Books, clock: Any) -> None:
    own = subscribing.create_subscription(new(at("cards")))
    asked = []
    for minutes in (0, 3, 8, 51, 301):
        clock.shift(timedelta(minutes=minutes))
        before = cards.calls.count("fetch")
        agreement_checking.sweep()
        asked.append(cards.calls.count("fetch") - before)
    assert asked == [0, 1, 1, 1, 1]
    assert own.state == "pending"


def test_a_lease_in_other_hands_is_left_alone(bills: Books) -> None:
    own = subscribed("bills", bills)
    row = resources.find_or_add(own.connection, kind=ResourceKind.SUBSCRIPTION, gateway_id=own.gateway_id)
    assert resources.lease(row.pk)
    assert agreements.look(own, source="check") is None
