"""What Mercado Pago cannot change is cancelled and made again: one charge, and never two to be paid."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from config import clock
from connections.gateways.base import Method
from connections.models import Connection
from payments import transitions
from payments.amounts import Line
from payments.models import ChangeKind, Charge, ChargeChange, Customer, TermsOrigin
from payments.money import format_cents
from payments.services import checking, renewing
from payments.services.changeable import NotPossible, Obstacle
from payments.staff import change_words
from tests.factories import make_charge, make_customer
from tests.payments import changes
from tests.payments.refunds import fetched
from tests.payments.simulated import DOCUMENT, World, statuses

pytestmark = pytest.mark.django_db(transaction=True)
NEW = 12_345
EACH = pytest.mark.parametrize("key", ["mercadopago", "checkout"])


def ask(charge: Charge, **values: Any) -> ChargeChange:
    kind = ChangeKind.DUE_DATE if "day" in values else ChangeKind.AMOUNT
    return changes.change(charge, kind, actor=changes.person(), **(values or {"amount_cents": NEW}))


def open_pages(world: World, charge: Charge) -> list[float]:
    """What the pages ask for on which somebody can still begin to pay."""
    now = clock.now().isoformat()
    alive = [
        one for one in world.pages(charge) if not one["expires"] or one["expiration_date_to"][:19] > now[:19]
    ]
    return [sum(item["quantity"] * item["unit_price"] for item in one["items"]) for one in alive]


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD, Method.ANY])
@EACH
def test_one_thing_asks_for_the_new_amount(world: World, key: str, method: Method) -> None:
    charge = world.charge(key, method)
    before = (charge.pix_text, charge.link)
    assert ask(charge).state == "done"
    assert (charge.status, charge.amount_cents, charge.creation_round) == ("pending", NEW, 1)
    assert charge.review_reason == charge.failure == "" and charge.creation_due_at is None
    assert (charge.pix_text, charge.link) != before
    if method == Method.PIX and key == "mercadopago":
        assert [row["amount"] for row in world.living(charge)] == [123.45] and "123.45" in charge.pix_text
    else:
        assert world.living(charge) == [] and open_pages(world, charge) == [123.45]


def test_the_story_tells_one_action(world: World) -> None:
    """It is never said to be cancelled: nobody who hears of that would know that it goes on."""
    charge = world.charge("mercadopago")
    ask(charge)
    assert statuses(charge) == ["confirming", "pending", "confirming", "pending"]
    assert changes.steps(charge) == [("amount", "asked"), ("amount", "done")]
    versions = list(charge.terms.values_list("amount_cents", "origin", "is_agreed", "agreed_by__username"))
    assert versions[-1] == (NEW, TermsOrigin.OURS, True, "olga") and len(versions) == 2


@EACH
@pytest.mark.parametrize("days", [1, 20, 45])
def test_another_day_is_another_code(world: World, key: str, days: int) -> None:
    charge = world.charge(key)
    day = world.today() + timedelta(days=days)
    assert ask(charge, day=day).state == "done"
    assert (charge.status, charge.due_date, charge.amount_cents) == ("pending", day, 10_000)
    assert charge.terms.last().due_date == day  # type: ignore[union-attr]
    assert charge.pix_text or charge.link


def test_an_overdue_card_gets_a_new_day(world: World) -> None:
    charge = world.charge("mercadopago", Method.CARD)
    world.move(days=5)
    Charge.objects.filter(pk=charge.pk).update(check_due_at=clock.now())
    checking.sweep()
    charge.refresh_from_db()
    assert charge.status == "overdue"
    assert ask(charge, day=world.today() + timedelta(days=3)).state == "done" and charge.status == "pending"


def test_what_has_no_code_yet_just_asks_for_something_else(world: World) -> None:
    """Due in 75 days: its code is made when the customer wants it."""
    charge = world.charge("mercadopago", due_date=world.today() + timedelta(days=75))
    assert world.books(charge) == []
    assert ask(charge).state == "done" and charge.status == "pending"
    assert ask(charge, day=world.today() + timedelta(days=70)).state == "done"
    assert (charge.amount_cents, charge.creation_round, charge.creation_due_at) == (NEW, 0, None)
    assert world.books(charge) == [] and charge.terms.count() == 3


@EACH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_the_cancelling_is_gone_on_with(world: World, key: str, when: str) -> None:
    charge = world.charge(key)
    world.fault("error_500", when=when, method="PUT", times=1)
    begun = ask(charge)
    assert begun.state == "open" and charge.status == "pending" and charge.amount_cents == 10_000
    world.move(seconds=20)
    assert changes.work(begun).state == "done"
    charge.refresh_from_db()
    assert (charge.status, charge.amount_cents) == ("pending", NEW)


@EACH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_the_making_makes_no_second(world: World, key: str, when: str) -> None:
    charge = world.charge(key)
    world.fault("error_500", when=when, method="POST", times=1)
    assert ask(charge).state == "done"
    assert charge.status == "confirming", "it is said that nobody knows"
    for _look in range(8):
        world.move(minutes=3)
        world.work(charge)
    assert (charge.status, charge.review_reason) == ("pending", "")
    assert len(world.living(charge)) + len(open_pages(world, charge)) == 1


@pytest.mark.parametrize("method", [Method.CARD, Method.PIX])
def test_a_twin_over_the_old_amount_is_ended_and_not_given_back(world: World, method: Method) -> None:
    """The first creating call had landed twice, and nobody knew of the second."""
    charge = world.charge("mercadopago", method)
    attempt = charge.creation_attempts.get()
    attempt.idempotency_key = str(uuid.uuid4())
    world.land(attempt)
    assert ask(charge).state == "done"
    assert (charge.status, charge.amount_cents, charge.review_reason) == ("pending", NEW, "")
    if method == Method.CARD:
        assert open_pages(world, charge) == [123.45]
        assert [page["id"] for page in world.pages(charge) if page["init_point"] == charge.link]
    else:
        assert [row["amount"] for row in world.living(charge)] == [123.45] and "123.45" in charge.pix_text


@pytest.mark.parametrize("method", [Method.CARD, Method.PIX])
def test_in_doubt_nothing_over_the_old_amount_is_taken_for_the_new(world: World, method: Method) -> None:
    """Nothing was made, and the first creating call lands once more while it is looked up."""
    charge = world.charge("mercadopago", method)
    first = charge.creation_attempts.get()
    first.idempotency_key = str(uuid.uuid4())
    world.fault("error_500", when="before", method="POST", times=1)
    ask(charge)
    assert charge.status == "confirming"
    world.land(first)
    for _look in range(6):
        world.move(minutes=3)
        world.work(charge)
    assert (charge.status, charge.amount_cents, charge.review_reason) == ("pending", NEW, "")
    if method == Method.CARD:
        assert open_pages(world, charge) == [123.45]
    else:
        assert [row["amount"] for row in world.living(charge)] == [123.45] and "123.45" in charge.pix_text


@EACH
def test_money_that_came_first_wins(world: World, key: str) -> None:
    charge = world.charge(key)
    world.control("pay", reference=charge.reference)
    refused = ask(charge)
    assert (refused.state, refused.obstacle) == ("refused", Obstacle.MONEY_CAME)
    assert (charge.status, charge.amount_cents, charge.creation_round) == ("paid", 10_000, 0)
    assert len(world.books(charge)) == 1


def test_money_of_the_old_code_that_comes_late_is_paid(world: World) -> None:
    """A bank had it already; the new code lives on and is for a person."""
    charge = world.charge("mercadopago")
    old = world.books(charge)[0]["id"]
    ask(charge)
    world.control("pay", id=old, force=True)
    assert fetched(charge, world).status == "paid" and charge.received_cents == 10_000
    assert charge.review_reason == "twin"


def test_the_new_one_is_paid(world: World) -> None:
    charge = world.charge("mercadopago")
    ask(charge)
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).status == "paid"
    assert (charge.received_cents, charge.review_reason) == (NEW, "")


def test_what_could_never_be_made_cancels_nothing(world: World) -> None:
    """A boleto may be due in 29 days at most."""
    address = {
        "zip_code": "01310100",
        "street": "Av. Paulista",
        "street_number": "1",
        "district": "Bela Vista",
    }
    make_customer(document=DOCUMENT, email="ana@example.com", city="São Paulo", state="SP", **address)
    charge = world.charge("mercadopago", Method.BOLETO)
    assert Customer.objects.count() == 1 and charge.boleto_line
    refused = ask(charge, day=world.today() + timedelta(days=40))
    assert refused.state == "refused" and "29" in refused.failure
    assert (charge.status, len(world.living(charge))) == ("pending", 1) and charge.boleto_line
    moved = ask(charge, day=world.today() + timedelta(days=20))
    assert moved.state == "done" and (charge.status, len(world.living(charge))) == ("pending", 1)


PIX = {"code": "pix", "name": "PIX", "method": "pix", "is_active": True}


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"amount_cents": 50}, "too_little"),
        ({"amount_cents": 500_000}, "too_much"),
        ({"days": 9}, "too_much"),
    ],
)
def test_what_the_account_does_not_take_cancels_nothing(
    world: World, values: dict[str, int], obstacle: str
) -> None:
    charge = world.charge("mercadopago")
    most = 5_000 if "days" in values else 100_000
    ways = [{**PIX, "least_cents": 100, "most_cents": most}]
    Connection.objects.update(ways=ways)
    charge = Charge.objects.get(pk=charge.pk)
    if days := values.pop("days", 0):
        values = {"day": world.today() + timedelta(days=days)}
    with pytest.raises(NotPossible) as refused:
        ask(charge, **values)
    assert refused.value.obstacle == obstacle and len(world.living(charge)) == 1
    said = change_words.obstacle(charge, ChangeKind.AMOUNT, Obstacle.TOO_MUCH)
    assert format_cents(most, "BRL") in said


def test_what_the_gateway_refuses_after_all_can_still_be_made(world: World) -> None:
    """The code was cancelled before: the charge is not, and another amount or day makes it again."""
    charge = world.charge("mercadopago")
    assert ask(charge, amount_cents=500_000_000).state == "done"
    assert (charge.status, charge.pix_text) == ("expired", "") and charge.failure
    assert transitions.apply(charge.pk, source="test") is None
    assert renewing.may_have_new_code(charge) and world.living(charge) == []
    assert ask(charge).state == "done"
    assert (charge.status, charge.amount_cents, charge.failure) == ("pending", NEW, "")
    assert [row["amount"] for row in world.living(charge)] == [123.45]


def test_an_expired_one_stays_so_until_it_is_made_again(world: World) -> None:
    charge = world.charge("mercadopago")
    ask(charge, amount_cents=500_000_000)
    begun = ChargeChange.objects.create(charge=charge, kind=ChangeKind.AMOUNT, created_at=clock.now())
    assert transitions.apply(charge.pk, source="test") is None
    begun.delete()
    assert changes.change(charge, ChangeKind.CANCEL).state == "done" and charge.status == "cancelled"


def test_items_that_no_longer_come_to_it_are_left_out(world: World) -> None:
    items = (Line(description="Camiseta", quantity=2, unit_cents=5_000),)
    charge = world.charge("mercadopago", Method.CARD, lines=items)
    assert [item["title"] for page in world.pages(charge) for item in page["items"]] == ["Camiseta"]
    ask(charge)
    titles = [item["title"] for page in world.pages(charge) for item in page["items"]]
    assert sorted(titles) == ["Camiseta", "Pedido 77"] and charge.lines.count() == 1


def test_nobody_makes_a_code_while_it_is_changed(world: World) -> None:
    charge = make_charge(world.connection("mercadopago"), status="expired")
    assert renewing.may_have_new_code(charge)
    ChargeChange.objects.create(charge=charge, kind=ChangeKind.AMOUNT, amount_cents=1, created_at=clock.now())
    assert not renewing.may_have_new_code(charge)
