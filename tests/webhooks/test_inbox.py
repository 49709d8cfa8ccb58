"""Working through the inbox: one fetch for many, nothing finished by an older answer, nothing lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.db import connection as database
from django.test import Client

from connections.gateways.base import ResourceKind
from connections.gateways.errors import GatewayUnavailable
from connections.models import WebhookState
from connections.services import pausing
from payments.models import Charge, GatewayResource, TimelineEntry
from payments.services import resources
from tests.factories import NOW, make_charge, make_connection
from tests.webhooks import signing
from tests.webhooks.events import make_event
from tests.webhooks.speaking import PAYMENT, URL, fetches, notify, repeat, state_at_asaas
from webhooks.models import EventState, WebhookEvent
from webhooks.services import coalescing, inbox
from webhooks.services.targets import due_targets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker"), pytest.mark.weighty]


def test_a_notification_turns_the_charge_paid(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection)
    inbox.work()
    charge.refresh_from_db()
    assert (charge.status, charge.received_cents, charge.fee_cents) == ("paid", 10_000, 199)
    assert WebhookEvent.objects.get().state == EventState.DONE
    charge.connection.refresh_from_db()
    assert charge.connection.webhook_state == WebhookState.TESTED
    assert charge.connection.last_event_at == NOW


def test_working_on_an_old_one_again_says_nothing_of_the_last(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection)
    old = WebhookEvent.objects.get()
    clock.shift(7200)
    notify(client, charge.connection)
    inbox.work()
    inbox.wake([old])
    inbox.work()
    charge.connection.refresh_from_db()
    assert charge.connection.last_event_at == NOW + timedelta(hours=2)


def test_of_what_waits_for_a_gateway_the_newest_says_when_and_by_which_secret(clock: Any) -> None:
    connection = make_connection()
    for second in range(250):
        make_event(
            connection,
            state=EventState.RECEIVED,
            received_at=NOW + timedelta(seconds=second),
            next_attempt_at=NOW,
            secret_name="new" if second == 249 else "old",
        )
    for _time in range(pausing.STRIKES):
        pausing.note_failure(connection.pk, GatewayUnavailable(maybe_sent=False))
    inbox.work()
    connection.refresh_from_db()
    assert connection.last_event_at == NOW + timedelta(seconds=249)


def test_twenty_of_the_same_make_one_paid_line(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    for _time in range(20):
        notify(client, charge.connection)
    inbox.work()
    assert fetches(gateway) == 1
    assert TimelineEntry.objects.filter(code="status", data__after="paid").count() == 1
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


def test_what_another_worker_was_quicker_with_is_one_question(
    client: Client, charge: Charge, gateway: Any, clock: Any, django_assert_num_queries: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection)
    [listed] = due_targets()
    inbox.work()
    with django_assert_num_queries(1):
        assert inbox.handle(listed) == inbox.Handling.BUSY
    assert fetches(gateway) == 1


def test_what_another_thread_is_at_costs_no_question(
    client: Client, charge: Charge, gateway: Any, clock: Any, django_assert_num_queries: Any
) -> None:
    seen: list[inbox.Handling] = []

    def answer_while_others_come(_request: Any) -> tuple[int, dict[str, str], str]:
        with django_assert_num_queries(0):
            seen.append(inbox.handle(listed))
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    gateway.add_callback(responses.GET, URL, callback=answer_while_others_come)
    notify(client, charge.connection)
    [listed] = due_targets()
    assert inbox.handle(listed) == inbox.Handling.DONE
    assert seen == [inbox.Handling.BUSY]


def test_the_body_never_sets_a_status(client: Client, charge: Charge, gateway: Any, clock: Any) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "PENDING"))
    notify(client, charge.connection, "PAYMENT_RECEIVED", status="RECEIVED")
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "pending"


def test_news_that_arrives_during_the_fetch_gets_its_own_round(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    answers: list[str] = []

    def answer_while_more_happens(_request: Any) -> tuple[int, dict[str, str], str]:
        clock.shift(1)
        answers.append("RECEIVED" if answers else "PENDING")
        if len(answers) == 1:
            notify(client, charge.connection)
        return 200, {}, signing.json.dumps(state_at_asaas(charge, answers[-1]))

    gateway.add_callback(responses.GET, URL, callback=answer_while_more_happens)
    notify(client, charge.connection, "PAYMENT_CREATED", status="PENDING")
    inbox.work()
    assert answers == ["PENDING", "RECEIVED"]
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


@pytest.mark.parametrize("is_repeat", [True, False])
def test_what_arrives_during_the_fetch_is_not_closed_by_it(
    client: Client, charge: Charge, gateway: Any, clock: Any, is_repeat: bool
) -> None:
    """It says nothing new, so its own fetch can wait for a moment, for what else may come."""
    body = notify(client, charge.connection)
    answers: list[str] = []

    def answer_while_another_arrives(_request: Any) -> tuple[int, dict[str, str], str]:
        clock.shift(1)
        answers.append("x")
        if len(answers) == 1 and is_repeat:
            repeat(client, charge.connection, body)
        elif len(answers) == 1:
            notify(client, charge.connection)
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    gateway.add_callback(responses.GET, URL, callback=answer_while_another_arrives)
    inbox.work()
    inbox.work()
    assert len(answers) == 1
    assert WebhookEvent.objects.latest("pk").state == EventState.RECEIVED
    clock.shift(coalescing.QUIET)
    inbox.work()
    assert len(answers) == 2
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


@pytest.mark.parametrize("many", [60, pytest.param(200, marks=pytest.mark.full)])
def test_many_of_the_same_one_after_the_other_are_two_calls(
    client: Client, charge: Charge, gateway: Any, clock: Any, many: int
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    body = notify(client, charge.connection)
    for number in range(many // 2):
        inbox.work()
        clock.shift(0.04)
        repeat(client, charge.connection, body)
        notify(client, charge.connection, "PAYMENT_CONFIRMED" if number % 2 else "PAYMENT_RECEIVED")
    clock.shift(coalescing.QUIET)
    inbox.work()
    assert fetches(gateway) == 2
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}
    assert TimelineEntry.objects.filter(code="status", data__after="paid").count() == 1


def test_repeats_neither_hurry_nor_use_up_the_planned_looks_at_a_stale_gateway(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    stale = gateway.get(URL, json=state_at_asaas(charge, "PENDING"))
    body = notify(client, charge.connection)
    for _time in range(20):
        inbox.work()
        clock.shift(0.05)
        repeat(client, charge.connection, body)
        twin = {**body, "id": f"{body['id']}{_time}"}
        repeat(client, charge.connection, twin)
    assert fetches(gateway) == 1
    gateway.remove(stale)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    clock.shift(5)
    inbox.work()
    charge.refresh_from_db()
    assert (charge.status, fetches(gateway)) == ("paid", 2)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {EventState.DONE}


def test_a_worker_killed_in_the_middle_is_replaced(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection)
    resource = resources.find_or_add(charge.connection, kind=ResourceKind.PAYMENT, gateway_id=PAYMENT)
    assert resources.lease(resource.pk)  # and then the worker was killed
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "pending"
    clock.shift(resources.LEASE.total_seconds() + 1)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_fetch_one_at_a_time(client: Client, gateway: Any) -> None:
    charge = make_charge()
    in_flight, most, started, go_on = [0], [0], threading.Event(), threading.Event()

    def answer_slowly(_request: Any) -> tuple[int, dict[str, str], str]:
        in_flight[0] += 1
        most[0] = max(most[0], in_flight[0])
        started.set()
        assert go_on.wait(20)
        in_flight[0] -= 1
        return 200, {}, signing.json.dumps(state_at_asaas(charge, "RECEIVED"))

    def work() -> None:
        try:
            inbox.work()
        finally:
            database.close()

    gateway.add_callback(responses.GET, URL, callback=answer_slowly)
    notify(client, charge.connection)
    first = threading.Thread(target=work)
    first.start()
    assert started.wait(20)
    notify(client, charge.connection)
    inbox.work()  # the second worker: finds the lease taken and goes home
    assert fetches(gateway) == 0 and most[0] == 1
    go_on.set()
    first.join(20)
    charge.refresh_from_db()
    assert charge.status == "paid" and most[0] == 1
    done, newcomer = WebhookEvent.objects.order_by("pk")
    assert (done.state, newcomer.state) == (EventState.DONE, EventState.RECEIVED)
    assert newcomer.next_attempt_at == GatewayResource.objects.get().fetched_at + coalescing.QUIET
