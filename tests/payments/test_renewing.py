"""A new code for an expired one, the first code of a far due date, and never two that can be paid."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from config import clock
from connections import waiting
from connections.gateways.base import Method
from payments.models import Charge, CreationAttempt
from payments.services import checking, doubt, renewing
from tests.factories import make_charge
from tests.payments.simulated import World, statuses

pytestmark = pytest.mark.django_db


def expired(world: World, key: str = "mercadopago") -> Charge:
    """A PIX charge due today whose code has died, as the gateway told us."""
    charge = world.charge(key, due_date=world.today())
    assert charge.pix_text
    world.move(days=1)
    checking.sweep()
    charge.refresh_from_db()
    assert charge.status == "expired"
    return charge


def fresh(charge: Charge) -> Charge:
    charge.refresh_from_db()
    return charge


def checked(charge: Charge) -> Charge:
    """After our own look at the gateway: nothing here is told by a notification."""
    Charge.objects.filter(pk=charge.pk).update(check_due_at=clock.now())
    checking.sweep()
    return fresh(charge)


def test_an_expired_code_is_followed_by_one_that_can_be_paid(world: World) -> None:
    charge = expired(world)
    old = charge.pix_text
    actor = User.objects.create(username="carla")
    renewing.new_code(charge, actor=actor)
    assert (fresh(charge).status, charge.creation_round) == ("overdue", 1)
    assert charge.pix_text not in ("", old) and charge.pix_expires_at > clock.now()
    assert charge.timeline.get(code="new_code").actor == actor
    assert len(world.living(charge)) == 1 and len(world.books(charge)) == 2
    world.control("pay", reference=charge.reference)
    checked(charge)
    assert (charge.status, charge.review_reason) == ("paid", "")


def test_each_code_has_a_key_of_its_own_that_repeats_itself(world: World) -> None:
    charge = expired(world)
    renewing.new_code(charge, actor=None)
    keys = CreationAttempt.objects.values_list("round", "idempotency_key").order_by("round")
    assert [number for number, _key in keys] == [0, 1]
    assert len({key for _number, key in keys}) == 2


def test_a_code_that_lives_is_not_replaced(world: World) -> None:
    charge = world.charge("mercadopago")
    assert not renewing.may_have_new_code(charge)
    renewing.new_code(charge, actor=None)
    assert len(world.books(charge)) == 1 and fresh(charge).pix_text


@pytest.mark.parametrize("status", ["paid", "failed", "cancelled", "refunded", "disputed", "confirming"])
def test_only_what_waits_or_expired_gets_a_code(status: str) -> None:
    assert not renewing.may_have_new_code(make_charge(status=status))


def test_what_was_paid_unseen_is_found_before_another_code_is_made(world: World) -> None:
    """The code was paid in its last minute and every notification was lost."""
    charge = world.charge("mercadopago", due_date=world.today())
    world.control("pay", reference=charge.reference)
    world.move(days=1)
    assert renewing.may_have_new_code(fresh(charge))
    renewing.new_code(charge, actor=None)
    assert fresh(charge).status == "paid"
    assert len(world.books(charge)) == 1


def test_a_code_that_lives_at_the_gateway_is_given_back(world: World) -> None:
    """Only our rows thought that its time was over."""
    charge = world.charge("mercadopago")
    code, past = charge.pix_text, clock.now() - timedelta(minutes=1)
    charge.payments.update(expires_at=past)
    Charge.objects.filter(pk=charge.pk).update(pix_expires_at=past)
    renewing.new_code(fresh(charge), actor=None)
    assert (fresh(charge).status, charge.pix_text) == ("pending", code)
    assert len(world.books(charge)) == 1 and not renewing.may_have_new_code(charge)


def test_a_code_the_gateway_shows_as_waiting_past_its_time_is_ended_first(world: World) -> None:
    charge = world.charge("mercadopago", due_date=world.today())
    world.move(days=1)
    world.fault("stale_read", times=2)
    renewing.new_code(fresh(charge), actor=None)
    assert fresh(charge).status == "overdue" and charge.creation_round == 1
    assert len(world.living(charge)) == 1
    assert charge.timeline.filter(exchange__method="PUT").exists()


def test_a_refusal_brings_it_back_and_never_fails_it(world: World) -> None:
    charge = expired(world)
    account = world.accounts["mercadopago"]["id"]
    world.control(f"accounts/{account}", has_pix_key=False)
    renewing.new_code(charge, actor=None)
    assert fresh(charge).status == "expired" and "key" in charge.failure
    assert "failed" not in statuses(charge)
    world.control(f"accounts/{account}", has_pix_key=True)
    assert renewing.may_have_new_code(charge)
    renewing.new_code(charge, actor=None)
    assert (fresh(charge).status, charge.failure) == ("overdue", "")


def test_a_lost_answer_is_no_failure_and_makes_no_second_one(world: World) -> None:
    charge = expired(world)
    world.fault("error_500", when="after", method="POST", path="/v1/payments", times=1)
    world.fault("lagging_list", seconds=60)
    renewing.new_code(charge, actor=None)
    assert fresh(charge).status == "confirming"
    checking.sweep()
    assert fresh(charge).status == "confirming"
    world.move(seconds=16)
    assert world.work(charge).status == "overdue" and charge.pix_text
    assert len(world.living(charge)) == 1
    assert "failed" not in statuses(charge)


def test_the_old_ones_late_notification_does_not_end_the_new_one(world: World) -> None:
    charge = world.charge("mercadopago", due_date=world.today())
    world.move(days=1)
    world.fault("error_500", when="after", method="POST", path="/v1/payments", times=1)
    renewing.new_code(fresh(charge), actor=None)
    assert fresh(charge).status == "confirming"
    checked(charge)
    assert charge.status == "confirming"


def test_a_far_due_date_makes_no_code_before_it_is_asked_for(world: World) -> None:
    charge = world.charge("mercadopago", due_date=world.today() + timedelta(days=90))
    assert (charge.status, charge.pix_text, charge.creation_due_at) == ("pending", "", None)
    assert world.books(charge) == [] and renewing.may_have_new_code(charge)
    renewing.new_code(charge, actor=None)
    assert fresh(charge).status == "pending" and charge.pix_text
    life = charge.pix_expires_at - clock.now()
    assert timedelta(days=29, hours=23) < life < timedelta(days=30)
    assert not renewing.may_have_new_code(charge)


def test_without_a_code_it_is_overdue_all_the_same(world: World) -> None:
    charge = world.charge("mercadopago", due_date=world.today() + timedelta(days=90))
    checking.sweep()
    assert fresh(charge).status == "pending" and charge.check_due_at
    world.move(days=91)
    checking.sweep()
    assert (fresh(charge).status, charge.check_due_at) == ("overdue", None)
    assert renewing.may_have_new_code(charge)


def test_what_can_never_be_made_is_refused_at_once(world: World) -> None:
    connection = world.connection("mercadopago")
    nobody = make_charge(connection).customer
    nobody.email = ""
    nobody.save()
    charge = world.charge(
        "mercadopago", customer=nobody, due_date=world.today() + timedelta(days=90), amount_cents=2_000
    )
    assert charge.status == "failed" and charge.failure


def test_after_the_due_date_a_code_lives_three_days(world: World) -> None:
    charge = expired(world)
    renewing.new_code(charge, actor=None)
    assert (
        timedelta(days=2, hours=23) < fresh(charge).pix_expires_at - clock.now() < timedelta(days=3, hours=1)
    )


def test_five_new_codes_an_hour_and_no_more(world: World) -> None:
    charge = expired(world)
    for number in range(7):
        renewing.new_code(fresh(charge), actor=None)
        if fresh(charge).creation_round == number + 1:
            world.control("delete", reference=charge.reference)
            _see(charge)
    assert charge.creation_round == 5
    assert not renewing.may_have_new_code(charge)
    world.move(minutes=61)
    assert renewing.may_have_new_code(charge)


def _see(charge: Charge) -> None:
    """As after its own check, whatever became of it; a cancelled one counts as expired here."""
    charge.payments.exclude(status__in=("expired", "cancelled")).update(status="expired")
    Charge.objects.filter(pk=charge.pk).update(status="expired")


def test_a_dead_code_of_asaas_is_fetched_again(world: World) -> None:
    connection = world.connection("asaas")
    world.control(f"accounts/{world.accounts['asaas']['id']}", has_pix_key=False)
    charge = world.charge("asaas", connection=connection)
    old = charge.pix_expires_at
    assert old and old < clock.now() + timedelta(days=1)
    assert not renewing.may_have_new_code(charge)
    world.move(days=1)
    assert renewing.may_have_new_code(charge)
    renewing.new_code(charge, actor=None)
    assert fresh(charge).pix_expires_at > old and charge.status == "pending"
    assert (len(world.books(charge)), charge.creation_attempts.count()) == (1, 1)
    assert charge.timeline.filter(code="new_code").count() == 1


def test_an_expired_page_is_followed_by_another_page(world: World) -> None:
    charge = world.charge("checkout")
    old = charge.link
    assert charge.expires_at and charge.expires_at > clock.now() + timedelta(days=30)
    world.move(days=40)
    checking.sweep()
    assert fresh(charge).status == "expired"
    renewing.new_code(charge, actor=None)
    assert fresh(charge).status == "overdue" and charge.link not in ("", old)


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_page_that_once_was_not_found_gives_back_its_link(world: World, is_listed: bool) -> None:
    charge = world.charge("checkout")
    link, ends = charge.link, charge.expires_at
    charge.resources.filter(kind="preference").update(is_missing=True)
    assert renewing.may_have_new_code(charge)
    if not is_listed:
        world.fault("lagging_list", seconds=7200)
    renewing.new_code(charge, actor=None)
    assert (fresh(charge).status, charge.link, charge.expires_at) == ("pending", link, ends)
    assert not charge.resources.get(kind="preference").is_missing
    assert not renewing.may_have_new_code(charge)
    world.no_faults()
    assert len(world.pages(charge)) == 1


def test_a_person_waits_with_one_gateway_for_all_calls(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway of its own for the earlier payment would not know how long the person has waited."""
    charge = world.charge("mercadopago", due_date=world.today())
    world.move(days=1)
    monkeypatch.setattr("payments.services.refreshing.gateway_for", pytest.fail)
    renewing.new_code(fresh(charge), actor=None)
    assert (fresh(charge).status, charge.creation_round) == ("overdue", 1)
    assert charge.payments.filter(status="expired").count() == 1


def test_a_card_charge_gets_no_code(world: World) -> None:
    charge = world.charge("mercadopago", Method.CARD)
    world.move(days=60)
    checking.sweep()
    assert fresh(charge).status == "expired" and not renewing.may_have_new_code(charge)


def test_a_full_waiting_room_leaves_the_code_to_a_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = expired(world)
    monkeypatch.setattr("payments.services.renewing.wake", lambda _name: True)
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    with waiting.room.seat():
        renewing.new_code(charge, actor=None)
    assert fresh(charge).status == "confirming" and len(world.books(charge)) == 1
    assert world.work(charge).status == "overdue" and charge.pix_text


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_make_one_code(world: World) -> None:
    charge = expired(world)
    together = threading.Barrier(2)
    real = renewing.may_have_new_code

    def press() -> None:
        own: Any = Charge.objects.select_related("connection", "customer").get(pk=charge.pk)
        assert real(own)
        together.wait(timeout=20)
        renewing.new_code(own, actor=None)
        connections.close_all()

    threads = [threading.Thread(target=press) for _press in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    doubt.settle_due()
    assert len(world.living(charge)) == 1
    assert fresh(charge).timeline.filter(code="new_code").count() == 1
