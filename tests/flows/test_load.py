"""Notifications are answered whatever else is slow or gone: gateways that hang, a broker that is away."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from lib import valkey

from tests.flows import loading
from tests.flows.loading import Answered, Crowd
from tests.flows.running import KINDS, Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty, pytest.mark.full]
SAMPLES = 240
MOST_TIMES_SLOWER = 1.5
HANGING, ANOTHER = ("asaas", "mercadopago"), "checkout"
OPERATORS = [*HANGING] * 8
SEATS = 4  # half the threads of one web process
FAILED_LINES = (
    "TimelineEntry.objects.filter(charge__reference__in={references!r}, data__after='failed').count()"
)
BROKER = "the broker"


# -- a gateway that hangs ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Rush:
    """Sixteen operators created a charge each while notifications came in."""

    references: list[str]
    answers: list[Answered]
    still_waiting: int


def hang(running: Running) -> None:
    """Every call of both accounts takes effect and is answered after half a minute."""
    for key in HANGING:
        account = running.shop(key).account["id"]
        running.control("faults", name="hang", when="after", seconds=30, account=account)


def rush(running: Running, *, is_hanging: bool) -> Rush:
    """Notifications to the accounts that may hang and to another one, while everybody presses at once."""
    keys = (*HANGING, ANOTHER)
    notes = loading.about(running, {key: loading.paid_in_silence(running, key)[1] for key in keys}, SAMPLES)
    crowd = Crowd(running, OPERATORS)
    if is_hanging:
        hang(running)
    pages = crowd.create_at_once()
    answers = loading.post_all(notes)
    still_waiting = sum(not page.done() for page in pages)
    for page in pages:
        page.result()
    running.no_faults()
    return Rush(crowd.references(), answers, still_waiting)


def assert_hardly_slower(measure: Callable[[], float]) -> None:
    """What else this machine does may strike one measurement; a fault strikes each of three."""
    assert any(measure() <= MOST_TIMES_SLOWER for _time in range(3))


def test_operators_before_a_hanging_gateway_keep_no_notification_waiting(running: Running) -> None:
    references: list[str] = []

    def measure() -> float:
        before, hung, after = (rush(running, is_hanging=is_hanging) for is_hanging in (False, True, False))
        references.extend(hung.references)
        assert {answer.status for answer in hung.answers} == {200}
        assert SEATS <= hung.still_waiting < len(OPERATORS)
        return loading.times_slower("gateway hangs", before.answers, hung.answers, after.answers)

    assert_hardly_slower(measure)
    assert "failed" not in loading.statuses(running, references).values()
    assert_each_is_created_once(running, references)


def assert_each_is_created_once(running: Running, references: list[str]) -> None:
    def is_settled() -> bool:
        return set(loading.statuses(running, references).values()) == {"pending"}

    running.wait_until(loading.advancing(running, is_settled, seconds=20), "every charge is created")
    books = [running.ask(f"books?reference={reference}")["payments"] for reference in references]
    assert [len(payments) for payments in books] == [1] * len(references)
    assert running.evaluate(FAILED_LINES.format(references=references)) == 0


# -- a broker that is away --------------------------------------------------------------------------


@contextmanager
def refused(running: Running) -> Iterator[None]:
    """The broker's process is gone and its port closed; at the end it is there again, as it was."""
    command, log = running.child(BROKER).popen.args, running.child(BROKER).log
    running.kill(BROKER)
    try:
        yield
    finally:
        running.children.start(BROKER, command, log=log).is_server = True  # type: ignore[arg-type]


@contextmanager
def frozen(running: Running) -> Iterator[None]:
    """The broker takes connections and says nothing; at the end it goes on where it was."""
    process = running.child(BROKER).popen.pid
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def deliver(running: Running) -> list[Answered]:
    """Pay one charge of each kind, notify a few hundred times, and wait until each is paid."""
    paid = {key: loading.paid_in_silence(running, key) for key in KINDS}
    answers = loading.post_all(loading.about(running, {key: paid[key][1] for key in paid}, SAMPLES))
    assert {answer.status for answer in answers} == {200}
    for reference, _payment in paid.values():
        running.wait_for_status(reference, "paid")
    return answers


def wait_for_wake_ups(running: Running) -> None:
    """Until a notification wakes a worker through the broker again."""

    def woken() -> int:
        return running.child("worker").log.read_text(errors="replace").count("webhooks.tasks.work[")

    known = woken()
    note = loading.about(running, {"asaas": loading.paid_in_silence(running, "asaas")[1]}, 1)
    running.wait_until(lambda: bool(loading.post_all(note)) and woken() > known, "a worker is woken")


@pytest.mark.parametrize("away", [refused, frozen])
def test_a_broker_that_is_away_keeps_no_notification_waiting(
    running: Running, away: Callable[[Running], AbstractContextManager[None]]
) -> None:
    def measure() -> float:
        before = deliver(running)
        with away(running):
            assert not valkey.answers(str(running.plan.redis_url))
            meanwhile = deliver(running)
        wait_for_wake_ups(running)
        return loading.times_slower(f"broker {away.__name__}", before, meanwhile, deliver(running))

    assert_hardly_slower(measure)


# -- a gateway that asks for a pause ----------------------------------------------------------------


def calls(running: Running, account: int) -> list[int]:
    """The answers to every call of this account, oldest first."""
    return [call["status"] for call in running.ask("received")["calls"] if call["account"] == account]


def test_too_many_calls_pause_that_connection_alone_in_every_process(running: Running) -> None:
    account = running.shop("asaas").account["id"]
    reference = running.charge("asaas")
    running.control("faults", name="rate_limit", times=1, retry_after=30, account=account)
    running.control("pay", reference=reference)
    running.wait_until(lambda: calls(running, account)[-1] == 429, "a worker was asked to wait")
    known = len(calls(running, account))
    crowd = Crowd(running, ["asaas"] * 4)
    for page in crowd.create_at_once():
        page.result()
    other = running.charge("mercadopago")
    running.control("pay", reference=other)
    running.wait_for_status(other, "paid")
    assert set(loading.statuses(running, crowd.references()).values()) == {"confirming"}
    assert len(calls(running, account)) == known and running.status(reference) == "pending"
    running.control("clock", advance_seconds=31)
    running.wait_for_status(reference, "paid")
    assert_each_is_created_once(running, crowd.references())
