"""A refund whose answer was lost is made once at most, and ends by itself or by a person's word."""

from __future__ import annotations

from typing import Any

import pytest

from connections.gateways.base import Method
from payments.models import Payment, Refund, RefundProgress
from payments.services import refund_doubt
from payments.services.following import fetch_and_store
from payments.services.refund_doubt import Decided
from payments.services.refundable import NotPossible
from tests.payments import refunds
from tests.payments.simulated import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.weighty]
BOTH = pytest.mark.parametrize("key", ["asaas", "mercadopago"])
LOST = {"method": "POST", "path": "refund", "times": 1}
LOOKS = (
    {"seconds": 16},
    {"minutes": 1, "seconds": 1},
    {"minutes": 5, "seconds": 1},
    {"minutes": 10, "seconds": 1},
)


def in_doubt(world: World, key: str, *, when: str, cents: int = 6_000) -> Refund:
    """Asked for, and answered by nothing: before or after it was made."""
    charge = refunds.paid(world, key)
    world.fault("error_500", when=when, **LOST)
    refund = refunds.give_back(charge, cents)
    assert refund.state == "unsure" and payment_of(refund).left_cents == 10_000 - cents
    return refund


def payment_of(refund: Refund) -> Payment:
    return Payment.objects.get(pk=refund.payment_id)


def after_all_looks(world: World, refund: Refund) -> Refund:
    for step in LOOKS:
        world.move(**step)
        refunds.work(refund)
    return refund


@BOTH
@pytest.mark.parametrize("fault", ["error_500", "malformed_json"])
def test_made_and_the_answer_lost_it_is_found_and_not_made_again(world: World, key: str, fault: str) -> None:
    charge = refunds.paid(world, key)
    extra = {"when": "after"} if fault == "error_500" else {}
    world.fault(fault, **extra, **LOST)
    refund = refunds.give_back(charge, 6_000)
    assert refund.state == "unsure"
    world.move(seconds=16)
    assert refunds.work(refund).state == "done"
    assert refunds.given(world, charge) == [60.0] and len(refunds.calls(world)) == 1
    assert payment_of(refund).reserved_cents == 0 and refund.charge.status == "partially_refunded"


def test_at_mercado_pago_a_lost_one_is_sent_again_byte_for_byte(world: World) -> None:
    refund = in_doubt(world, "mercadopago", when="before")
    world.move(seconds=16)
    assert refunds.work(refund).state == "done"
    first, second = refunds.calls(world)
    assert first["body"] == second["body"] and refunds.given(world, refund.charge) == [60.0]
    keys = [{name.lower(): text for name, text in call["headers"].items()} for call in (first, second)]
    assert keys[0]["x-idempotency-key"] == keys[1]["x-idempotency-key"] == str(refund.submission)


def test_what_is_contested_by_now_is_not_sent_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank decides about the money then: sent again it could go twice."""
    refund = in_doubt(world, "mercadopago", when="before")
    look = refund_doubt.look

    def look_and_contest(*args: Any) -> bool:
        is_new = look(*args)
        Payment.objects.filter(pk=refund.payment_id).update(status="disputed")
        return is_new

    monkeypatch.setattr(refund_doubt, "look", look_and_contest)
    after_all_looks(world, refund)
    assert len(refunds.calls(world)) == 1 and refund.state == "unsure" and refund.is_for_person


def test_at_mercado_pago_the_repeat_of_what_cannot_be_seen_yet_makes_no_second(world: World) -> None:
    """Made, but the look before the repeat still shows the old state; the repeat has an empty answer."""
    refund = in_doubt(world, "mercadopago", when="after", cents=10_000)
    world.fault("stale_read", reads=2)
    world.move(seconds=16)
    refunds.work(refund)
    world.move(minutes=3)
    assert refunds.work(refund).state == "done"
    assert refunds.given(world, refund.charge) == [100.0] and refund.charge.status == "refunded"


def test_at_asaas_a_lost_one_is_never_sent_again(world: World) -> None:
    """After four looks in vain a person decides; until then, and after, nothing is sent."""
    refund = after_all_looks(world, in_doubt(world, "asaas", when="before"))
    assert (refund.state, refund.is_for_person) == ("unsure", True)
    assert (refund.charge.status, refund.charge.review_reason) == ("paid", "refund")
    for _day in range(3):
        world.move(hours=25)
        refunds.work(refund)
    assert len(refunds.calls(world)) == 1 and refund.due_at is None and refund.state == "unsure"
    with pytest.raises(NotPossible):
        refunds.give_back(refund.charge, 6_000)


def test_one_of_a_parcel_is_for_a_person_while_others_are_unpaid(world: World) -> None:
    """The charge is not paid yet, but money of it is on its way back, or not."""
    world.connection("asaas")
    world.control(f"accounts/{world.accounts['asaas']['id']}", opening_balance=refunds.BALANCE)
    charge = world.charge("asaas", Method.BOLETO, instalments=3, amount_cents=30_000)
    first = charge.payments.get(parcel=1)
    world.control("pay", id=first.gateway_id, method="pix")
    assert fetch_and_store(charge, first.gateway_id, cause="test")
    first.refresh_from_db()
    world.fault("error_500", when="before", **LOST)
    refund = after_all_looks(world, refunds.give_back(charge, 5_000, payment=first))
    assert (refund.state, refund.is_for_person) == ("unsure", True)
    assert (refund.charge.status, refund.charge.review_reason) == ("pending", "refund")
    assert refund_doubt.decide(refund, was_made=False, actor=refunds.person()) == Decided.DONE
    refund.charge.refresh_from_db()
    assert refund.charge.review_reason == ""


@BOTH
def test_one_that_was_cut_off_is_in_doubt(world: World, key: str) -> None:
    """The process died after the call was stored: whether it went out, nobody knows."""
    refund = in_doubt(world, key, when="after")
    Refund.objects.filter(pk=refund.pk).update(state=RefundProgress.REQUESTED)
    world.move(minutes=2)
    assert refunds.work(refund).state == "done"
    assert refunds.given(world, refund.charge) == [60.0]


def test_said_not_to_be_there_the_money_is_free_again(world: World) -> None:
    refund = after_all_looks(world, in_doubt(world, "asaas", when="before"))
    assert refund_doubt.decide(refund, was_made=False, actor=refunds.person()) == Decided.DONE
    refund.refresh_from_db()
    refund.charge.refresh_from_db()
    assert (refund.state, refund.charge.review_reason) == ("withdrawn", "")
    assert refunds.give_back(refund.charge, 6_000).state == "done"
    assert refunds.given(world, refund.charge) == [60.0]


def test_said_to_be_there_it_must_be_there(world: World) -> None:
    refund = after_all_looks(world, in_doubt(world, "asaas", when="before"))
    assert refund_doubt.decide(refund, was_made=True, actor=refunds.person()) == Decided.NOT_THERE
    refund.refresh_from_db()
    assert (refund.state, refund.is_for_person, refund.is_certain) == ("unsure", True, False)


def test_it_is_found_whatever_a_person_says(world: World) -> None:
    """It lands while somebody reads the page."""
    refund = after_all_looks(world, in_doubt(world, "asaas", when="before"))
    world.control("refund", reference=refund.charge.reference, amount=60)
    assert refund_doubt.decide(refund, was_made=False, actor=refunds.person()) == Decided.FOUND
    refund.refresh_from_db()
    refund.charge.refresh_from_db()
    assert (refund.state, refund.is_for_person, refund.charge.review_reason) == ("done", False, "")


def test_nothing_is_decided_while_the_gateway_is_away(world: World) -> None:
    refund = after_all_looks(world, in_doubt(world, "asaas", when="before"))
    world.fault("outage")
    assert refund_doubt.decide(refund, was_made=False, actor=refunds.person()) == Decided.NOT_ASKED
    refund.refresh_from_db()
    assert (refund.state, refund.is_for_person) == ("unsure", True)


def look_alike(world: World) -> Refund:
    """One of the same amount that appears late, made a minute before ours was asked for."""
    charge = refunds.paid(world, "asaas")
    world.control("refund", reference=charge.reference, amount=40)
    world.move(minutes=1)
    world.fault("stale_read", reads=1, path=str(Payment.objects.get(charge=charge).gateway_id))
    world.fault("error_500", when="before", **LOST)
    refund = refunds.give_back(charge, 4_000)
    assert refund.state == "unsure"
    world.move(seconds=16)
    refunds.work(refund)
    return refund


def test_an_equal_one_from_before_is_for_a_person_at_once(world: World) -> None:
    refund = look_alike(world)
    assert (refund.state, refund.is_for_person, refund.look_alikes) == ("unsure", True, 1)
    assert refund.charge.review_reason == "refund" and refund.charge.refunds.count() == 1
    assert payment_of(refund).left_cents == 2_000, "counted twice while nobody knows"


@pytest.mark.parametrize(
    ("was_made", "states", "left"), [(True, ["done"], 6_000), (False, ["withdrawn", "done"], 6_000)]
)
def test_a_person_says_whether_the_equal_one_is_ours(
    world: World, was_made: bool, states: list[str], left: int
) -> None:
    refund = look_alike(world)
    assert refund_doubt.decide(refund, was_made=was_made, actor=refunds.person()) == Decided.DONE
    rows = refund.charge.refunds.order_by("pk")
    assert [row.state for row in rows] == states and payment_of(refund).left_cents == left
    assert [row.is_ours for row in rows] == [True, False][: len(states)]
    assert len(refunds.calls(world)) == 1


def test_of_one_payment_one_is_out_at_a_time(world: World) -> None:
    """The second waits until the first is certain; then it goes by itself."""
    first = in_doubt(world, "asaas", when="before", cents=3_000)
    second = refunds.give_back(first.charge, 3_000)
    assert (second.state, len(refunds.calls(world))) == ("reserved", 1)
    after_all_looks(world, first)
    second.refresh_from_db()
    assert (second.state, len(refunds.calls(world))) == ("reserved", 1)
    refund_doubt.decide(first, was_made=False, actor=refunds.person())
    assert refunds.work(second).state == "done" and refunds.given(world, first.charge) == [30.0]


def test_a_second_one_finds_the_first_when_it_looks_before_it_asks(world: World) -> None:
    first = in_doubt(world, "asaas", when="after", cents=3_000)
    second = refunds.give_back(first.charge, 3_000)
    first.refresh_from_db()
    assert (first.state, second.state) == ("done", "done") and first.gateway_key != second.gateway_key
    assert refunds.given(world, first.charge) == [30.0, 30.0]


@BOTH
def test_a_refused_key_while_in_doubt_says_nothing_about_the_refund(world: World, key: str) -> None:
    refund = in_doubt(world, key, when="after")
    world.control(f"accounts/{world.accounts[key]['id']}", key_enabled=False)
    world.move(seconds=16)
    assert refunds.work(refund).state == "unsure"
    world.control(f"accounts/{world.accounts[key]['id']}", key_enabled=True)
    world.move(minutes=2)
    assert refunds.work(refund).state == "done"


def test_a_hanging_gateway_keeps_no_other_connection_waiting(world: World) -> None:
    refund, other = in_doubt(world, "asaas", when="after"), in_doubt(world, "mercadopago", when="before")
    world.fault("outage", account=world.accounts["asaas"]["id"])
    world.move(seconds=16)
    refunds.work(refund)
    other.refresh_from_db()
    assert (refund.state, other.state) == ("unsure", "done")


def test_two_workers_send_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One UPDATE gives one of them the claim; the other finds nothing to do."""
    refund = in_doubt(world, "mercadopago", when="before")
    world.move(seconds=16)
    claims: list[Any] = []
    real = refund_doubt._go_on

    def meanwhile(own: Refund) -> bool:
        claims.append(own.pk)
        if len(claims) == 1:
            refund_doubt.settle(refund.pk)
        return real(own)

    monkeypatch.setattr(refund_doubt, "_go_on", meanwhile)
    refund_doubt.settle(refund.pk)
    assert len(claims) == 1 and refunds.given(world, refund.charge) == [60.0]
