"""Rows of a file that go wrong on the way: none stops the others, none is made against what a page said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import translation

from config import clock as clocks
from connections.models import Connection
from payments.models import BatchRow, BatchState, Charge, ChargeBatch, ChargeStatus, RowState
from payments.services import batch_making, batches, row_problems
from tests.factories import make_charge
from tests.pages.sample import make_people
from tests.payments.confirmed import at_gateway, confirmed, rows_of
from tests.payments.creating import ASAAS
from tests.payments.files import create, line, upload
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db
FORBIDDEN = {"errors": [{"code": "not_allowed_ip", "description": "O IP não é permitido."}]}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_people()[1])
    return client


@pytest.fixture
def file_of_five(client: Client, connection: Connection, clock: time_machine.Traveller) -> ChargeBatch:
    return create(client, upload(client, connection, *[line(number) for number in range(1, 6)]))


def before_storing(monkeypatch: pytest.MonkeyPatch, act: Callable[[BatchRow], None]) -> None:
    """Have something done once, after a worker took a row and before it stores the charge."""
    real, done = row_problems.of_today, list[int]()

    def of_today(row: BatchRow) -> Any:
        if not done:
            done.append(row.pk)
            act(row)
        return real(row)

    monkeypatch.setattr(row_problems, "of_today", of_today)


def test_what_cannot_be_stored_is_put_aside_and_stops_nobody(world: World) -> None:
    """No column takes such a number; the rows before and after it are made all the same."""
    batch = confirmed(world, rows=6)
    for row in rows_of(batch)[:4]:
        BatchRow.objects.filter(pk=row.pk).update(asked={**row.asked, "amount_cents": 10**30})
    assert batch_making.make_due() == 6
    batch.refresh_from_db()
    tally = batches.tally(batch)
    assert (tally.created, tally.invalid, batch.state) == (2, 4, BatchState.DONE)
    aside = batches.not_made(batch)
    assert [row.line for row in aside] == [2, 3, 4, 5] and all(row.problems[0]["text"] for row in aside)
    assert Charge.objects.count() == 2


def test_a_database_that_is_away_costs_the_row_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = confirmed(world, rows=2)

    def away(row: BatchRow) -> None:
        raise OperationalError

    before_storing(monkeypatch, away)
    assert batch_making.make_due() == 1
    world.move(seconds=16)
    assert batch_making.make_due() == 1, "the other one comes first"
    assert [row.state for row in rows_of(batch)] == [RowState.WAITING, RowState.MADE]
    world.move(seconds=45)
    batch_making.make_due()
    assert at_gateway(world, batch) == [1, 1]


def test_a_row_reported_as_cancelled_is_not_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = confirmed(world, rows=1)

    def stop(row: BatchRow) -> None:
        world.move(seconds=61)
        assert batches.stop(batch, actor=None) == 1

    before_storing(monkeypatch, stop)
    assert batch_making.make(rows_of(batch)[0].pk) == ""
    assert [row.state for row in batches.not_made(batch)] == [RowState.CANCELLED]
    assert not Charge.objects.exists()


def test_a_slow_worker_whose_row_was_taken_over_makes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = confirmed(world, rows=1)

    def second_worker(row: BatchRow) -> None:
        assert batch_making.make(row.pk) == "", "while the first one holds it"
        world.move(seconds=61)
        assert batch_making.make(row.pk) == ChargeStatus.PENDING

    before_storing(monkeypatch, second_worker)
    assert batch_making.make(rows_of(batch)[0].pk) == ""
    assert at_gateway(world, batch) == [1] and Charge.objects.count() == 1


def test_a_key_that_may_not_costs_one_row_until_a_person_goes_on(
    client: Client, file_of_five: ChargeBatch, gateway: responses.RequestsMock, clock: time_machine.Traveller
) -> None:
    gateway.post(f"{ASAAS}/payments", status=403, json=FORBIDDEN)
    for _pass in range(3):
        batch_making.make_due()
        clock.shift(120)
    file_of_five.refresh_from_db()
    tally = batches.tally(file_of_five)
    assert (tally.failed, tally.waiting, file_of_five.held_for) == (1, 4, "O IP não é permitido.")
    shown = client.get(file_of_five.get_absolute_url()).content.decode()
    assert "data-held" in shown and "O IP não é permitido." in shown
    client.post(f"{file_of_five.get_absolute_url()}go-on/")
    batch_making.make_due()
    assert batches.tally(file_of_five).failed == 2
    client.post(f"{file_of_five.get_absolute_url()}stop/")
    file_of_five.refresh_from_db()
    assert (file_of_five.state, file_of_five.held_for) == (BatchState.STOPPED, "")
    assert "data-held" not in client.get(file_of_five.get_absolute_url()).content.decode()


def test_what_is_refused_for_its_own_sake_holds_nothing(
    file_of_five: ChargeBatch, gateway: responses.RequestsMock
) -> None:
    gateway.post(f"{ASAAS}/payments", status=400, json=FORBIDDEN)
    assert batch_making.make_due() == 5
    assert batches.tally(file_of_five).failed == 5


@pytest.mark.parametrize(
    ("cells", "field"), [({"due_date": "23/11/2026"}, "due_date"), ({"due_date": "30/11/2026"}, "")]
)
def test_days_that_passed_while_it_waited_are_told(
    client: Client, connection: Connection, clock: time_machine.Traveller, cells: Any, field: str
) -> None:
    batch = create(client, upload(client, connection, line(1, **cells)))
    clock.shift(timedelta(days=3))
    row = BatchRow.objects.select_related("batch__connection").get(batch=batch)
    problem = row_problems.of_today(row)
    assert (problem or {"field": ""})["field"] == field


def test_a_discount_that_is_over_is_told_in_the_language_of_the_file(
    client: Client, connection: Connection, clock: time_machine.Traveller
) -> None:
    batch = create(client, upload(client, connection, line(1)))
    row = BatchRow.objects.select_related("batch__connection").get(batch=batch)
    row.asked["terms"]["discount_until"] = "2026-11-20"
    said = set()
    for row.batch.language in ("en", "pt-br"):
        with translation.override("es"):
            problem = row_problems.of_today(row)
        assert problem and problem["field"] == "discount_days"
        said.add(problem["text"])
    assert len(said) == 2


def test_charges_are_those_of_who_confirmed(
    client: Client, connection: Connection, gateway: responses.RequestsMock, clock: time_machine.Traveller
) -> None:
    batch = upload(client, connection, line(1), line(2))
    assert batch.created_by is not None
    other = User.objects.create(username="bruna", is_superuser=True)
    client.force_login(other)
    create(client, batch)
    gateway.post(f"{ASAAS}/payments", status=400, json=FORBIDDEN)
    batch_making.make(rows_of(batch)[0].pk)
    assert Charge.objects.get().created_by == other
    client.post(f"{batch.get_absolute_url()}stop/")
    batch.refresh_from_db()
    assert (batch.confirmed_by, batch.stopped_by) == (other, other)
    shown = client.get(batch.get_absolute_url()).content.decode()
    assert shown.count("bruna") >= 2 and batch.created_by.get_username() not in shown
    again = upload(client, connection, line(1), line(2))
    earlier = client.get(again.get_absolute_url()).context["earlier"]
    assert earlier == batch


def test_a_file_stopped_while_a_row_is_in_trouble_is_left_alone_for_a_while(
    file_of_five: ChargeBatch,
) -> None:
    BatchRow.objects.filter(line=2).update(lease_until=clocks.now() + timedelta(seconds=60))
    batches.stop(file_of_five, actor=None)
    batch_making._put_off(file_of_five.connection_id)
    file_of_five.refresh_from_db()
    assert file_of_five.due_at and file_of_five.due_at > clocks.now()


def test_a_charge_long_in_doubt_is_asked_after_ever_rarer(
    file_of_five: ChargeBatch, clock: time_machine.Traveller
) -> None:
    charge = make_charge(file_of_five.connection, status="confirming", created_at=clocks.now())
    BatchRow.objects.exclude(line=2).delete()
    BatchRow.objects.update(state=RowState.MADE, charge=charge)
    waits = []
    for hours in (0, 1, 24):
        clock.shift(timedelta(hours=hours))
        batch_making._finish_over()
        file_of_five.refresh_from_db()
        assert file_of_five.due_at
        waits.append((file_of_five.due_at - clocks.now()).total_seconds())
    assert waits == [5, 600, 600]
