"""What ends a dispute, what an answer that tells less leaves as it was, and a second one of a payment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    GatewayDispute,
    PaymentStatus,
    RefundItem,
    RefundState,
)
from connections.gateways.errors import UnreadableAnswer
from payments import transitions
from payments.models import Dispute, Payment
from payments.services import disputing, refreshing, resources
from payments.services.refreshing import Outcome
from payments.services.refunding import is_over
from tests.factories import NOW, fetched, make_charge, make_connection, make_payment
from tests.payments.test_disputing import Scripted, about, dispute, fetch, left_of, state_of

pytestmark = pytest.mark.django_db
ENDS = NOW + timedelta(days=10)


@pytest.fixture
def payment(clock: Any) -> Payment:
    return paid("asaas")


def paid(gateway: str) -> Payment:
    charge = make_charge(make_connection(gateway=gateway, currency="BRL"), method="card", status="pending")
    held = make_payment(charge, "paid", received_cents=10_000, paid_at=NOW)
    transitions.apply(charge.pk, source="test")
    return held


def by_payment(payment: Payment, state: DisputeState | None, **values: Any) -> GatewayDispute:
    """One that goes by the id of its payment, as at Asaas."""
    return dispute(payment, state, gateway_id=payment.gateway_id, **values)


def lines(payment: Payment) -> int:
    return payment.charge.timeline.filter(code="dispute").count()


@pytest.mark.parametrize(
    ("gateway", "expected"), [("asaas", ("charged_back", 0)), ("mercadopago", ("refunded", 10_000))]
)
def test_only_a_gateway_without_a_word_for_it_calls_lost_money_refunded(
    clock: Any, gateway: str, expected: tuple[str, int]
) -> None:
    """Mercado Pago may list its refunds later; it says ``charged_back`` itself."""
    held = paid(gateway)
    fetch(held, PaymentStatus.DISPUTED, dispute(held, DisputeState.OPEN))
    fetch(held, PaymentStatus.REFUNDED, refunded_cents=10_000)
    status, _received, refunded = state_of(held.charge)
    assert (status, refunded) == expected


def test_what_an_answer_does_not_tell_stays(payment: Payment) -> None:
    """Asaas may show the chargeback once and refuse it the next time."""
    whole = by_payment(
        payment,
        DisputeState.DOCUMENTS,
        amount_cents=4_000,
        reason="FRAUD",
        deadline=ENDS,
        link="https://www.asaas.com",
    )
    fetch(payment, PaymentStatus.DISPUTED, whole)
    fetch(payment, PaymentStatus.DISPUTED, by_payment(payment, DisputeState.DOCUMENTS))
    known = Dispute.objects.get()
    assert (known.amount_cents, known.reason, known.deadline) == (4_000, "FRAUD", ENDS)
    assert known.link == "https://www.asaas.com"
    assert lines(payment) == 1


def test_a_second_one_of_a_payment_leaves_the_first_as_it_ended(payment: Payment) -> None:
    first = by_payment(payment, DisputeState.DOCUMENTS, opened_at=NOW - timedelta(days=40))
    fetch(payment, PaymentStatus.DISPUTED, first)
    fetch(payment, PaymentStatus.PAID)
    second = by_payment(payment, DisputeState.DOCUMENTS, opened_at=NOW - timedelta(days=1))
    for _time in range(2):
        fetch(payment, PaymentStatus.DISPUTED, second)
    states = Dispute.objects.order_by("pk").values_list("gateway_id", "state")
    assert list(states) == [
        (payment.gateway_id, "won"),
        (f"{payment.gateway_id}/2", "documents"),
    ]
    fetch(payment, PaymentStatus.PAID)
    assert list(Dispute.objects.order_by("pk").values_list("state", flat=True)) == ["won", "won"]


def test_one_that_began_no_later_is_the_same_again(payment: Payment) -> None:
    opened = by_payment(payment, DisputeState.DOCUMENTS, opened_at=NOW - timedelta(days=1))
    fetch(payment, PaymentStatus.DISPUTED, opened)
    fetch(payment, PaymentStatus.PAID)
    fetch(payment, PaymentStatus.DISPUTED, opened)
    assert Dispute.objects.get().state == "documents"


@pytest.mark.parametrize("status", [PaymentStatus.CANCELLED, PaymentStatus.EXPIRED, PaymentStatus.FAILED])
@pytest.mark.parametrize("has_own_id", [True, False])
def test_where_no_money_is_left_nobody_is_asked_without_end(
    payment: Payment, status: PaymentStatus, has_own_id: bool
) -> None:
    opened = (dispute if has_own_id else by_payment)(payment, DisputeState.OPEN)
    fetch(payment, PaymentStatus.DISPUTED, opened)
    fetch(payment, status)
    assert Dispute.objects.get().state == "lost"
    payment.refresh_from_db()
    assert not disputing.is_wanted(payment)


def test_what_was_seen_meanwhile_is_not_closed_by_an_older_look(payment: Payment) -> None:
    class Overtaken(Scripted):
        """While it is asked, another worker sees a dispute."""

        def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
            disputing.take(payment, [by_payment(payment, DisputeState.OPEN)], source="webhook")
            Dispute.objects.update(seen_at=NOW + timedelta(seconds=1))
            return []

    disputing.look(payment, Overtaken(), source="webhook")
    assert Dispute.objects.get().state == "open"


def test_opened_and_won_between_two_looks_is_known(payment: Payment) -> None:
    fetch(payment, PaymentStatus.PAID, dispute(payment, DisputeState.WON), has_dispute=True)
    assert (Dispute.objects.get().state, left_of(payment)) == ("won", True)


def test_an_undisturbed_payment_costs_no_look(payment: Payment) -> None:
    fetch(payment, PaymentStatus.PAID, dispute(payment, DisputeState.WON))
    assert not Dispute.objects.exists()


def claim(payment: Payment, state: DisputeState, **values: Any) -> GatewayDispute:
    return dispute(payment, state, kind=DisputeKind.CLAIM, **values)


def test_what_a_lost_claim_gave_back_counts_once(payment: Payment) -> None:
    """The gateway makes it a refund: before its payment shows that, and afterwards."""
    disputing.take(payment, [claim(payment, DisputeState.LOST, amount_cents=3_000)], source="webhook")
    fitting = Payment.objects.filter(pk=payment.pk)
    assert fitting.with_left(7_000).exists() and not fitting.with_left(7_001).exists()
    assert (Payment.objects.get().left_cents, is_over(Payment.objects.get())) == (7_000, False)
    item = RefundItem(
        refund_id="1", amount_cents=3_000, status="approved", state=RefundState.DONE, created_at=NOW
    )
    fetch(payment, PaymentStatus.PAID, refunded_cents=3_000, refunds=(item,))
    assert fitting.with_left(7_000).exists() and not fitting.with_left(7_001).exists()
    assert Payment.objects.get().left_cents == 7_000


def test_the_exchange_behind_a_change_outlives_a_look_that_fails(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is written by then: the next fetch finds no change to keep it with."""

    class Broken(Scripted):
        def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
            raise UnreadableAnswer("cut", maybe_sent=False)

    noted: list[int] = []
    monkeypatch.setattr(refreshing, "note_exchanges", lambda charge, *_rest, **_more: noted.append(charge.pk))
    answer = fetched(payment.charge, payment.gateway_id, PaymentStatus.DISPUTED, received_cents=10_000)
    held = resources.lease(payment.resource_id)
    assert held
    with pytest.raises(UnreadableAnswer):
        refreshing.refresh(
            payment.connection, payment.resource, held, source="webhook", gateway=Broken(answer)
        )
    assert state_of(payment.charge)[0] == "disputed"
    assert noted == [payment.charge_id]


def test_a_dispute_told_again_adds_nothing_to_the_timeline(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    contested = fetched(payment.charge, payment.gateway_id, PaymentStatus.DISPUTED, received_cents=10_000)
    opened = dispute(payment, DisputeState.OPEN)
    noted: list[int] = []
    monkeypatch.setattr(disputing, "note_exchanges", lambda charge, *_rest, **_more: noted.append(charge.pk))
    for _time in range(3):
        assert about(Scripted(contested, [opened]), payment, opened.gateway_id).outcome == Outcome.APPLIED
    assert noted == [payment.charge_id]


def test_who_lost_the_lease_does_not_say_when_it_was_fetched(payment: Payment) -> None:
    opened = dispute(payment, DisputeState.OPEN)
    resource = resources.find_or_add(
        payment.connection, kind=disputing.RESOURCES[opened.kind], gateway_id=opened.gateway_id
    )
    held = resources.lease(resource.pk)
    assert held
    resources.release(held)
    disputing.fetch(payment.connection, resource, held, source="webhook", gateway=Scripted(None, [opened]))
    resource.refresh_from_db()
    assert resource.fetched_at is None
