"""Lost answers, lists that lag and changes that are dropped, at a real simulator: one subscription lives."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from lib import accounts

from connections.gateways.base import Cycle, Method
from payments.models import Subscription
from payments.services import agreement_checking, subscribing
from payments.services.customers import save_customer
from payments.services.subscription_intents import NewSubscription
from tests.payments.simulated import DOCUMENT, World

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
OVER = ("cancelled", "EXPIRED")


def customer(email: str = "ana@example.com") -> Any:
    return save_customer(name="Ana Lima", document_type="CPF", document=DOCUMENT, email=email)


def subscribe(world: World, key: str) -> Subscription:
    asked = NewSubscription(
        connection=world.connection(key),
        customer=customer(),
        method=Method.CARD if key == "mercadopago" else Method.BOLETO,
        amount_cents=4_990,
        description="Plano mensal",
        cycle=Cycle.MONTHLY,
        starts_on=world.today() + timedelta(days=3),
        submission=uuid.uuid4(),
    )
    return subscribing.create_subscription(asked)


def work(world: World, own: Subscription, **ahead: float) -> Subscription:
    """So much later the workers go on with what is being made, then check what is due."""
    world.move(**ahead)
    subscribing.settle_due()
    agreement_checking.sweep()
    return Subscription.objects.get(pk=own.pk)


def books(world: World, own: Subscription) -> list[dict[str, Any]]:
    answer = accounts.control(world.url, "GET", f"books?reference={own.reference}")
    return list(answer["subscriptions"])


def living(world: World, own: Subscription) -> list[str]:
    alive = [row for row in books(world, own) if row["status"] not in OVER and not row.get("deleted")]
    return [str(row["id"]) for row in alive]


def lose_answers(world: World, path: str, **values: Any) -> None:
    world.fault("error_500", when="after", method="POST", path=path, **values)
    world.fault("lagging_list", seconds=timedelta(days=30).total_seconds())


def test_lost_answers_end_some_day_and_one_is_left(world: World) -> None:
    lose_answers(world, "/preapproval")
    own = subscribe(world, "mercadopago")
    for hours in (0.1, 0.1, 0.3, 1, 2, 2, 7, 7, 25, 25, 25, 25):
        own = work(world, own, hours=hours)
    assert (own.state, len(books(world, own))) == ("confirming", 5)
    world.no_faults()
    own = work(world, own, hours=25)
    assert (own.state, own.gateway_id) == ("pending", str(books(world, own)[0]["id"]))
    for minutes in (3, 15):
        own = work(world, own, minutes=minutes)
    assert living(world, own) == [own.gateway_id]
    assert (own.review_reason, own.timeline.filter(code="twin_cancelled").count()) == ("", 4)


def test_it_is_looked_for_by_the_address_that_was_sent(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/preapproval", times=1)
    own = subscribe(world, "mercadopago")
    assert own.state == "confirming"
    customer("ana@novo.example")
    for minutes in (1, 2, 6):
        own = work(world, own, minutes=minutes)
    assert (own.state, len(books(world, own))) == ("pending", 1)


def test_every_address_that_was_sent_is_watched(world: World, admin_user: Any) -> None:
    """Sent again by a person once the customer had another address; then both are there."""
    lose_answers(world, "/preapproval", times=1)
    own = subscribe(world, "mercadopago")
    Subscription.objects.filter(pk=own.pk).update(looked_up=4)
    customer("ana@novo.example")
    subscribing.send_again(Subscription.objects.get(pk=own.pk), actor=admin_user)
    world.no_faults()
    assert len(living(world, own)) == 2
    own = work(world, own, minutes=3)
    assert (living(world, own), own.state) == ([own.gateway_id], "pending")


def test_a_cancel_of_a_twin_that_is_dropped_is_asked_for_again(world: World) -> None:
    lose_answers(world, "/preapproval", times=1)
    own = subscribe(world, "mercadopago")
    for minutes in (1, 2):
        own = work(world, own, minutes=minutes)
    world.no_faults()
    world.fault("partial_put", path="/preapproval", fields=["status"], times=1)
    own = work(world, own, minutes=3)
    assert (own.state, own.review_reason, len(living(world, own))) == ("pending", "twin", 2)
    own = work(world, own, minutes=15)
    assert (own.review_reason, living(world, own)) == ("", [own.gateway_id])


def test_a_paid_twin_stays_a_question_while_the_list_hides_it(world: World, admin_user: Any) -> None:
    lose_answers(world, "/subscriptions", times=1)
    own = subscribe(world, "asaas")
    for minutes in (1, 2, 6, 11):
        own = work(world, own, minutes=minutes)
    subscribing.send_again(own, actor=admin_user)
    (other,) = [row for row in books(world, own) if row["id"] != Subscription.objects.get().gateway_id]
    world.control("pay", id=other["payments"][0])
    world.no_faults()
    own = work(world, own, minutes=3)
    assert (own.review_reason, own.charges.filter(status="paid").count()) == ("twin", 1)
    world.fault("lagging_list", path="/subscriptions", seconds=timedelta(days=30).total_seconds())
    own = work(world, own, hours=2)
    assert (own.review_reason, len(living(world, own))) == ("twin", 2)


def test_a_first_charge_the_list_does_not_show_yet_comes_soon(world: World) -> None:
    world.fault("lagging_list", path="/payments", seconds=90)
    own = subscribe(world, "asaas")
    assert (own.state, own.charges.count()) == ("active", 0)
    for minutes in (1, 1, 5):
        own = work(world, own, minutes=minutes)
    assert (own.charges.count(), own.due_at) == (1, None)
