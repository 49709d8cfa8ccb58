"""An answer as it was before, where nothing is counted: the money it no longer shows is asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from payments.models import MissedNotification, Payment, ReviewReason
from payments.services import checking, refreshing, resources
from tests.factories import NOW
from tests.payments.test_checking import ASAAS, at_asaas, make_open

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def told(payment: Payment) -> None:
    """As a notification does it."""
    resource = payment.resource
    assert resource
    held = resources.lease(resource.pk)
    assert held
    refreshing.refresh(payment.connection, resource, held, source="webhook", cause="PAYMENT_RECEIVED")
    resources.release(held)


def test_money_that_an_older_answer_hid_is_there_again_minutes_later(clock: Any) -> None:
    payment = make_open()
    charge = payment.charge
    with responses.RequestsMock() as gateway:
        gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
        told(payment)
        gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, "PENDING"))
        told(payment)
        charge.refresh_from_db()
        assert (charge.status, charge.review_reason) == ("paid", ReviewReason.MOVED_BACK)
        for _hour in range(2):  # as long as it is not shown
            clock.shift(timedelta(hours=1, minutes=1))
            checking.sweep()
            charge.refresh_from_db()
            assert charge.review_reason == ReviewReason.MOVED_BACK and charge.check_due_at
        gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
        clock.shift(timedelta(hours=1, minutes=1))
        checking.sweep()
    charge.refresh_from_db()
    assert (charge.status, charge.received_cents, charge.review_reason) == ("paid", 10_000, "")
    assert charge.check_due_at is None and not MissedNotification.objects.exists()


def test_what_was_paid_and_stays_paid_is_not_asked_for(clock: Any) -> None:
    payment = make_open()
    with responses.RequestsMock() as gateway:
        gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
        told(payment)
        clock.shift(timedelta(days=2))
        checking.sweep()
        assert len(gateway.calls) == 1


def test_what_was_never_paid_writes_nothing_to_its_charge() -> None:
    payment = make_open()
    with responses.RequestsMock() as gateway, CaptureQueriesContext(database) as queries:
        gateway.get(f"{ASAAS}/{payment.gateway_id}", json=at_asaas(payment, "PENDING"))
        told(payment)
        told(payment)
    asked = [query["sql"] for query in queries]
    assert not [sql for sql in asked if sql.startswith('UPDATE "payments_charge" ')]
    assert len([sql for sql in asked if sql.startswith('UPDATE "payments_payment" SET "charge_id"')]) == 2
