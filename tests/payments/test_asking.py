"""A person has the gateway asked: what it says is stored and shown at once, or why it said nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.contrib.auth.models import User

from connections import waiting
from connections.models import Connection, ConnectionState
from payments.models import Charge, MissedNotification, Payment, TimelineEntry
from payments.services import asking, gathering, resources
from tests.factories import NOW, make_charge, make_payment, make_resource
from tests.payments.test_sandbox import at_asaas

pytestmark = pytest.mark.django_db
API = "https://api-sandbox.asaas.com/v3"


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
def olga() -> User:
    return User.objects.create_user("olga")


def refused(charge: Charge, actor: User) -> str:
    with pytest.raises(asking.NotPossible) as found:
        asking.ask_now(charge, actor=actor)
    return found.value.text


def test_what_it_says_is_stored_at_once_and_the_story_names_who_asked(
    gateway: Any, payment: Payment, olga: User
) -> None:
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
    asking.ask_now(payment.charge, actor=olga)
    assert Charge.objects.get().status == "paid"
    lines = {entry.code: entry for entry in TimelineEntry.objects.all()}
    assert lines["asked"].actor == olga and lines["status"].source == "asked"
    assert lines["exchange"].exchange["http_status"] == 200
    assert asking.known(payment.charge) == asking.Known(is_there=True, last=NOW)


def test_a_closed_charge_is_asked_about_too(gateway: Any, payment: Payment, olga: User) -> None:
    """What moved without a word may be a payment that was cancelled here."""
    Payment.objects.update(status="cancelled")
    Charge.objects.update(status="cancelled", check_due_at=None)
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
    asking.ask_now(Charge.objects.get(), actor=olga)
    assert Charge.objects.get().status == "paid"


def test_pressed_again_at_once_it_is_not_asked_again(
    gateway: Any, payment: Payment, olga: User, clock: time_machine.Traveller
) -> None:
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "PENDING"))
    asking.ask_now(payment.charge, actor=olga)
    clock.shift(asking.JUST_NOW - timedelta(seconds=1))
    assert refused(payment.charge, olga) and len(gateway.calls) == 1
    clock.shift(timedelta(seconds=2))
    asking.ask_now(payment.charge, actor=olga)
    assert len(gateway.calls) == 2
    assert TimelineEntry.objects.filter(code="asked").count() == 1, "one act, one line"


def test_no_answer_is_told_and_followed_by_a_worker(gateway: Any, payment: Payment, olga: User) -> None:
    gateway.get(f"{API}/payments/{payment.gateway_id}", status=503)
    assert refused(payment.charge, olga)
    assert Charge.objects.get().check_due_at == NOW
    assert TimelineEntry.objects.filter(code="exchange").exists()


def test_of_a_closed_charge_no_worker_goes_on_asking(gateway: Any, payment: Payment, olga: User) -> None:
    Charge.objects.update(status="paid")
    gateway.get(f"{API}/payments/{payment.gateway_id}", status=503)
    assert refused(Charge.objects.get(), olga)
    assert Charge.objects.get().check_due_at is None


def test_a_refused_key_is_shown_to_the_administrators(gateway: Any, payment: Payment, olga: User) -> None:
    said = {"errors": [{"code": "invalid_access_token", "description": "A chave é inválida"}]}
    gateway.get(f"{API}/payments/{payment.gateway_id}", status=401, json=said)
    assert refused(payment.charge, olga)
    assert Connection.objects.get().state == ConnectionState.REFUSED


def test_asks_nobody_about_what_no_gateway_has(gateway: Any, olga: User) -> None:
    assert refused(make_charge(), olga)
    assert len(gateway.calls) == 0 and not TimelineEntry.objects.exists()


def test_who_asks_already_is_not_disturbed(gateway: Any, payment: Payment, olga: User) -> None:
    """And nobody is told that the gateway answered."""
    assert resources.lease(payment.resource_id)
    assert refused(payment.charge, olga)
    assert len(gateway.calls) == 0 and not TimelineEntry.objects.exists()


def test_what_nobody_had_told_is_counted_as_missed(gateway: Any, payment: Payment, olga: User) -> None:
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
    asking.ask_now(payment.charge, actor=olga)
    assert [row.resource_id for row in MissedNotification.objects.all()] == [payment.resource_id]


def test_the_parcels_of_a_plan_are_asked_for_within_the_same_patience(
    gateway: Any, payment: Payment, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the gateway of the person who waits, not by one that may take its time for each."""
    used = []
    monkeypatch.setattr(
        gathering, "take_parcels", lambda _charge, _found, speaker, source: used.append(speaker)
    )
    plan = make_resource(payment.charge, kind="plan", gateway_id="ins_1")
    gateway.get(f"{API}/installments/ins_1", json={"id": "ins_1", "installmentCount": 2})
    gateway.get(f"{API}/installments/ins_1/payments", json={"data": [], "hasMore": False, "totalCount": 0})
    gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "PENDING"))
    asking.ask_now(plan.charge, actor=olga)
    assert used and None not in used


def test_waits_for_no_seat(
    gateway: Any, payment: Payment, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    with waiting.room.seat():
        assert refused(payment.charge, olga)
    assert len(gateway.calls) == 0 and not TimelineEntry.objects.exists()
