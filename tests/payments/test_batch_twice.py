"""The same charges in two files: nothing is asked for twice that nobody was told of."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connections
from django.test import Client

from connections.models import Connection
from payments.models import BatchState, Charge, ChargeBatch, RowState
from payments.services import batch_making, batches
from payments.services.batches import Outcome
from tests.factories import make_charge, make_connection, make_customer
from tests.pages.sample import make_people
from tests.payments.confirmed import at_gateway, confirmed, read, rows_of
from tests.payments.files import create, document, line, upload
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db
ROUNDS = 5
OLD = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def client(clock: time_machine.Traveller) -> Client:
    client = Client()
    client.force_login(make_people()[1])
    return client


def page(client: Client, batch: ChargeBatch) -> str:
    return str(client.get(batch.get_absolute_url()).content.decode())


def test_two_previews_of_the_same_rows_make_them_once(client: Client, connection: Connection) -> None:
    """Saved again by another program: the bytes differ."""
    first = upload(client, connection, line(1), line(2))
    second = upload(client, connection, line(1), line(2), line(3), "")
    assert create(client, first).state == BatchState.RUNNING
    assert create(client, second).state == BatchState.PREVIEW, "the person is told first"
    shown = page(client, second)
    assert 'data-marked="2"' in shown and first.get_absolute_url() in shown
    assert create(client, second).state == BatchState.PREVIEW, "and says what shall become of them"
    assert create(client, second, marked="skip").state == BatchState.RUNNING
    assert list(second.rows.values_list("state", flat=True)) == ["left_out", "left_out", "waiting"]


def test_rows_that_wait_mark_a_file_read_after_them(client: Client, connection: Connection) -> None:
    create(client, upload(client, connection, line(1), line(2)))
    later = upload(client, connection, line(2), line(4))
    assert [row.line for row in later.rows.all() if row.is_marked] == [2]


def test_a_charge_made_after_the_file_was_read_is_noticed(client: Client, connection: Connection) -> None:
    batch = upload(client, connection, line(3))
    made = make_charge(
        connection, customer=make_customer(document=document(3)), amount_cents=13_50, due_date="2026-12-31"
    )
    assert create(client, batch).state == BatchState.PREVIEW and made.reference in page(client, batch)
    assert create(client, batch, marked="include").state == BatchState.RUNNING


@pytest.mark.parametrize("what", ["other account", "cancelled", "other amount", "other day"])
def test_what_is_not_alike_is_not_marked(
    client: Client, connection: Connection, clock: time_machine.Traveller, what: str
) -> None:
    where = make_connection() if what == "other account" else connection
    changed = {"other amount": {"amount": "99,00"}, "other day": {"due_date": "30/12/2026"}}
    first = create(client, upload(client, where, line(1, **changed.get(what, {}))))
    if what == "cancelled":
        first.rows.update(state=RowState.CANCELLED)
    clock.shift(60 * 11)
    assert create(client, upload(client, connection, line(1), "")).state == BatchState.RUNNING


def test_old_charges_are_not_read_from_the_database(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those that could be alike: made just now, or due on a day of the file."""
    customer = make_customer(document=document(3))
    make_charge(connection, customer=customer, amount_cents=13_50, due_date="2025-01-10", created_at=OLD)
    seen: list[int] = []
    real = batches.likeness._add_charges

    def add(known, *args):  # type: ignore[no-untyped-def]
        real(known, *args)
        seen.append(sum(map(len, known.values())))

    monkeypatch.setattr(batches.likeness, "_add_charges", add)
    upload(client, connection, line(3))
    assert seen == [0]


def together(first: ChargeBatch, second: ChargeBatch) -> list[Outcome]:
    """Two people confirm at the same moment."""
    start, said = threading.Barrier(2), list[Outcome]()

    def press(batch: ChargeBatch) -> None:
        try:
            start.wait(timeout=30)
            said.append(batches.confirm(batch, actor=batch.created_by, leave_marked_out=False))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(batch,)) for batch in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_of_two_files_confirmed_at_once_one_is_looked_at_again(world: World) -> None:
    for _round in range(ROUNDS):
        said = together(read(world), read(world))
        assert sorted(said, key=str) == [Outcome.BEGUN, Outcome.LOOK_AGAIN]
        ChargeBatch.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_each_row_once(world: World) -> None:
    batch, start = confirmed(world, rows=6), threading.Barrier(2)

    def work() -> None:
        try:
            for row in rows_of(batch):
                start.wait(timeout=30)
                batch_making.make(row.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_gateway(world, batch) == [1] * 6 and Charge.objects.count() == 6
