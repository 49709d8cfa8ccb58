"""A gateway that tells us nothing any more, against what it should have told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from connections.models import Connection, Problem
from connections.services import problems
from payments.models import MissedNotification
from payments.services import silence
from tests.factories import NOW, make_charge, make_connection, make_resource

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """It stands."""
    with time_machine.travel(NOW, tick=False):
        yield


def silent(*hours: float, last: float | None = None, arrived: bool = False) -> Connection:
    """Found so many hours ago what nobody told; ``last`` is when the last notification came."""
    connection = make_connection(last_event_at=NOW - timedelta(hours=last) if last is not None else None)
    for ago in hours:
        charge = make_charge(connection)
        MissedNotification.objects.create(
            connection=connection,
            resource=make_resource(charge),
            charge=charge,
            found_at=NOW - timedelta(hours=ago),
            source="check",
            arrived_at=NOW if arrived else None,
        )
    return connection


@pytest.mark.parametrize(
    ("hours", "last", "is_silent"),
    [
        ((30, 2), None, True),
        ((20, 2), None, False),  # it may just have been connected
        ((5, 2), 25, True),
        ((5, 2), 23, False),
        ((5,), 25, False),  # one may be lost
        ((5, 0.5), 25, False),  # a notification may come after the check
        ((30, 28), 25, False),  # before the last one
    ],
)
def test_a_day_of_changes_without_a_word(
    hours: tuple[float, ...], last: float | None, is_silent: bool
) -> None:
    connection = silent(*hours, last=last)
    assert silence.judge(connection) == is_silent
    assert Problem.objects.open().filter(code="notifications_silent").exists() == is_silent


def test_what_came_late_was_told() -> None:
    assert not silence.judge(silent(30, 2, arrived=True))


def test_one_that_comes_ends_it() -> None:
    connection = silent(30, 2)
    silence.follow()
    assert "(2)" in str(Problem.objects.open().get().advice)
    Connection.objects.update(last_event_at=NOW)
    silence.follow()
    assert not Problem.objects.open().exists() and connection.problems.count() == 1


@pytest.mark.parametrize("code", ["webhook_disabled", "key_refused", "webhook_secret_sealed"])
def test_what_explains_it_is_the_one_fault(code: str) -> None:
    connection = silent(30, 2)
    problems.raise_(connection, code)
    assert not silence.judge(connection)
    problems.clear(connection, code)
    assert silence.judge(connection)


@pytest.mark.parametrize("code", ["request_id_altered", "public_url_unreachable"])
def test_so_does_the_house(code: str) -> None:
    connection = silent(30, 2)
    problems.raise_(None, code)
    assert not silence.judge(connection)


def test_silence_takes_the_place_of_some_that_are_missing() -> None:
    connection = silent(30, 2)
    problems.raise_(connection, "notifications_missing")
    silence.judge(connection)
    assert [problem.code for problem in Problem.objects.open()] == ["notifications_silent"]
