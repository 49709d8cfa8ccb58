"""No page of the panel asks the database more when the inbox is full."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from backoffice.groups import ADMINISTRATOR
from connections.models import Connection
from tests.backoffice import people
from tests.factories import NOW, make_charge, make_connection, make_resource
from webhooks.models import Replay, ReplayItem, Simulation, WebhookEvent
from webhooks.panel.urls import urlpatterns
from webhooks.services import recording, replaying
from webhooks.services.choosing import VIEWS

pytestmark = pytest.mark.django_db
STATES = ("received", "retry", "done", "test", "ignored", "dead")
TOPICS = ("PAYMENT_RECEIVED", "PAYMENT_OVERDUE")
FILLING = b'{"event": "PAYMENT_RECEIVED", "filling": "' + b"x" * 600 + b'"}'
DAYS = 30


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(replaying, "wake", lambda _name: True)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(people.make_person("maria", ADMINISTRATOR))
    return client


def fill(connection: Connection, number: int) -> WebhookEvent:
    """So many notifications of all kinds about a hundred charges, over thirty days; returns a dead one.

    Of every hundred one was sent from here, one was not signed, two came again, and a few were asked again.
    """
    resources = [make_resource(make_charge(connection)) for _ in range(min(number // 4, 100))]
    start = WebhookEvent.objects.count()
    apart = timedelta(days=DAYS) / number
    WebhookEvent.objects.bulk_create(
        (
            WebhookEvent(
                connection=connection,
                topic=TOPICS[place % 2],
                kind="payment",
                gateway_id=resources[place % len(resources)].gateway_id,
                dedupe_key=f"many{place}",
                headers={"content-type": "application/json"},
                body=FILLING,
                received_at=NOW - apart * (place - start),
                state=STATES[place % len(STATES)],
                attempts=1,
                history=[{"at": NOW.isoformat(), "outcome": STATES[place % len(STATES)]}],
                repeats=place % 50 == 0,
                is_simulated=place % 100 == 1,
                is_hint=place % 100 == 2,
                delay=timedelta(milliseconds=place % 7_000) if place % len(STATES) == 2 else None,
            )
            for place in range(start, start + number)
        ),
        batch_size=2_000,
    )
    recording.count(connection, "wrong_token")
    _ask_again(connection, number // 20)
    _simulate(connection, number // 100)
    return WebhookEvent.objects.filter(state="dead", is_hint=False).latest("received_at")


def _ask_again(connection: Connection, number: int) -> None:
    replay = Replay.objects.create(asked_at=NOW, total=number, state="running")
    chosen = WebhookEvent.objects.filter(connection=connection).order_by("-pk")[:number]
    ReplayItem.objects.bulk_create(
        ReplayItem(
            replay=replay, event_id=pk, state_before="dead", outcome=("", "dead", "done")[pk % 3], at=NOW
        )
        for pk in chosen.values_list("pk", flat=True)
    )


def _simulate(connection: Connection, number: int) -> None:
    Simulation.objects.bulk_create(
        Simulation(
            public_id=uuid.uuid4(),
            connection=connection,
            sent_at=NOW,
            topic=TOPICS[0],
            gateway_id="pay_1",
            signed_with="wrong",
            body="{}",
        )
        for _number in range(number)
    )


def pages(event: WebhookEvent) -> list[str]:
    """Every page of the panel that is read, with every view and filter of its list."""
    account = event.connection.public_id
    replay = Replay.objects.latest("pk").public_id
    simulation = Simulation.objects.latest("pk").public_id
    lists = ["", "?period=30d", "?period=today", f"?before={event.public_id}", f"?after={event.public_id}"]
    lists += [f"?view={view}" for view in VIEWS]
    lists += [f"?connection={account}&view={view}" for view in VIEWS]
    lists += ["?topic=PAYMENT_OVERDUE", "?topic=NEVER", f"?q={event.gateway_id}", "?q=nothing"]
    lists += [f"?replay={replay}", f"?since={(NOW - timedelta(days=20)).date()}&until={NOW.date()}"]
    own = f"/events/{event.public_id}/"
    return [
        *(f"/events/{query}" for query in lists),
        "/events/accounts/?period=30d",
        f"/events/accounts/?connection={account}",
        "/events/replay/",
        "/events/replay/?view=dead&period=7d",
        f"/events/replays/{replay}/",
        f"/events/replays/{replay}/state/",
        "/events/simulate/",
        f"/events/simulate/?connection={account}",
        f"/events/simulations/{simulation}/",
        f"/events/simulations/{simulation}/state/",
        own,
        f"{own}state/",
    ]


def presses(event: WebhookEvent) -> list[tuple[str, dict[str, str]]]:
    """What is done with one notification; the last takes it out of the queue."""
    own = f"/events/{event.public_id}/"
    return [
        (f"{own}replay/", {"submission": str(uuid.uuid4())}),
        (f"{own}ignore/", {"note": "Paid in cash"}),
    ]


def asked(client: Client, event: WebhookEvent) -> list[tuple[str, int]]:
    """How many queries each page and press needs, by what stays the same in its address."""
    found = []
    for place, address in enumerate(pages(event)):
        with CaptureQueriesContext(database) as queries:
            assert client.get(address).status_code == 200, address
        found.append((f"{place} {resolve(address.partition('?')[0]).url_name}", len(queries)))
    for address, typed in presses(event):
        with CaptureQueriesContext(database) as queries:
            assert client.post(address, typed).status_code == 302, address
        found.append((resolve(address).url_name or "", len(queries)))
    return found


@pytest.mark.small
@pytest.mark.parametrize("number", [2_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_every_page_asks_as_little_of_many_as_of_few(admin: Client, number: int) -> None:
    connection = make_connection()
    few = asked(admin, fill(connection, 200))
    assert asked(admin, fill(connection, number)) == few


def test_every_address_of_the_panel_is_asked() -> None:
    event = fill(make_connection(), 200)
    addresses = [*pages(event), *(address for address, _typed in presses(event))]
    named = {resolve(address.partition("?")[0]).url_name for address in addresses}
    assert named == {pattern.name for pattern in urlpatterns}
