"""Refunds that the gateway lists: which are ours, which were made in its panel, each exactly once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from connections.gateways.base import PaymentStatus, RefundAnswer, RefundItem, RefundState
from payments import transitions
from payments.models import Charge, Payment, Refund
from payments.services import refunding
from payments.services.refreshing import write_payment
from payments.services.refundable import NotPossible
from payments.services.refunding import NewRefund
from tests.factories import NOW, fetched, make_charge, make_connection, make_payment
from tests.payments import refunds
from tests.payments.simulated import World

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
BOTH = pytest.mark.parametrize("key", ["asaas", "mercadopago"])


def item(
    cents: int, *, at: datetime = NOW, state: RefundState | None = RefundState.DONE, name: str = ""
) -> Any:
    return RefundItem(
        refund_id=name, amount_cents=cents, status=(state or "NEWEST").upper(), state=state, created_at=at
    )


@pytest.fixture
def payment() -> Payment:
    return make_payment(make_charge(make_connection(), status="paid"), "paid")


def tell(payment: Payment, *items: RefundItem) -> Payment:
    """A fetch that shows these refunds, as a notification brings it about."""
    given = sum(one.amount_cents for one in items if one.is_done)
    told = fetched(
        payment.charge, payment.gateway_id, PaymentStatus.PAID, refunded_cents=given, refunds=tuple(items)
    )
    write_payment(payment.charge, payment.resource, told)
    transitions.apply(payment.charge_id, source="webhook")
    payment.refresh_from_db()
    return payment


def ours(payment: Payment, cents: int, state: str, **values: Any) -> Refund:
    """A refund somebody asked for here, reserved by the same UPDATE as always."""
    refund, _is_new = refunding._reserve(NewRefund(**_asked(payment, cents)))
    Refund.objects.filter(pk=refund.pk).update(state=state, requested_at=NOW, **values)
    refund.refresh_from_db()
    return refund


def _asked(payment: Payment, cents: int) -> dict[str, Any]:
    payment.refresh_from_db()
    asked = refunds.asking(payment.charge, cents, payment=payment)
    return dict(vars(asked))


def rows(payment: Payment) -> list[tuple[str, bool, int]]:
    return list(payment.refunds.order_by("pk").values_list("state", "is_ours", "amount_cents"))


@BOTH
def test_one_from_the_panel_is_taken_over_once(world: World, key: str) -> None:
    """However many notifications tell of it."""
    charge = refunds.paid(world, key)
    world.control("refund", reference=charge.reference, amount=60)
    for _notification in range(5):
        refunds.fetched(charge, world)
    assert rows(Payment.objects.get(charge=charge)) == [("done", False, 6_000)]
    assert refunds.steps(charge) == ["imported_done"] and charge.status == "partially_refunded"
    with pytest.raises(NotPossible):
        refunds.give_back(charge, 4_001)
    assert refunds.give_back(charge, 4_000).state == "done"


@BOTH
def test_equal_ones_from_the_panel_are_two(world: World, key: str) -> None:
    charge = refunds.paid(world, key)
    for _time in range(2):
        world.control("refund", reference=charge.reference, amount=30)
    for _notification in range(3):
        refunds.fetched(charge, world)
    assert rows(Payment.objects.get(charge=charge)) == [("done", False, 3_000)] * 2


def test_equal_ones_without_an_id_are_told_apart_by_their_place(payment: Payment) -> None:
    tell(payment, item(3_000))
    tell(payment, item(3_000), item(3_000))
    tell(payment, item(3_000), item(3_000))
    assert rows(payment) == [("done", False, 3_000)] * 2 and payment.left_cents == 4_000


def test_ours_is_known_before_its_answer_comes(payment: Payment) -> None:
    """The notification is quicker than the answer (asaas.md 3.8)."""
    refund = ours(payment, 6_000, "requested")
    tell(payment, item(6_000, at=NOW + timedelta(seconds=1)))
    assert rows(payment) == [("done", True, 6_000)]
    assert (payment.reserved_cents, payment.left_cents) == (0, 4_000)
    refund.refresh_from_db()
    assert refund.gateway_key and refund.finished_at and refund.due_at is None


def test_another_amount_is_somebody_elses(payment: Payment) -> None:
    ours(payment, 6_000, "unsure")
    tell(payment, item(3_000, at=NOW + timedelta(seconds=1)))
    assert rows(payment) == [("unsure", True, 6_000), ("done", False, 3_000)]
    assert payment.left_cents == 1_000


@pytest.mark.parametrize("seconds", [-1, -599])
def test_an_equal_one_from_a_little_before_is_nobodys_yet(payment: Payment, seconds: int) -> None:
    refund = ours(payment, 4_000, "unsure")
    tell(payment, item(4_000, at=NOW + timedelta(seconds=seconds)))
    refund.refresh_from_db()
    assert rows(payment) == [("unsure", True, 4_000)] and refund.look_alikes == 1
    assert payment.left_cents == 2_000, "it counts twice while nobody knows"


def test_an_equal_one_from_long_before_was_made_in_the_panel(payment: Payment) -> None:
    ours(payment, 4_000, "unsure")
    tell(payment, item(4_000, at=NOW - timedelta(hours=1)))
    assert rows(payment) == [("unsure", True, 4_000), ("done", False, 4_000)]


def test_what_the_gateway_has_confirmed_is_ours_whatever_its_clock_says(payment: Payment) -> None:
    ours(payment, 4_000, "pending", is_certain=True)
    tell(payment, item(4_000, at=NOW - timedelta(minutes=3)))
    assert rows(payment) == [("done", True, 4_000)]


def test_in_the_same_second_counts_as_after(payment: Payment) -> None:
    """Gateways tell whole seconds."""
    refund = ours(payment, 4_000, "unsure")
    Refund.objects.filter(pk=refund.pk).update(requested_at=NOW + timedelta(milliseconds=900))
    tell(payment, item(4_000, at=NOW))
    assert rows(payment) == [("done", True, 4_000)]


def test_one_is_claimed_by_one(payment: Payment) -> None:
    """Two of ours over the same amount, one of them at the gateway."""
    first = ours(payment, 3_000, "pending", is_certain=True)
    second = ours(payment, 3_000, "unsure")
    tell(payment, item(3_000, at=NOW + timedelta(seconds=1)))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, payment.left_cents) == ("done", "unsure", 4_000)


def test_an_older_list_takes_nothing_back(payment: Payment) -> None:
    ours(payment, 6_000, "requested")
    tell(payment, item(6_000, at=NOW + timedelta(seconds=1), name="1"))
    tell(payment)
    assert rows(payment) == [("done", True, 6_000)]
    assert payment.left_cents == 4_000  # nobody may give it back once more


def test_answer_to_our_own_call_is_ours_whatever_it_amounts_to(payment: Payment) -> None:
    """ "The rest" became less while the call was under way: somebody gave 30 back in the panel."""
    refund = ours(payment, 10_000, "requested")
    answer = RefundAnswer(refund=item(7_000, name="9"))
    refunding.take_answer(refund, answer)
    tell(payment, item(3_000, name="8"), item(7_000, name="9"))
    assert sorted(rows(payment)) == [("done", False, 3_000), ("done", True, 7_000)]
    assert (payment.reserved_cents, payment.left_cents) == (0, 0)


def test_refund_without_a_value_is_passed_over(payment: Payment) -> None:
    tell(payment, item(0, name="1"), item(3_000, name="2"))
    assert rows(payment) == [("done", False, 3_000)]


@pytest.mark.parametrize(
    ("state", "shown", "left"),
    [
        (RefundState.PENDING, "pending", 4_000),
        (RefundState.DENIED, "denied", 10_000),
        (None, "pending", 4_000),
    ],
)
def test_each_word_counts_as_it_should(
    payment: Payment, state: RefundState | None, shown: str, left: int
) -> None:
    """A word nobody knows keeps the money spoken for and moves nothing."""
    tell(payment, item(6_000, state=state, name="9007199254740993"))
    assert rows(payment) == [(shown, False, 6_000)] and payment.left_cents == left
    tell(payment, item(6_000, state=None, name="9007199254740993"))
    assert rows(payment) == [(shown, False, 6_000)]


def test_denied_later_the_money_is_free_again(payment: Payment) -> None:
    tell(payment, item(6_000, state=RefundState.PENDING))
    tell(payment, item(6_000, state=RefundState.DENIED))
    assert rows(payment) == [("denied", False, 6_000)] and payment.left_cents == 10_000


def test_refunded_without_a_list_leaves_nothing(payment: Payment) -> None:
    """A lost chargeback is told so at Asaas."""
    told = fetched(
        payment.charge,
        payment.gateway_id,
        PaymentStatus.REFUNDED,
        received_cents=10_000,
        refunded_cents=10_000,
    )
    write_payment(payment.charge, payment.resource, told)
    payment.refresh_from_db()
    assert payment.left_cents == 0 and not payment.refunds.exists()


def test_a_refund_in_doubt_asks_a_person_until_it_is_known(payment: Payment) -> None:
    ours(payment, 6_000, "unsure", is_for_person=True)
    transitions.apply(payment.charge_id, source="refund")
    assert Charge.objects.get(pk=payment.charge_id).review_reason == "refund"
    tell(payment, item(6_000, at=NOW + timedelta(minutes=20)))
    assert Charge.objects.get(pk=payment.charge_id).review_reason == ""
