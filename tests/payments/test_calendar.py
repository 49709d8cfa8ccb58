"""Overdue and expired by our own rule, where no gateway says it: by the day and the clock of the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from connections.gateways.base import ResourceKind
from payments import transitions
from payments.models import Charge
from tests.factories import make_charge, make_connection, make_payment, make_resource

pytestmark = pytest.mark.django_db
DUE = date(2026, 12, 1)
# In São Paulo the day ends three hours later than in UTC.
LAST_MINUTE = datetime(2026, 12, 2, 2, 59, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(LAST_MINUTE, tick=False) as coordinates:
        yield coordinates


def charge_at(gateway: str, **values: Any) -> Charge:
    connection = make_connection(gateway=gateway, time_zone="America/Sao_Paulo")
    return make_charge(connection, due_date=DUE, **values)


def status(charge: Charge) -> str:
    transitions.apply(charge.pk, source="clock")
    charge.refresh_from_db()
    return charge.status


def test_is_overdue_from_the_midnight_after_the_due_date_in_the_accounts_zone(
    clock: time_machine.Coordinates,
) -> None:
    charge = charge_at("mercadopago")
    make_payment(charge, "pending")
    assert status(charge) == "pending"
    clock.move_to(MIDNIGHT)
    assert status(charge) == "overdue"


def test_another_zone_has_another_midnight(clock: time_machine.Coordinates) -> None:
    connection = make_connection(gateway="mercadopago", time_zone="America/Manaus")
    charge = make_charge(connection, due_date=DUE)
    make_payment(charge, "pending")
    clock.move_to(MIDNIGHT)
    assert status(charge) == "pending"


def test_a_due_date_that_moves_ahead_makes_it_pending_again(clock: time_machine.Coordinates) -> None:
    clock.move_to(MIDNIGHT)
    charge = charge_at("mercadopago", status="overdue")
    make_payment(charge, "pending")
    Charge.objects.filter(pk=charge.pk).update(due_date=DUE + timedelta(days=1))
    assert status(charge) == "pending"


def test_a_gateway_that_says_it_is_believed(clock: time_machine.Coordinates) -> None:
    """Asaas waits for the first business day (asaas.md 3.3)."""
    clock.move_to(MIDNIGHT)
    charge = charge_at("asaas")
    payment = make_payment(charge, "pending")
    assert status(charge) == "pending"
    type(payment).objects.update(status="overdue")
    assert status(charge) == "overdue"


@pytest.mark.parametrize(("ends_in", "expected"), [(-1, "pending"), (1, "overdue"), (None, "overdue")])
def test_a_code_that_is_over_is_not_called_overdue(
    clock: time_machine.Coordinates, ends_in: int | None, expected: str
) -> None:
    clock.move_to(MIDNIGHT)
    charge = charge_at("mercadopago")
    make_payment(charge, "pending", expires_at=ends_in and MIDNIGHT + timedelta(minutes=ends_in))
    assert status(charge) == expected


def test_a_charge_whose_code_is_made_on_demand_becomes_overdue_too(clock: time_machine.Coordinates) -> None:
    charge = charge_at("mercadopago")
    assert status(charge) == "pending"
    clock.move_to(MIDNIGHT)
    assert status(charge) == "overdue"


@pytest.mark.parametrize("attempts", [[], ["failed"], ["failed", "cancelled"]])
def test_a_hosted_page_is_overdue_while_open_and_expired_afterwards(
    clock: time_machine.Coordinates, attempts: list[str]
) -> None:
    charge = charge_at("mercadopago", method="card", expires_at=MIDNIGHT + timedelta(days=30))
    make_resource(charge, "pref-1", kind=ResourceKind.PREFERENCE)
    for attempt in attempts:
        make_payment(charge, attempt)
    assert status(charge) == "pending"
    clock.move_to(MIDNIGHT)
    assert status(charge) == "overdue"
    clock.move_to(MIDNIGHT + timedelta(days=30))
    assert status(charge) == "expired"


@pytest.mark.parametrize(
    ("waiting", "expected"), [("pending", "overdue"), ("authorized", "authorized"), ("paid", "paid")]
)
def test_a_payment_under_way_outlives_its_page(
    clock: time_machine.Coordinates, waiting: str, expected: str
) -> None:
    clock.move_to(MIDNIGHT)
    charge = charge_at("mercadopago", method="card", expires_at=LAST_MINUTE)
    make_resource(charge, "pref-1", kind=ResourceKind.PREFERENCE)
    make_payment(charge, waiting)
    assert status(charge) == expected


@pytest.mark.parametrize("known", ["paid", "cancelled", "failed", "expired", "draft", "confirming"])
def test_the_calendar_moves_only_what_waits(clock: time_machine.Coordinates, known: str) -> None:
    clock.move_to(MIDNIGHT)
    assert status(charge_at("mercadopago", status=known)) == known


def test_a_charge_whose_new_code_is_being_made_waits_for_it(clock: time_machine.Coordinates) -> None:
    charge = charge_at("mercadopago", status="confirming", creation_round=1)
    make_payment(charge, "expired")
    assert status(charge) == "confirming"


def test_money_that_waits_for_a_person_does_not_become_overdue(clock: time_machine.Coordinates) -> None:
    charge = charge_at("mercadopago")
    make_payment(charge, "paid", received_cents=9_000)
    assert status(charge) == "pending"
    clock.move_to(MIDNIGHT)
    assert status(charge) == "pending"
