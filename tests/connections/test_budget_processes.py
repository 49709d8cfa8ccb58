"""The budget of a connection is one, whichever process spends it: two real processes on a real Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection as database

from connections.models import Connection
from tests.factories import make_connection

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.weighty]


class Process:
    """Another process of the product, asked by lines of JSON."""

    def __init__(self) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.connections.spending"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DATABASE_URL": _test_database(), "DJANGO_SETTINGS_MODULE": "config.settings"},
        )

    def do(self, name: str, *words: Any, **options: Any) -> Any:
        assert self.popen.stdin and self.popen.stdout
        self.popen.stdin.write(json.dumps([name, words, options]) + "\n")
        self.popen.stdin.flush()
        return json.loads(self.popen.stdout.readline())


def _test_database() -> str:
    name = str(database.settings_dict["NAME"])
    if database.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


@pytest.fixture(scope="module")
def two(django_db_setup: None) -> Iterator[tuple[Process, Process]]:
    with _process() as first, _process() as second:
        yield first, second


@contextmanager
def _process() -> Iterator[Process]:
    process = Process()
    try:
        yield process
    finally:
        process.popen.kill()
        process.popen.communicate()


@pytest.fixture
def connection() -> Connection:
    return _fresh()


def _fresh() -> Connection:
    made = make_connection()
    store = redis.Redis.from_url(django_settings.REDIS_URL)
    store.delete(f"budget:{made.pk}:flying", f"budget:{made.pk}:window")
    return made


def most_at_once(spans: list[list[float]]) -> int:
    """How many places were held at the fullest moment."""
    steps = sorted((moment, change) for began, ended in spans for moment, change in ((began, 1), (ended, -1)))
    held = fullest = 0
    for _moment, change in steps:
        held += change
        fullest = max(fullest, held)
    return fullest


def test_two_processes_never_hold_more_than_the_places_there_are(
    two: tuple[Process, Process], connection: Connection
) -> None:
    for process in two:
        process.do("begin", connection.pk, threads=6, concurrency=3)
    while min(process.do("count") for process in two) < 50:
        pass
    ours, theirs = (process.do("end") for process in two)
    assert most_at_once([*ours, *theirs]) == 3
    assert any(a[0] < b[1] and b[0] < a[1] for a in ours for b in theirs), "they competed"


def test_a_place_given_back_by_one_is_taken_by_the_other(
    two: tuple[Process, Process], connection: Connection
) -> None:
    first, second = two
    assert [first.do("take", connection.pk) for _place in range(3)] == [0, 0, 0]
    assert second.do("take", connection.pk) == 0
    assert second.do("take", connection.pk) > 0
    first.do("release")
    assert second.do("take", connection.pk) == 0
    assert first.do("take", connection.pk) > 0


def test_both_spend_the_calls_of_one_window(two: tuple[Process, Process], connection: Connection) -> None:
    def spend(process: Process) -> bool:
        is_taken = process.do("take", connection.pk, window_calls=10) == 0
        if is_taken:
            process.do("release")
        return is_taken

    taken = [spend(two[number % 2]) for number in range(20)]
    assert taken == [True] * 10 + [False] * 10
    assert two[0].do("take", connection.pk, window_calls=10) > 30


def test_the_operators_process_is_served_while_the_workers_fill_their_share(
    two: tuple[Process, Process], connection: Connection
) -> None:
    worker, web = two

    def take(process: Process) -> float:
        return float(process.do("take", connection.pk, is_background=process is worker))

    assert [take(worker) == 0 for _place in range(4)] == [True, True, True, False]
    assert take(web) == 0
    assert take(web) > 0


def test_a_pause_told_to_one_process_holds_in_the_other_for_that_connection_alone(
    two: tuple[Process, Process], connection: Connection
) -> None:
    other = _fresh()
    two[0].do("pause", connection.pk, 30)
    assert 25 < two[1].do("take", connection.pk) <= 30
    assert two[1].do("take", other.pk) == 0


def test_a_killed_process_keeps_its_places_for_a_minute_at_most(
    two: tuple[Process, Process], connection: Connection
) -> None:
    with _process() as killed:
        assert [killed.do("take", connection.pk) for _place in range(4)] == [0, 0, 0, 0]
    assert two[0].do("take", connection.pk) > 0
    store = redis.Redis.from_url(django_settings.REDIS_URL)
    flying = f"budget:{connection.pk}:flying"
    for place, taken_at in store.zrange(flying, 0, -1, withscores=True):
        store.zadd(flying, {place: taken_at - 61})  # as if a minute had passed
    assert two[0].do("take", connection.pk) == 0
