"""Cancelling a charge: all of it is ended at the gateway before it is called so, and money wins."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses
from django.db import connections

from config import clock
from connections import waiting
from connections.gateways.base import Method
from connections.models import Connection
from payments.models import ChangeKind, Charge, ChargeChange, GatewayResource
from payments.services import changing, renewing
from payments.services.changeable import NotPossible, Obstacle
from payments.services.changing import NewChange
from tests.factories import make_charge, make_connection, make_payment
from tests.payments import changes
from tests.payments.creating import ASAAS, PAYMENT, at_asaas
from tests.payments.refunds import fetched
from tests.payments.simulated import World, statuses

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("key", ["asaas", "mercadopago"])
EACH = pytest.mark.parametrize("key", ["asaas", "mercadopago", "checkout"])
CANCEL = ChangeKind.CANCEL


def cancel(charge: Charge, **values: Any) -> ChargeChange:
    return changes.change(charge, CANCEL, **values)


def ending_calls(world: World, key: str) -> list[dict[str, Any]]:
    return changes.calls(world, "DELETE" if key == "asaas" else "PUT", "payments")


@EACH
@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_nothing_can_be_paid_afterwards(world: World, key: str, method: Method) -> None:
    charge = world.charge(key, method)
    done = cancel(charge, actor=changes.person())
    assert (done.state, done.due_at, charge.status) == ("done", None, "cancelled")
    assert world.living(charge) == []
    assert all(page["expiration_date_to"] for page in (world.pages(charge) if key != "asaas" else []))
    assert changes.steps(charge) == [("cancel", "asked"), ("cancel", "done")]
    assert statuses(charge)[-1] == "cancelled" and not charge.review_reason


@BOTH
def test_a_page_closes_with_the_payment_that_waits_on_it(world: World, key: str) -> None:
    """Nobody told us of that payment yet."""
    charge = world.charge(key, Method.ANY)
    if key != "asaas":
        requests.post(charge.link, data={"action": "show"}, timeout=60).raise_for_status()
    assert [row["status"].lower() for row in world.living(charge)] == ["pending"]
    assert cancel(charge).state == "done"
    assert charge.status == "cancelled" and world.living(charge) == []


def test_what_a_test_seller_may_not_cancel_stays_and_says_so(world: World) -> None:
    """The page is closed, the code somebody was shown there can still be paid (mercadopago.md 8.4)."""
    charge = world.charge("checkout", Method.ANY)
    requests.post(charge.link, data={"action": "show"}, timeout=60).raise_for_status()
    refused = cancel(charge)
    assert (refused.state, charge.status, charge.called_off_at) == ("refused", "pending", None)
    assert refused.failure and charge.expires_at and charge.expires_at <= clock.now()
    world.control("pay", id=world.living(charge)[0]["id"])
    assert fetched(charge, world).status == "paid"


def test_a_page_that_is_unknown_for_a_moment_is_asked_again(world: World) -> None:
    charge = world.charge("mercadopago", Method.CARD)
    page = GatewayResource.objects.filter(charge=charge, kind="preference")
    real = page.get().gateway_id
    page.update(gateway_id="unknown-page")
    begun = cancel(charge)
    assert (begun.state, charge.status) == ("open", "pending") and page.get().is_missing
    page.update(gateway_id=real)
    world.move(seconds=20)
    assert changes.work(begun).state == "done" and begun.charge.status == "cancelled"


def test_a_card_that_is_looked_at_is_waited_for(world: World) -> None:
    charge = world.charge("checkout", Method.CARD)
    world.control("pay_card", reference=charge.reference, holder="CONT")
    refused = cancel(charge)
    assert (refused.state, refused.obstacle, charge.status) == (
        "refused",
        Obstacle.UNDER_REVIEW,
        "authorized",
    )
    assert ending_calls(world, "checkout") == []


@BOTH
def test_an_expired_code_is_followed_by_no_other(world: World, key: str) -> None:
    charge = world.charge(key)
    world.control("overdue" if key == "asaas" else "expire", reference=charge.reference)
    fetched(charge, world)
    assert charge.status == ("overdue" if key == "asaas" else "expired")
    assert cancel(charge).state == "done" and charge.status == "cancelled"
    assert not renewing.may_have_new_code(charge)


def test_what_was_never_made_is_cancelled_by_us_alone(world: World) -> None:
    charge = world.charge("mercadopago", due_date=world.today() + timedelta(days=60))
    assert charge.status == "pending" and not charge.resources.exists()
    assert cancel(charge).state == "done" and charge.status == "cancelled"
    assert ending_calls(world, "mercadopago") == [] and not renewing.may_have_new_code(charge)


@EACH
def test_money_that_came_meanwhile_wins(world: World, key: str) -> None:
    charge = world.charge(key)
    world.control("pay", reference=charge.reference)
    refused = cancel(charge)
    assert (refused.state, refused.obstacle, charge.status) == ("refused", Obstacle.MONEY_CAME, "paid")
    assert changes.steps(charge)[-1] == ("cancel", "refused")
    assert not ending_calls(world, key) and charge.called_off_at is None


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_was_lost_is_gone_on_with(world: World, key: str, when: str) -> None:
    """Whether or not the call arrived: it says cancelled once the gateway shows it, not before."""
    charge = world.charge(key)
    method = "DELETE" if key == "asaas" else "PUT"
    world.fault("error_500", when=when, method=method, path="payments", times=1)
    begun = cancel(charge)
    assert (begun.state, charge.status) == ("open", "pending")
    world.move(seconds=20)
    assert changes.work(begun).state == "done" and begun.charge.status == "cancelled"
    assert len(ending_calls(world, key)) == (1 if when == "after" else 2)


def test_never_before_the_gateways_state_says_so(
    gateway: responses.RequestsMock, connection: Connection
) -> None:
    """Its answer says deleted, and the fetch that follows still shows the state before."""
    charge = make_charge(connection)
    make_payment(charge, "pending", gateway_id=PAYMENT)
    waits, gone = (at_asaas(charge.reference, deleted=deleted) for deleted in (False, True))
    for shown in (waits, waits, gone):
        gateway.get(f"{ASAAS}/payments/{PAYMENT}", json=shown)
    deleting = gateway.delete(f"{ASAAS}/payments/{PAYMENT}", json={"deleted": True, "id": PAYMENT})
    begun = cancel(charge)
    assert (begun.state, charge.status, deleting.call_count) == ("open", "pending", 1)
    ChargeChange.objects.update(due_at=clock.now())
    assert changes.work(begun).state == "done" and deleting.call_count == 1
    assert begun.charge.status == "cancelled"


@BOTH
def test_without_a_free_seat_a_worker_cancels(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge, woken = world.charge(key), list[str]()
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    monkeypatch.setattr(changing, "wake", woken.append)
    with waiting.room.insist():
        begun = cancel(charge)
    assert (begun.state, woken, ending_calls(world, key)) == ("open", [changing.SETTLE], [])
    assert changes.work(begun).state == "done"


def test_what_could_not_be_done_in_a_day_is_given_up(world: World) -> None:
    charge = world.charge("asaas")
    world.fault("error_500", when="before", method="DELETE")
    begun = cancel(charge)
    world.move(hours=25)
    assert changes.work(begun).state == "refused" and begun.advice == changing.NOT_REACHED
    assert begun.charge.status == "pending" and begun.due_at is None
    world.no_faults()
    assert cancel(charge).state == "done"


@BOTH
def test_the_same_form_cancels_once(world: World, key: str) -> None:
    charge, submission = world.charge(key), uuid.uuid4()
    first, second = (cancel(charge, submission=submission) for _time in range(2))
    assert first == second and len(ending_calls(world, key)) == 1


def test_of_a_charge_one_change_is_under_way(world: World) -> None:
    charge = world.charge("asaas")
    world.fault("error_500", when="before", method="DELETE", times=1)
    cancel(charge)
    with pytest.raises(NotPossible) as refused:
        cancel(charge)
    assert refused.value.obstacle == Obstacle.BUSY


def test_while_it_is_cancelled_nobody_gets_a_new_code(world: World) -> None:
    charge = world.charge("mercadopago")
    world.control("expire", reference=charge.reference)
    fetched(charge, world)
    assert renewing.may_have_new_code(charge)
    ChargeChange.objects.create(charge=charge, kind=CANCEL, created_at=charge.created_at)
    assert not renewing.may_have_new_code(charge)
    renewing.new_code(charge, actor=None)
    assert len(world.books(charge)) == 1


def test_who_saw_the_charge_before_begins_no_code_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer's press and ours at once: the one who comes second changes nothing."""
    charge = world.charge("mercadopago")
    world.control("expire", reference=charge.reference)
    fetched(charge, world)
    seen = Charge.objects.select_related("connection", "customer").get(pk=charge.pk)
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    with waiting.room.insist():
        begun = cancel(charge)
    assert (begun.state, charge.status) == ("open", "expired")
    assert not renewing._claim(seen, None)
    charge.refresh_from_db()
    assert (charge.status, charge.creation_round) == ("expired", 0)


@pytest.mark.both
@BOTH
def test_two_people_who_press_at_once_are_one_change(world: World, key: str) -> None:
    charge, start = world.charge(key), threading.Barrier(2)
    outcomes = list[str]()

    def press() -> None:
        asked = NewChange(charge=charge, kind=CANCEL, submission=uuid.uuid4())
        start.wait(timeout=30)
        try:
            outcomes.append(changing.change(asked).state)
        except NotPossible as refused:
            outcomes.append(refused.obstacle)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "done" in outcomes and len(set(outcomes) & {Obstacle.BUSY, Obstacle.OVER}) == 1
    assert len(ending_calls(world, key)) == 1 and ChargeChange.objects.count() == 1


@BOTH
def test_all_that_lives_is_ended(world: World, key: str) -> None:
    """Held twice at the gateway: both go."""
    charge = world.charge(key)
    if key == "mercadopago":
        attempt = charge.creation_attempts.get()
        attempt.idempotency_key = str(uuid.uuid4())
        world.land(attempt)
    else:
        twin = {"account": world.accounts[key]["id"], "amount": 100, "reference": charge.reference}
        world.control("panel_payment", **twin)
    fetched(charge, world)
    assert charge.review_reason == "twin" and len(world.living(charge)) == 2
    assert cancel(charge).state == "done" and world.living(charge) == []
    assert charge.status == "cancelled"


@pytest.mark.parametrize(
    ("status", "payment", "obstacle"),
    [
        ("draft", "", Obstacle.IN_DOUBT),
        ("confirming", "", Obstacle.IN_DOUBT),
        ("authorized", "authorized", Obstacle.UNDER_REVIEW),
        ("paid", "paid", Obstacle.MONEY_CAME),
        ("disputed", "disputed", Obstacle.MONEY_CAME),
        ("refunded", "refunded", Obstacle.MONEY_CAME),
        ("cancelled", "cancelled", Obstacle.OVER),
        ("failed", "", Obstacle.OVER),
    ],
)
def test_what_cannot_be_cancelled_is_never_asked_for(status: str, payment: str, obstacle: str) -> None:
    charge = make_charge(status=status)
    if payment:
        make_payment(charge, payment)
    with pytest.raises(NotPossible) as refused:
        cancel(charge)
    assert refused.value.obstacle == obstacle and not ChargeChange.objects.exists()


def test_money_to_review_is_not_cancelled() -> None:
    charge = make_charge(received_cents=9_000, review_reason="amount")
    make_payment(charge, "paid", received_cents=9_000)
    with pytest.raises(NotPossible) as refused:
        cancel(charge)
    assert refused.value.obstacle == Obstacle.MONEY_CAME


def test_a_disabled_account_cancels_nothing() -> None:
    charge = make_charge(make_connection(is_active=False))
    make_payment(charge, "pending")
    with pytest.raises(NotPossible) as refused:
        cancel(charge)
    assert refused.value.obstacle == Obstacle.DISABLED


@BOTH
def test_a_refused_key_says_so_and_leaves_the_charge(world: World, key: str) -> None:
    charge = world.charge(key)
    world.connections[key].seal_credentials(
        {"api_key": "$aact_hmlg_wrong"} if key == "asaas" else {"access_token": "APP_USR-wrong"},
        at=charge.created_at,
        by="tests",
    )
    world.connections[key].save()
    refused = cancel(charge)
    assert (refused.state, charge.status) == ("refused", "pending") and refused.failure
    world.connections[key].refresh_from_db()
    assert world.connections[key].state == "refused"
