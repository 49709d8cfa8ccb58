"""Comparing a connection with its gateway: what is repaired, what is named, what it may cost.

The gateway here is a fake behind the contract, so that a list and an answer can disagree on purpose; the
flows compare with the simulator's own books.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    Exchange,
    GatewayDispute,
    GatewayPayment,
    PaymentStatus,
)
from connections.gateways.errors import GatewayUnavailable, NotFound
from connections.models import Connection
from payments.models import (
    Charge,
    Finding,
    MissedNotification,
    Payment,
    Reconciliation,
    RunState,
    RunTrigger,
)
from payments.services import reconciling, resources, runs
from tests.factories import NOW, fetched, make_charge, make_connection, make_payment

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]


class Fake:
    """What a gateway lists and what it answers about each payment; counts what it was asked."""

    def __init__(self) -> None:
        self.listed: list[GatewayPayment] = []
        self.answers: dict[str, list[GatewayPayment]] = {}
        self.asked: list[str] = []
        self.disputes: list[GatewayDispute] = []
        self.is_away = False
        self.on_exchange: Any = None
        self.before_call: Any = None

    def say(self, *payments: GatewayPayment, listed: bool = True) -> None:
        for payment in payments:
            self.answers[payment.gateway_id] = [payment]
            if listed:
                self.listed.append(payment)

    def changed_payments(self, *, since: Any) -> Iterator[GatewayPayment]:
        self._call("list")
        yield from self.listed

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        self._call(gateway_id)
        answers = self.answers.get(gateway_id)
        if not answers:
            raise NotFound("unknown")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def find_disputes(self, payment_id: str) -> list[GatewayDispute]:
        self._call(f"disputes of {payment_id}")
        return self.disputes

    def _call(self, name: str) -> None:
        self.before_call()
        if self.is_away:
            raise GatewayUnavailable("away", maybe_sent=False)
        self.asked.append(name)
        self.on_exchange(
            Exchange(
                method="GET",
                path=f"/{name}",
                request_body="",
                http_status=200,
                response_body="",
                request_id="",
                milliseconds=1,
            )
        )


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def speaking(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Comparisons ask this one, and nobody is woken by them."""

    def speak_for(_connection: Connection, *, on_exchange: Any, before_call: Any) -> Fake:
        fake.on_exchange, fake.before_call = on_exchange, before_call
        return fake

    monkeypatch.setattr(reconciling, "gateway_for", speak_for)
    monkeypatch.setattr(runs, "wake", lambda _name: True)
    monkeypatch.setitem(runs._planned, "at", NOW - timedelta(days=1))
    return fake


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, clock: Any) -> Fake:
    return speaking(Fake(), monkeypatch)


def old_charge(connection: Connection, status: str = "pending", **values: Any) -> tuple[Charge, Payment]:
    created = NOW - timedelta(days=1)
    charge = make_charge(connection, status=status, created_at=created)
    return charge, make_payment(charge, status, gateway_status=status, **values)


def reconcile(connection: Connection) -> Reconciliation:
    run = runs.request(connection, trigger=RunTrigger.COMMAND)
    reconciling.carry_out(run.pk)
    run.refresh_from_db()
    return run


def test_a_payment_whose_notification_was_lost_is_repaired_and_named(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    run = reconcile(charge.connection)
    charge.refresh_from_db()
    assert (charge.status, charge.received_cents) == ("paid", 10_000)
    assert (run.state, run.missed, run.differences) == (RunState.DONE, 1, 0)
    miss = MissedNotification.objects.get()
    assert (miss.charge, miss.before["status"], miss.after["status"]) == (charge, "pending", "paid")
    assert charge.timeline.get(code="status").source == "reconciliation"


def test_the_second_run_asks_for_the_list_and_nothing_else(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    reconcile(charge.connection)
    gateway.asked.clear()
    run = reconcile(charge.connection)
    assert gateway.asked == ["list"]
    assert (run.calls, run.missed, run.differences) == (1, 0, 0)
    assert MissedNotification.objects.count() == 1


def test_calls_never_exceed_the_bound_that_was_worked_out(gateway: Fake) -> None:
    connection = make_connection()
    for _number in range(3):
        charge, payment = old_charge(connection)
        gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    silent, own = old_charge(connection)
    gateway.say(fetched(silent, own.gateway_id, PaymentStatus.PENDING), listed=False)
    run = reconcile(connection)
    assert run.calls == len(gateway.asked) == 1 + 3 + 1
    assert run.calls_allowed == 1 + 3 * 3 + 4


def test_an_answer_older_than_the_list_is_asked_for_again(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    paid = fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW)
    gateway.listed.append(paid)
    gateway.answers[payment.gateway_id] = [fetched(charge, payment.gateway_id, PaymentStatus.PENDING), paid]
    run = reconcile(charge.connection)
    charge.refresh_from_db()
    assert (charge.status, run.differences, run.missed) == ("paid", 0, 1)


def test_what_still_differs_after_three_looks_stays_open_until_a_run_finds_it_equal(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    paid = fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW)
    gateway.listed.append(paid)
    gateway.answers[payment.gateway_id] = [fetched(charge, payment.gateway_id, PaymentStatus.PENDING)]
    first = reconcile(charge.connection)
    assert gateway.asked.count(payment.gateway_id) == 3
    finding = Finding.objects.get(settled_at=None)
    assert (finding.charge, finding.theirs["status"], finding.ours["status"]) == (charge, "paid", "pending")
    again = reconcile(charge.connection)
    assert (first.differences, again.differences, Finding.objects.count()) == (1, 1, 1)
    gateway.answers[payment.gateway_id] = [paid]
    assert reconcile(charge.connection).differences == 0
    finding.refresh_from_db()
    assert finding.settled_at == NOW


def test_a_payment_cancelled_after_it_was_listed_is_no_difference(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection(), "overdue")
    gateway.listed.append(fetched(charge, payment.gateway_id, PaymentStatus.PENDING))
    gateway.answers[payment.gateway_id] = [fetched(charge, payment.gateway_id, PaymentStatus.CANCELLED)]
    run = reconcile(charge.connection)
    charge.refresh_from_db()
    assert (charge.status, run.differences, gateway.asked) == ("cancelled", 0, ["list", payment.gateway_id])


def test_a_list_that_is_older_than_what_we_hold_is_no_news(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection(), "paid")
    payment.resource.gateway_version = NOW
    payment.resource.save()
    older = fetched(charge, payment.gateway_id, PaymentStatus.PENDING, version=NOW - timedelta(seconds=5))
    gateway.listed.append(older)
    run = reconcile(charge.connection)
    assert gateway.asked == ["list"]
    assert (run.differences, run.missed) == (0, 0)


def test_money_made_elsewhere_is_one_finding_however_often_it_is_listed(gateway: Fake) -> None:
    connection = make_connection()
    charge, payment = old_charge(connection)
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PENDING))
    foreign = replace(
        fetched(charge, "pay_elsewhere", PaymentStatus.PAID, paid_at=NOW), reference="pedido do site"
    )
    gateway.say(foreign)
    run = reconcile(connection)
    again = reconcile(connection)
    finding = Finding.objects.get()
    assert (finding.kind, finding.run, finding.theirs["received_cents"]) == ("not_ours", run, 10_000)
    assert (run.not_ours, again.not_ours) == (1, 1)
    assert run.days[0]["not_ours"] == [1, 10_000, 0]


def test_a_payment_with_our_reference_that_we_never_saw_is_taken_in(gateway: Fake) -> None:
    charge, _payment = old_charge(make_connection(), gateway_id="pay_first")
    gateway.say(fetched(charge, "pay_first", PaymentStatus.CANCELLED))
    gateway.say(fetched(charge, "pay_second", PaymentStatus.PAID, paid_at=NOW))
    run = reconcile(charge.connection)
    charge.refresh_from_db()
    assert set(charge.payments.values_list("gateway_id", flat=True)) == {"pay_first", "pay_second"}
    assert (charge.status, run.missed) == ("paid", 2)


def test_what_the_gateway_no_longer_knows_is_a_difference(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    run = reconcile(charge.connection)
    finding = Finding.objects.get()
    assert (run.differences, finding.gateway_id, finding.theirs) == (1, payment.gateway_id, {})


def test_a_charge_made_a_moment_ago_may_be_missing_in_the_list(gateway: Fake) -> None:
    charge = make_charge(created_at=NOW - timedelta(minutes=3))
    make_payment(charge)
    run = reconcile(charge.connection)
    assert (run.differences, gateway.asked) == (0, ["list"])


def test_a_payment_in_another_workers_hands_is_left_to_it(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    assert resources.lease(payment.resource_id)
    run = reconcile(charge.connection)
    assert (gateway.asked, run.differences) == (["list"], 1)


def test_a_gateway_that_is_away_postpones_the_run_and_gives_it_up_in_the_end(
    gateway: Fake, clock: time_machine.Traveller
) -> None:
    charge, _payment = old_charge(make_connection())
    gateway.is_away = True
    run = reconcile(charge.connection)
    assert (run.state, run.due_at) == (RunState.QUEUED, NOW + timedelta(minutes=1))
    for _try in range(3):
        assert run.due_at
        clock.move_to(run.due_at)
        assert reconciling.run_due() == 1
        run.refresh_from_db()
    assert (run.state, run.due_at) == (RunState.FAILED, None)


def test_a_run_whose_worker_died_is_taken_over(gateway: Fake, clock: time_machine.Traveller) -> None:
    charge, payment = old_charge(make_connection())
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    run = runs.request(charge.connection, trigger=RunTrigger.PERSON)
    stolen = Reconciliation.objects.filter(pk=run.pk)
    stolen.update(state=RunState.RUNNING, claim_until=NOW + timedelta(minutes=5), due_at=NOW)
    assert reconciling.carry_out(run.pk) is None
    clock.shift(timedelta(minutes=6))
    assert reconciling.run_due() == 1
    run.refresh_from_db()
    assert (run.state, run.missed) == (RunState.DONE, 1)


def test_a_worker_that_lost_its_claim_leaves_the_run_to_the_other(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    run = runs.request(charge.connection, trigger=RunTrigger.PERSON)
    other = uuid.uuid4()

    def listed_late(*, since: Any) -> Iterator[GatewayPayment]:
        Reconciliation.objects.filter(pk=run.pk).update(claim_token=other)
        yield from gateway.listed

    gateway.changed_payments = listed_late  # type: ignore[method-assign]
    assert reconciling.carry_out(run.pk) is None
    run.refresh_from_db()
    assert (run.state, run.claim_token, run.error) == (RunState.RUNNING, other, "")


def test_what_nobody_knows_any_more_stays_within_the_bound(gateway: Fake) -> None:
    charge, _payment = old_charge(make_connection())
    run = reconcile(charge.connection)
    assert run.calls == len(gateway.asked) <= run.calls_allowed


def test_one_connection_has_one_open_run(gateway: Fake) -> None:
    connection = make_connection()
    first = runs.request(connection, trigger=RunTrigger.PERSON)
    assert runs.request(connection, trigger=RunTrigger.SCHEDULE) == first


def test_the_clock_asks_for_one_thorough_run_a_night_and_one_every_hour(
    gateway: Fake, clock: time_machine.Traveller
) -> None:
    charge, payment = old_charge(make_connection())
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PENDING))
    for _minute in range(0, 48 * 60, 10):
        clock.shift(timedelta(minutes=10))
        runs.plan_due()
        reconciling.run_due()
    done = Reconciliation.objects.filter(connection=charge.connection)
    thorough = done.filter(is_thorough=True).count()
    hourly = done.filter(is_thorough=False).count()
    assert thorough == 3  # one at first, then two nights
    assert 40 <= hourly <= 45


def test_sums_are_by_the_day_of_the_account_and_agree_after_the_repair(gateway: Fake) -> None:
    charge, payment = old_charge(make_connection())
    # 02:30 UTC is still the day before in São Paulo.
    paid_at = NOW.replace(hour=2, minute=30)
    gateway.say(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=paid_at))
    run = reconcile(charge.connection)
    assert run.days == [
        {
            "day": "2026-11-20",
            "currency": "BRL",
            "theirs": [1, 10_000, 0],
            "ours": [1, 10_000, 0],
            "not_ours": [0, 0, 0],
        }
    ]


@pytest.mark.parametrize("is_listed_as_new", [True, False])
def test_what_is_contested_is_looked_at_with_its_papers(gateway: Fake, is_listed_as_new: bool) -> None:
    """Also where the list says nothing new: papers may be asked for, and their day may pass."""
    charge, payment = old_charge(make_connection(), "paid" if is_listed_as_new else "disputed")
    contested = fetched(charge, payment.gateway_id, PaymentStatus.DISPUTED, received_cents=10_000)
    gateway.say(contested)
    Payment.objects.update(received_cents=10_000)
    gateway.disputes = [
        GatewayDispute(
            kind=DisputeKind.CHARGEBACK,
            gateway_id="233",
            payment_ids=(payment.gateway_id,),
            state=DisputeState.DOCUMENTS,
            gateway_status="pending",
            deadline=NOW + timedelta(days=9),
        )
    ]
    run = reconcile(charge.connection)
    charge.refresh_from_db()
    assert charge.status == "disputed"
    assert charge.disputes.values_list("state", "deadline").get() == ("documents", NOW + timedelta(days=9))
    assert run.state == RunState.DONE and run.calls <= run.calls_allowed


def test_the_command_says_what_differs_and_exits_with_one(
    gateway: Fake, clock: time_machine.Traveller
) -> None:
    charge, payment = old_charge(make_connection())
    gateway.listed.append(fetched(charge, payment.gateway_id, PaymentStatus.PAID, paid_at=NOW))
    gateway.answers[payment.gateway_id] = [fetched(charge, payment.gateway_id, PaymentStatus.PENDING)]
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--json", stdout=out)
    assert ended.value.code == 1
    assert [row["charge"] for row in json.loads(out.getvalue())["differences"]] == [charge.reference]
    gateway.answers[payment.gateway_id] = list(gateway.listed)
    clock.shift(timedelta(seconds=1))
    out = StringIO()
    call_command("reconcile", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["differences"] == []
    assert [row["charge"] for row in report["repaired"]] == [charge.reference]
