"""A gateway that is away: when it is left alone, who tries it, and how the work comes back to it."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection as database

from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
)
from connections.models import Connection, GatewayPause
from connections.services import note_success, pausing
from tests.factories import NOW, make_connection

DOWN = GatewayUnavailable("down", maybe_sent=False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr(pausing, "chance", random.Random(3))
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def connection(db: None) -> Connection:
    return make_connection()


def pause(connection: Connection, error: GatewayError = DOWN) -> timedelta:
    """Fail until it is left alone; for how long."""
    for _strike in range(pausing.STRIKES):
        if not pausing.away():
            pausing.note_failure(connection.pk, error)
    until = GatewayPause.objects.get(connection=connection).until
    assert until is not None
    return until - pausing.clock.now()


def test_a_pause_ends_when_its_reason_is_mended(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    """A new key was accepted: nobody waits out the minute of the old one."""
    pausing.note_failure(connection.pk, CredentialsRefused("no", http_status=401))
    assert pausing.away() == {connection.pk} and not pausing.may_ask(connection.pk)
    pausing.end(connection.pk)
    assert pausing.away() == set()
    assert [pausing.may_ask(connection.pk) for _call in range(3)] == [True, False, False]
    clock.shift(1)
    assert pausing.may_ask(connection.pk)


def test_one_failure_is_no_pause_and_an_answer_forgets_it(connection: Connection, clock: object) -> None:
    for _time in range(3):
        pausing.note_failure(connection.pk, DOWN)
        assert pausing.may_ask(connection.pk)
        pausing.note_answer(connection.pk)
    assert not GatewayPause.objects.exists()


def test_two_failures_pause_this_connection_alone(connection: Connection, clock: object) -> None:
    other = make_connection()
    pause(connection)
    assert pausing.away() == {connection.pk}
    assert (pausing.may_ask(connection.pk), pausing.may_ask(other.pk)) == (False, True)


def test_each_vain_try_makes_the_next_pause_longer_up_to_five_minutes(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    waits = [pause(connection).total_seconds()]
    for _round in range(6):
        clock.shift(waits[-1] + 0.001)
        assert pausing.may_ask(connection.pk)
        pausing.note_failure(connection.pk, DOWN)
        row = GatewayPause.objects.get()
        assert row.until is not None and row.since == NOW
        waits.append((row.until - pausing.clock.now()).total_seconds())
    for wait, least in zip(waits, (30, 60, 120, 240, 240, 240, 240), strict=True):
        assert least <= wait <= least * 1.25
    assert len({round(wait / 30, 3) for wait in waits}) > 4


@pytest.mark.parametrize(("asked", "least"), [(45, 45), (600, 600), (43_200, 900), (0, 1), (None, 30)])
def test_what_the_gateway_asks_for_is_kept_within_a_quarter_of_an_hour(
    connection: Connection, clock: object, asked: float | None, least: float
) -> None:
    pausing.note_failure(connection.pk, RateLimited("slow down", retry_after=asked))
    until = GatewayPause.objects.get().until
    assert until is not None
    most = least * (1.02 if asked is not None else 1.25)
    assert least <= (until - NOW).total_seconds() <= most


def test_a_call_from_before_the_pause_may_only_lengthen_it(connection: Connection, clock: object) -> None:
    pause(connection)
    row = GatewayPause.objects.get()
    pausing.note_failure(connection.pk, DOWN)
    pausing.note_answer(connection.pk)
    after = GatewayPause.objects.get()
    assert (row.until, row.rounds) == (after.until, after.rounds)
    pausing.note_failure(connection.pk, RateLimited("slow down", retry_after=500))
    longer = GatewayPause.objects.get().until
    assert longer is not None and longer >= NOW + timedelta(seconds=500)


def test_a_refused_key_is_tried_once_a_minute_and_a_forbidden_call_is_not_the_key(
    connection: Connection, clock: object
) -> None:
    pausing.note_failure(connection.pk, CredentialsRefused("no", http_status=403))
    assert pausing.may_ask(connection.pk)
    pausing.note_answer(connection.pk)
    assert pause(connection, CredentialsRefused("no", http_status=401)) == timedelta(seconds=60)


def test_a_budget_that_is_spent_for_a_moment_is_no_pause(connection: Connection, clock: object) -> None:
    pausing.note_failure(connection.pk, BudgetExhausted("spent", retry_after=1))
    assert not GatewayPause.objects.exists()
    pausing.note_failure(connection.pk, BudgetExhausted("spent", retry_after=300))
    assert pausing.away() == {connection.pk}


def test_one_caller_tries_it_and_who_dies_trying_is_replaced(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    clock.shift(pause(connection).total_seconds() + 0.001)
    assert pausing.away() == set()
    assert [pausing.may_ask(connection.pk) for _caller in range(3)] == [True, False, False]
    assert pausing.away() == {connection.pk}
    clock.shift(pausing.PROBE.total_seconds())
    assert [pausing.may_ask(connection.pk) for _caller in range(2)] == [True, False]


def test_back_it_is_asked_once_then_twice_then_four_times_a_second(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    clock.shift(pause(connection).total_seconds() + 0.001)
    assert pausing.may_ask(connection.pk)
    note_success(connection)
    asked = []
    for _second in range(int(pausing.RAMP.total_seconds())):
        asked.append(sum(pausing.may_ask(connection.pk) for _caller in range(100)))
        clock.shift(1)
    assert asked == [1, 2, 4, 8, 16, 32]
    assert all(pausing.may_ask(connection.pk) for _caller in range(100))
    pausing.note_answer(connection.pk)
    assert not GatewayPause.objects.exists()


def test_one_failure_on_the_way_back_changes_nothing_and_two_make_a_longer_pause(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    clock.shift(pause(connection).total_seconds() + 0.001)
    assert pausing.may_ask(connection.pk)
    pausing.note_answer(connection.pk)
    pausing.note_failure(connection.pk, DOWN)
    pausing.note_answer(connection.pk)
    pausing.note_failure(connection.pk, DOWN)
    assert pausing.may_ask(connection.pk)
    pausing.note_failure(connection.pk, DOWN)
    row = GatewayPause.objects.get()
    assert row.until is not None and row.rounds == 2
    assert timedelta(seconds=60) <= row.until - pausing.clock.now()


def test_long_after_it_came_back_a_pause_begins_anew(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    clock.shift(pause(connection).total_seconds() + 0.001)
    assert pausing.may_ask(connection.pk)
    pausing.note_answer(connection.pk)
    clock.shift(3600)
    assert pause(connection) <= timedelta(seconds=30 * 1.25)
    assert GatewayPause.objects.get().since == pausing.clock.now()


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_gets_the_first_call() -> None:
    connection, granted = make_connection(), []
    pause(connection)
    GatewayPause.objects.update(until=pausing.clock.now() - timedelta(seconds=1))
    together = threading.Barrier(8)

    def ask() -> None:
        try:
            together.wait(60)
            granted.append(pausing.may_ask(connection.pk))
        finally:
            database.close()

    workers = [threading.Thread(target=ask) for _worker in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(granted) == [False] * 7 + [True]
