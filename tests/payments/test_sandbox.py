"""Acting for the payer in the sandbox: by the gateway's own call, shown at once, explained where it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
import time_machine
from django.contrib.auth.models import User

from connections import waiting
from connections.models import Connection, ConnectionState
from payments.models import Charge, Payment, TimelineEntry, TimelineKind
from payments.services import resources, sandbox
from tests.factories import NOW, make_charge, make_connection, make_payment

pytestmark = pytest.mark.django_db
API = "https://api-sandbox.asaas.com/v3"
ACTIONS = [(sandbox.simulate_payment, "confirm", "RECEIVED", "paid", "payment")]
ACTIONS += [(sandbox.simulate_overdue, "overdue", "OVERDUE", "overdue", "overdue")]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def payment() -> Payment:
    return make_payment(make_charge())


@pytest.fixture
def actor() -> User:
    return User.objects.create_user("olga")


def at_asaas(payment: Payment, status: str) -> dict[str, Any]:
    paid = {"clientPaymentDate": "2026-11-21", "netValue": 98.01} if status == "RECEIVED" else {}
    return {
        "object": "payment",
        "id": payment.gateway_id,
        "status": status,
        "value": 100.0,
        "billingType": "PIX",
        "externalReference": payment.reference,
        "deleted": False,
        **paid,
    }


def refuses(charge: Charge, simulate: Callable[..., None] = sandbox.simulate_payment) -> str:
    with pytest.raises(sandbox.NotPossible) as refused:
        simulate(charge, actor=None)
    return refused.value.text


@pytest.mark.parametrize(("simulate", "path", "word", "status", "action"), ACTIONS)
def test_shows_at_once_and_names_who_did_it(
    gateway: Any,
    payment: Payment,
    actor: User,
    simulate: Callable[..., None],
    path: str,
    word: str,
    status: str,
    action: str,
) -> None:
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/{path}", json=at_asaas(payment, word))
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, word))
    simulate(payment.charge, actor=actor)
    assert Charge.objects.get().status == status
    line = TimelineEntry.objects.get(code="simulated")
    assert (line.kind, line.actor, line.data) == (TimelineKind.PEOPLE, actor, {"action": action})
    assert TimelineEntry.objects.filter(code="exchange").count() == 2


@pytest.mark.parametrize(
    "values",
    [{"environment": "production"}, {"gateway": "mercadopago", "credentials": {"access_token": "TEST-1"}}],
)
def test_asks_nobody_where_it_is_not_declared(gateway: Any, values: dict[str, Any]) -> None:
    charge = make_payment(make_charge(make_connection(**values))).charge
    assert refuses(charge)
    assert len(gateway.calls) == 0 and not TimelineEntry.objects.exists()


@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_asks_nobody_where_nothing_waits(gateway: Any, payment: Payment, status: str) -> None:
    Payment.objects.update(status=status)
    assert refuses(payment.charge)
    assert len(gateway.calls) == 0


def test_what_is_overdue_may_be_paid_but_not_made_overdue(gateway: Any, payment: Payment) -> None:
    Payment.objects.update(status="overdue")
    assert refuses(payment.charge, sandbox.simulate_overdue)
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/confirm", json=at_asaas(payment, "RECEIVED"))
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
    sandbox.simulate_payment(payment.charge, actor=None)
    assert Charge.objects.get().status == "paid"


def test_says_what_the_gateway_says(gateway: Any, payment: Payment) -> None:
    gateway.post(
        f"{API}/sandbox/payment/{payment.gateway_id}/confirm",
        status=400,
        json={"errors": [{"code": "invalid_action", "description": "A cobrança não pode ser confirmada."}]},
    )
    assert "não pode ser confirmada" in refuses(payment.charge)
    assert not TimelineEntry.objects.filter(code="simulated").exists()


def test_no_answer_is_looked_into_by_a_worker(gateway: Any, payment: Payment) -> None:
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/confirm", status=503)
    assert refuses(payment.charge)
    assert Charge.objects.get().check_due_at == NOW


def test_a_refused_key_is_shown_to_the_administrators(gateway: Any, payment: Payment) -> None:
    gateway.post(
        f"{API}/sandbox/payment/{payment.gateway_id}/confirm",
        status=401,
        json={"errors": [{"code": "invalid_access_token", "description": "A chave é inválida"}]},
    )
    assert refuses(payment.charge)
    assert Connection.objects.get().state == ConnectionState.REFUSED


def test_a_fetch_that_fails_afterwards_is_left_to_a_worker(gateway: Any, payment: Payment) -> None:
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/confirm", json=at_asaas(payment, "RECEIVED"))
    gateway.get(f"{API}/payments/{payment.gateway_id}", status=503)
    sandbox.simulate_payment(payment.charge, actor=None)
    charge = Charge.objects.get()
    assert (charge.status, charge.check_due_at) == ("pending", NOW)


def test_a_worker_that_asks_already_is_not_disturbed(gateway: Any, payment: Payment) -> None:
    gateway.post(f"{API}/sandbox/payment/{payment.gateway_id}/confirm", json=at_asaas(payment, "RECEIVED"))
    assert resources.lease(payment.resource_id)
    sandbox.simulate_payment(payment.charge, actor=None)
    assert Charge.objects.get().check_due_at == NOW
    assert len(gateway.calls) == 1


def test_waits_for_no_seat(gateway: Any, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    with waiting.room.seat():
        assert refuses(payment.charge)
    assert len(gateway.calls) == 0
