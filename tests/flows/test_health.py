"""A stopped queue flows again, and a key that stops working is told and forgotten, by a running product."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import requests
from lib.pages import Page
from lib.processes import Child

from tests.flows.conftest import product
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.full]
DAY = 24 * 3600
A_LOOK = 10 * 60 + 1
OPEN = "list(Problem.objects.open().values_list('code', flat=True))"
PAST = "list(Problem.objects.exclude(cleared_at=None).values_list('code', 'repair'))"
TOLD = "Problem.objects.filter(code='key_refused').exclude(told_at=None).count()"
ADDRESS = "__import__('django.contrib.auth.models').contrib.auth.models.User.objects.filter(is_staff=True)"


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("letters")


@pytest.fixture(scope="module")
def alone(letters: Path) -> Iterator[Running]:
    """A product of its own that writes its e-mails to a folder, with one Asaas account."""
    os.environ["EMAIL_URL"] = f"filemail:///{letters}"
    try:
        with product() as running:
            running.shop("asaas")
            yield running
    finally:
        os.environ.pop("EMAIL_URL")


def hook(running: Running) -> dict[str, Any]:
    account = running.shop("asaas").account
    address = f"{running.stack.simulator_url}{account['base']}/v3/webhooks"
    [found] = requests.get(address, headers={"access_token": account["api_key"]}, timeout=60).json()["data"]
    return dict(found)


def first_page(running: Running) -> Page:
    return running.people.admin.open("/")


def problems_shown(running: Running) -> str:
    return first_page(running).data.get("data-problems", "")


def stop(running: Running, *names: str) -> list[tuple[str, Sequence[Any]]]:
    """The processes die; with what they can be started again."""
    commands = []
    for name in names:
        child: Child = running.child(name)
        commands.append((name, list(child.popen.args)))  # type: ignore[call-overload]
        running.kill(name)
    return commands


def start_again(running: Running, commands: list[tuple[str, Sequence[Any]]]) -> None:
    for name, command in commands:
        log = running.plan.folder / "log" / f"{name}-again.log"
        running.children.start(name, command, log=log, env=running.environment(), cwd=running.plan.root)


def test_a_queue_that_stopped_while_we_were_away_flows_again(alone: Running) -> None:
    reference = alone.charge("asaas")
    away = stop(alone, "web", "worker", "beat")
    alone.control("pay", reference=reference)
    alone.control("clock", advance_seconds=DAY, play=True)
    alone.control("flush")
    assert hook(alone)["interrupted"]
    start_again(alone, away)
    alone.wait_until(lambda: not hook(alone)["interrupted"], "the queue flows")
    sent = f"deliveries?reference={reference}&event=PAYMENT_RECEIVED"
    alone.wait_until(
        lambda: {one["state"] for one in alone.ask(sent)["deliveries"]} == {"delivered"}, "it was delivered"
    )
    alone.wait_for_status(reference, "paid")
    alone.wait_until(lambda: alone.evaluate(OPEN) == [], "nothing is left")
    assert ["webhook_interrupted", "resumed"] in alone.evaluate(PAST)
    assert problems_shown(alone) == "0"


def test_a_key_that_stops_working_is_told_once_and_forgotten(alone: Running, letters: Path) -> None:
    account = alone.shop("asaas").account
    alone.evaluate(f"{ADDRESS}.update(email='ana@example.com')")
    alone.control(f"accounts/{account['id']}", key_enabled=False)
    alone.control("clock", advance_seconds=A_LOOK)
    alone.wait_until(lambda: problems_shown(alone) == "1", "the first page says so")
    alone.wait_until(lambda: alone.evaluate(TOLD) == 1, "somebody was told")
    alone.control("clock", advance_seconds=A_LOOK)
    checked = "str(Connection.objects.get().checked_at)"
    before = alone.evaluate(checked)
    alone.control("clock", advance_seconds=A_LOOK)
    alone.wait_until(lambda: alone.evaluate(checked) != before, "it is looked at again")
    alone.control(f"accounts/{account['id']}", key_enabled=True)
    alone.control("clock", advance_seconds=A_LOOK)
    alone.wait_until(lambda: problems_shown(alone) == "0", "all is well")
    assert alone.evaluate(OPEN) == []
    [letter] = [message_from_string(path.read_text(), policy=default) for path in letters.iterdir()]
    assert letter["To"] == "ana@example.com" and "Demo Asaas" in str(letter["Subject"])
