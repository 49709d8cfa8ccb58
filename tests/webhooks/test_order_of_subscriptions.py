"""In whatever order the notifications of a subscription come, or none, known or not, it ends the same."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from connections.gateways.base import Cycle, Method, SubscriptionChange, SubscriptionStatus
from connections.services import gateway_for
from payments.models import Charge, Payment, Plan, Subscription
from payments.services import agreement_checking, checking, planning, subscribing
from payments.services.subscription_intents import NewSubscription
from tests.factories import make_customer
from tests.payments.simulated import DOCUMENT, World
from tests.simulator.support import Inbox, Received
from tests.webhooks.handing import connected, hand_on
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox

pytestmark = [pytest.mark.django_db, pytest.mark.weighty, pytest.mark.usefixtures("quiet_broker")]
TOPICS = ["payment", "subscription_preapproval", "subscription_authorized_payment"]


def orders(told: Sequence[Received], how_many: int) -> list[list[Received]]:
    """As they came, backwards, and some others."""
    chance = random.Random(7)
    mixed = [chance.sample(list(told), len(told)) for _order in range(how_many - 2)]
    return [list(told), list(reversed(told)), *mixed]


def outcome() -> dict[str, Any]:
    """All that the orders must agree on."""
    charges = Charge.objects.order_by("due_date").values_list("status", "received_cents", "review_reason")
    return {
        "subscriptions": list(Subscription.objects.values_list("state", "amount_cents", "review_reason")),
        "charges": list(charges),
        "payments": sorted(Payment.objects.values_list("gateway_id", "status")),
    }


def end_untold() -> dict[str, Any]:
    """What is found by our own looks alone."""
    with transaction.atomic():
        subscribing.settle_due()
        planning.poll_due()
        agreement_checking.sweep()
        checking.sweep()
        found = outcome()
        transaction.set_rollback(True)
    return found


def ends_of(client: Client, told: Sequence[Received], how_many: int) -> list[dict[str, Any]]:
    ends = [end_untold()]
    for order in orders(told, how_many):
        for is_worked_between in (True, False):
            with transaction.atomic():
                for delivery in order:
                    hand_on(client, delivery)
                    if is_worked_between:
                        inbox.work()
                inbox.work()
                ends.append(outcome())
                assert not WebhookEvent.objects.filter(state=EventState.DEAD).exists()
                assert not WebhookEvent.objects.filter(failures__gt=0).exists()
                assert not WebhookEvent.objects.filter(reason="not_ours").exists()
                transaction.set_rollback(True)
    return ends


HOW_MANY = [pytest.param(3, id="some"), pytest.param(24, marks=pytest.mark.full, id="many")]


@pytest.mark.parametrize("how_many", HOW_MANY)
def test_at_asaas_while_our_own_call_is_in_doubt(
    client: Client, world: World, receiver: Inbox, settings: Any, how_many: int
) -> None:
    settings.PUBLIC_URL = receiver.url
    connection = connected(world, "asaas", receiver)
    world.fault("malformed_json", method="POST", path="/subscriptions", times=1)
    own = subscribing.create_subscription(
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
    assert (own.state, own.gateway_id) == ("confirming", "")
    world.move(minutes=1)
    world.control("pay", reference=own.reference)
    world.move(minutes=1)
    gateway = gateway_for(connection)
    (there,) = gateway.find_subscriptions(own.reference, payer=None, since=own.created_at)  # type: ignore[arg-type]
    gateway.change_subscription(there.gateway_id, SubscriptionChange(status=SubscriptionStatus.PAUSED))
    world.move(minutes=1)
    world.control("flush")
    assert len(receiver.received) >= 4
    ends = ends_of(client, receiver.received, how_many)
    assert all(end == ends[0] for end in ends), ends
    assert ends[0]["subscriptions"] == [("paused", 4_990, "")]
    assert ends[0]["charges"] == [("paid", 4_990, "")]


@pytest.mark.parametrize("how_many", HOW_MANY)
def test_at_mercado_pago_before_it_is_known_as_ours(
    client: Client, world: World, receiver: Inbox, settings: Any, how_many: int
) -> None:
    settings.PUBLIC_URL = receiver.url
    connection = connected(world, "mercadopago", receiver)
    world.control(
        f"accounts/{world.accounts['mercadopago']['id']}",
        panel_url=f"{receiver.url}{connection.webhook_path}",
        panel_topics=TOPICS,
    )
    plan = planning.create_plan(
        planning.NewPlan(
            connection=connection,
            name="Clube",
            method=Method.CARD,
            amount_cents=4_990,
            cycle=Cycle.MONTHLY,
            submission=uuid.uuid4(),
        )
    )
    begun = world.control("subscribe", reference=plan.reference)
    world.move(hours=1)
    gateway_for(connection).change_subscription(
        begun["id"], SubscriptionChange(status=SubscriptionStatus.PAUSED)
    )
    world.move(minutes=2)
    world.control("flush")
    assert len(receiver.received) >= 4
    ends = ends_of(client, receiver.received, how_many)
    assert all(end == ends[0] for end in ends), ends
    assert ends[0]["subscriptions"] == [("paused", 4_990, "")]
    assert ends[0]["charges"] == [("paid", 4_990, "")]
    assert Plan.objects.get(pk=plan.pk).state == "active"
