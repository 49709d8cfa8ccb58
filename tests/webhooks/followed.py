"""Subscriptions that live at the same time, each told of in an order of its own while they go on."""

from __future__ import annotations

import random
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.test import Client

from connections.gateways.base import Cycle, Method, SubscriptionChange
from connections.services import gateway_for
from payments.models import Customer, Payment, Subscription
from payments.services import checking, subscribing
from payments.services.subscription_intents import NewSubscription
from tests.factories import make_customer
from tests.payments.simulated import DOCUMENT, World
from tests.simulator.support import Inbox, Received
from tests.webhooks.handing import connected, hand_on
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox
from webhooks.services.finishing import ASK_AGAIN

BEGINS = datetime(2027, 3, 10, 15, tzinfo=UTC)  # neither turn falls on a weekend
PLAIN, RAISED = 4_990, 5_990
TOPICS = ["payment", "subscription_preapproval", "subscription_authorized_payment"]


@dataclass(frozen=True)
class Order:
    """How much of what is waiting is handed on after each step, by chance; all of the rest at the end.

    ``staleness`` is the share of what is asked at the gateway meanwhile that is answered as it was before.
    """

    name: str
    share: float
    is_backwards: bool = False
    is_dropped: bool = False
    staleness: float = 0
    seed: int = 0


AS_THEY_COME = Order("as they come", share=1)
BACKWARDS = Order("backwards, when all is over", share=0, is_backwards=True)
DROPPED = Order("nothing of it", share=0, is_dropped=True)


def mixed(seed: int) -> Order:
    return Order(f"mixed {seed}", share=0.5, seed=seed)


def stale(seed: int) -> Order:
    """All of it meets answers that may be old: nothing but asking again finds what is true."""
    return Order(f"with stale answers {seed}", share=1, staleness=0.6, seed=seed)


class Followed:
    """A subscription by card on an account of its own, and what was told of it and is kept back."""

    def __init__(self, world: World, key: str, order: Order, receiver: Inbox, client: Client) -> None:
        self.world, self.key, self.order, self.client = world, key, order, client
        name = f"{key}:{order.name}"
        self.connection = connected(world, name, receiver)
        self.account = world.accounts[name]["id"]
        address = f"{receiver.url}{self.connection.webhook_path}"
        if key == "mercadopago":
            world.control(f"accounts/{self.account}", panel_url=address, panel_topics=TOPICS)
        self.kept: list[Received] = []
        self.chance = random.Random(order.seed)
        self.own = self._subscribe()

    def _subscribe(self) -> Subscription:
        known = Customer.objects.filter(document=DOCUMENT).first()
        asked = NewSubscription(
            connection=self.connection,
            customer=known or make_customer(document=DOCUMENT, email="ana@example.com"),
            method=Method.CARD,
            amount_cents=PLAIN,
            description="Plano mensal",
            cycle=Cycle.MONTHLY,
            starts_on=self.world.today() + timedelta(days=2),
            submission=uuid.uuid4(),
        )
        return subscribing.create_subscription(asked)

    def control(self, name: str, **body: Any) -> None:
        self.world.control(name, reference=self.own.reference, **body)

    def change(self, **values: Any) -> None:
        """Elsewhere: not asked for by us, and not looked at by us then."""
        change = SubscriptionChange(**values)
        gateway_for(self.connection).change_subscription(self.own.gateway_id, change)

    def hear(self) -> None:
        """What its order lets through of all that waits by now."""
        if self.order.is_dropped:
            self.kept.clear()
            return
        chosen = [one for one in self.kept if self.chance.random() < self.order.share]
        if self.order.share < 1:
            self.chance.shuffle(chosen)
        self._hand_on(chosen)

    def hear_all(self) -> None:
        if self.order.is_backwards:
            self.kept.reverse()
        elif self.order.share < 1:
            self.chance.shuffle(self.kept)
        self._hand_on(list(self.kept))

    def _hand_on(self, chosen: list[Received]) -> None:
        for delivery in chosen:
            hand_on(self.client, delivery)
            self.kept.remove(delivery)

    def shown(self) -> tuple[str, list[str]]:
        """What is held now: its state, and those of its charges by due date."""
        self.own.refresh_from_db()
        charges = self.own.charges.order_by("due_date")
        return self.own.state, list(charges.values_list("status", flat=True))

    def end(self) -> dict[str, Any]:
        """All that the orders must agree on, and that it is what the gateway's own books say."""
        self.own.refresh_from_db()
        charges = self.own.charges.order_by("due_date")
        rows = self.world.payments_of_subscription(self.own.reference)
        mirror = Payment.objects.filter(charge__subscription=self.own)
        held = {one.gateway_id: one.gateway_status.split("/")[0] for one in mirror}
        return {
            "subscription": (self.own.state, self.own.amount_cents, self.own.review_reason),
            "charges": list(charges.values_list("status", "amount_cents", "received_cents", "review_reason")),
            "is as in the books": held == {str(row["id"]): row["status"] for row in rows if row["amount"]},
        }


class Several:
    """All of them go through the same, step by step."""

    def __init__(self, world: World, key: str, orders: list[Order], receiver: Inbox, client: Client) -> None:
        self.world, self.receiver = world, receiver
        world.move_to(BEGINS)
        self.all = [Followed(world, key, order, receiver, client) for order in orders]
        for one in self.all:
            if one.order.staleness:
                terms = {"share": one.order.staleness, "seed": one.order.seed}
                world.fault("stale_read", account=one.account, times=None, **terms)

    def each(self, name: str, **body: Any) -> None:
        for one in self.all:
            one.control(name, **body)

    def change_each(self, **values: Any) -> None:
        for one in self.all:
            one.change(**values)

    def pass_by(self, **ahead: float) -> None:
        """Then everybody hears of it what it is to hear, and it is worked on."""
        self.world.move(**ahead)
        self.world.move(minutes=2)
        self._sort()
        for one in self.all:
            one.hear()
        inbox.work()

    def _sort(self) -> None:
        self.world.control("flush")
        for one in self.all:
            path = one.connection.webhook_path
            one.kept += [told for told in self.receiver.received if told.path == path]
        self.receiver.received.clear()

    def end(self) -> None:
        """All is told that was kept back, answers are fresh again, and nothing is to be asked again."""
        assert all(fault["struck"] for fault in self.world.faults())
        self.world.no_faults()
        for one in self.all:
            one.hear_all()
        inbox.work()
        for wait in (*ASK_AGAIN, 10):
            self.world.move(seconds=wait + 1)
            inbox.work()
        # Workers look by themselves, too: at money that an answer from before no longer showed.
        self.world.move(minutes=3)
        checking.sweep()
        for one in self.all:
            if one.order.staleness:  # of what was answered as before, the nightly comparison finds the last
                with suppress(SystemExit):
                    call_command(
                        "reconcile",
                        connection=str(one.connection.public_id),
                        since="2026-01-01",
                        stdout=StringIO(),
                    )
        assert not WebhookEvent.objects.exclude(state__in=[EventState.DONE, EventState.IGNORED]).exists()
        assert not WebhookEvent.objects.filter(failures__gt=0).exists()
