"""What a comparison may cost, and that one thing the gateway does not tell hides no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import responses

from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    GatewayDispute,
    GatewayTurn,
    PaymentStatus,
)
from connections.gateways.errors import (
    BudgetExhausted,
    GatewayError,
    GatewayUnavailable,
    RequestRefused,
    UnreadableAnswer,
)
from connections.models import Connection
from connections.services import gateway_for
from payments.models import Charge, Dispute, Payment, RunState
from tests.factories import NOW, fetched, make_charge, make_connection, make_subscription
from tests.payments.test_reconciling import Fake, old_charge, reconcile, speaking

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]


class Costly(Fake):
    """Its answers about turns and disputes take several calls, or are none at all."""

    def __init__(self) -> None:
        super().__init__()
        self.calls_each = 1
        self.failing: dict[str, GatewayError] = {}

    def find_disputes(self, payment_id: str) -> list[GatewayDispute]:
        self._ask(f"disputes of {payment_id}")
        return [one for one in self.disputes if payment_id in one.payment_ids]

    def find_turn(self, payment_id: str) -> GatewayTurn | None:
        self._ask(f"turn of {payment_id}")
        return None

    def _ask(self, name: str) -> None:
        for _call in range(self.calls_each):
            self._call(name)
        if error := self.failing.get(name) or self.failing.get("everything"):
            raise error


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, clock: Any) -> Costly:
    costly = Costly()
    speaking(costly, monkeypatch)
    return costly


def contested(connection: Connection, gateway: Costly, count: int) -> list[Payment]:
    """Held as disputed, and the gateway asks for papers about each."""
    found = []
    for _number in range(count):
        charge, payment = old_charge(connection, "disputed", received_cents=10_000)
        gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.DISPUTED, received_cents=10_000))
        gateway.disputes.append(
            GatewayDispute(
                kind=DisputeKind.CHARGEBACK,
                gateway_id=f"23300{payment.pk}",
                payment_ids=(payment.gateway_id,),
                state=DisputeState.DOCUMENTS,
                gateway_status="pending",
                deadline=NOW + timedelta(days=9),
            )
        )
        found.append(payment)
    return found


@pytest.mark.parametrize(
    "error",
    [
        UnreadableAnswer("cut", maybe_sent=False),
        RequestRefused("no"),
        GatewayUnavailable("500", maybe_sent=False),
    ],
)
def test_one_payment_without_an_answer_hides_no_other_dispute(gateway: Costly, error: GatewayError) -> None:
    connection = make_connection()
    silent, *others = contested(connection, gateway, 3)
    gateway.failing[f"disputes of {silent.gateway_id}"] = error
    run = reconcile(connection)
    assert set(Dispute.objects.values_list("payment", flat=True)) == {one.pk for one in others}
    assert run.state == RunState.DONE


@pytest.mark.parametrize(
    ("error", "asked"),
    [(GatewayUnavailable("away", maybe_sent=False), 3), (BudgetExhausted("spent", retry_after=9.0), 1)],
)
def test_a_gateway_that_is_away_is_not_asked_about_every_payment(
    gateway: Costly, error: GatewayError, asked: int
) -> None:
    connection = make_connection()
    contested(connection, gateway, 5)
    gateway.failing["everything"] = error
    run = reconcile(connection)
    assert len([name for name in gateway.asked if name.startswith("disputes")]) == asked
    assert run.state == RunState.DONE


def test_one_that_came_and_went_unseen_is_known_though_the_sums_are_the_same(gateway: Costly) -> None:
    connection = make_connection()
    (payment,) = contested(connection, gateway, 1)
    Payment.objects.update(status="paid")
    won = fetched(payment.charge, payment.gateway_id, PaymentStatus.PAID, has_dispute=True)
    gateway.listed, gateway.answers = [won], {payment.gateway_id: [won]}
    gateway.disputes[0] = replace(gateway.disputes[0], state=DisputeState.WON)
    for _run in range(2):
        reconcile(connection)
    assert Dispute.objects.get().state == "won"
    assert gateway.asked == ["list", f"disputes of {payment.gateway_id}", "list"]


def test_disputes_that_cost_more_than_they_may_end_the_looks(gateway: Costly) -> None:
    connection = make_connection()
    contested(connection, gateway, 3)
    gateway.calls_each = 25
    run = reconcile(connection)
    assert run.calls == len(gateway.asked) == run.calls_allowed
    assert (run.state, Dispute.objects.count()) == (RunState.DONE, 1)


def untold_turn(connection: Connection, gateway: Costly) -> None:
    """A payment of a subscription of ours, which no turn names yet."""
    own = make_subscription(connection, gateway_id="sub_1")
    alike = fetched(make_charge(connection), "pay_turn", PaymentStatus.PAID, paid_at=NOW)
    gateway.say(replace(alike, reference="", subscription_id=own.gateway_id))


def test_a_turn_is_asked_for_once_in_a_run(gateway: Costly) -> None:
    connection = make_connection()
    untold_turn(connection, gateway)
    run = reconcile(connection)
    assert gateway.asked.count("turn of pay_turn") == 1
    assert run.differences == 1 and run.calls <= run.calls_allowed


def test_a_turn_that_costs_more_than_it_may_ends_the_looks(gateway: Costly) -> None:
    connection = make_connection()
    untold_turn(connection, gateway)
    gateway.calls_each = 100
    run = reconcile(connection)
    assert run.calls == len(gateway.asked) == run.calls_allowed
    assert (run.state, run.differences) == (RunState.DONE, 1)


@pytest.mark.parametrize("error", [RequestRefused("no"), UnreadableAnswer("cut", maybe_sent=False)])
def test_a_turn_that_is_refused_ends_no_run(gateway: Costly, error: GatewayError) -> None:
    connection = make_connection()
    untold_turn(connection, gateway)
    gateway.failing["turn of pay_turn"] = error
    charge, payment = old_charge(connection)
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    run = reconcile(connection)
    assert (run.state, run.differences) == (RunState.DONE, 1)
    assert Charge.objects.get(pk=charge.pk).status == "paid"


def test_the_bound_is_asked_before_a_call_is_made() -> None:
    def refuse() -> None:
        raise BudgetExhausted("no more", retry_after=0)

    with responses.RequestsMock() as gateway:
        adapter = gateway_for(make_connection(), before_call=refuse)
        with pytest.raises(BudgetExhausted, match="no more"):
            adapter.fetch_payment("pay_1")
        assert len(gateway.calls) == 0
