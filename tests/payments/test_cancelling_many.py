"""Many charges cancelled at once: never one that nobody saw, each once, and with a story of its own."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice.groups import keep_groups
from config import clock
from connections.gateways.base import Method, ResourceKind
from connections.models import ConnectionAccess
from payments import tasks
from payments.models import (
    Cancellation,
    ChangeKind,
    ChangeState,
    Charge,
    ChargeChange,
    ChargeStatus,
    CreationAttempt,
)
from payments.services import cancelling_many, changeable, changing
from payments.services.changing import NewChange
from payments.staff import cancelling_many as pages
from tests.backoffice.people import make_person
from tests.factories import make_charge, make_connection, make_customer, make_payment, make_resource
from tests.payments import changes
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db(transaction=True)
LIST, PREVIEW = "/charges/", "/charges/cancel/"


@pytest.fixture
def operator(db: None) -> Iterator[Client]:
    keep_groups()
    client = Client()
    client.force_login(make_person("carla", "Operator"))
    yield client


def shown(client: Client, **asked: Any) -> str:
    answer = client.get(PREVIEW, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found, page
    return found[1]


def press(client: Client, page: str) -> Cancellation:
    answer = client.post(PREVIEW, {"seen": seen(page)})
    assert answer.status_code == 302, answer.content
    return Cancellation.objects.get(public_id=answer["Location"].split("/")[-2])


def number(page: str, name: str) -> int:
    found = re.search(rf'data-{name}="(\d+)"', page)
    assert found
    return int(found[1])


def reload(*charges: Charge) -> list[str]:
    for charge in charges:
        charge.refresh_from_db()
    return [charge.status for charge in charges]


def test_cancels_at_both_gateways_and_tells_who(world: World, operator: Client) -> None:
    """The hard case: money came for one meanwhile, one never reached its gateway, one cannot be cancelled."""
    two = [world.charge(key, Method.PIX) for key in ("asaas", "mercadopago")]
    paid_meanwhile = world.charge("asaas", Method.PIX)
    ours_alone = make_charge(two[0].connection, customer=two[0].customer)
    settled = make_charge(two[0].connection, status="paid", received_cents=10_000)
    page = shown(operator)
    assert (number(page, "total"), number(page, "possible")) == (5, 4)
    assert 'data-reason-of="1"' in page and settled.get_absolute_url() in page
    world.control("pay", id=world.living(paid_meanwhile)[0]["id"])
    made = press(operator, page)
    for _turn in range(3):
        tasks.settle_changes()
    assert reload(*two, ours_alone) == ["cancelled"] * 3
    assert reload(paid_meanwhile, settled) == ["paid", "paid"]
    made.refresh_from_db()
    assert made.state == "done" and cancelling_many.tally(made) == cancelling_many.Tally(
        cancelled=3, refused=1
    )
    for charge in (*two, ours_alone):
        told = charge.timeline.filter(code="change").order_by("pk")
        assert [line.data["step"] for line in told] == ["asked", "done"]
        assert told[0].actor and told[0].actor.username == "carla"
    answer = operator.get(made.get_absolute_url()).content.decode()
    assert f'data-refused="{paid_meanwhile.reference}"' in answer and "data-live-url" not in answer


def test_many_are_judged_as_each_is(db: None) -> None:
    """Of every state, with and without what rows beside them tell."""
    chance = random.Random(8)
    accounts = [make_connection(), make_connection(is_active=False), make_connection(gateway="mercadopago")]
    customer = make_customer()
    for status in (*ChargeStatus.values, *("pending", "overdue", "expired", "draft") * 8):
        charge = make_charge(
            chance.choice(accounts),
            customer=customer,
            status=status,
            received_cents=chance.choice([0, 0, 1]),
            instalments=chance.choice([1, 1, 3]),
            method=chance.choice(["boleto", "card"]),
        )
        if chance.random() < 0.4:
            make_resource(charge, kind=chance.choice([ResourceKind.PAYMENT, ResourceKind.TURN]))
        if chance.random() < 0.3:
            CreationAttempt.objects.create(
                charge=charge, kind="payment", state=chance.choice(["sent", "done"]), http_method="POST"
            )
        if chance.random() < 0.2:
            state = chance.choice(["open", "done"])
            ChargeChange.objects.create(
                charge=charge, kind="description", state=state, created_at=clock.now()
            )
    found = changeable.cancelling_obstacles(list(Charge.objects.select_related("connection")))
    assert found == [(charge, changeable.obstacle(charge, ChangeKind.CANCEL)) for charge, _obstacle in found]
    assert len({obstacle for _charge, obstacle in found}) >= 6


def test_only_what_was_shown_is_cancelled(operator: Client) -> None:
    """A charge that matches by the time of the press was never seen by anybody."""
    first = make_charge()
    page = shown(operator, tab="waiting")
    second = make_charge(first.connection)
    made = press(operator, page)
    tasks.settle_changes()
    assert reload(first, second) == ["cancelled", "pending"] and made.total == 1


def test_the_same_press_twice_is_one(operator: Client) -> None:
    charge = make_charge()
    page = shown(operator)
    assert press(operator, page) == press(operator, page)
    tasks.settle_changes()
    assert reload(charge) == ["cancelled"] and ChargeChange.objects.count() == 1


@pytest.mark.parametrize("value", ["", "x", "eyJ9:1:2"])
def test_a_damaged_form_cancels_nothing(operator: Client, value: str) -> None:
    make_charge()
    answer = operator.post(PREVIEW + "?tab=waiting", {"seen": value})
    assert answer.status_code == 302 and answer["Location"] == PREVIEW + "?tab=waiting"
    assert not Cancellation.objects.exists()


def test_nobody_presses_what_somebody_else_saw(operator: Client) -> None:
    make_charge()
    page = shown(operator)
    other = Client()
    other.force_login(make_person("davi", "Operator"))
    other.post(PREVIEW, {"seen": seen(page)})
    assert not Cancellation.objects.exists()


def test_an_old_page_is_looked_at_again(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_charge()
    page = shown(operator)
    monkeypatch.setattr(pages, "_SEEN_SECONDS", -1)
    operator.post(PREVIEW, {"seen": seen(page)})
    assert not Cancellation.objects.exists()


def test_a_filter_that_says_nothing_does_not_mean_everything(operator: Client) -> None:
    make_charge()
    answer = operator.get(PREVIEW, {"since": "soon"})
    assert answer.status_code == 302 and answer["Location"] == "/charges/?since=soon"


def test_none_ticked_is_none_and_not_all(operator: Client) -> None:
    make_charge()
    assert "data-total" not in shown(operator, chosen="")


def test_the_ticked_alone_are_meant(operator: Client) -> None:
    charges = [make_charge() for _number in range(3)]
    page = shown(operator, chosen=["", charges[0].reference, charges[2].reference])
    press(operator, page)
    tasks.settle_changes()
    assert reload(*charges) == ["cancelled", "pending", "cancelled"]


def test_the_limited_mean_and_see_their_own(operator: Client) -> None:
    theirs, other = make_charge(), make_charge()
    limited = User.objects.get(username="carla")
    ConnectionAccess.objects.create(user=limited, connection=theirs.connection)
    page = shown(operator, chosen=[theirs.reference, other.reference])
    assert number(page, "total") == 1
    press(operator, page)
    hidden = cancelling_many.request([other], actor=make_person("davi", "Operator"), public_id=uuid.uuid4())
    assert operator.get(hidden.get_absolute_url()).status_code == 404
    assert operator.post(hidden.get_absolute_url() + "stop/").status_code == 404


def test_a_few_of_each_account_are_under_way_at_a_time(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account whose gateway is away keeps no other waiting, and what is stopped has not begun."""
    monkeypatch.setattr(cancelling_many, "_AT_ONCE", 2)
    away, near = make_connection(), make_connection()
    stuck = [make_charge(away) for _number in range(4)]
    for charge in stuck:
        make_payment(charge)
    quick = [make_charge(near) for _number in range(3)]
    made = press(operator, shown(operator))
    for _turn in range(3):
        cancelling_many.work()  # no worker asks the gateway: what is under way stays so
    tally = cancelling_many.tally(made)
    assert (tally.cancelled, tally.asked, tally.waiting) == (3, 2, 2)
    assert reload(*quick) == ["cancelled"] * 3
    operator.post(made.get_absolute_url() + "stop/")
    ChargeChange.objects.filter(state=ChangeState.OPEN).update(state=ChangeState.REFUSED, due_at=None)
    cancelling_many.work()
    made.refresh_from_db()
    assert made.state == "done" and made.stopped_by and made.stopped_by.username == "carla"
    assert (tally := cancelling_many.tally(made)).left == 2 and tally.refused == 2
    assert reload(*stuck) == ["pending"] * 4


def test_a_worker_that_died_in_between_asks_for_none_twice(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    charges = [make_charge() for _number in range(3)]
    made = press(operator, shown(operator))
    real, calls = changing.ask_later, []

    def die(new: NewChange) -> ChargeChange:
        calls.append(real(new))
        raise SystemExit

    monkeypatch.setattr(changing, "ask_later", die)
    with pytest.raises(SystemExit):
        cancelling_many.work()
    monkeypatch.setattr(changing, "ask_later", real)
    for _turn in range(2):
        cancelling_many.work()
    made.refresh_from_db()
    assert made.state == "done" and cancelling_many.tally(made).cancelled == 3
    assert ChargeChange.objects.count() == 3 and reload(*charges) == ["cancelled"] * 3


def test_two_workers_do_not_go_on_at_once(operator: Client) -> None:
    make_charge()
    made = press(operator, shown(operator))
    Cancellation.objects.filter(pk=made.pk).update(lease_until=clock.now() + cancelling_many._LEASE)
    assert cancelling_many.carry_on(made.pk) == 0
    assert cancelling_many.tally(made).waiting == 1


def test_more_than_are_taken_at_once_is_said(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling_many, "MOST", 2)
    charges = [make_charge() for _number in range(3)]
    page = shown(operator)
    assert number(page, "total") == 2 and "notice warning" in page
    press(operator, page)
    tasks.settle_changes()
    assert reload(*charges) == ["cancelled", "cancelled", "pending"]


def test_a_preview_of_more_costs_no_further_query(operator: Client, django_assert_num_queries: Any) -> None:
    account = make_connection()
    make_charge(account)
    shown(operator)
    with django_assert_num_queries(9):
        shown(operator)
    for _number in range(5):
        make_payment(make_charge(account))
    with django_assert_num_queries(9):
        shown(operator)


def test_its_own_changes_are_told_once(operator: Client) -> None:
    charge = make_charge()
    press(operator, shown(operator))
    tasks.settle_changes()
    assert changes.steps(charge) == [("cancel", "asked"), ("cancel", "done")]
