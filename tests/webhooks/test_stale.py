"""Answers that come too late: the newer truth is never lost, the older one never wins (design rules 1 and 4).

Asaas has no versions: there the order of the fetches decides. Mercado Pago has them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.db import connection as database
from django.test import Client

from connections.gateways.base import GatewayCharge, PaymentStatus, ResourceKind
from payments.models import Charge, GatewayResource, TimelineEntry
from payments.services import answers, refreshing, resources
from tests.factories import NOW, fetched, make_charge, make_payment
from tests.webhooks import speaking
from tests.webhooks.speaking import MP_PAYMENT, PAYMENT, state_at_asaas, state_at_mercadopago
from webhooks.models import EventState, WebhookEvent
from webhooks.services import coalescing, finishing, inbox

pytestmark = [
    pytest.mark.usefixtures("quiet_broker"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.weighty,
]
EXPIRED = resources.LEASE + timedelta(seconds=1)


@dataclass
class Gate:
    """A gateway and a charge: each GET takes the next scripted answer, which a test may hold back."""

    charge: Charge
    payment_id: str
    url: str
    states: dict[str, dict[str, Any]]
    client: Client
    mock: responses.RequestsMock
    calls: int = 0

    def __post_init__(self) -> None:
        self.script: list[tuple[str, Callable[[], None]]] = []
        self.mock.add_callback("GET", self.url, callback=self._answer)

    def answers(self, state: str, after: Callable[[], None] = lambda: None) -> None:
        """The next GET finds this state, and is answered when ``after`` has returned."""
        self.script.append((state, after))

    def _answer(self, _call: Any) -> tuple[int, dict[str, str], str]:
        self.calls += 1
        state, after = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        after()
        return 200, {}, json.dumps(self.states[state])

    def notify(self) -> None:
        if self.charge.connection.gateway == "asaas":
            speaking.notify(self.client, self.charge.connection)
        else:
            speaking.notify_mercadopago(
                self.client, self.charge.connection, date_created="2026-11-21T12:05:00Z"
            )

    def status(self) -> str:
        self.charge.refresh_from_db()
        return self.charge.status

    def created(self, status: PaymentStatus = PaymentStatus.PENDING) -> GatewayCharge:
        """The answer of the creating call: older than every payment."""
        version = NOW if self.charge.connection.gateway == "mercadopago" else None
        payment = fetched(self.charge, self.payment_id, status, version=version)
        return GatewayCharge(
            kind=ResourceKind.PAYMENT,
            gateway_id=self.payment_id,
            reference=self.charge.reference,
            link="",
            payments=(payment,),
        )


@pytest.fixture(params=["asaas", "mercadopago"])
def gate(request: Any, client: Client, gateway: responses.RequestsMock) -> Gate:
    if request.param == "asaas":
        charge = make_charge()
        states = {"old": state_at_asaas(charge, "PENDING"), "new": state_at_asaas(charge, "RECEIVED")}
        return Gate(charge, PAYMENT, speaking.URL, states, client, gateway)
    charge = speaking.mercadopago_charge()
    states = {
        "old": state_at_mercadopago(charge, "pending", minute=0),
        "new": state_at_mercadopago(charge, "approved", minute=5),
    }
    return Gate(charge, MP_PAYMENT, speaking.MP_URL, states, client, gateway)


@pytest.fixture
def other_worker() -> Iterator[Callable[[], None]]:
    """Runs the inbox in a thread of its own, to its end."""
    workers: list[threading.Thread] = []

    def work() -> None:
        try:
            inbox.work()
        finally:
            database.close()

    def run() -> None:
        workers.append(threading.Thread(target=work))
        workers[-1].start()
        workers[-1].join(30)
        assert not workers[-1].is_alive()

    yield run
    for worker in workers:
        worker.join(30)


# -- a losing fetch that carried newer truth is not lost -------------------------------------------


def test_newer_truth_of_a_worker_that_lost_its_lease_is_asked_for_again(
    gate: Gate, clock: Any, other_worker: Callable[[], None]
) -> None:
    """Two workers read *old* and *new*; the one that read *new* is slow and has no right to write it."""

    def be_overtaken() -> None:
        clock.shift(EXPIRED)
        other_worker()

    gate.answers("new", be_overtaken)
    gate.answers("old")
    gate.answers("new")
    gate.notify()
    inbox.work()
    assert WebhookEvent.objects.get().state != EventState.DONE
    for wait in finishing.ASK_AGAIN:
        clock.shift(wait)
        inbox.work()
    assert gate.status() == "paid"
    assert WebhookEvent.objects.get().state == EventState.DONE


def test_newer_truth_that_lost_to_the_creating_answer_is_fetched_once_more_at_once(
    gate: Gate, clock: Any
) -> None:
    """The GET began first and read *new*; the answer of the creation, which is older, was written first."""
    gate.answers("new", lambda: answers.take_answer(gate.charge, gate.created()))
    gate.answers("new")
    gate.notify()
    inbox.work()
    assert gate.status() == "paid"
    assert WebhookEvent.objects.get().state == EventState.DONE
    assert gate.calls <= 2


# -- a stale fetch that answers last does not win --------------------------------------------------


def test_a_stale_answer_after_the_lease_ran_out_does_not_win(
    gate: Gate, clock: Any, other_worker: Callable[[], None]
) -> None:
    def be_overtaken() -> None:
        clock.shift(EXPIRED)
        other_worker()
        assert gate.status() == "paid"

    gate.answers("old", be_overtaken)
    gate.answers("new")
    gate.notify()
    inbox.work()
    assert gate.status() == "paid"
    lines = TimelineEntry.objects.filter(charge=gate.charge, code="status").values_list("data", flat=True)
    assert [line["after"] for line in lines] == ["paid"]


def test_a_stale_answer_of_the_creation_does_not_win(gate: Gate, clock: Any) -> None:
    gate.answers("new")
    gate.notify()
    inbox.work()
    assert gate.status() == "paid"
    clock.shift(1)
    answers.take_answer(gate.charge, gate.created())
    assert gate.status() == "paid"
    assert gate.charge.payments.get().status == "paid"


def test_an_older_ticket_or_version_writes_nothing_even_with_the_lease(gate: Gate, clock: Any) -> None:
    payment = make_payment(gate.charge, "paid", gateway_id=gate.payment_id)
    GatewayResource.objects.filter(pk=payment.resource_id).update(
        gateway_version=None if gate.charge.connection.gateway == "asaas" else NOW, applied_ticket=2
    )
    held = resources.lease(payment.resource_id)
    assert held is not None and held.ticket == 1
    version = NOW - timedelta(seconds=1) if gate.charge.connection.gateway == "mercadopago" else None
    old = fetched(gate.charge, gate.payment_id, PaymentStatus.PENDING, version=version)
    outcome = refreshing.store(payment.resource, old, held, source="webhook", cause="")
    payment.refresh_from_db()
    assert (outcome.outcome, payment.status) == (refreshing.Outcome.STALE, "paid")


# -- a GET that still shows the old state does not close the event ---------------------------------


def test_a_get_that_still_shows_the_old_state_closes_nothing(gate: Gate, clock: Any) -> None:
    for state in ("old", "old", "new"):
        gate.answers(state)
    gate.notify()
    for wait, expected in ((0, "pending"), (5, "pending"), (30, "paid")):
        clock.shift(wait)
        inbox.work()
        assert gate.status() == expected
        is_open = WebhookEvent.objects.get().state == EventState.RETRY
        assert is_open is (expected == "pending")
    assert gate.calls == 3


def test_a_lost_lease_closes_no_event(gate: Gate, clock: Any) -> None:
    def lose_it() -> None:
        clock.shift(EXPIRED)
        assert resources.lease(GatewayResource.objects.get().pk)

    gate.answers("new", lose_it)
    gate.notify()
    inbox.work()
    assert gate.status() == "pending"
    assert WebhookEvent.objects.get().state == EventState.RECEIVED


def test_a_fetch_that_began_before_an_event_arrived_does_not_close_it(gate: Gate, clock: Any) -> None:
    """The second notification comes while the first one's GET is under way, which read the old state.

    Neither says what to expect, so only their order can tell.
    """

    def another_arrives() -> None:
        clock.shift(1)
        gate.notify()
        WebhookEvent.objects.update(expected="", occurred_at=None)

    gate.answers("old", another_arrives)
    gate.answers("new")
    gate.notify()
    WebhookEvent.objects.update(expected="", occurred_at=None)
    inbox.work()
    clock.shift(coalescing.QUIET)
    inbox.work()
    assert (gate.status(), gate.calls) == ("paid", 2)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}
