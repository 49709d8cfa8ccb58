"""Another amount for an open charge: its versions, its codes, and money that crosses the change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connections.gateways.base import Method, Terms
from payments.models import ChangeKind, Charge, ChargeChange, TermsOrigin
from payments.services.answers import take_code
from payments.services.changeable import NotPossible, Obstacle
from tests.payments import changes
from tests.payments.refunds import fetched
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db(transaction=True)
NEW = 12_345


def ask(charge: Charge, cents: int = NEW) -> ChargeChange:
    return changes.change(charge, ChangeKind.AMOUNT, amount_cents=cents, actor=changes.person())


def versions(charge: Charge) -> list[tuple[int, str, bool]]:
    return list(charge.terms.values_list("amount_cents", "origin", "is_agreed"))


@pytest.mark.parametrize("method", [Method.PIX, Method.BOLETO, Method.CARD])
def test_a_version_of_ours_is_kept_and_another_code_comes(world: World, method: Method) -> None:
    charge = world.charge("asaas", method)
    link = charge.link
    assert ask(charge).state == "done"
    assert versions(charge) == [(10_000, TermsOrigin.OURS, True), (NEW, TermsOrigin.OURS, True)]
    newest = charge.terms.last()
    assert newest and newest.agreed_by == changes.person()
    assert changes.steps(charge) == [("amount", "asked"), ("amount", "done")]
    assert not charge.timeline.filter(code="terms").exists(), "told once"
    world.work(charge)
    assert (charge.amount_cents, charge.status, charge.review_reason, charge.link) == (
        NEW,
        "pending",
        "",
        link,
    )
    assert charge.creation_due_at is None
    assert "123.45" in charge.pix_text if method == Method.PIX else True
    assert ("0000012345" in charge.boleto_barcode) is (method == Method.BOLETO)


def test_terms_stay_as_agreed(world: World) -> None:
    until = world.today() + timedelta(days=1)
    terms = Terms(discount_cents=500, discount_until=until, fine_cents=200, interest_bp=100)
    charge = world.charge("asaas", terms=terms)
    assert ask(charge).state == "done" and charge.review_reason == ""
    newest = charge.terms.last()
    assert newest and (newest.discount_cents, newest.fine_cents, newest.interest_bp) == (500, 200, 100)
    with pytest.raises(NotPossible) as refused:
        ask(charge, 999)
    assert refused.value.obstacle == Obstacle.TOO_LITTLE


def test_money_of_the_new_amount_is_paid(world: World) -> None:
    charge = world.charge("asaas")
    ask(charge)
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).status == "paid"
    assert (charge.received_cents, charge.review_reason) == (NEW, "")


def test_money_of_the_old_amount_is_paid_too(world: World) -> None:
    """Somebody saved the old code, or had it in their bank's list for tomorrow."""
    charge = world.charge("asaas")
    ask(charge)
    world.control("pay", reference=charge.reference, amount="100.00")
    assert fetched(charge, world).status == "paid"
    assert (charge.received_cents, charge.review_reason) == (10_000, "")


def test_paid_over_the_new_amount_before_anybody_saw_it_wait(world: World) -> None:
    """The change worked, its answer was lost, and the customer was quicker than our look."""
    charge = world.charge("asaas")
    world.fault("error_500", when="after", method="PUT", times=1)
    begun = ask(charge)
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).status == "paid" and charge.review_reason == ""
    world.move(seconds=20)
    assert changes.work(begun).state == "done"
    assert (charge.terms.count(), begun.charge.received_cents) == (2, NEW)


def test_paid_over_the_old_amount_while_it_is_changed_wins(world: World) -> None:
    charge = world.charge("asaas")
    world.fault("error_500", when="before", method="PUT", times=1)
    begun = ask(charge)
    world.control("pay", reference=charge.reference)
    world.move(seconds=20)
    changes.work(begun)
    assert (begun.state, begun.obstacle) == ("refused", Obstacle.MONEY_CAME)
    assert (begun.charge.status, begun.charge.amount_cents, begun.charge.review_reason) == (
        "paid",
        10_000,
        "",
    )


def test_an_overdue_charge_may_ask_for_another_amount(world: World) -> None:
    charge = world.charge("asaas")
    world.move(days=8)
    assert fetched(charge, world).status == "overdue"
    due = charge.due_date
    assert ask(charge).state == "done" and (charge.due_date, charge.amount_cents) == (due, NEW)


def test_what_the_panel_asks_for_is_reviewed_before_it_is_changed_here(world: World) -> None:
    charge = world.charge("asaas")
    world.control("edit", reference=charge.reference, value="200.00")
    assert fetched(charge, world).review_reason == "terms"
    with pytest.raises(NotPossible) as refused:
        ask(charge, 20_000)
    assert refused.value.obstacle == Obstacle.TO_REVIEW


def test_the_old_code_is_no_code_of_the_new_amount(world: World) -> None:
    """A worker had fetched it before the change and stores it afterwards: nobody has to look at that."""
    charge = world.charge("asaas")
    old = charge.pix_text
    ask(charge)
    assert take_code(charge, old, None) is False
    charge.refresh_from_db()
    assert charge.review_reason == "" and charge.pix_text != old


@pytest.mark.parametrize("key", ["asaas", "mercadopago", "checkout"])
def test_twice_changed_is_the_last(world: World, key: str) -> None:
    charge = world.charge(key)
    for cents in (NEW, 20_000):
        assert ask(charge, cents).state == "done"
        world.work(charge)
    assert (charge.amount_cents, charge.status, len(world.living(charge))) == (
        20_000,
        "pending",
        key != "checkout",
    )
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).received_cents == 20_000
