"""Notifications that were put aside count again when what they are about turns out to be ours."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client

from config import clock as house_clock
from connections.gateways.base import GatewayCharge, PaymentStatus, ResourceKind
from payments.models import Charge, GatewayResource
from payments.services import answers, refreshing, resources
from tests.factories import NOW, fetched, make_charge
from tests.webhooks import signing
from tests.webhooks.speaking import (
    MP_PAYMENT,
    MP_SECRET,
    MP_URL,
    PAYMENT,
    URL,
    fetches,
    mercadopago_charge,
    notify,
    state_at_asaas,
    state_at_mercadopago,
)
from webhooks.models import EventState, WebhookEvent
from webhooks.services import finishing, inbox, matching

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker"), pytest.mark.weighty]


def answer_of(charge: Charge, status: PaymentStatus = PaymentStatus.PENDING) -> GatewayCharge:
    payment = fetched(charge, PAYMENT, status)
    return GatewayCharge(
        kind=ResourceKind.PAYMENT,
        gateway_id=PAYMENT,
        reference=charge.reference,
        link="",
        is_open=True,
        payments=(payment,),
    )


def put_aside(client: Client, charge: Charge, gateway: Any, clock: Any, reason: str) -> WebhookEvent:
    """A notification that was worked on to its end while nobody knew that it is about this charge."""
    if reason == "not_ours":
        stranger = gateway.get(URL, json=state_at_asaas(charge, "RECEIVED", externalReference="panel"))
    else:
        stranger = gateway.get(URL, status=404, json={"errors": []})
    notify(client, charge.connection)
    for wait in (0, *finishing.ASK_AGAIN):
        clock.shift(wait)
        inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason) == (EventState.IGNORED, reason)
    gateway.remove(stranger)
    clock.shift(60)
    return event


@pytest.mark.parametrize("reason", ["not_ours", "not_found"])
def test_a_creation_that_learns_its_id_has_them_asked_again(
    client: Client, charge: Charge, gateway: Any, clock: Any, reason: str
) -> None:
    event = put_aside(client, charge, gateway, clock, reason)
    before = fetches(gateway)
    answers.take_answer(charge, answer_of(charge))
    event.refresh_from_db()
    assert (event.state, event.finished_at) == (EventState.RECEIVED, None)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    inbox.work()
    charge.refresh_from_db()
    event.refresh_from_db()
    assert (charge.status, event.state, event.reason) == ("paid", EventState.DONE, "matched_later")
    assert fetches(gateway) == before + 1
    assert not GatewayResource.objects.get().is_missing


@pytest.mark.parametrize("reason", ["not_ours", "not_found"])
@pytest.mark.parametrize(("status", "state"), [("RECEIVED", "done"), ("PENDING", "received")])
def test_a_fetch_that_shows_it_as_ours_closes_what_it_answers(
    client: Client, charge: Charge, gateway: Any, clock: Any, reason: str, status: str, state: str
) -> None:
    event = put_aside(client, charge, gateway, clock, reason)
    gateway.get(URL, json=state_at_asaas(charge, status))
    resource = GatewayResource.objects.get()
    held = resources.lease(resource.pk)
    assert held
    refreshing.refresh(charge.connection, resource, held, source="check")
    event.refresh_from_db()
    assert (event.state, event.reason) == (state, "matched_later")


def test_what_arrived_after_the_fetch_began_is_asked_for_again(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    event = put_aside(client, charge, gateway, clock, "not_ours")
    held = resources.lease(GatewayResource.objects.get().pk)
    assert held
    clock.shift(1)
    WebhookEvent.objects.update(last_repeat_at=house_clock.now())
    refreshing.store(
        GatewayResource.objects.get(),
        fetched(charge, PAYMENT, PaymentStatus.PAID),
        held,
        source="check",
        cause="",
    )
    event.refresh_from_db()
    assert event.state == EventState.RECEIVED


def test_what_a_person_put_aside_and_unsigned_hints_stay_so(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    event = put_aside(client, charge, gateway, clock, "not_ours")
    for values in ({"reason": "by_person"}, {"is_hint": True}, {"state": EventState.TEST}):
        WebhookEvent.objects.update(reason="not_ours", is_hint=False, state=EventState.IGNORED)
        WebhookEvent.objects.update(**values)
        GatewayResource.objects.update(charge=None)
        answers.take_answer(charge, answer_of(charge))
        event.refresh_from_db()
        assert event.state in (EventState.IGNORED, EventState.TEST)


def test_a_payment_that_was_ours_all_along_wakes_nothing(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    event = put_aside(client, charge, gateway, clock, "not_ours")
    GatewayResource.objects.update(charge=charge, is_missing=False)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    resource = GatewayResource.objects.get()
    held = resources.lease(resource.pk)
    assert held
    refreshing.refresh(charge.connection, resource, held, source="check")
    event.refresh_from_db()
    assert event.state == EventState.IGNORED


@pytest.mark.django_db(transaction=True)
def test_who_learns_it_while_it_is_put_aside_loses_no_event(
    client: Client, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fetch says *not ours*; before that is written down, a creation takes the payment for its own."""
    charge = make_charge()
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED", externalReference="panel"))
    notify(client, charge.connection)
    learned = threading.Event()
    finish = finishing.finish

    def take() -> None:
        try:
            answers.take_answer(charge, answer_of(charge))
        finally:
            learned.set()
            database.close()

    def finish_late(*args: Any, **options: Any) -> None:
        if not learned.is_set():
            creation = threading.Thread(target=take)
            creation.start()
            creation.join(20)
            gateway.replace("GET", URL, json=state_at_asaas(charge, "RECEIVED"))
        finish(*args, **options)

    monkeypatch.setattr(inbox, "finish", finish_late)
    inbox.work()
    event = WebhookEvent.objects.get()
    charge.refresh_from_db()
    assert (event.state, charge.status) == (EventState.DONE, "paid")


@pytest.mark.django_db(transaction=True)
def test_who_learns_it_in_the_same_moment_loses_no_event(
    client: Client, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The creation has written its charge but not committed, while the worker puts the event aside."""
    charge = make_charge()
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED", externalReference="panel"))
    notify(client, charge.connection)
    told, may_commit = threading.Event(), threading.Event()

    def take() -> None:
        try:
            with transaction.atomic():
                answers.take_answer(charge, answer_of(charge))
                told.set()
                may_commit.wait(20)
        finally:
            database.close()

    finish = finishing.finish
    creations: list[threading.Thread] = []

    def finish_meanwhile(*args: Any, **options: Any) -> None:
        if not creations:
            creations.append(threading.Thread(target=take))
            creations[0].start()
            assert told.wait(20)
            gateway.replace("GET", URL, json=state_at_asaas(charge, "RECEIVED"))
            threading.Timer(0.3, may_commit.set).start()
        finish(*args, **options)

    monkeypatch.setattr(inbox, "finish", finish_meanwhile)
    inbox.work()
    creations[0].join(20)
    inbox.work()
    event = WebhookEvent.objects.get()
    charge.refresh_from_db()
    assert (event.state, charge.status) == (EventState.DONE, "paid")


def test_nothing_put_aside_is_one_question(charge: Charge, django_assert_num_queries: Any) -> None:
    resource = resources.find_or_add(charge.connection, kind=ResourceKind.PAYMENT, gateway_id=PAYMENT)
    with django_assert_num_queries(1):
        matching.take_up(resource.pk, fetched(charge, PAYMENT, PaymentStatus.PAID), NOW)


def test_a_fraud_alert_is_answered_by_no_payment(client: Client, gateway: Any, clock: Any) -> None:
    """Put aside before the payment was there, it is taken up by itself, and at once."""
    charge = mercadopago_charge()
    stranger = gateway.get(MP_URL, status=404, json={"message": "Payment not found"})
    body = {"action": "Created", "data": {"payment_id": int(MP_PAYMENT)}, "type": "stop_delivery_op_wh"}
    headers = signing.mercadopago_headers(MP_SECRET, "6100000001")
    query = "data.id=6100000001&type=stop_delivery_op_wh"
    assert signing.post(client, charge.connection, body, headers, query).status_code == 200
    for wait in (0, *finishing.ASK_AGAIN):
        clock.shift(wait)
        inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason, event.gateway_id) == (EventState.IGNORED, "not_found", MP_PAYMENT)
    gateway.remove(stranger)
    gateway.get(MP_URL, json=state_at_mercadopago(charge, "approved"))
    resource = GatewayResource.objects.get()
    held = resources.lease(resource.pk)
    assert held
    refreshing.refresh(charge.connection, resource, held, source="check")
    resources.release(held)
    inbox.work()
    event.refresh_from_db()
    charge.refresh_from_db()
    assert (event.state, event.reason) == (EventState.DONE, "matched_later")
    assert charge.fraud_alert_at and charge.review_reason == "do_not_deliver"
