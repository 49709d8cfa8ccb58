"""Every unsigned notification (IPN) of docs/topics.md: told once, again, and before there is anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from connections.gateways.base import Method, Rejection
from connections.models import Connection
from payments.models import Charge
from tests.payments.simulated import World
from tests.simulator.support import Inbox, Received
from tests.webhooks import signing
from tests.webhooks.handing import connected, hand_on
from tests.webhooks.topics import unsigned_lines
from webhooks.models import RejectedNotification, WebhookEvent
from webhooks.services import hints, inbox

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]
LINES = unsigned_lines("Mercado Pago")
ASKED_FOR = sorted(name for name, leads in LINES.items() if "asked for" in leads)
COUNTED = sorted(name for name, leads in LINES.items() if leads == "counted")


@pytest.fixture
def connection(world: World, receiver: Inbox, settings: Any) -> Iterator[Connection]:
    settings.PUBLIC_URL = receiver.url
    yield connected(world, "checkout", receiver)


def work(world: World) -> None:
    """What an order names has its own turn, and a connection has one every two seconds."""
    for _turn in range(4):
        inbox.work()
        hints.work()
        world.move(seconds=3)


def ended() -> dict[str, tuple[str, str]]:
    return {event.topic: (event.state, event.reason) for event in WebhookEvent.objects.filter(is_hint=True)}


def counted() -> int:
    rows = RejectedNotification.objects.filter(reason=Rejection.UNSIGNED_IPN.value)
    return sum(rows.values_list("times", flat=True))


def post(client: Client, connection: Connection, topic: str, named: str) -> str:
    answer = signing.post(client, connection, b"{}", {}, f"id={named}&topic={topic}")
    assert answer.status_code == 200
    return str(answer.json()["status"])


def paid_with_unsigned_words(world: World, receiver: Inbox) -> tuple[Charge, list[Received]]:
    charge = world.charge("checkout", Method.CARD)
    world.control("flush")
    receiver.received.clear()
    world.fault("ipn_twin", unsigned=True, only=True, times=None)
    world.control("pay_card", reference=charge.reference)
    world.control("flush")
    world.no_faults()
    return charge, list(receiver.received)


def test_the_page_tells_of_every_one() -> None:
    assert sorted([*ASKED_FOR, *COUNTED]) == sorted(LINES)
    assert ASKED_FOR == ["merchant_order", "payment"] and COUNTED


@pytest.mark.parametrize("topic", ASKED_FOR)
def test_told_once_and_again(
    world: World, receiver: Inbox, client: Client, connection: Connection, topic: str
) -> None:
    """As the simulator sends it: the charge is paid by what is asked for then, and only once."""
    charge, told = paid_with_unsigned_words(world, receiver)
    own = [one for one in told if f"topic={topic}" in one.query]
    assert own
    for _time in range(2):
        for delivery in own:
            hand_on(client, delivery)
        work(world)
        charge.refresh_from_db()
        assert (charge.status, charge.received_cents) == ("paid", 10_000)
        assert set(ended().values()) == {("done", "")} and topic in ended()
    assert charge.payments.count() == 1


def test_told_before_there_is_anything(world: World, client: Client, connection: Connection) -> None:
    for _time in range(2):
        assert {post(client, connection, topic, "777") for topic in ASKED_FOR} == {"hint"}
        work(world)
        assert ended() == {topic: ("ignored", "not_found") for topic in ASKED_FOR}


def test_what_is_only_counted_brings_nothing_about(client: Client, connection: Connection) -> None:
    for _time in range(2):
        assert {post(client, connection, topic, "777") for topic in COUNTED} == {"counted"}
    assert (ended(), counted()) == ({}, 2 * len(COUNTED))
