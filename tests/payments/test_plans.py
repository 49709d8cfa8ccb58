"""Charges of several parcels from creation to the money, against a real simulator."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from connections.gateways.base import Delivery, Method, Notification, ResourceKind, Verification
from connections.gateways.instalments import due_dates, split
from payments.models import ChangeKind, Charge, Payment, RunTrigger
from payments.public.look import look
from payments.services import changing, checking, reconciling, renewing, reviewing, runs, terms
from payments.services.changing import NewChange
from payments.services.following import fetch_and_store
from tests.payments.simulated import World, statuses
from webhooks.services import inbox, recording

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]


def plan(world: World, count: int = 3, **values: Any) -> Charge:
    return world.charge("asaas", Method.BOLETO, instalments=count, amount_cents=10_001, **values)


def parcels_of(charge: Charge) -> list[Payment]:
    return list(charge.payments.order_by("parcel"))


def tell(world: World, charge: Charge, *gateway_ids: str) -> None:
    """Notifications that name a payment and nothing of ours, handled a moment after the last look."""
    for gateway_id in gateway_ids:
        told = Notification(
            topic="PAYMENT_CONFIRMED",
            dedupe_key=uuid.uuid4().hex,
            kind=ResourceKind.PAYMENT,
            gateway_id=gateway_id,
        )
        empty = Delivery(headers={}, query="", body=b"{}")
        recording.record(charge.connection, empty, told, Verification(secret_name="token:x"))
    world.move(seconds=15)
    inbox.work()
    charge.refresh_from_db()


def check(charge: Charge) -> None:
    Charge.objects.filter(pk=charge.pk).update(check_due_at=charge.created_at)
    checking.sweep()
    charge.refresh_from_db()


def test_every_parcel_is_there_with_its_day_and_the_boleto_of_the_first(world: World) -> None:
    charge = plan(world)
    own = parcels_of(charge)
    assert (charge.status, [one.parcel for one in own]) == ("pending", [1, 2, 3])
    assert tuple(one.amount_cents for one in own) == split(10_001, 3)
    assert tuple(one.due_date for one in own) == due_dates(charge.due_date, 3)
    assert [len(one.boleto_line) for one in own] == [47, 0, 0]
    assert charge.review_reason == "" and charge.terms.count() == 1


def test_is_paid_once_the_last_parcel_is_and_each_boleto_follows_the_one_before(world: World) -> None:
    charge = plan(world)
    for number, one in enumerate(parcels_of(charge), 1):
        world.control("pay", id=one.gateway_id, method="pix")
        tell(world, charge, one.gateway_id)
        assert charge.received_cents == sum(split(10_001, 3)[:number])
        assert (charge.status, charge.review_reason) == ("paid" if number == 3 else "pending", "")
        world.work(charge)
        assert [bool(one.boleto_line) for one in parcels_of(charge)][number:] == [True, False, False][
            : 3 - number
        ]
    assert statuses(charge) == ["confirming", "pending", "paid"]


def test_a_lost_answer_makes_no_second_plan(world: World) -> None:
    world.connection("asaas")
    world.fault("error_500", when="after", method="POST", path="/installments", times=1)
    charge = plan(world)
    assert charge.status == "confirming"
    world.move(seconds=20)
    assert world.work(charge).status == "pending"
    assert len(world.books(charge)) == len(parcels_of(charge)) == 3
    world.move(hours=1)
    assert world.work(charge).review_reason == ""
    assert len(world.living(charge)) == 3


def test_parcels_that_could_not_be_listed_are_asked_for_later(world: World) -> None:
    world.connection("asaas")
    world.fault("error_500", when="before", method="GET", path="/installments", times=2)
    charge = plan(world)
    assert charge.status == "pending"
    world.move(minutes=20)
    world.work(charge)
    assert [one.parcel for one in parcels_of(charge)] == [1, 2, 3]
    assert len(world.books(charge)) == 3


def test_a_parcel_past_its_day_makes_the_charge_overdue(world: World) -> None:
    charge = plan(world)
    first = parcels_of(charge)[0]
    world.control("overdue", id=first.gateway_id)
    tell(world, charge, first.gateway_id)
    assert charge.status == "overdue"
    world.control("pay", id=first.gateway_id, method="pix")
    tell(world, charge, first.gateway_id)
    assert charge.status == "pending"


def test_a_parcel_changed_at_the_gateway_is_followed_or_asked_about(world: World) -> None:
    charge = plan(world)
    _first, second, third = parcels_of(charge)
    moved = (second.due_date or charge.due_date) + timedelta(days=5)
    world.control("edit", id=second.gateway_id, due_date=moved.isoformat())
    tell(world, charge, second.gateway_id)
    assert (charge.review_reason, charge.amount_cents) == ("", 10_001)
    assert charge.due_date == due_dates(charge.due_date, 3)[0]
    world.control("edit", id=third.gateway_id, value="50.00")
    tell(world, charge, third.gateway_id)
    assert (charge.review_reason, charge.status) == ("terms", "pending")
    asked = reviewing.review(charge)
    assert asked is not None and asked.ours is not None and asked.theirs is not None
    assert (asked.ours.amount_cents, asked.theirs.amount_cents) == (third.amount_cents, 5_000)
    person = User.objects.create_user("rita")
    reviewing.accept(charge, mark=asked.mark, actor=person, note="")
    charge.refresh_from_db()
    assert (charge.review_reason, charge.amount_cents) == ("", 10_001 - third.amount_cents + 5_000)
    for number, one in enumerate(parcels_of(charge), 1):
        world.control("pay", id=one.gateway_id, method="pix")
        tell(world, charge, one.gateway_id)
        assert charge.status == ("paid" if number == 3 else "pending")
    assert (charge.review_reason, charge.received_cents) == ("", charge.amount_cents)


def test_only_what_was_shown_is_agreed_to(world: World) -> None:
    """Two parcels were changed: each is another question."""
    charge = plan(world)
    before, (_first, second, third) = charge.amount_cents, parcels_of(charge)
    changed = {second.gateway_id: 500, third.gateway_id: 9_000}
    for gateway_id, cents in changed.items():
        world.control("edit", id=gateway_id, value=f"{cents / 100:.2f}")
        tell(world, charge, gateway_id)
    person, agreed = User.objects.create_user("rita"), set[int]()
    for _one in changed:
        asked = reviewing.review(charge)
        assert asked is not None and asked.theirs is not None and asked.theirs.parcel not in agreed
        assert reviewing.accept(charge, mark=asked.mark, actor=person, note="") == reviewing.Outcome.DECIDED
        agreed.add(asked.theirs.parcel or 0)
        charge.refresh_from_db()
        versions = charge.terms.exclude(parcel=None)
        assert {one.parcel for one in versions if one.is_agreed} == agreed
    assert charge.review_reason == ""
    assert charge.amount_cents == before - second.amount_cents - third.amount_cents + sum(changed.values())


def test_the_plan_is_written_before_anything_holds_the_charge(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a creating answer is taken: two who lock in another order wait for each other for ever."""
    charge, plans_known = plan(world), list[bool]()
    first = parcels_of(charge)[0]
    charge.resources.filter(kind=ResourceKind.PLAN).delete()
    follow = terms.follow

    def note_and_follow(*args: Any, **values: Any) -> None:
        plans_known.append(charge.resources.filter(kind=ResourceKind.PLAN).exists())
        follow(*args, **values)

    monkeypatch.setattr(terms, "follow", note_and_follow)
    assert fetch_and_store(charge, first.gateway_id, cause="test")
    assert plans_known == [True]


def cancel(charge: Charge) -> Any:
    asked = NewChange(charge=charge, kind=ChangeKind.CANCEL, submission=uuid.uuid4())
    done = changing.change(asked)
    charge.refresh_from_db()
    return done


@pytest.mark.parametrize("is_one_paid", [False, True])
def test_cancelling_ends_every_parcel_that_waits(world: World, is_one_paid: bool) -> None:
    charge = plan(world)
    first = parcels_of(charge)[0]
    if is_one_paid:
        world.control("pay", id=first.gateway_id, method="pix")
        tell(world, charge, first.gateway_id)
    assert cancel(charge).state == "done"
    assert (charge.status, charge.review_reason) == ("cancelled", "")
    assert charge.received_cents == (first.amount_cents if is_one_paid else 0)
    assert len(world.living(charge)) == (1 if is_one_paid else 0)


def on_page(world: World, **values: Any) -> Charge:
    return world.charge("asaas", Method.CARD, instalments=6, amount_cents=10_001, **values)


def page_of(charge: Charge) -> str:
    return charge.resources.filter(kind=ResourceKind.CHECKOUT).latest("pk").gateway_id


@pytest.mark.parametrize("chosen", [1, 3])
def test_payments_of_a_checkout_find_their_charge_by_it_alone(world: World, chosen: int) -> None:
    charge = on_page(world)
    assert charge.status == "pending" and charge.link.startswith("http")
    world.control("pay_card", id=page_of(charge), instalments=chosen)
    names = [str(row["id"]) for row in world.books(charge)]
    assert len(names) == chosen
    tell(world, charge, *names)
    assert (charge.status, charge.review_reason) == ("paid", "")
    assert (charge.received_cents, charge.payments.count()) == (10_001, chosen)


def test_one_notification_of_a_card_plan_brings_its_other_parcels(world: World) -> None:
    charge = on_page(world)
    world.control("pay_card", id=page_of(charge), instalments=3)
    tell(world, charge, str(world.books(charge)[0]["id"]))
    checking.sweep()
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason, charge.payments.count()) == ("paid", "", 3)


@pytest.mark.parametrize("way", ["check", "reconcile"])
def test_a_card_plan_is_found_although_nothing_was_told(world: World, way: str) -> None:
    charge = on_page(world)
    world.control("pay_card", id=page_of(charge), instalments=2)
    if way == "reconcile":
        run = runs.request(charge.connection, trigger=RunTrigger.PERSON)
        reconciling.carry_out(run.pk)
        run.refresh_from_db()
        assert run.not_ours == 0
    check(charge)
    assert (charge.status, charge.review_reason, charge.received_cents) == ("paid", "", 10_001)


def test_the_page_is_made_anew_when_it_is_over_and_never_two_can_be_paid(world: World) -> None:
    charge = on_page(world, due_date=world.today() + timedelta(days=20))
    first = page_of(charge)
    assert not renewing.may_have_new_code(charge)
    world.move(hours=25)
    world.work(charge)
    assert (charge.status, look(charge).shape) == ("pending", "renewable")
    renewing.new_code(charge, actor=None)
    charge.refresh_from_db()
    assert (charge.status, look(charge).shape) == ("pending", "waiting")
    assert page_of(charge) != first
    world.control("pay_card", id=page_of(charge), instalments=2)
    check(charge)
    assert (charge.status, charge.review_reason) == ("paid", "")


def test_money_on_the_page_that_was_over_is_seen_before_another_one_is_made(world: World) -> None:
    charge = on_page(world)
    world.control("pay_card", id=page_of(charge), instalments=2)
    Charge.objects.filter(pk=charge.pk).update(link_expires_at=charge.created_at)
    renewing.new_code(charge, actor=None)
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason, charge.received_cents) == ("paid", "", 10_001)
    assert charge.resources.filter(kind=ResourceKind.CHECKOUT).count() == 1


def test_a_checkout_whose_answer_was_lost_is_made_again(world: World) -> None:
    """Nobody has the link of the lost one, and no list shows it (asaas.md 3.11)."""
    world.connection("asaas")
    world.fault("error_500", when="after", method="POST", path="/checkouts", times=1)
    charge = on_page(world)
    for _look in range(4):
        world.move(minutes=2)
        world.work(charge)
    assert charge.status == "pending" and charge.link
    world.control("pay_card", id=page_of(charge), instalments=2)
    check(charge)
    assert charge.status == "paid"


def test_a_cancelled_checkout_can_be_paid_no_more(world: World) -> None:
    charge = on_page(world)
    assert cancel(charge).state == "done"
    assert charge.status == "cancelled"
    with pytest.raises(OSError):
        world.control("pay_card", id=page_of(charge), instalments=2)


def test_a_preference_lets_the_payer_choose(world: World) -> None:
    charge = world.charge("mercadopago", Method.CARD, instalments=6)
    world.control("pay_card", reference=charge.reference, instalments=6)
    check(charge)
    assert (charge.status, charge.review_reason, charge.received_cents) == ("paid", "", 10_000)
    assert charge.payments.count() == 1
