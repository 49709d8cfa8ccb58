"""Asaas counts no changes of a subscription: what it became is told, and an older answer closes nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from connections.gateways.base import Cycle, Method, SubscriptionChange, SubscriptionStatus
from connections.services import gateway_for
from payments.models import Subscription
from payments.services import subscribing
from payments.services.subscription_intents import NewSubscription
from tests.factories import make_customer
from tests.payments.simulated import DOCUMENT, World
from tests.simulator.support import Inbox
from tests.webhooks.handing import connected, hand_on
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox
from webhooks.services.finishing import ASK_AGAIN

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]
CHANGES = {
    "deleted": SubscriptionChange(status=SubscriptionStatus.CANCELLED),
    "paused": SubscriptionChange(status=SubscriptionStatus.PAUSED),
    "dearer": SubscriptionChange(amount_cents=5_990),
}


class Told:
    """A subscription at Asaas, and the notifications of what happens to it there."""

    def __init__(self, client: Client, world: World, receiver: Inbox) -> None:
        self.client, self.world, self.receiver = client, world, receiver
        connection = connected(world, "asaas", receiver)
        self.own = subscribing.create_subscription(
            NewSubscription(
                connection=connection,
                customer=make_customer(document=DOCUMENT, email="ana@example.com"),
                method=Method.PIX,
                amount_cents=4_990,
                description="Plano mensal",
                cycle=Cycle.MONTHLY,
                starts_on=world.today() + timedelta(days=60),
                submission=uuid.uuid4(),
            )
        )
        self.take_in()

    def happens(self, change: SubscriptionChange) -> None:
        gateway_for(self.own.connection).change_subscription(self.own.gateway_id, change)

    def take_in(self) -> None:
        self.world.move(minutes=1)
        self.world.control("flush")
        for delivery in self.receiver.received:
            hand_on(self.client, delivery)
        self.receiver.received.clear()
        inbox.work()

    def now(self) -> Subscription:
        self.own.refresh_from_db()
        return self.own


@pytest.fixture
def told(client: Client, world: World, receiver: Inbox, settings: Any) -> Told:
    settings.PUBLIC_URL = receiver.url
    return Told(client, world, receiver)


def shown(own: Subscription) -> tuple[str, str]:
    return own.state, own.review_reason


@pytest.mark.parametrize(
    ("happened", "end"),
    [("deleted", ("cancelled", "")), ("paused", ("paused", "")), ("dearer", ("active", "amount"))],
)
def test_an_older_answer_does_not_close_it(told: Told, happened: str, end: tuple[str, str]) -> None:
    assert shown(told.now()) == ("active", "")
    told.happens(CHANGES[happened])
    told.world.fault("stale_read", path="/subscriptions", times=2)
    told.take_in()
    told.world.no_faults()
    assert shown(told.now()) == ("active", "")
    assert WebhookEvent.objects.filter(state=EventState.RETRY, kind="subscription").exists()
    told.world.move(seconds=ASK_AGAIN[0] + 1)
    inbox.work()
    assert shown(told.now()) == end
    assert not WebhookEvent.objects.exclude(state=EventState.DONE).exists()


def test_one_that_is_over_already_is_not_brought_back(told: Told) -> None:
    told.happens(CHANGES["deleted"])
    told.take_in()
    assert shown(told.now()) == ("cancelled", "")
    told.world.fault("stale_read", path="/subscriptions", times=2)
    event = WebhookEvent.objects.get(topic="SUBSCRIPTION_DELETED")
    WebhookEvent.objects.filter(pk=event.pk).update(
        state=EventState.RECEIVED, next_attempt_at=event.received_at
    )
    inbox.work()
    event.refresh_from_db()
    assert (shown(told.now()), event.state) == (("cancelled", ""), EventState.RETRY)
