"""Giving money back: reserved, asked for once, followed to its end, against a real simulator."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import responses

from connections import waiting
from connections.gateways.base import Method
from payments.models import Payment, Refund
from payments.services import refunding
from payments.services.refundable import NotPossible, Obstacle
from payments.services.refunding import SETTLE
from tests.factories import make_charge, make_payment
from tests.payments import refunds
from tests.payments.creating import ASAAS, PAYMENT, at_asaas, posts
from tests.payments.simulated import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.weighty]
BOTH = pytest.mark.parametrize("key", ["asaas", "mercadopago"])


def left(refund: Refund) -> tuple[int, int, int]:
    """What the payment shows as given back, as spoken for, and as left."""
    payment = Payment.objects.get(pk=refund.payment_id)
    return payment.refunded_cents, payment.reserved_cents, payment.left_cents


@BOTH
def test_all_of_it_goes_back(world: World, key: str) -> None:
    charge = refunds.paid(world, key)
    refund = refunds.give_back(charge, actor=refunds.person())
    charge.refresh_from_db()
    assert (refund.state, charge.status, charge.refunded_cents) == ("done", "refunded", 10_000)
    assert left(refund) == (10_000, 0, 0)
    assert refunds.given(world, charge) == [100.0] and refund.due_at is None
    assert refunds.steps(charge) == ["reserved", "pending", "done"]


@BOTH
def test_several_parts_add_up_to_the_whole(world: World, key: str) -> None:
    charge = refunds.paid(world, key)
    for cents, status in ((3_001, "partially_refunded"), (3_001, "partially_refunded"), (3_998, "refunded")):
        assert refunds.give_back(charge, cents).state == "done"
        charge.refresh_from_db()
        assert charge.status == status
    assert sorted(refunds.given(world, charge)) == [30.01, 30.01, 39.98]
    with pytest.raises(NotPossible) as refused:
        refunds.give_back(charge, 1)
    assert refused.value.obstacle == Obstacle.NOTHING_LEFT


@BOTH
def test_one_cent_more_than_is_left_is_refused_before_anything_is_asked(world: World, key: str) -> None:
    charge = refunds.paid(world, key)
    refunds.give_back(charge, 3_000)
    with pytest.raises(NotPossible) as refused:
        refunds.give_back(charge, 7_001)
    assert (refused.value.obstacle, refused.value.left_cents) == (Obstacle.TOO_MUCH, 7_000)
    assert refunds.give_back(charge, 7_000).state == "done"
    assert len(refunds.calls(world)) == 2


@BOTH
def test_the_same_form_makes_one_refund(world: World, key: str) -> None:
    charge, submission = refunds.paid(world, key), uuid.uuid4()
    first, second = (refunds.give_back(charge, 2_000, submission=submission) for _time in range(2))
    assert first == second and len(refunds.calls(world)) == 1


@BOTH
def test_a_refusal_frees_the_money_and_says_why(world: World, key: str) -> None:
    charge = refunds.paid(world, key)
    world.control(f"accounts/{world.accounts[key]['id']}", opening_balance=-refunds.BALANCE)
    refund = refunds.give_back(charge, 6_000)
    assert refund.state == "denied" and "balance" in refund.advice and refund.failure
    assert left(refund) == (0, 0, 10_000)
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason) == ("paid", "")
    assert refunds.steps(charge) == ["reserved", "denied"]
    world.control(f"accounts/{world.accounts[key]['id']}", opening_balance=refunds.BALANCE)
    assert refunds.give_back(charge, 6_000).state == "done"


@BOTH
@pytest.mark.parametrize(("outcome", "state"), [("done", "done"), ("deny", "denied")])
def test_a_refund_on_its_way_counts_until_the_gateway_decides(
    world: World, key: str, outcome: str, state: str
) -> None:
    charge = refunds.paid(world, key)
    world.control(f"accounts/{world.accounts[key]['id']}", slow_refunds=True)
    refund = refunds.give_back(charge, 6_000)
    assert refund.state == "pending" and left(refund) == (0, 6_000, 4_000)
    with pytest.raises(NotPossible):
        refunds.give_back(charge, 6_000)
    world.control("refund_step", reference=charge.reference, outcome=outcome)
    refunds.fetched(charge, world)
    refund.refresh_from_db()
    assert refund.state == state
    assert left(refund) == ((6_000, 0, 4_000) if state == "done" else (0, 0, 10_000))
    assert charge.status == ("partially_refunded" if state == "done" else "paid")


@BOTH
def test_a_card_gets_its_money_back_too(world: World, key: str) -> None:
    charge = refunds.paid(world, key, **refunds.BY_CARD)
    assert refunds.give_back(charge, 6_000).state == "done"
    charge.refresh_from_db()
    assert charge.status == "partially_refunded" and refunds.given(world, charge) == [60.0]


def test_a_test_seller_is_told_that_the_key_is_not_the_reason(world: World) -> None:
    charge = refunds.paid(world, "checkout", **refunds.BY_CARD)
    refund = refunds.give_back(charge, 6_000)
    assert refund.state == "denied" and "test seller" in refund.advice
    charge.connection.refresh_from_db()
    assert charge.connection.state == "ready"


def test_a_boleto_goes_back_by_a_link_for_its_payer(world: World) -> None:
    """As a whole only; the money waits until the payer has filled in the form and the gateway is done."""
    charge = refunds.paid(world, "asaas", method=Method.BOLETO)
    assert refunds.give_back(charge).state == "denied", "its money is not there yet"
    world.move(days=5)
    refunds.fetched(charge, world)
    with pytest.raises(NotPossible) as refused:
        refunds.give_back(charge, 6_000)
    assert refused.value.obstacle == Obstacle.ONLY_WHOLE
    refund = refunds.give_back(charge)
    assert (refund.state, refund.failure, refund.advice) == ("pending", "", "")
    assert refund.payer_link.startswith("http")
    assert left(refund) == (0, 10_000, 0)
    for outcome in ("allow", "done"):
        world.control("refund_step", reference=charge.reference, outcome=outcome)
        refunds.fetched(charge, world)
    refund.refresh_from_db()
    assert (refund.state, charge.status, left(refund)) == ("done", "refunded", (10_000, 0, 0))


def test_one_that_waits_to_be_allowed_is_on_its_way(world: World) -> None:
    charge = refunds.paid(world, "asaas")
    world.control(f"accounts/{world.accounts['asaas']['id']}", critical_action_protection=True)
    refund = refunds.give_back(charge, 6_000)
    assert (refund.state, refund.gateway_status) == ("pending", "AWAITING_CRITICAL_ACTION_AUTHORIZATION")
    world.control("refund_step", reference=charge.reference, outcome="allow")
    world.move(minutes=2)
    assert refunds.work(refund).state == "done"


def test_what_the_gateway_does_not_tell_is_asked_for(world: World) -> None:
    charge = refunds.paid(world, "mercadopago")
    world.control(f"accounts/{world.accounts['mercadopago']['id']}", slow_refunds=True)
    refund = refunds.give_back(charge, 6_000)
    world.control("refund_step", reference=charge.reference, outcome="done")
    world.move(minutes=2)
    assert refunds.work(refund).state == "done"


@BOTH
def test_without_a_free_seat_a_worker_asks(world: World, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    charge, woken = refunds.paid(world, key), list[str]()
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    monkeypatch.setattr(refunding, "wake", woken.append)
    with waiting.room.insist():
        refund = refunds.give_back(charge, 6_000)
    assert (refund.state, woken, refunds.calls(world)) == ("reserved", [SETTLE], [])
    assert refunds.work(refund).state == "done"


@BOTH
def test_an_unreachable_gateway_is_asked_later_and_once(world: World, key: str) -> None:
    charge = refunds.paid(world, key)
    world.fault("error_500", when="before", method="GET", times=1)
    refund = refunds.give_back(charge, 6_000)
    assert refund.state == "reserved" and left(refund) == (0, 6_000, 4_000)
    world.move(seconds=20)
    assert refunds.work(refund).state == "done" and len(refunds.calls(world)) == 1


def test_what_could_not_be_asked_for_in_a_day_is_given_up(world: World) -> None:
    charge = refunds.paid(world, "asaas")
    world.fault("error_500", when="before", method="GET")
    refund = refunds.give_back(charge, 6_000)
    world.move(hours=25)
    assert refunds.work(refund).state == "denied"
    assert refund.advice == refunding.NOT_REACHED and left(refund) == (0, 0, 10_000)


@BOTH
def test_a_panel_refund_meanwhile_is_seen_before_asking(world: World, key: str) -> None:
    """Nobody told us: we look before we send."""
    charge = refunds.paid(world, key)
    world.control("refund", reference=charge.reference, amount=60)
    refund = refunds.give_back(charge, 6_000)
    assert refund.state == "denied" and refund.advice == refunding.NO_LONGER
    assert refunds.calls(world) == [] and left(refund) == (6_000, 0, 4_000)


def test_a_dispute_counts_against_the_ceiling(world: World) -> None:
    """The page is old, or new; the UPDATE that reserves knows in any case."""
    charge = refunds.paid(world, "asaas")
    old = refunds.asking(charge, 6_000)
    Payment.objects.filter(charge=charge).update(status="disputed")
    for asked, obstacle in ((old, Obstacle.NOTHING_LEFT), (refunds.asking(charge), Obstacle.CONTESTED)):
        with pytest.raises(NotPossible) as refused:
            refunding.give_back(asked)
        assert refused.value.obstacle == obstacle
    assert Payment.objects.get(charge=charge).reserved_cents == 0 and refunds.calls(world) == []


@pytest.mark.parametrize("word", ["CHARGEBACK_REQUESTED", "REFUNDED", "PENDING"])
def test_what_changed_at_the_gateway_after_reserving_is_seen_before_asking(
    gateway: responses.RequestsMock, word: str
) -> None:
    """Contested, given back without a word of it, or undone: nothing is sent, and the money is free."""
    payment = make_payment(make_charge(status="paid"), "paid", gateway_id=PAYMENT)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}", json=at_asaas(payment.reference, status=word))
    refund = refunds.give_back(payment.charge, 6_000)
    assert (refund.state, refund.advice) == ("denied", refunding.NO_LONGER)
    assert posts(gateway, "/refund") == [] and left(refund)[1] == 0


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"is_cash": True}, Obstacle.CASH),
        ({"method": "any"}, Obstacle.METHOD),
        ({"status": "charged_back"}, Obstacle.CONTESTED),
        ({"received_cents": 0}, Obstacle.NOTHING_RECEIVED),
    ],
)
def test_what_cannot_go_back_is_never_asked_for(world: World, values: dict[str, Any], obstacle: str) -> None:
    charge = refunds.paid(world, "asaas")
    Payment.objects.filter(charge=charge).update(**values)
    with pytest.raises(NotPossible) as refused:
        refunds.give_back(charge)
    assert refused.value.obstacle == obstacle and refunds.calls(world) == []


def test_after_the_days_of_the_gateway_nothing_goes_back(world: World) -> None:
    charge = refunds.paid(world, "mercadopago")
    days = charge.connection.capabilities.refund_days
    assert days
    payment = Payment.objects.get(charge=charge)
    assert payment.paid_at
    Payment.objects.filter(pk=payment.pk).update(paid_at=payment.paid_at - timedelta(days=days, minutes=1))
    with pytest.raises(NotPossible) as refused:
        refunds.give_back(charge)
    assert refused.value.obstacle == Obstacle.TOO_OLD
