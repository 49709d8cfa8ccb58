"""Every line of docs/topics.md, really signed: told once, told again, and told before there is anything.

The page is where the expectations come from; the simulator sends, our address answers, the inbox works.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.test import Client

from config import clock
from connections.gateways.base import Cycle, Method
from connections.models import Connection
from payments.models import Charge, Customer, GatewayResource, Plan, ReviewReason, Subscription
from payments.services import checking, planning, subscribing
from payments.services.subscription_intents import NewSubscription
from tests.payments.simulated import DOCUMENT, World
from tests.simulator.support import Inbox, Received
from tests.webhooks.handing import connected, hand_on
from tests.webhooks.topics import Lines, kind, lines, reason
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox
from webhooks.services.finishing import ASK_AGAIN

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]


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
def page(request: pytest.FixtureRequest) -> tuple[str, Lines]:
    key, title = request.param
    return key, lines(title)


@pytest.fixture
def sender(
    page: tuple[str, Lines], world: World, receiver: Inbox, client: Client, settings: Any
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


def test_told_once_and_again(page: tuple[str, Lines], sender: Sender) -> None:
    """About what is there and ours: asked for, and nothing believed but the answer."""
    _key, leads = page
    charge, things = things_of(sender)
    things |= recurring_things_of(sender)
    assert things.keys() == {kind(line) for line in leads.values()} - {""}
    named = {name: things.get(kind(line), "777") for name, line in leads.items()}
    before = agreed()
    sender.quiet()
    for name, identifier in named.items():
        sender.send(name, identifier)
    once, again = sender.take(2 * len(leads))
    assert len(once) == len(again) == len(leads)
    for deliveries in (once, again):
        sender.hand_on(deliveries)
        assert ended(sender) == {
            name: {("done", "") if kind(line) else ("ignored", reason(line))} for name, line in leads.items()
        }
    charge.refresh_from_db()
    status = "disputed" if "claim" in things else "paid"
    assert (charge.status, charge.received_cents, charge.refunded_cents) == (status, 10_000, 0)
    assert bool(charge.fraud_alert_at) == any("do not deliver" in line for line in leads.values())
    assert agreed() == before
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


def recurring_things_of(sender: Sender) -> dict[str, str]:
    """A subscription of ours that lives, and at Mercado Pago its plan and a turn of it."""
    world = sender.world
    terms: dict[str, Any] = {
        "connection": sender.connection,
        "amount_cents": 4_990,
        "cycle": Cycle.MONTHLY,
        "submission": uuid.uuid4(),
    }
    if sender.key == "asaas":
        customer = Customer.objects.get(document=DOCUMENT)
        starts_on = world.today() + timedelta(days=60)
        asked = NewSubscription(
            **terms, customer=customer, method=Method.PIX, description="Clube", starts_on=starts_on
        )
        return {"subscription": subscribing.create_subscription(asked).gateway_id}
    plan = planning.create_plan(planning.NewPlan(**terms, name="Clube", method=Method.CARD))
    begun = world.control("subscribe", reference=plan.reference)
    world.move(hours=1)
    world.move(minutes=5)  # what is listed lags
    planning.poll_due()
    turn = GatewayResource.objects.get(kind="turn", charge__subscription__gateway_id=begun["id"])
    return {"subscription": begun["id"], "plan": plan.gateway_id, "turn": turn.gateway_id}


def agreed() -> list[list[Any]]:
    """All that is held of subscriptions: telling that one ended ends nothing."""
    charges = Charge.objects.exclude(subscription=None)
    held: list[list[Any]] = [
        list(Subscription.objects.values_list("state", "amount_cents", "next_due_on", "review_reason")),
        list(charges.order_by("pk").values_list("status", "received_cents", "review_reason")),
        list(Plan.objects.values_list("state", "amount_cents")),
    ]
    assert held[0] and held[1]
    return held


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


def test_told_before_there_is_anything(page: tuple[str, Lines], sender: Sender) -> None:
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
