"""Making a subscription: the intent first, one from one click, no "failed" without the gateway's word."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from connections.gateways.base import Cycle, Method, SubscriptionStatus
from connections.gateways.errors import RequestRefused
from payments.models import Charge, Subscription
from payments.services import agreement_checking, subscribing, subscription_intents
from tests.factories import NOW
from tests.payments.recurring import Books, at, fresh, lost, new

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def states(own: Subscription) -> list[str]:
    return [line.data["after"] for line in own.timeline.filter(code="state").order_by("pk")]


def test_it_is_made_and_its_first_turn_is_a_charge(bills: Books) -> None:
    own = subscribing.create_subscription(new(at("bills")))
    assert (own.state, own.due_at, states(own)) == ("active", None, ["confirming", "active"])
    charge = own.charges.get()
    assert (charge.status, charge.amount_cents, charge.due_date) == ("pending", 4_990, own.starts_on)
    assert charge.payments.get().gateway_id in bills.payments


def test_the_call_is_stored_before_it_is_sent(bills: Books) -> None:
    seen: list[tuple[str, str]] = []
    bills.before["submit"] = lambda: seen.append(
        Subscription.objects.values_list("state", "call_state").get()
    )
    own = subscribing.create_subscription(new(at("bills")))
    assert seen == [("confirming", "sent")]
    assert own.reference in own.body


def test_a_hosted_one_waits_for_its_customer(cards: Books) -> None:
    own = subscribing.create_subscription(new(at("cards")))
    assert (own.state, bool(own.link), own.charges.count()) == ("pending", True, 0)


def test_the_same_form_makes_one(bills: Books) -> None:
    asked = new(at("bills"))
    assert subscribing.create_subscription(asked) == subscribing.create_subscription(asked)
    assert len(bills.subscriptions) == 1


def test_a_refusal_fails_with_the_gateways_sentence(bills: Books) -> None:
    def refuse() -> None:
        raise RequestRefused("O valor mínimo é R$ 5,00.")

    bills.before["submit"] = refuse
    own = subscribing.create_subscription(new(at("bills")))
    assert (own.state, own.failure, own.due_at) == ("failed", "O valor mínimo é R$ 5,00.", None)


def test_a_lost_answer_is_looked_up_and_never_sent_twice(bills: Books, clock: Any) -> None:
    bills.after["submit"] = lost
    own = subscribing.create_subscription(new(at("bills")))
    assert (own.state, own.call_state) == ("confirming", "unknown")
    bills.hides_list = True
    clock.shift(timedelta(seconds=16))
    subscribing.settle_due()
    assert (fresh(own).state, own.looked_up) == ("confirming", 1)
    bills.hides_list = False
    clock.shift(timedelta(minutes=2))
    subscribing.settle_due()
    assert (fresh(own).state, own.due_at, len(bills.subscriptions)) == ("active", None, 1)
    assert own.charges.count() == 1
    assert bills.calls.count("submit") == 1


def test_a_person_may_send_it_again_once_it_was_looked_for(bills: Books, clock: Any, admin_user: Any) -> None:
    bills.before["submit"] = lost
    own = subscribing.create_subscription(new(at("bills")))
    for minutes in (1, 2, 6, 11):
        assert not subscribing.may_send_again(fresh(own))
        clock.shift(timedelta(minutes=minutes))
        subscribing.settle_due()
    del bills.before["submit"]
    assert subscribing.may_send_again(fresh(own))
    subscribing.send_again(own, actor=admin_user)
    assert (fresh(own).state, len(bills.subscriptions)) == ("active", 1)
    assert own.timeline.filter(code="sent_again", actor=admin_user).exists()


def test_what_lands_beside_it_is_cancelled_unless_it_was_paid(
    bills: Books, clock: Any, admin_user: Any
) -> None:
    bills.before["submit"] = lost
    own = subscribing.create_subscription(new(at("bills")))
    for minutes in (1, 2, 6, 11):
        clock.shift(timedelta(minutes=minutes))
        subscribing.settle_due()
    del bills.before["submit"]
    subscribing.send_again(fresh(own), actor=admin_user)
    kept = bills.subscriptions[fresh(own).gateway_id]
    unpaid, paid = (replace(kept, gateway_id=name) for name in ("sub_unpaid", "sub_paid"))
    bills.subscriptions |= {"sub_unpaid": unpaid, "sub_paid": paid}
    bills.bill("sub_unpaid", own.starts_on)
    bills.pay(bills.bill("sub_paid", own.starts_on).gateway_id)
    agreement_checking.plan_new()
    clock.shift(timedelta(minutes=3))
    agreement_checking.check_due()
    now_there = {name: one.status for name, one in bills.subscriptions.items()}
    assert now_there["sub_unpaid"] == SubscriptionStatus.CANCELLED
    assert now_there["sub_paid"] == SubscriptionStatus.ACTIVE
    assert (fresh(own).review_reason, own.gateway_id, own.state) == ("twin", kept.gateway_id, "active")
    assert Charge.objects.filter(subscription=own, status="paid").count() == 1


def test_a_notification_may_beat_the_answer(bills: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    from payments.services import agreements

    connection = at("bills")

    def told() -> None:
        (made,) = bills.subscriptions.values()
        own = Subscription.objects.get(reference=made.reference)
        own.gateway_id = made.gateway_id
        del bills.after["submit"]
        agreements.look(own, source="webhook")

    bills.after["submit"] = told
    own = subscribing.create_subscription(new(connection))
    assert (own.state, own.charges.count(), states(own)) == ("active", 1, ["confirming", "active"])


def test_without_a_seat_a_worker_makes_it(bills: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    from connections import waiting

    monkeypatch.setattr(subscribing, "wake", lambda _name: True)
    room = waiting.WaitingRoom(1)
    monkeypatch.setattr(waiting, "room", room)
    with room.seat():
        own = subscribing.create_subscription(new(at("bills")))
    assert (own.state, bills.calls) == ("confirming", [])
    subscribing.settle_due()
    assert fresh(own).state == "active"


@pytest.mark.parametrize(
    ("gateway", "values", "field"),
    [
        ("cards", {"method": Method.BOLETO}, "method"),
        ("cards", {"cycle": Cycle.BIWEEKLY}, "cycle"),
        ("bills", {"amount_cents": 499}, "amount"),
        ("bills", {"starts_on": NOW.date() - timedelta(days=1)}, "starts_on"),
        ("bills", {"starts_on": NOW.date() + timedelta(days=366)}, "starts_on"),
        ("bills", {"ends_on": NOW.date()}, "ends_on"),
        ("bills", {"turns": 0}, "turns"),
        ("bills", {"turns": 3, "ends_on": NOW.date() + timedelta(days=90)}, "turns"),
        ("cards", {"turns": 3}, "turns"),
    ],
)
@pytest.mark.usefixtures("books")
def test_what_a_gateway_would_refuse_is_said_before(gateway: str, values: dict[str, Any], field: str) -> None:
    with translation.override("en"):
        found = subscription_intents.problems(new(at(gateway), submission=uuid.uuid4(), **values))
    assert [problem.field for problem in found] == [field]
    assert found[0].text.endswith(".")


@pytest.mark.usefixtures("books")
def test_what_it_can_do_has_no_problems() -> None:
    assert subscription_intents.problems(new(at("bills"), turns=12)) == []
