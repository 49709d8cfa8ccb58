"""A payment imported, or found made elsewhere, before its subscription was known is one of its turns."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from connections.gateways.base import Cycle, Method, PaymentStatus, ResourceKind, TurnState
from payments.models import Charge, Finding, LeftBehind, Payment, Plan, RunTrigger
from payments.services import agreements, planning, reconciling, runs, taking_over, turns
from payments.services.taking_over import take_over
from tests.payments.elsewhere import imported
from tests.payments.recurring import Bills, Books, Cards, at
from tests.payments.simulated import World
from tests.payments.test_agreements import begun, plan_at
from tests.payments.test_mirroring import NEXT, subscribed, told_of_payment

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("clock")
def test_its_charge_is_that_of_the_turn(books: dict[str, Books]) -> None:
    cards = books["cards"]
    plan = plan_at(at("cards"))
    theirs = begun(cards, plan.gateway_id)
    paid = cards.attempt(cards.schedule(theirs.gateway_id, NEXT), PaymentStatus.PAID, TurnState.DONE)
    taken = take_over(plan.connection, Cards(None), paid)
    planning.poll(plan)
    told_of_payment(plan.connection, paid)
    own = plan.subscriptions.get()
    charge = own.charges.get()
    assert (Charge.objects.get(), charge.status, charge.review_reason) == (taken.charge, "paid", "")
    assert set(charge.resources.values_list("kind", flat=True)) == {ResourceKind.PAYMENT, ResourceKind.TURN}
    assert charge.timeline.filter(code="turn").count() == own.timeline.filter(code="turn").count() == 1


@pytest.mark.usefixtures("clock")
def test_where_the_payment_is_the_turn_it_joins_the_subscription(books: dict[str, Books]) -> None:
    bills = books["bills"]
    own = subscribed("bills", bills)
    made = bills.bill(own.gateway_id, NEXT)
    known = own.gateway_id
    type(own).objects.filter(pk=own.pk).update(gateway_id="", reference="not_yet")
    own.resources.filter(kind=ResourceKind.SUBSCRIPTION).update(subscription=None)
    taken = take_over(own.connection, Bills(None), made.gateway_id)
    type(own).objects.filter(pk=own.pk).update(gateway_id=known, reference=own.reference)
    agreements.look(own, source="check")
    assert taken.charge and own.charges.get(due_date=NEXT) == taken.charge
    assert own.charges.count() == 2


@pytest.mark.usefixtures("clock")
def test_an_import_leaves_alone_what_became_a_turn_meanwhile(
    books: dict[str, Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its subscription is adopted, and its turn has a charge, between our fetch and the writing of ours."""
    cards = books["cards"]
    plan = plan_at(at("cards"))
    theirs = begun(cards, plan.gateway_id)
    paid = cards.attempt(cards.schedule(theirs.gateway_id, NEXT), PaymentStatus.PAID, TurnState.DONE)
    real = taking_over.customers.payer_of

    def adopt_first(*asked: object) -> object:
        monkeypatch.setattr(taking_over.customers, "payer_of", real)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(turns, "_take_payments", lambda *_asked, **_how: None)
            planning.poll(plan)
        assert Charge.objects.count() == 1
        return real(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(taking_over.customers, "payer_of", adopt_first)
    taken = take_over(plan.connection, Cards(None), paid)
    assert (taken.charge, taken.reason) == (None, LeftBehind.BUSY)
    told_of_payment(plan.connection, paid)
    assert Charge.objects.get().subscription == plan.subscriptions.get()
    assert Charge.objects.get().status == "paid"


def begun_by_link(world: World) -> Plan:
    """A plan whose first customer has paid once, and nobody told us."""
    plan = planning.create_plan(
        planning.NewPlan(
            connection=world.connection("mercadopago"),
            name="Clube",
            method=Method.CARD,
            amount_cents=4_990,
            cycle=Cycle.MONTHLY,
            submission=uuid.uuid4(),
        )
    )
    world.control("subscribe", reference=plan.reference)
    world.move(hours=1)
    return plan


def poll(plan: Plan) -> None:
    Plan.objects.filter(pk=plan.pk).update(check_due_at=plan.created_at)
    assert planning.poll_due() == 1


@pytest.mark.weighty
def test_an_import_before_the_poll_makes_no_second_charge(world: World) -> None:
    plan = begun_by_link(world)
    imported(plan.connection)
    charge = Charge.objects.get()
    assert (charge.status, charge.subscription) == ("paid", None)
    world.move(minutes=10)
    poll(plan)
    own = plan.subscriptions.get()
    assert (Charge.objects.count(), own.charges.get()) == (1, charge)
    assert Payment.objects.exclude(amount_cents=0).get().charge == charge
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason) == ("paid", "")


@pytest.mark.weighty
@pytest.mark.parametrize("way", ["poll", "comparison"])
def test_what_was_found_made_elsewhere_is_settled_once_it_is_ours(world: World, way: str) -> None:
    plan = begun_by_link(world)
    reconciling.carry_out(runs.request(plan.connection, trigger=RunTrigger.PERSON).pk)
    found = Finding.objects.get()
    assert (found.kind, found.settled_at) == ("not_ours", None)
    world.move(minutes=10)
    poll(plan)
    if way == "comparison":  # as it was left by what did not settle it
        Finding.objects.update(settled_at=None)
        world.move(minutes=10)
        reconciling.carry_out(runs.request(plan.connection, trigger=RunTrigger.PERSON).pk)
    found.refresh_from_db()
    assert found.settled_at and not Finding.objects.filter(settled_at=None).exists()
    assert plan.subscriptions.get().charges.get().status == "paid"
    assert timedelta() < found.settled_at - found.found_at
