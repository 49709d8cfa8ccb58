"""When the next look at a subscription is, after one that was answered by halves or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config.clock import now
from connections.gateways.base import ResourceKind
from connections.gateways.errors import CredentialsRefused, UnreadableAnswer
from payments.models import Subscription
from payments.services import agreement_checking, resources, subscribing
from tests.payments.recurring import Books, at, new
from tests.payments.test_mirroring import NEXT, subscribed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
SOON, DAY = timedelta(minutes=10), timedelta(days=1)


def due_after(own: Subscription) -> timedelta:
    """How long it waits after the look of the worker that checks."""
    Subscription.objects.filter(pk=own.pk).update(check_due_at=now())
    agreement_checking.check_due()
    own.refresh_from_db()
    assert own.check_due_at
    return own.check_due_at - now()


def several(how_many: int) -> list[Subscription]:
    """Of one connection, all due, the first the longest."""
    connection = at("bills")
    made = [subscribing.create_subscription(new(connection)) for _one in range(how_many)]
    for number, own in enumerate(made):
        due = now() - timedelta(minutes=how_many - number)
        Subscription.objects.filter(pk=own.pk).update(check_due_at=due)
    return made


def refused_for(books: Books, *broken: Subscription) -> None:
    """A 403 for these; every question about a subscription is followed by one about its turns."""
    names = {own.gateway_id: books.subscriptions.pop(own.gateway_id) for own in broken}
    real = books.subscriptions

    class Guarded(dict[str, Any]):
        def __contains__(self, name: object) -> bool:
            if name in names:
                raise CredentialsRefused("not this one", http_status=403)
            return super().__contains__(name)

    books.subscriptions = Guarded(real)


def test_a_403_about_one_is_not_asked_for_again_at_once_and_keeps_no_other_waiting(bills: Books) -> None:
    broken, *others = several(3)
    refused_for(bills, broken)
    assert agreement_checking.check_due() == 3
    for own in (broken, *others):
        own.refresh_from_db()
        assert own.check_due_at and own.check_due_at - now() > timedelta(hours=12)


def test_a_403_about_all_has_them_asked_for_soon(bills: Books) -> None:
    first, second, third = several(3)
    refused_for(bills, first, second, third)
    assert agreement_checking.check_due() == 2
    second.refresh_from_db()
    third.refresh_from_db()
    assert second.check_due_at == now() + SOON
    assert third.check_due_at and third.check_due_at < now()


def test_what_another_asks_for_now_is_asked_for_soon(bills: Books) -> None:
    """Their look may have left out the turns."""
    own = subscribed("bills", bills)
    row = resources.find_or_add(own.connection, kind=ResourceKind.SUBSCRIPTION, gateway_id=own.gateway_id)
    held = resources.lease(row.pk)
    assert held and due_after(own) == SOON
    resources.release(held)
    bills.bill(own.gateway_id, NEXT)
    assert due_after(own) > SOON and own.charges.count() == 2


def test_after_an_answer_that_came_too_late_it_is_asked_for_soon(cards: Books, clock: Any) -> None:
    own = subscribed("cards", cards)
    newest = cards.subscriptions[own.gateway_id]
    cards.subscriptions[own.gateway_id] = replace(newest, version=0)
    assert due_after(own) == SOON
    cards.subscriptions[own.gateway_id] = newest
    assert due_after(own) > SOON


def test_a_turn_that_cannot_be_read_hides_no_other(bills: Books) -> None:
    own = subscribed("bills", bills)
    bills.bill(own.gateway_id, NEXT)
    first, second = bills.turns[own.gateway_id]
    error = UnreadableAnswer("no JSON", maybe_sent=False)
    bills.turns[own.gateway_id] = [
        replace(first, gateway_id="x", payment_ids=(), payment=None, unread=error),
        second,
    ]
    due_after(own)
    assert own.charges.count() == 2
