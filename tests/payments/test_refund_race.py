"""Two people give 60 back of 100 at once: never more than 100 is spoken for, and one call is made."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from payments.models import Charge, Payment, Refund
from payments.services import refunding
from payments.services.refundable import NotPossible, Obstacle
from tests.payments import refunds
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db(transaction=True)
FEW, MANY = 5, 100


def together(charge: Charge, cents: int, times: int) -> list[Refund | Obstacle]:
    """What became of so many who ask at the same moment, each by a form of their own."""
    start, outcomes = threading.Barrier(times), list[Refund | Obstacle]()

    def ask() -> None:
        try:
            asked = refunds.asking(charge, cents)
            start.wait(timeout=30)
            outcomes.append(refunding.give_back(asked))
        except NotPossible as refused:
            outcomes.append(refused.obstacle)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _one in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def race(world: World, key: str, rounds: int) -> None:
    for number in range(rounds):
        charge = refunds.paid(world, key)
        outcomes = together(charge, 6_000, times=2)
        assert sorted(isinstance(one, Refund) for one in outcomes) == [False, True], outcomes
        payment = Payment.objects.get(charge=charge)
        assert payment.refunded_cents + payment.reserved_cents == 6_000
        assert refunds.given(world, charge) == [60.0] and len(refunds.calls(world)) == number + 1


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_two_at_once_are_one(world: World, key: str) -> None:
    race(world, key, FEW)


@pytest.mark.full
@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_a_hundred_times_two_at_once_are_one(world: World, key: str) -> None:
    race(world, key, MANY)


def test_of_six_at_once_as_many_go_through_as_there_is_money_for(world: World) -> None:
    """Of one payment they go out one after another; a worker sends those that met another one."""
    charge = refunds.paid(world, "mercadopago")
    made = [one for one in together(charge, 3_000, times=6) if isinstance(one, Refund)]
    assert len(made) == 3
    for _pass in range(4):
        world.move(minutes=1)
        for refund in made:
            refunds.work(refund)
    assert [refund.state for refund in made] == ["done"] * 3
    assert refunds.given(world, charge) == [30.0] * 3


def test_a_form_sent_twice_at_once_is_one_refund(world: World) -> None:
    charge, start = refunds.paid(world, "asaas"), threading.Barrier(2)
    asked, made = refunds.asking(charge, 6_000), list[Refund]()

    def send() -> None:
        start.wait(timeout=30)
        made.append(refunding.give_back(asked))
        connections.close_all()

    threads = [threading.Thread(target=send) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1] and len(refunds.calls(world)) == 1
    assert Refund.objects.count() == 1 and refunds.given(world, charge) == [60.0]
