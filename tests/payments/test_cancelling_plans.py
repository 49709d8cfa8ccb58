"""Cancelling what is paid in parcels or made again: money wins up to the last moment, and few calls do."""

from __future__ import annotations

from typing import Any

import pytest

from connections.gateways.base import Method, ResourceKind
from connections.gateways.errors import NotFound
from payments.models import ChangeKind, Charge, ChargeChange
from payments.services import cancelling, changing, checking
from payments.services.cancelling import Living
from payments.services.changeable import Obstacle
from payments.services.creation import Patience, gateway_of
from payments.services.following import fetch_and_store
from tests.payments import changes
from tests.payments.simulated import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.weighty]
COUNT = 12


def plan(world: World, count: int = 3) -> Charge:
    return world.charge("asaas", Method.BOLETO, instalments=count, amount_cents=10_000 * count)


def cancel(charge: Charge) -> ChargeChange:
    return changes.change(charge, ChangeKind.CANCEL, actor=changes.person())


def refused_for_money(done: ChargeChange, charge: Charge) -> bool:
    outcome = (done.state, done.obstacle, charge.called_off_at, charge.status)
    return outcome == ("refused", Obstacle.MONEY_CAME, None, "paid")


def test_what_was_paid_in_parcels_on_a_page_is_not_cancelled(world: World) -> None:
    charge = world.charge("asaas", Method.CARD, instalments=6, amount_cents=10_001)
    page = charge.resources.get(kind=ResourceKind.CHECKOUT).gateway_id
    world.control("pay_card", id=page, instalments=3)
    assert refused_for_money(cancel(charge), charge)


def test_a_plan_of_which_every_parcel_was_paid_is_not_cancelled(world: World) -> None:
    charge = plan(world)
    for one in charge.payments.all():
        world.control("pay", id=one.gateway_id, method="pix")
    assert refused_for_money(cancel(charge), charge)


@pytest.mark.parametrize("kind", [ChangeKind.AMOUNT, ChangeKind.CANCEL])
def test_money_that_comes_between_the_look_and_the_end_wins(
    world: World, kind: ChangeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = world.charge("mercadopago")
    code, old = charge.pix_text, str(world.books(charge)[0]["id"])
    real = changing.finish

    def finish(change: ChargeChange, *args: Any, **values: Any) -> None:
        world.control("pay", id=old, force=True)
        fetch_and_store(charge, old, cause="test")
        real(change, *args, **values)

    monkeypatch.setattr(changing, "finish", finish)
    typed = {"amount_cents": 12_345} if kind == ChangeKind.AMOUNT else {}
    done = changes.change(charge, kind, actor=changes.person(), **typed)
    assert refused_for_money(done, charge)
    assert (charge.amount_cents, charge.creation_round, charge.pix_text) == (10_000, 0, code)


def test_many_parcels_are_cancelled_with_a_call_for_their_plan(world: World) -> None:
    """Only what the plan no longer shows is asked for singly, once."""
    charge = world.work(plan(world, COUNT))
    before = len(changes.calls(world, "GET", "/payments/"))
    assert cancel(charge).state == "done" and charge.status == "cancelled" and not world.living(charge)
    assert len(changes.calls(world, "GET", "/payments/")) - before == COUNT


def check(charge: Charge) -> Charge:
    Charge.objects.filter(pk=charge.pk).update(check_due_at=charge.created_at)
    checking.sweep()
    charge.refresh_from_db()
    return charge


def test_a_plan_is_checked_with_one_list_of_it(world: World) -> None:
    charge = world.work(plan(world, COUNT))
    before = len(changes.calls(world, "GET", "/payments/"))
    assert check(charge).status == "pending"
    assert len(changes.calls(world, "GET", "/payments/")) == before


@pytest.mark.parametrize("edited", [{"value": "50.00"}, {"due_date": "2029-01-15"}])
def test_a_check_sees_a_parcel_that_was_changed_in_the_panel(world: World, edited: dict[str, str]) -> None:
    charge = world.work(plan(world))
    third = charge.payments.get(parcel=3)
    world.control("edit", id=third.gateway_id, **edited)
    check(charge)
    third.refresh_from_db()
    assert third.amount_cents == 5_000 or str(third.due_date) == edited.get("due_date")


def test_a_check_sees_the_parcels_that_were_deleted_in_the_panel(world: World) -> None:
    """The plan shows them no more, and more of it still lives than is asked for at once."""
    charge = world.work(plan(world, COUNT))
    last = charge.payments.get(parcel=COUNT)
    world.control("delete", id=last.gateway_id)
    check(charge)
    last.refresh_from_db()
    assert last.status == "cancelled"


def test_the_time_of_a_page_that_is_made_anew_is_left_alone(world: World) -> None:
    """Should it not be cancelled after all, another page can be made until the charge is over."""
    charge = world.charge("asaas", Method.CARD, instalments=6, amount_cents=10_001)
    ends = charge.expires_at
    world.move(hours=25)
    gateway = gateway_of(charge, Patience(8.0), [], is_background=False)
    assert cancelling.look(charge, gateway).is_over
    charge.refresh_from_db()
    assert charge.expires_at == ends
    assert cancel(charge).state == "done" and charge.status == "cancelled"


class Erased:
    """A gateway that no longer knows the first thing it is asked to end."""

    def __init__(self) -> None:
        self.asked = list[str]()

    def cancel_charge(self, kind: ResourceKind, gateway_id: str) -> None:
        self.asked.append(gateway_id)
        if len(self.asked) == 1:
            raise NotFound("unknown")


def test_what_was_erased_keeps_nothing_else_open(world: World) -> None:
    charge, gateway = plan(world), Erased()
    own = tuple(charge.resources.filter(kind=ResourceKind.PAYMENT))
    with pytest.raises(NotFound):
        cancelling.end(Living(pages=own, payments=()), gateway)  # type: ignore[arg-type]
    assert gateway.asked == [one.gateway_id for one in own]
