"""manage.py replay_events: says what it would do, does it alone, and exits 1 when something failed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import responses
import time_machine
from django.core.management import CommandError, call_command

from connections.models import GatewayPause
from payments.models import Charge
from tests.factories import NOW, make_charge, make_connection
from tests.webhooks import events
from webhooks.management.commands import replay_events
from webhooks.models import Replay, ReplayState, WebhookEvent
from webhooks.services import replaying

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "wake", lambda _name: True)
    monkeypatch.setattr(replay_events, "_POLL_SECONDS", 0)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report."""
    out, code = StringIO(), 0
    try:
        call_command("replay_events", *arguments, "--json", stdout=out)
    except SystemExit as stopped:
        code = int(str(stopped.code))
    return code, json.loads(out.getvalue())


def test_does_it_without_a_worker(gateway: Any) -> None:
    charges: list[Charge] = [make_charge() for _charge in range(3)]
    for charge in charges:
        _event, resource = events.dead_about(charge)
        events.answer_paid(gateway, charge, resource.gateway_id)
    code, report = run("--failed")
    assert (code, report["notifications"], report["charges"], report["done"]) == (0, 3, 3, 3)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}
    assert Replay.objects.get().state == ReplayState.DONE
    for charge in charges:
        charge.refresh_from_db()
        assert charge.status == "paid"
    assert run("--failed")[1]["notifications"] == 0


def test_goes_on_beyond_the_first_hundred(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "SLICE", 2)
    charge = make_charge()
    for _event in range(7):
        _dead, resource = events.dead_about(charge)
        events.answer_paid(gateway, charge, resource.gateway_id)
    assert run()[1]["done"] == 7


def test_dry_run_says_what_it_would_do_and_changes_nothing(gateway: Any) -> None:
    events.dead_about(make_charge())
    before = list(WebhookEvent.objects.values())
    code, report = run("--dry-run")
    assert (code, report["dry_run"], report["notifications"], report["calls"]) == (0, True, 1, 1)
    assert list(WebhookEvent.objects.values()) == before
    assert not Replay.objects.exists() and not gateway.calls


def test_exits_1_and_names_what_failed_again(gateway: Any) -> None:
    event, resource = events.dead_about(make_charge())
    events.answer_nonsense(gateway, resource.gateway_id)
    code, report = run()
    (row,) = report["failed_again"]
    assert (code, report["waiting"], row["state"], row["cause"]) == (1, 1, "retry", "unreadable_answer")
    assert row["notification"] == str(event.public_id)


def test_exits_1_while_a_gateway_is_away_and_leaves_the_rest_to_the_workers(gateway: Any) -> None:
    connection = make_connection()
    events.make_dead(connection)
    GatewayPause.objects.create(connection=connection, since=NOW, until=NOW + timedelta(hours=1), strikes=2)
    code, report = run()
    assert (code, report["not_asked"], report["state"]) == (1, 1, ReplayState.RUNNING)
    assert not gateway.calls


def test_takes_only_what_is_meant(gateway: Any) -> None:
    old, new = make_charge(), make_charge()
    events.dead_about(old, received_at=NOW - timedelta(days=2))
    events.dead_about(new)
    events.make_event(new.connection)
    counted = {
        (): 3,
        ("--failed",): 2,
        ("--failed", "--since", "2026-11-21"): 1,
        ("--since", "2026-11-21T12:00:01"): 0,
        ("--connection", str(old.connection.public_id)): 1,
    }
    for arguments, wanted in counted.items():
        assert run("--dry-run", *arguments)[1]["notifications"] == wanted, arguments


def test_exits_1_when_more_match_than_are_taken(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST", 1)
    for _event in range(2):
        charge = make_charge()
        _dead, resource = events.dead_about(charge)
        events.answer_paid(gateway, charge, resource.gateway_id)
    code, report = run("--failed")
    assert (code, report["done"], report["left_out"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since yesterday: write YYYY-MM-DD"),
        (["--since", "2026-13-01"], "write YYYY-MM-DD"),
        (["--connection", "loja"], "No connection has the id loja."),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("replay_events", *arguments)


def test_speaks_in_words_too(gateway: Any) -> None:
    event, resource = events.dead_about(make_charge())
    events.answer_nonsense(gateway, resource.gateway_id)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("replay_events", stdout=out)
    assert "1 notifications about 1 charges" in out.getvalue()
    assert f"failed again: {event.public_id}" in out.getvalue()
