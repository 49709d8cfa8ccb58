"""Asking again: one or many, never more than a hundred of a connection at once, nobody twice."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client

from connections.models import GatewayPause
from payments.models import Charge
from tests.factories import NOW, make_charge, make_connection, make_resource
from tests.webhooks import events, signing
from webhooks.models import EventState, Replay, ReplayItem, ReplayState, WebhookEvent
from webhooks.services import ignoring, inbox, replaying
from webhooks.services.choosing import Filters, narrowed

EVERYTHING = WebhookEvent.objects.all


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)
    monkeypatch.setattr(replaying, "wake", lambda _name: True)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway(clock: Any) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def charge(db: None) -> Charge:
    return make_charge()


@pytest.fixture
def maria(db: None) -> User:
    return User.objects.create_user("maria")


def request_all(**values: Any) -> Replay:
    return replaying.request(replaying.plan(EVERYTHING()), actor=None, **values)


def outcomes(replay: Replay) -> dict[str, int]:
    rows = list(replay.items.values_list("outcome", flat=True))
    return {outcome: rows.count(outcome) for outcome in set(rows)}


def under_way(replay: Replay) -> int:
    return replay.items.filter(outcome="").exclude(at=None).count()


def test_six_failures_then_one_press_cures_it(
    client: Client, charge: Charge, gateway: Any, clock: Any, maria: User
) -> None:
    payment = make_resource(charge).gateway_id
    broken = events.answer_nonsense(gateway, payment)
    body = signing.asaas_body("PAYMENT_RECEIVED", payment)
    signing.post(client, charge.connection, body, signing.asaas_headers(charge.connection))
    for _failure in range(6):
        inbox.work()
        clock.shift(2 * 3600)
    event = WebhookEvent.objects.get()
    assert (event.state, event.failures, event.cause) == (EventState.DEAD, 6, "unreadable_answer")
    gateway.remove(broken)
    events.answer_paid(gateway, charge, payment)
    replay = replaying.request_one(event, actor=maria, public_id=uuid.uuid4())
    inbox.work()
    replaying.work()
    for row in (event, charge, replay):
        row.refresh_from_db()
    assert (event.state, event.failures, charge.status) == (EventState.DONE, 0, "paid")
    assert (replay.state, replay.handled, outcomes(replay)) == (ReplayState.DONE, 1, {"done": 1})
    assert charge.timeline.filter(code="notification_asked", actor=maria).count() == 1


def test_one_that_was_done_is_asked_again(charge: Charge, gateway: Any, maria: User) -> None:
    event, resource = events.dead_about(charge)
    WebhookEvent.objects.update(state="done", cause="", last_error="")
    events.answer_paid(gateway, charge, resource.gateway_id)
    replaying.request_one(event, actor=maria, public_id=uuid.uuid4())
    inbox.work()
    event.refresh_from_db()
    charge.refresh_from_db()
    assert (event.state, charge.status, len(gateway.calls)) == (EventState.DONE, "paid", 1)


def test_what_fails_again_is_named_and_tried_on_by_itself(charge: Charge, gateway: Any) -> None:
    event, resource = events.dead_about(charge)
    events.answer_nonsense(gateway, resource.gateway_id)
    replay = request_all()
    inbox.work()
    replaying.work()
    event.refresh_from_db()
    replay.refresh_from_db()
    assert (event.state, event.failures) == (EventState.RETRY, 1)
    assert (replay.state, outcomes(replay)) == (ReplayState.DONE, {"failing": 1})
    assert [item.event for item in replaying.failed_again(replay)] == [event]
    assert replaying.tally(replay).waiting == 1


@pytest.mark.django_db
def test_a_hundred_of_each_connection_are_under_way_at_most() -> None:
    first, second = make_connection(), make_connection()
    for connection, number in ((first, 150), (second, 3)):
        for _event in range(number):
            events.make_dead(connection)
    replay = request_all()
    woken = WebhookEvent.objects.filter(state=EventState.RECEIVED)
    assert (woken.filter(connection=first).count(), woken.filter(connection=second).count()) == (100, 3)
    assert replaying.work() == 0
    done = woken.order_by("pk").values_list("pk", flat=True)[:40]
    WebhookEvent.objects.filter(pk__in=list(done)).update(state=EventState.DONE)
    assert replaying.work() == 40
    replay.refresh_from_db()
    assert (replay.state, replay.handled, replay.total) == (ReplayState.RUNNING, 40, 153)


def test_a_gateway_that_is_away_holds_up_no_other(charge: Charge, gateway: Any, clock: Any) -> None:
    _event, resource = events.dead_about(charge)
    events.answer_paid(gateway, charge, resource.gateway_id)
    away = make_connection()
    for _event in range(3):
        events.make_dead(away)
    GatewayPause.objects.create(connection=away, since=NOW, until=NOW + timedelta(hours=1), strikes=2)
    replay = request_all()
    inbox.work()
    replaying.work()
    replay.refresh_from_db()
    assert (replay.state, replay.handled, outcomes(replay)) == (ReplayState.RUNNING, 1, {"done": 1, "": 3})
    assert len(gateway.calls) == 1


@pytest.mark.django_db
def test_the_same_form_twice_is_one_replay() -> None:
    events.make_dead(make_connection())
    submission = uuid.uuid4()
    first = request_all(public_id=submission)
    assert request_all(public_id=submission) == first
    assert (Replay.objects.count(), ReplayItem.objects.count()) == (1, 1)


def at_once(number: int, act: Callable[[], object]) -> None:
    """In so many threads that begin together; an exception in one of them fails the test."""
    start, failures = threading.Barrier(number), []

    def run() -> None:
        try:
            start.wait(timeout=60)
            act()
        except Exception as err:
            failures.append(err)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _thread in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []


@pytest.mark.django_db(transaction=True)
def test_the_same_form_in_the_same_moment_is_one_replay() -> None:
    events.make_dead(make_connection())
    submission = uuid.uuid4()
    at_once(4, lambda: request_all(public_id=submission))
    assert (Replay.objects.count(), ReplayItem.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_workers_in_the_same_moment_wake_no_more_than_one_would() -> None:
    connection = make_connection()
    for _event in range(130):
        events.make_dead(connection)
    replay = replaying._keep(replaying.plan(EVERYTHING()), actor=None, filters={}, public_id=uuid.uuid4())
    at_once(4, replaying.work)
    assert under_way(replay) == 100
    replaying.work()
    assert under_way(replay) == 100


@pytest.mark.django_db(transaction=True)
def test_slices_taken_twice_are_put_back_once() -> None:
    """Two workers that both hold the lease, as after one that slept through its end."""
    connection = make_connection()
    for _event in range(20):
        events.make_dead(connection)
    replay = replaying._keep(replaying.plan(EVERYTHING()), actor=None, filters={}, public_id=uuid.uuid4())
    rows = list(replay.items.values_list("pk", "event_id"))
    woken: list[int] = []
    at_once(4, lambda: woken.append(replaying._put_back(rows)))
    assert sorted(woken) == [0, 0, 0, 20]


@pytest.mark.django_db
def test_a_worker_that_died_is_replaced(clock: Any) -> None:
    events.make_dead(make_connection())
    replay = replaying._keep(replaying.plan(EVERYTHING()), actor=None, filters={}, public_id=uuid.uuid4())
    Replay.objects.update(lease_until=NOW + timedelta(seconds=60), state="running")
    assert replaying.work() == 0
    clock.shift(61)
    assert (replaying.work(), under_way(replay)) == (1, 1)


@pytest.mark.django_db
def test_nobody_begins_before_all_are_put_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that looks between two portions finds the lease taken."""
    monkeypatch.setattr(replaying, "_BATCH", 2)
    connection = make_connection()
    for _event in range(5):
        events.make_dead(connection)
    put_down, seen = ReplayItem.objects.bulk_create, []

    def look_and_put_down(rows: Any) -> Any:
        seen.append(replaying.work())
        return put_down(rows)

    monkeypatch.setattr(ReplayItem.objects, "bulk_create", look_and_put_down)
    replay = request_all()
    assert seen == [0, 0, 0] and under_way(replay) == 5


@pytest.mark.django_db
def test_what_was_put_down_before_a_crash_is_finished(clock: Any) -> None:
    events.make_dead(make_connection())
    replay = replaying._keep(replaying.plan(EVERYTHING()), actor=None, filters={}, public_id=uuid.uuid4())
    Replay.objects.update(total=9, lease_until=NOW + timedelta(seconds=60))
    clock.shift(61)
    replaying.work()
    WebhookEvent.objects.update(state="done")
    replaying.work()
    replay.refresh_from_db()
    assert (replay.state, replay.handled, replay.total) == (ReplayState.DONE, 1, 1)


@pytest.mark.django_db
def test_takes_the_oldest_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST", 3)
    connection = make_connection()
    made = [events.make_dead(connection, received_at=NOW - timedelta(hours=hour)) for hour in range(5)]
    planned = replaying.plan(EVERYTHING())
    assert (planned.total, planned.left_out) == (3, 2)
    assert [pk for pk, _state in planned.events] == [made[4].pk, made[3].pk, made[2].pk]


def test_counts_charges_connections_and_calls(charge: Charge) -> None:
    _event, resource = events.dead_about(charge)
    for _again in range(2):
        events.make_dead(charge.connection, gateway_id=resource.gateway_id)
    events.dead_about(charge)
    events.make_dead(make_connection(), gateway_id=resource.gateway_id)
    planned = replaying.plan(EVERYTHING())
    assert (planned.total, planned.charges, planned.connections, planned.calls) == (5, 1, 2, 3)


@pytest.mark.django_db
def test_leaves_out_what_cannot_be_asked() -> None:
    connection = make_connection()
    events.make_event(connection, is_hint=True, state="ignored")
    events.make_event(connection, kind="", gateway_id="", state="ignored", reason="nothing_to_fetch")
    kept = events.make_dead(connection)
    assert [pk for pk, _state in replaying.plan(EVERYTHING()).events] == [kept.pk]


def test_ignoring_takes_it_from_the_list_and_keeps_the_reason(charge: Charge, maria: User) -> None:
    event, _resource = events.dead_about(charge)
    assert ignoring.ignore(event, actor=maria, note="Paid in cash")
    assert not ignoring.ignore(event, actor=maria, note="again")
    event.refresh_from_db()
    assert (event.state, event.reason, event.ignored_by, event.note) == (
        EventState.IGNORED,
        "by_person",
        maria,
        "Paid in cash",
    )
    assert charge.timeline.get(code="notification_ignored").data["note"] == "Paid in cash"


def test_repeats_of_an_ignored_one_are_only_counted_until_it_is_replayed(
    client: Client, charge: Charge, gateway: Any, maria: User
) -> None:
    payment = make_resource(charge).gateway_id
    body = signing.asaas_body("PAYMENT_RECEIVED", payment)

    def deliver() -> WebhookEvent:
        signing.post(client, charge.connection, body, signing.asaas_headers(charge.connection))
        return WebhookEvent.objects.get()

    event = deliver()
    ignoring.ignore(event, actor=maria, note="a trial")
    event = deliver()
    inbox.work()
    assert (event.state, event.repeats, len(gateway.calls)) == (EventState.IGNORED, 1, 0)
    events.answer_paid(gateway, charge, payment)
    replaying.request_one(event, actor=maria, public_id=uuid.uuid4())
    inbox.work()
    event.refresh_from_db()
    assert (event.state, event.ignored_by, event.note) == (EventState.DONE, None, "")
    assert deliver().state == EventState.RECEIVED


@pytest.mark.django_db
def test_one_that_is_done_or_unsigned_cannot_be_ignored(maria: User) -> None:
    connection = make_connection()
    for event in (events.make_event(connection), events.make_event(connection, is_hint=True, state="retry")):
        assert not ignoring.ignore(event, actor=maria, note="no")
    assert not WebhookEvent.objects.filter(state="ignored").exists()


def test_filters_find_what_they_say(charge: Charge) -> None:
    mine, resource = events.dead_about(charge, received_at=NOW - timedelta(days=2))
    other = events.make_event(make_connection(), topic="PAYMENT_OVERDUE")
    cases: dict[str, tuple[Filters, WebhookEvent]] = {
        "view": (Filters(view="dead"), mine),
        "done": (Filters(view="done"), other),
        "connection": (Filters(connection=str(charge.connection.public_id)), mine),
        "topic": (Filters(topic="PAYMENT_OVERDUE"), other),
        "since": (Filters(since=NOW - timedelta(days=1)), other),
        "until": (Filters(until=NOW - timedelta(days=1)), mine),
        "gateway id": (Filters(text=resource.gateway_id), mine),
        "reference": (Filters(text=charge.reference.upper()), mine),
    }
    for name, (filters, wanted) in cases.items():
        assert list(narrowed(EVERYTHING(), filters)) == [wanted], name
    assert list(narrowed(EVERYTHING(), Filters(connection="no uuid"))) == []
