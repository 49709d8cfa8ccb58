"""Notifications given up are a problem of their connection until none is left."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from backoffice.groups import FINANCE
from connections.models import Connection, Problem
from connections.problem_kinds import KINDS
from tests.backoffice import people
from tests.factories import NOW, make_connection
from tests.webhooks import events
from webhooks.models import WebhookEvent
from webhooks.services import dead_list

pytestmark = pytest.mark.django_db


def open_problems() -> list[tuple[Connection | None, Any]]:
    rows = Problem.objects.open().filter(code=dead_list.GIVEN_UP).order_by("connection")
    return [(problem.connection, problem.data["times"]) for problem in rows]


def test_is_raised_for_each_connection_and_cleared_with_the_last() -> None:
    first, second = make_connection(), make_connection()
    for connection in (first, first, second):
        events.make_dead(connection)
    dead_list.follow()
    assert open_problems() == [(first, 2), (second, 1)]
    WebhookEvent.objects.filter(connection=second).update(state="ignored")
    dead_list.follow()
    assert open_problems() == [(first, 2)]
    WebhookEvent.objects.update(state="done")
    dead_list.follow()
    assert open_problems() == []


def test_a_disabled_connection_has_none() -> None:
    events.make_dead(make_connection(is_active=False))
    dead_list.follow()
    assert open_problems() == []


def test_what_was_sent_from_here_alarms_nobody() -> None:
    connection = make_connection()
    events.make_dead(connection, is_simulated=True)
    dead_list.follow()
    assert open_problems() == []
    events.make_dead(connection)
    dead_list.follow()
    assert open_problems() == [(connection, 1)]


def test_looks_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[None] = []
    monkeypatch.setattr(dead_list, "follow", lambda: looks.append(None))
    with time_machine.travel(NOW, tick=False) as clock:
        monkeypatch.setitem(dead_list._followed, "at", NOW)
        for seconds in (1, 58, 1, 30, 30):
            clock.shift(seconds)
            dead_list.look()
    assert len(looks) == 2


def test_first_page_names_it_with_a_way_to_the_list(client: Client) -> None:
    connection = make_connection(name="Loja Centro")
    events.make_dead(connection)
    dead_list.follow()
    client.force_login(people.make_person("ines", FINANCE))
    client.cookies["django_language"] = "en"
    page = client.get("/").content.decode()
    assert "Notifications were given up" in page and "How many: 1." in page
    link = f"/events/?view=dead&amp;connection={connection.public_id}"
    assert link in page
    assert "Payment received" in client.get(link.replace("&amp;", "&")).content.decode()


def test_the_problem_says_what_to_do() -> None:
    with translation.override("en"):
        advice = KINDS[dead_list.GIVEN_UP].advise({"times": 3})
    assert "3" in advice and "asked again" in advice
