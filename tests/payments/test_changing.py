"""A charge is moved to another day, received in cash, undone, restored: done is what is fetched."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import responses

from config import clock
from connections.gateways.base import Method, Terms
from payments.models import ChangeKind, Charge, ChargeChange, TermsOrigin
from payments.services import changing
from payments.services.changeable import NotPossible, Obstacle
from tests.factories import make_charge, make_connection, make_payment
from tests.payments import changes
from tests.payments.creating import ASAAS, PAYMENT, at_asaas, posts
from tests.payments.refunds import fetched
from tests.payments.simulated import World, statuses

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = tuple(kind for kind in ChangeKind if kind != ChangeKind.CANCEL)
EACH = pytest.mark.parametrize("kind", KINDS)
PATHS = {
    ChangeKind.DUE_DATE: ("PUT", "/payments/"),
    ChangeKind.AMOUNT: ("PUT", "/payments/"),
    ChangeKind.DESCRIPTION: ("PUT", "/payments/"),
    ChangeKind.CASH: ("POST", "receiveInCash"),
    ChangeKind.UNDO_CASH: ("POST", "undoReceivedInCash"),
    ChangeKind.RESTORE: ("POST", "restore"),
}
AFTERWARDS = {ChangeKind.CASH: "paid"}


def typed(world: World, kind: ChangeKind) -> dict[str, Any]:
    if kind == ChangeKind.DUE_DATE:
        return {"day": world.today() + timedelta(days=20)}
    if kind == ChangeKind.DESCRIPTION:
        return {"text": "Pedido 78, ação"}
    if kind == ChangeKind.AMOUNT:
        return {"amount_cents": 12_345}
    return {"day": world.today(), "amount_cents": 10_000} if kind == ChangeKind.CASH else {}


def ready(world: World, kind: ChangeKind, **values: Any) -> Charge:
    """A charge of Asaas as it is when somebody wants this."""
    charge = world.charge("asaas", **values)
    if kind == ChangeKind.UNDO_CASH:
        assert changes.change(charge, ChangeKind.CASH, **typed(world, ChangeKind.CASH)).state == "done"
    if kind == ChangeKind.RESTORE:
        assert changes.change(charge, ChangeKind.CANCEL).state == "done"
    return charge


def ask(world: World, charge: Charge, kind: ChangeKind, **values: Any) -> ChargeChange:
    return changes.change(charge, kind, **{**typed(world, kind), **values})


def sent(world: World, kind: ChangeKind) -> int:
    return len(changes.calls(world, *PATHS[kind]))


@EACH
def test_is_done_once_the_gateway_shows_it(world: World, kind: ChangeKind) -> None:
    charge = ready(world, kind)
    done = ask(world, charge, kind, actor=changes.person())
    assert (done.state, done.due_at, done.failure) == ("done", None, "")
    assert (charge.status, charge.review_reason) == (AFTERWARDS.get(kind, "pending"), "")
    assert changes.steps(charge)[-2:] == [(kind, "asked"), (kind, "done")] and sent(world, kind) == 1
    assert charge.called_off_at is None


@EACH
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_was_lost_is_gone_on_with(world: World, kind: ChangeKind, when: str) -> None:
    charge = ready(world, kind)
    method, path = PATHS[kind]
    world.fault("error_500", when=when, method=method, path=path, times=1)
    begun = ask(world, charge, kind)
    assert begun.state == "open"
    world.move(seconds=20)
    assert changes.work(begun).state == "done" and sent(world, kind) == (1 if when == "after" else 2)
    assert begun.charge.status == AFTERWARDS.get(kind, "pending")


@EACH
def test_the_same_form_is_one_change(world: World, kind: ChangeKind) -> None:
    charge, submission = ready(world, kind), uuid.uuid4()
    first, second = (ask(world, charge, kind, submission=submission) for _time in range(2))
    assert first == second and sent(world, kind) == 1


@EACH
def test_an_unreachable_gateway_is_asked_later_and_not_for_ever(world: World, kind: ChangeKind) -> None:
    charge = ready(world, kind)
    before = charge.status
    world.fault("error_500", when="before", method="GET")
    begun = ask(world, charge, kind)
    assert begun.state == "open" and begun.due_at and sent(world, kind) == 0
    world.move(hours=25)
    assert changes.work(begun).state == "refused" and begun.advice == changing.NOT_REACHED
    assert begun.charge.status == before and sent(world, kind) == 0


@pytest.mark.parametrize("kind", KINDS[:-2])
def test_money_that_came_meanwhile_wins(world: World, kind: ChangeKind) -> None:
    charge = ready(world, kind)
    world.control("pay", reference=charge.reference)
    refused = ask(world, charge, kind)
    assert (refused.state, refused.obstacle, charge.status) == ("refused", Obstacle.MONEY_CAME, "paid")
    assert sent(world, kind) == 0 and charge.received_cents == 10_000


def test_what_was_undone_in_the_panel_is_not_undone_again(world: World) -> None:
    charge = ready(world, ChangeKind.UNDO_CASH)
    world.control("undo_cash", reference=charge.reference)
    assert ask(world, charge, ChangeKind.UNDO_CASH).state == "done"
    assert sent(world, ChangeKind.UNDO_CASH) == 0 and charge.status == "pending"


def test_a_refusal_says_why_and_moves_nothing(gateway: responses.RequestsMock) -> None:
    """By rules of the gateway that nobody wrote down."""
    charge = make_charge()
    make_payment(charge, "pending", gateway_id=PAYMENT)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}", json=at_asaas(charge.reference))
    said = {"errors": [{"code": "invalid_action", "description": "Hoje não."}]}
    gateway.post(f"{ASAAS}/payments/{PAYMENT}/receiveInCash", json=said, status=400)
    today = clock.today(charge.connection.time_zone)
    refused = changes.change(charge, ChangeKind.CASH, day=today, amount_cents=10_000)
    assert (refused.state, refused.failure, charge.status) == ("refused", "Hoje não.", "pending")
    assert json.loads(posts(gateway, "receiveInCash")[0].body) == {
        "paymentDate": today.isoformat(),
        "value": 100.0,
        "notifyCustomer": False,
    }


# -- the due date -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [Method.PIX, Method.BOLETO])
def test_another_day_keeps_the_versions_and_brings_another_code(world: World, method: Method) -> None:
    charge = ready(world, ChangeKind.DUE_DATE, method=method)
    before = (charge.pix_text, charge.boleto_line)
    day, first = world.today() + timedelta(days=20), charge.due_date
    ask(world, charge, ChangeKind.DUE_DATE)
    assert charge.due_date == day and charge.review_reason == ""
    versions = list(charge.terms.values_list("due_date", "amount_cents", "is_agreed"))
    assert versions == [(first, 10_000, True), (day, 10_000, True)]
    assert world.work(charge).creation_due_at is None
    after = (charge.pix_text, charge.boleto_line)
    assert any(after) and all(new != old for new, old in zip(after, before, strict=True) if old)


def test_discount_fine_and_interest_move_with_the_day(world: World) -> None:
    until = world.today() + timedelta(days=1)
    terms = Terms(discount_cents=500, discount_until=until, fine_cents=200, interest_bp=100)
    charge = ready(world, ChangeKind.DUE_DATE, terms=terms)
    ask(world, charge, ChangeKind.DUE_DATE)
    newest = charge.terms.last()
    assert newest and newest.is_agreed and (newest.discount_cents, newest.fine_cents) == (500, 200)
    assert newest.due_date == world.today() + timedelta(days=20) and charge.review_reason == ""


def test_an_overdue_charge_waits_again(world: World) -> None:
    charge = ready(world, ChangeKind.DUE_DATE)
    world.control("overdue", reference=charge.reference)
    assert fetched(charge, world).status == "overdue"
    ask(world, charge, ChangeKind.DUE_DATE)
    assert charge.status == "pending" and statuses(charge)[-2:] == ["overdue", "pending"]


def test_a_change_that_was_made_in_part_is_asked_for_again(world: World) -> None:
    charge = ready(world, ChangeKind.DUE_DATE)
    world.fault("partial_put", times=1)
    begun = ask(world, charge, ChangeKind.DUE_DATE)
    assert begun.state == "open" and charge.due_date != begun.day
    world.move(seconds=20)
    assert changes.work(begun).state == "done" and begun.charge.due_date == begun.day


# -- cash ---------------------------------------------------------------------------------------


def test_cash_of_another_amount_is_for_review(world: World) -> None:
    charge = ready(world, ChangeKind.CASH)
    assert ask(world, charge, ChangeKind.CASH, amount_cents=7_000).state == "done"
    assert (charge.status, charge.review_reason, charge.received_cents) == ("pending", "amount", 7_000)
    assert changes.change(charge, ChangeKind.UNDO_CASH).state == "done"
    assert (charge.status, charge.review_reason, charge.received_cents) == ("pending", "", 0)


def test_cash_is_paid_on_its_day_and_without_a_fee(world: World) -> None:
    charge = ready(world, ChangeKind.CASH)
    yesterday = world.today() - timedelta(days=1)
    ask(world, charge, ChangeKind.CASH, day=yesterday)
    payment = charge.payments.get()
    assert payment.is_cash and payment.paid_at and payment.paid_at.date() == yesterday
    assert (charge.status, charge.fee_cents or 0, charge.net_cents) == ("paid", 0, 10_000)


def test_undone_is_the_only_way_back_from_paid(world: World) -> None:
    charge = ready(world, ChangeKind.UNDO_CASH)
    assert charge.status == "paid"
    ask(world, charge, ChangeKind.UNDO_CASH)
    assert (charge.status, charge.review_reason, charge.received_cents) == ("pending", "", 0)
    assert charge.paid_at is None
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).status == "paid"


# -- restoring ----------------------------------------------------------------------------------


def test_a_restored_charge_can_be_paid_and_cancelled_again(world: World) -> None:
    charge = ready(world, ChangeKind.RESTORE)
    link = charge.link
    ask(world, charge, ChangeKind.RESTORE)
    assert (charge.link, len(world.living(charge))) == (link, 1)
    assert changes.change(charge, ChangeKind.CANCEL).state == "done" and charge.status == "cancelled"
    ask(world, charge, ChangeKind.RESTORE)
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).status == "paid"


def test_late_money_after_cancelling_is_paid(world: World) -> None:
    """A boleto somebody printed (asaas.md 3.7)."""
    charge = ready(world, ChangeKind.RESTORE)
    world.control("restore", reference=charge.reference)
    world.control("pay", reference=charge.reference)
    assert fetched(charge, world).status == "paid"


# -- what cannot be done ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS[-3:])
def test_mercado_pago_can_none_of_these_and_is_not_asked(world: World, kind: ChangeKind) -> None:
    charge = world.charge("mercadopago")
    status = {ChangeKind.UNDO_CASH: "paid", ChangeKind.RESTORE: "cancelled"}.get(kind, "pending")
    Charge.objects.filter(pk=charge.pk).update(status=status)
    with pytest.raises(NotPossible) as refused:
        ask(world, charge, kind)
    assert refused.value.obstacle == Obstacle.CANNOT and sent(world, kind) == 0


@pytest.mark.parametrize(
    ("kind", "status", "payments", "obstacle"),
    [
        (ChangeKind.DUE_DATE, "confirming", [], Obstacle.IN_DOUBT),
        (ChangeKind.DUE_DATE, "cancelled", ["cancelled"], Obstacle.OVER),
        (ChangeKind.DUE_DATE, "pending", [], Obstacle.NO_PAYMENT),
        (ChangeKind.DUE_DATE, "pending", ["pending", "pending"], Obstacle.SEVERAL),
        (ChangeKind.CASH, "paid", ["paid"], Obstacle.MONEY_CAME),
        (ChangeKind.CASH, "authorized", ["authorized"], Obstacle.UNDER_REVIEW),
        (ChangeKind.UNDO_CASH, "paid", ["paid"], Obstacle.NO_CASH),
        (ChangeKind.UNDO_CASH, "disputed", ["disputed"], Obstacle.NO_CASH),
        (ChangeKind.RESTORE, "pending", ["pending"], Obstacle.OVER),
        (ChangeKind.RESTORE, "cancelled", [], Obstacle.NO_PAYMENT),
    ],
)
def test_what_cannot_be_changed_is_refused(
    kind: ChangeKind, status: str, payments: list[str], obstacle: str
) -> None:
    charge = make_charge(status=status)
    for one in payments:
        make_payment(charge, one)
    with pytest.raises(NotPossible) as refused:
        changes.change(charge, kind, day=charge.due_date + timedelta(days=400), amount_cents=100)
    assert refused.value.obstacle == obstacle and not ChargeChange.objects.exists()


@pytest.mark.parametrize(
    ("kind", "values", "obstacle"),
    [
        (ChangeKind.DUE_DATE, {"days": -1}, Obstacle.PAST_DAY),
        (ChangeKind.DUE_DATE, {"days": 3}, Obstacle.SAME_DAY),
        (ChangeKind.CASH, {"days": 1, "amount_cents": 100}, Obstacle.DAY_AHEAD),
        (ChangeKind.CASH, {"days": 0, "amount_cents": 0}, Obstacle.NO_AMOUNT),
        (ChangeKind.AMOUNT, {"days": 0, "amount_cents": 10_000}, Obstacle.SAME_AMOUNT),
        (ChangeKind.AMOUNT, {"days": 0, "amount_cents": 499}, Obstacle.TOO_LITTLE),
        (ChangeKind.AMOUNT, {"days": 0, "amount_cents": 0}, Obstacle.TOO_LITTLE),
        (ChangeKind.DESCRIPTION, {"days": 0, "text": "Pedido 77"}, Obstacle.SAME_TEXT),
    ],
)
def test_a_wrong_day_or_amount_is_never_sent(
    world: World, kind: ChangeKind, values: dict[str, Any], obstacle: str
) -> None:
    charge = make_charge(make_connection(), due_date=world.today() + timedelta(days=3))
    make_payment(charge, "pending")
    day = world.today() + timedelta(days=values.pop("days"))
    with pytest.raises(NotPossible) as refused:
        changes.change(charge, kind, day=day, **values)
    assert refused.value.obstacle == obstacle


def test_what_the_gateway_changed_is_its_own_version(world: World) -> None:
    """Ours to ask for, the gateway's to say: it is kept as it said it."""
    charge = ready(world, ChangeKind.DUE_DATE)
    ask(world, charge, ChangeKind.DUE_DATE)
    assert [one.origin for one in charge.terms.all()] == [TermsOrigin.OURS, TermsOrigin.GATEWAY]
