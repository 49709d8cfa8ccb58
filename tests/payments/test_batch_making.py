"""Rows of a file made by workers, against a real simulator: each once, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config import clock
from payments.models import BatchRow, BatchState, Charge, ChargeBatch, RowState
from payments.services import batch_making, batches, doubt, intents
from tests.payments.confirmed import at_gateway, confirmed, rows_of
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_makes_every_row_once_and_forgets_what_it_held(world: World, key: str) -> None:
    batch = confirmed(world, key=key)
    assert batch_making.make_due() == 3 and batch_making.make_due() == 0
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE and batch.finished_at and batch.due_at is None
    assert [row.charge.status for row in rows_of(batch) if row.charge] == ["pending"] * 3
    assert at_gateway(world, batch) == [1, 1, 1]
    assert not any(row.typed or row.asked for row in rows_of(batch))
    tally = batches.tally(batch)
    assert (tally.created, tally.made_cents, tally.is_over) == (3, 3_000, True)


def test_what_the_gateway_refuses_is_kept_with_its_sentence(world: World) -> None:
    batch = confirmed(world, rows=2)
    BatchRow.objects.filter(line=3).update(asked={**rows_of(batch)[1].asked, "amount_cents": 100})
    batch_making.make_due()
    made, refused = rows_of(batch)
    assert made.charge and made.charge.status == "pending"
    assert refused.charge and refused.charge.status == "failed" and refused.charge.failure
    assert [row.line for row in batches.not_made(batch)] == [3] and refused.typed["name"] == "Cliente 1"
    assert [row.line for row in batches.results(batch)] == [3, 2]


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_worker_that_died_leaves_its_row_to_another(
    world: World, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    """Before the charge was stored, or after it and before the row knew of it."""
    batch = confirmed(world)

    class Killed(BaseException):
        pass

    def die(new: Any, *, next_look: timedelta) -> Any:
        if is_stored:
            intents.store_intent(new, next_look=next_look)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(batch_making, "store_intent", die)
        batch_making.make_due()
    batch_making.make_due()
    assert batches.tally(batch).waiting == 1, "the lease of the dead one still holds"
    world.move(seconds=61)
    batch_making.make_due()
    for row in rows_of(batch):
        assert row.charge and world.work(row.charge).status == "pending"
    assert at_gateway(world, batch) == [1, 1, 1] and Charge.objects.count() == 3


def test_a_lost_answer_makes_no_second_charge(world: World) -> None:
    batch = confirmed(world, rows=2)
    world.fault("error_500", when="after", method="POST", path="/payments", times=1)
    assert batch_making.make_due() == 1, "the others wait until the gateway answers again"
    assert batches.tally(batch).in_doubt == 1
    world.move(seconds=20)
    doubt.settle_due()
    batch_making.make_due()
    batch.refresh_from_db()
    assert at_gateway(world, batch) == [1, 1] and batch.state == BatchState.DONE


def test_a_gateway_that_is_away_costs_one_row_a_try(world: World) -> None:
    batch = confirmed(world)
    world.fault("outage")
    assert batch_making.make_due() == 1 and batch_making.make_due() == 0
    assert batches.tally(batch).waiting == 2
    world.no_faults()
    for _minute in range(10):
        world.move(minutes=1)
        doubt.settle_due()
        batch_making.make_due()
    assert at_gateway(world, batch) == [1, 1, 1]


def test_a_refused_key_costs_one_row_and_no_more(world: World) -> None:
    batch = confirmed(world)
    world.control(f"accounts/{world.accounts['asaas']['id']}", key_enabled=False)
    batch_making.make_due()
    world.move(minutes=5)
    batch_making.make_due()
    tally = batches.tally(batch)
    batch.refresh_from_db()
    assert (tally.failed, tally.waiting) == (1, 2) and batch_making.is_held(batch)


def test_cancels_what_has_not_begun(world: World) -> None:
    batch = confirmed(world)
    first = rows_of(batch)[0]
    batch_making.make(first.pk)
    assert batches.stop(batch, actor=None) == 2 and batches.stop(batch, actor=None) == 0
    assert batch_making.make_due() == 0
    tally = batches.tally(batch)
    assert (tally.created, tally.cancelled, tally.waiting) == (1, 2, 0)
    batch.refresh_from_db()
    assert batch.state == BatchState.STOPPED and batch.finished_at


def test_a_row_being_made_is_not_cancelled(world: World) -> None:
    batch = confirmed(world, rows=1)
    BatchRow.objects.update(lease_until=clock.now() + timedelta(seconds=30))
    assert batches.stop(batch, actor=None) == 0
    world.move(seconds=31)
    new = batch_making._new_charge(rows_of(batch)[0])
    intents.store_intent(new, next_look=timedelta(seconds=15))
    assert batches.stop(batch, actor=None) == 0, "its charge is stored: it is made, not cancelled"


def clear_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(batch_making._cleared, "at", clock.now() - timedelta(days=1))
    batch_making.make_due()


def test_a_month_later_nothing_of_people_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = confirmed(world)
    BatchRow.objects.update(state=RowState.READY)
    BatchRow.objects.filter(line=2).update(state=RowState.INVALID, problems=[{"text": "Ana"}])
    ChargeBatch.objects.update(state=BatchState.PREVIEW, confirmed_at=None, due_at=None)
    world.move(days=31)
    clear_old(monkeypatch)
    assert not any(row.typed or row.asked or row.problems for row in rows_of(batch))
    assert not Charge.objects.exists() and not batches.tally(batch).waiting


def test_what_waited_a_month_is_cancelled_and_can_be_downloaded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Confirmed late, and held ever since: counted from then, not from the upload."""
    batch = confirmed(world)
    ChargeBatch.objects.update(created_at=clock.now() - timedelta(days=29), due_at=None)
    world.move(days=2)
    clear_old(monkeypatch)
    assert batches.tally(batch).waiting == 3
    world.move(days=29)
    clear_old(monkeypatch)
    assert [row.typed["name"] for row in batches.not_made(batch)] == ["Cliente 0", "Cliente 1", "Cliente 2"]
    assert {row.state for row in rows_of(batch)} == {RowState.CANCELLED}
    world.move(days=31)
    clear_old(monkeypatch)
    assert not any(row.typed or row.asked for row in rows_of(batch))
