"""Chargebacks and claims beside their payment: opened, papers asked for, won, lost; never a refund."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    Gateway,
    GatewayDispute,
    GatewayPayment,
    PaymentStatus,
    ResourceKind,
)
from connections.gateways.errors import NotFound
from payments import transitions
from payments.models import Charge, Dispute, Payment, ReviewReason
from payments.services import (
    dispute_refreshing,
    disputing,
    refreshing,
    refundable,
    resources,
    reviewing,
)
from payments.services.refreshing import Outcome, Refreshed
from payments.services.refunding import is_over
from tests.factories import NOW, fetched, make_charge, make_payment

pytestmark = pytest.mark.django_db


class Scripted(Gateway):
    """Answers with what it is given."""

    def __init__(
        self, payment: GatewayPayment | None = None, disputes: Sequence[GatewayDispute] = ()
    ) -> None:
        self.payment, self.disputes = payment, list(disputes)

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        if self.payment is None:
            raise NotFound("nothing")
        return self.payment

    def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
        return [one for one in self.disputes if payment_id in one.payment_ids]

    def fetch_dispute(self, kind: DisputeKind, gateway_id: str) -> GatewayDispute:
        for one in self.disputes:
            if (one.kind, one.gateway_id) == (kind, gateway_id):
                return one
        raise NotFound("nothing")


@pytest.fixture
def payment(clock: Any) -> Payment:
    charge = make_charge(method="card", status="pending")
    held = make_payment(charge, "paid", received_cents=10_000, paid_at=NOW)
    transitions.apply(charge.pk, source="test")
    return held


def dispute(payment: Payment, state: DisputeState | None, **values: Any) -> GatewayDispute:
    return GatewayDispute(
        **{
            "kind": DisputeKind.CHARGEBACK,
            "gateway_id": "233000061680860001",
            "payment_ids": (payment.gateway_id,),
            "state": state,
            "gateway_status": state.value if state else "strange",
            **values,
        }
    )


def fetch(payment: Payment, status: PaymentStatus, *disputes: GatewayDispute, **values: Any) -> Refreshed:
    """A fetch of the payment, as a notification causes it."""
    answer = fetched(payment.charge, payment.gateway_id, status, received_cents=10_000, **values)
    held = resources.lease(payment.resource_id)
    assert held
    try:
        return refreshing.refresh(
            payment.connection,
            payment.resource,
            held,
            source="webhook",
            gateway=Scripted(answer, disputes),
        )
    finally:
        resources.release(held)


def state_of(charge: Charge) -> tuple[str, int, int]:
    charge.refresh_from_db()
    return charge.status, charge.received_cents, charge.refunded_cents


def left_of(payment: Payment) -> bool:
    """Whether a cent of it can be given back."""
    return Payment.objects.with_left(1).filter(pk=payment.pk).exists()


def test_opened_papers_asked_for_and_won(payment: Payment, clock: Any) -> None:
    charge = payment.charge
    fetch(payment, PaymentStatus.DISPUTED, dispute(payment, DisputeState.OPEN))
    assert state_of(charge) == ("disputed", 10_000, 0)
    assert not left_of(payment)
    ends = NOW + timedelta(days=10)
    fetch(payment, PaymentStatus.DISPUTED, dispute(payment, DisputeState.DOCUMENTS, deadline=ends))
    known = Dispute.objects.get()
    assert (known.state, known.deadline, known.amount_cents, known.is_open) == (
        "documents",
        ends,
        10_000,
        True,
    )
    fetch(payment, PaymentStatus.PAID, dispute(payment, DisputeState.WON))
    known.refresh_from_db()
    assert (known.state, known.is_open, known.closed_at) == ("won", False, NOW)
    assert state_of(charge) == ("paid", 10_000, 0)
    assert left_of(payment)
    told = charge.timeline.filter(code="dispute").order_by("pk")
    assert [entry.data["state"] for entry in told] == ["open", "documents", "won"]


def test_a_lost_one_is_no_refund_though_the_gateway_says_so(payment: Payment) -> None:
    """Asaas calls it REFUNDED and lists no refund (asaas.md 5.5)."""
    fetch(payment, PaymentStatus.DISPUTED, dispute(payment, DisputeState.OPEN, gateway_id=payment.gateway_id))
    fetch(payment, PaymentStatus.REFUNDED, refunded_cents=10_000)
    assert state_of(payment.charge) == ("charged_back", 10_000, 0)
    assert Dispute.objects.get().state == "lost"
    assert not left_of(payment)
    fetch(payment, PaymentStatus.REFUNDED, refunded_cents=10_000)
    assert state_of(payment.charge) == ("charged_back", 10_000, 0)
    assert payment.refunds.count() == 0


def test_one_that_is_shown_no_more_was_won_when_the_money_is_there(payment: Payment) -> None:
    fetch(
        payment, PaymentStatus.DISPUTED, dispute(payment, DisputeState.REVIEW, gateway_id=payment.gateway_id)
    )
    fetch(payment, PaymentStatus.PAID)
    assert Dispute.objects.get().state == "won"


def test_a_list_that_lags_decides_nothing(payment: Payment) -> None:
    """One with an id of its own is asked for by it; the payment may not tell of it yet."""
    opened = dispute(payment, DisputeState.DOCUMENTS)
    disputing.take(payment, [opened], source="webhook")
    fetch(payment, PaymentStatus.PAID)
    assert Dispute.objects.get().state == "documents"

    class Lagging(Scripted):
        def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
            return []

    disputing.look(payment, Lagging(None, [dispute(payment, DisputeState.WON)]), source="webhook")
    assert Dispute.objects.get().state == "won"


@pytest.mark.parametrize("state", [DisputeState.OPEN, DisputeState.LOST, None])
def test_it_counts_against_the_ceiling_before_its_payment_tells(
    payment: Payment, state: DisputeState | None
) -> None:
    disputing.take(payment, [dispute(payment, state, amount_cents=4_000)], source="webhook")
    assert (payment.status, payment.left_cents, payment.contested_cents) == ("paid", 6_000, 4_000)
    fitting = Payment.objects.filter(pk=payment.pk)
    assert fitting.with_left(6_000).exists() and not fitting.with_left(6_001).exists()
    assert fitting.with_left(6_000).update(reserved_cents=6_000) == 1
    assert fitting.with_left(1).update(reserved_cents=6_001) == 0
    payment.refresh_from_db()
    assert not is_over(payment)
    disputing.take(payment, [dispute(payment, DisputeState.WON, amount_cents=4_000)], source="webhook")
    assert Payment.objects.get().left_cents == 4_000


def test_of_all_of_it_nothing_is_offered(payment: Payment) -> None:
    disputing.take(payment, [dispute(payment, DisputeState.OPEN)], source="webhook")
    [offer] = refundable.offers(payment.charge)
    assert (offer.left_cents, offer.obstacle) == (0, refundable.Obstacle.CONTESTED)


def test_an_older_answer_changes_nothing(payment: Payment) -> None:
    newer = dispute(payment, DisputeState.WON, version=NOW)
    fetch(payment, PaymentStatus.PAID, newer)
    older = dispute(payment, DisputeState.OPEN, version=NOW - timedelta(seconds=1))
    disputing.take(payment, [newer, older], source="webhook")
    assert Dispute.objects.get().state == "won"


def test_a_word_we_do_not_know_keeps_the_state(payment: Payment) -> None:
    fetch(payment, PaymentStatus.DISPUTED, dispute(payment, DisputeState.DOCUMENTS))
    fetch(payment, PaymentStatus.DISPUTED, dispute(payment, None))
    known = Dispute.objects.get()
    assert (known.state, known.gateway_status) == ("documents", "strange")


def about(gateway: Scripted, payment: Payment, gateway_id: str) -> Refreshed:
    """A fetch of the dispute by its own id."""
    resource = resources.find_or_add(payment.connection, kind=ResourceKind.CHARGEBACK, gateway_id=gateway_id)
    held = resources.lease(resource.pk)
    assert held
    try:
        return dispute_refreshing.refresh(
            payment.connection, resource, held, source="webhook", gateway=gateway
        )
    finally:
        resources.release(held)


def test_told_by_its_own_id_it_has_its_payment_fetched(payment: Payment) -> None:
    contested = fetched(payment.charge, payment.gateway_id, PaymentStatus.DISPUTED, received_cents=10_000)
    opened = dispute(payment, DisputeState.DOCUMENTS, amount_cents=4_000)
    done = about(Scripted(contested, [opened]), payment, opened.gateway_id)
    assert (done.outcome, done.charge_id) == (Outcome.APPLIED, payment.charge_id)
    assert state_of(payment.charge)[0] == "disputed"
    known = Dispute.objects.get()
    assert (known.amount_cents, known.resource.gateway_id) == (4_000, opened.gateway_id)


def test_a_payment_that_does_not_tell_of_it_yet_is_asked_again(payment: Payment) -> None:
    before = fetched(payment.charge, payment.gateway_id, PaymentStatus.PAID)
    opened = dispute(payment, DisputeState.OPEN)
    done = about(Scripted(before, [opened]), payment, opened.gateway_id)
    assert (done.outcome, done.charge_id) == (Outcome.STALE, payment.charge_id)


@pytest.mark.parametrize(("given_back", "outcome"), [(3_000, Outcome.APPLIED), (0, Outcome.STALE)])
def test_one_lost_in_part_leaves_the_rest_paid(payment: Payment, given_back: int, outcome: Outcome) -> None:
    """Told of twice it is as done as told of once."""
    values = {"received_cents": 10_000, "refunded_cents": given_back}
    after = fetched(payment.charge, payment.gateway_id, PaymentStatus.PAID, **values)
    lost = dispute(payment, DisputeState.LOST, kind=DisputeKind.CLAIM, amount_cents=3_000)
    for _time in range(2):
        resource = resources.find_or_add(
            payment.connection, kind=ResourceKind.CLAIM, gateway_id=lost.gateway_id
        )
        held = resources.lease(resource.pk)
        assert held
        done = dispute_refreshing.refresh(
            payment.connection, resource, held, source="webhook", gateway=Scripted(after, [lost])
        )
        resources.release(held)
        assert done.outcome == outcome


def test_one_known_by_its_payment_is_ours_though_it_names_none(payment: Payment) -> None:
    """A claim about an order whose payments the gateway does not show."""
    contested = fetched(payment.charge, payment.gateway_id, PaymentStatus.DISPUTED, received_cents=10_000)
    disputing.take(payment, [dispute(payment, DisputeState.OPEN)], source="webhook")
    nameless = dispute(payment, DisputeState.OPEN, payment_ids=())
    assert about(Scripted(contested, [nameless]), payment, nameless.gateway_id).outcome == Outcome.APPLIED


def test_one_whose_payment_is_gone_is_not_asked_for_without_end(payment: Payment) -> None:
    nameless = dispute(payment, DisputeState.OPEN, payment_ids=())
    known = {"kind": ResourceKind.CHARGEBACK, "gateway_id": nameless.gateway_id, "charge": payment.charge}
    resources.find_or_add(payment.connection, **known)
    assert about(Scripted(None, [nameless]), payment, nameless.gateway_id).outcome == Outcome.STALE


def test_one_about_somebody_elses_payment_is_not_ours(payment: Payment) -> None:
    other = dispute(payment, DisputeState.OPEN, payment_ids=("98000999",))
    assert about(Scripted(None, [other]), payment, other.gateway_id).outcome == Outcome.NOT_OURS
    assert about(Scripted(), payment, "1").outcome == Outcome.MISSING
    assert not Dispute.objects.exists()


def test_while_its_payment_is_in_other_hands_it_is_asked_for_again(payment: Payment) -> None:
    opened = dispute(payment, DisputeState.OPEN)
    assert resources.lease(payment.resource_id)
    assert about(Scripted(None, [opened]), payment, opened.gateway_id).outcome == Outcome.STALE


def test_a_fraud_alert_waits_for_a_person(payment: Payment, django_user_model: Any) -> None:
    disputing.forbid_delivery(payment.charge_id, source="webhook")
    disputing.forbid_delivery(payment.charge_id, source="webhook")
    charge = Charge.objects.get(pk=payment.charge_id)
    assert (charge.status, charge.review_reason) == ("paid", ReviewReason.DO_NOT_DELIVER)
    assert charge.timeline.filter(code="fraud_alert").count() == 1
    shown = reviewing.review(charge)
    assert shown
    person = django_user_model.objects.create(username="ana")
    reviewing.accept(charge, mark=shown.mark, actor=person, note="asked the customer")
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason) == ("paid", "")
    disputing.forbid_delivery(payment.charge_id, source="webhook")
    charge.refresh_from_db()
    assert charge.review_reason == ""
