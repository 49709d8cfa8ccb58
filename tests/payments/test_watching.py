"""What lands late beside a charge: an unpaid twin is cancelled, a paid one is for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from config import clock
from connections.gateways.base import Method
from payments.models import Charge, CreationAttempt, ReviewReason
from payments.services import doubt, renewing, watching
from payments.services.following import fetch_and_store
from tests.payments.simulated import World, statuses

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]


def fresh(charge: Charge) -> Charge:
    charge.refresh_from_db()
    return charge


def twins(world: World, method: Method = Method.PIX) -> Charge:
    """A charge of Asaas a person sent again while the list did not show the first one."""
    world.fault("error_500", when="after", method="POST", path="/payments", times=1)
    world.fault("lagging_list", seconds=7200)
    charge = world.charge("asaas", method)
    for _look in range(4):
        world.move(minutes=11)
        world.work(charge)
    assert doubt.may_send_again(charge)
    doubt.send_again(charge, actor=User.objects.create(username="carla"))
    assert fresh(charge).status == "pending" and len(world.living(charge)) == 2
    return charge


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_an_unpaid_twin_is_cancelled_and_what_the_customer_has_is_kept(world: World, method: Method) -> None:
    charge = twins(world, method)
    link, code = charge.link, charge.pix_text
    world.no_faults()
    world.move(minutes=3)
    world.work(charge)
    living = world.living(charge)
    assert [row["id"] for row in living] == [charge.payments.get(link=link).gateway_id]
    assert (charge.status, charge.review_reason, charge.link, charge.pix_text) == ("pending", "", link, code)
    assert charge.timeline.get(code="twin_cancelled").data["gateway_id"] != living[0]["id"]
    assert sorted(charge.payments.values_list("status", flat=True)) == ["cancelled", "pending"]
    assert "failed" not in statuses(charge)


def test_a_twin_told_by_a_notification_is_no_question_once_it_is_cancelled(world: World) -> None:
    charge = twins(world)
    for row in world.books(charge):
        fetch_and_store(charge, row["id"], cause="told")
    assert fresh(charge).review_reason == ReviewReason.TWIN
    world.no_faults()
    world.move(minutes=3)
    assert world.work(charge).review_reason == ""
    assert len(world.living(charge)) == 1 and charge.is_payable


def test_a_paid_twin_is_kept_and_shown_to_a_person(world: World) -> None:
    """The customer paid the one we never told them of; ours must not be paid, too."""
    charge = twins(world)
    ours = charge.payments.get().gateway_id
    other = next(row["id"] for row in world.books(charge) if row["id"] != ours)
    world.control("pay", id=other)
    world.no_faults()
    world.move(minutes=3)
    world.work(charge)
    assert (charge.status, charge.review_reason) == ("paid", ReviewReason.TWIN)
    assert {row["id"]: bool(row.get("deleted")) for row in world.books(charge)} == {ours: True, other: False}


def test_two_that_were_paid_are_both_kept(world: World) -> None:
    charge = twins(world)
    for row in world.books(charge):
        world.control("pay", id=row["id"])
    world.no_faults()
    world.move(minutes=3)
    world.work(charge)
    assert charge.status == "paid" and charge.review_reason == ReviewReason.DOUBLE_PAYMENT
    assert len(world.living(charge)) == 2 and charge.received_cents == 20_000


def test_what_lands_after_a_failure_is_cancelled(world: World) -> None:
    """Sent again and refused for good; the first call lands only now."""
    charge = twins(world)
    ours = charge.payments.get()
    Charge.objects.filter(pk=charge.pk).update(status="failed", link="")
    ours.delete()
    world.no_faults()
    world.move(minutes=3)
    world.work(charge)
    assert world.living(charge) == []


def test_of_two_pages_the_one_without_a_link_is_closed(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/preferences", times=1)
    world.fault("lagging_list", seconds=7200)
    charge = world.charge("checkout")
    for _look in range(2):
        world.move(minutes=2)
        world.work(charge)
    assert charge.status == "pending" and charge.link
    world.no_faults()
    assert len(world.pages(charge)) == 2
    world.move(minutes=15)
    world.work(charge)
    now = clock.now().isoformat()
    is_open = {page["init_point"]: page["expiration_date_to"] > now for page in world.pages(charge)}
    assert is_open[charge.link] and list(is_open.values()).count(True) == 1
    assert (charge.status, charge.review_reason) == ("pending", "")


def test_nothing_is_closed_while_somebody_pays_on_a_page(world: World) -> None:
    """Cancelling what waits on one page would cancel the card that the gateway is looking at."""
    world.fault("error_500", when="after", method="POST", path="/preferences", times=1)
    world.fault("lagging_list", seconds=7200)
    charge = world.charge("mercadopago", Method.CARD)
    for _look in range(2):
        world.move(minutes=2)
        world.work(charge)
    world.no_faults()
    paying = world.control("pay_card", reference=charge.reference, holder="CONT")
    world.move(minutes=15)
    world.work(charge)
    assert {row["id"]: row["status"] for row in world.books(charge)} == {str(paying["id"]): "in_process"}


def test_a_page_that_lands_late_leaves_the_card_on_the_shown_one_alone(world: World) -> None:
    """The list shows every payment under the oldest page, here the one the customer was sent to."""
    world.fault("error_500", when="before", method="POST", path="/preferences", times=1)
    charge = world.charge("mercadopago", Method.CARD)
    for _look in range(3):
        world.move(minutes=2)
        world.work(charge)
    world.no_faults()
    shown = world.pages(charge)[0]["id"]
    world.land(CreationAttempt.objects.get())
    assert charge.link and len(world.pages(charge)) == 2
    paying = world.control("pay_card", id=shown, holder="CONT")
    world.move(minutes=15)
    world.work(charge)
    assert {row["id"]: row["status"] for row in world.books(charge)} == {str(paying["id"]): "in_process"}
    now = clock.now().isoformat()
    assert all(page["expiration_date_to"] > now for page in world.pages(charge))


def test_a_fresh_code_is_no_twin_of_the_expired_one(world: World) -> None:
    """The watch of the first code goes on while the second one is alive."""
    world.fault("error_500", when="after", method="POST", path="/v1/payments", times=1)
    charge = world.charge("mercadopago", due_date=world.today())
    world.move(seconds=16)
    assert world.work(charge).pix_text
    world.move(days=1)
    renewing.new_code(fresh(charge), actor=None)
    code = fresh(charge).pix_text
    world.work(charge)
    assert charge.pix_text == code and charge.status == "overdue" and len(world.living(charge)) == 1
    assert not charge.timeline.filter(code="twin_cancelled").exists()


def test_the_watch_asks_four_times_in_a_day_and_then_ends(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/v1/payments", times=1)
    charge = world.charge("mercadopago", due_date=world.today() + timedelta(days=5))
    world.move(seconds=16)
    world.work(charge)
    began, asked = CreationAttempt.objects.get().sent_at, []
    assert began
    while due := CreationAttempt.objects.get().next_watch_at:
        asked.append(due - began)
        world.move_to(due + timedelta(seconds=1))
        world.work(charge)
    minutes = [round(gap.total_seconds() / 60) for gap in asked]
    assert minutes == [2, 15, 120, 24 * 60]


def test_a_gateway_that_is_away_postpones_the_watch_but_not_for_ever(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/v1/payments", times=1)
    charge = world.charge("mercadopago", due_date=world.today() + timedelta(days=20))
    world.move(seconds=16)
    world.work(charge)
    world.fault("error_500", when="before", method="GET")
    looks = 0
    while CreationAttempt.objects.get().next_watch_at and looks < 200:
        due = CreationAttempt.objects.get().next_watch_at
        assert due
        world.move_to(due + timedelta(seconds=1))
        watching.watch_due()
        looks += 1
    assert 5 < looks < 100
    assert fresh(charge).status == "pending"


def test_an_answered_call_is_not_watched(world: World) -> None:
    world.charge("asaas")
    assert CreationAttempt.objects.get().next_watch_at is None
