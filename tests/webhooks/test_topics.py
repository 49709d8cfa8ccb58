"""Every line of docs/topics.md, really signed: told once, told again, and told before there is anything.

The page is where the expectations come from; the simulator sends, our address answers, the inbox works.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.test import Client

from config import clock
from connections.gateways.base import Method
from connections.models import Connection
from payments.models import Charge, ReviewReason
from payments.services import checking
from tests.payments.simulated import World
from tests.simulator.support import Inbox, Received
from tests.webhooks.handing import connected, hand_on
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox
from webhooks.services.finishing import ASK_AGAIN

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "topics.md"
# What a body calls a topic that is sent by another name.
ONLY_IN_BODIES = {"claim", "automatic-payments"}
Line = dict[str, str]


def lines(gateway: str) -> Line:
    """Each name that can be sent, with where the page says that it leads; of a family one name we made up."""
    half = PAGE.read_text().partition(f"\n## {gateway}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in half.splitlines()]
    named = {name: row[2] for row in rows if len(row) == 4 for name in re.findall(r"`([\w*-]+)`", row[0])}
    return {
        name.replace("*", "INVENTED"): leads for name, leads in named.items() if name not in ONLY_IN_BODIES
    }


def kind(leads: str) -> str:
    """What is asked for; empty where nothing is."""
    found = re.match(r"its (\w+) is asked for", leads)
    return found[1] if found else ""


def reason(leads: str) -> str:
    found = re.search(r"\(`(\w+)`\)", leads)
    return found[1] if found else ""


def topic_of(delivery: Received) -> str:
    named = parse_qs(delivery.query).get("type")
    return named[0] if named else str(delivery.json["event"])


class Sender:
    """One account whose notifications come here; keeps what it was asked to send."""

    def __init__(self, world: World, key: str, receiver: Inbox, client: Client) -> None:
        self.world, self.key, self.receiver, self.client = world, key, receiver, client
        self.connection: Connection = connected(world, key, receiver)
        self.account = world.accounts[key]["id"]

    def quiet(self) -> None:
        """What the gateway told by itself is not what this is about."""
        self.world.control("flush")
        self.receiver.received.clear()

    def send(self, topic: str, named: str) -> None:
        if self.key == "asaas":
            body = {"key": "thing"} if "INVENTED" in topic else {}
            self.world.control("asaas_event", account=self.account, event=topic, id=named, times=2, **body)
            return
        url = f"{self.receiver.url}{self.connection.webhook_path}"
        self.world.control("topic_event", account=self.account, topic=topic, id=named, url=url, times=2)

    def take(self, count: int) -> tuple[list[Received], list[Received]]:
        """Of each topic the first and the second delivery."""
        self.world.control("flush")
        times: Counter[str] = Counter()
        halves: tuple[list[Received], list[Received]] = ([], [])
        for delivery in self.receiver.wait(count):
            name = topic_of(delivery)
            halves[times[name]].append(delivery)
            times[name] += 1
        return halves

    def hand_on(self, deliveries: list[Received]) -> None:
        """Answered 200 each, and worked on until nothing is to be asked again."""
        for delivery in deliveries:
            hand_on(self.client, delivery)
        inbox.work()
        for wait in (*ASK_AGAIN, 10):
            self.world.move(seconds=wait + 1)
            inbox.work()


@pytest.fixture(params=[("asaas", "Asaas"), ("mercadopago", "Mercado Pago")], ids=["asaas", "mercadopago"])
def page(request: pytest.FixtureRequest) -> tuple[str, Line]:
    key, title = request.param
    return key, lines(title)


@pytest.fixture
def sender(
    page: tuple[str, Line], world: World, receiver: Inbox, client: Client, settings: Any
) -> Iterator[Sender]:
    settings.PUBLIC_URL = receiver.url
    yield Sender(world, page[0], receiver, client)


def ended(sender: Sender) -> dict[str, set[tuple[str, str]]]:
    """How the notifications of each name ended."""
    found: dict[str, set[tuple[str, str]]] = {}
    for event in WebhookEvent.objects.filter(connection=sender.connection):
        state = (event.state, event.reason if event.state == EventState.IGNORED else "")
        found.setdefault(event.topic, set()).add(state)
    return found


def test_told_once_and_again(page: tuple[str, Line], sender: Sender) -> None:
    """About what is there and ours: asked for, and nothing believed but the answer."""
    key, leads = page
    charge, things = things_of(sender)
    asked_for = {name: things[kind(line)] for name, line in leads.items() if kind(line) in things}
    needs_nothing = {name: "777" for name, line in leads.items() if not kind(line)}
    sender.quiet()
    for name, named in {**asked_for, **needs_nothing}.items():
        sender.send(name, named)
    expected = {name: {(EventState.DONE.value, "")} for name in asked_for} | {
        name: {(EventState.IGNORED.value, reason(leads[name]))} for name in needs_nothing
    }
    once, again = sender.take(2 * len(expected))
    assert len(once) == len(again) == len(expected)
    for deliveries in (once, again):
        sender.hand_on(deliveries)
        assert ended(sender) == expected
    charge.refresh_from_db()
    status = "disputed" if "claim" in things else "paid"
    assert (charge.status, charge.received_cents, charge.refunded_cents) == (status, 10_000, 0)
    assert bool(charge.fraud_alert_at) == any("do not deliver" in line for line in leads.values())
    sender.connection.refresh_from_db()
    due = sender.connection.health_due_at
    assert due and due <= clock.now() + timedelta(minutes=1)


def things_of(sender: Sender) -> tuple[Charge, dict[str, str]]:
    """A paid charge of ours, and what of each kind is there to be told of, by the words of the page."""
    charge = paid(sender, Method.PIX)
    things = {"payment": charge.payments.get().gateway_id}
    if sender.key == "mercadopago":
        contested = paid(sender, Method.CARD)
        for name, owner in (("claim", charge), ("chargeback", contested)):
            things[name] = str(sender.world.control(name, reference=owner.reference)[name]["id"])
    return charge, things


def paid(sender: Sender, method: Method) -> Charge:
    """Known as paid by our own look."""
    charge = sender.world.charge(sender.key, method)
    sender.world.control("pay" if method is Method.PIX else "pay_card", reference=charge.reference)
    look(charge)
    return charge


def look(charge: Charge) -> None:
    Charge.objects.filter(pk=charge.pk).update(check_due_at=clock.now())
    checking.check_due()
    charge.refresh_from_db()


def test_told_before_there_is_anything(page: tuple[str, Line], sender: Sender) -> None:
    """Answered 200, asked for as often as it may appear yet, and put aside: nothing of it fails."""
    _key, leads = page
    for name in leads:
        sender.send(name, "777")
    expected = {
        name: {(EventState.IGNORED.value, "not_found" if kind(line) else reason(line))}
        for name, line in leads.items()
    }
    once, again = sender.take(2 * len(leads))
    for deliveries in (once, again):
        sender.hand_on(deliveries)
        assert ended(sender) == expected
    assert not WebhookEvent.objects.filter(failures__gt=0).exists()


def test_what_came_too_early_is_taken_up_with_what_it_asks_for(
    world: World, receiver: Inbox, client: Client, settings: Any
) -> None:
    """A fraud alert before the gateway shows the payment, a chargeback before we know of its payment."""
    settings.PUBLIC_URL = receiver.url
    sender = Sender(world, "mercadopago", receiver, client)
    alerted, contested = (world.charge("mercadopago", Method.CARD) for _charge in range(2))
    world.fault("early_notify", seconds=600, times=None)
    suspect = world.control("pay_card", reference=alerted.reference)["id"]
    world.no_faults()
    world.control("pay_card", reference=contested.reference)
    case = world.control("chargeback", reference=contested.reference)["chargeback"]["id"]
    sender.quiet()
    sender.send("stop_delivery_op_wh", str(suspect))
    sender.send("topic_chargebacks_wh", str(case))
    sender.hand_on(sender.take(4)[0])
    assert ended(sender) == {
        "stop_delivery_op_wh": {("ignored", "not_found")},
        "topic_chargebacks_wh": {("ignored", "not_ours")},
    }
    world.move(minutes=30)
    look(alerted)
    look(contested)
    sender.hand_on([])
    alerted.refresh_from_db()
    assert (alerted.status, bool(alerted.fraud_alert_at)) == ("paid", True)
    assert alerted.review_reason == ReviewReason.DO_NOT_DELIVER
    assert (contested.status, contested.disputes.get().gateway_id) == ("disputed", str(case))
    assert [*ended(sender).values()] == [{("done", "")}] * 2
