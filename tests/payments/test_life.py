"""Anything may happen to a charge, in any order: the rules hold at every step, and the end is the gateway's.

The services run in this process against a real simulator; operators, notifications, checks, comparisons
and faults come as Hypothesis likes.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config import clock
from connections.gateways.base import Delivery, Method, Notification, ResourceKind, Verification
from payments.deriving import MONEY_IN
from payments.models import ChangeKind, Charge, RunTrigger, TimelineEntry
from payments.services import changing, checking, doubt, reconciling, renewing, runs, watching
from payments.services.changeable import NotPossible, Typed
from payments.services.changing import NewChange
from tests.payments.simulated import World
from webhooks.services import inbox, recording

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
KEYS = ("asaas", "mercadopago")
MOST_CHARGES = 3
CHANGES = st.sampled_from([ChangeKind.CANCEL, ChangeKind.RESTORE, ChangeKind.DUE_DATE])
WRITES = ("DELETE", "PUT", "POST")
ANY = st.integers(min_value=0, max_value=MOST_CHARGES - 1)
FAULTS = st.sampled_from(
    [
        {"name": "stale_read", "reads": 1},
        {"name": "error_500", "when": "before"},
        {"name": "error_500", "when": "after"},
        {"name": "html_error"},
        {"name": "malformed_json"},
        {"name": "rate_limit", "retry_after": 5},
        {"name": "lagging_list", "seconds": 60},
    ]
)


def cents(amount: Any) -> int:
    return int(Decimal(str(amount)) * 100)


class Life(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.world.control("reset")
        self.world.accounts.clear()
        self.world.connections.clear()
        self.world.move(seconds=0)
        self.charges: list[Charge] = []

    def teardown(self) -> None:
        try:
            self.settle()
            for charge in self.charges:
                self.compare(charge)
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    # -- people ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.charges) < MOST_CHARGES)
    @rule(key=st.sampled_from(KEYS), is_lost=st.booleans())
    def create(self, key: str, is_lost: bool) -> None:
        self.world.connection(key)
        if is_lost:
            self.world.fault("error_500", when="after", method="POST", path="/payments", times=1)
        amount = 10_000 + len(self.charges)
        self.charges.append(self.world.charge(key, Method.PIX, amount_cents=amount))

    @rule(number=ANY)
    def ask_for_a_new_code(self, number: int) -> None:
        if charge := self.pick(number):
            renewing.new_code(charge, actor=None)

    @rule(number=ANY, kind=CHANGES, lost=st.sampled_from(["", *WRITES]))
    def change(self, number: int, kind: ChangeKind, lost: str) -> None:
        """Cancelled, restored, moved to another day; the gateway's answer may be lost."""
        charge = self.pick(number)
        if charge is None:
            return
        if lost:
            self.world.fault("error_500", when="after", method=lost, path="/payments/", times=1)
        day = self.world.today() + timedelta(days=20)
        asked = NewChange(charge=charge, kind=kind, submission=uuid.uuid4(), typed=Typed(day=day))
        with suppress(NotPossible):
            changing.change(asked)

    # -- the gateway ----------------------------------------------------------------------------

    @rule(number=ANY)
    def pay(self, number: int) -> None:
        self.at_the_gateway("pay", number)

    @rule(number=ANY, amount=st.sampled_from([None, 30, 50]))
    def give_back(self, number: int, amount: int | None) -> None:
        self.at_the_gateway("refund", number, force=True, **({"amount": amount} if amount else {}))

    @rule(number=ANY)
    def delete_in_the_panel(self, number: int) -> None:
        self.at_the_gateway("delete", number)

    @rule(fault=FAULTS, times=st.integers(1, 3))
    def misbehave(self, fault: dict[str, Any], times: int) -> None:
        self.world.fault(**fault, times=times, method="GET")

    @rule(number=ANY, times=st.integers(1, 3))
    def notify(self, number: int, times: int) -> None:
        if charge := self.pick(number):
            self.tell(charge, times)

    # -- our own workers ------------------------------------------------------------------------

    @rule()
    def work(self) -> None:
        inbox.work()
        doubt.settle_due()
        changing.settle_due()
        watching.watch_due()

    @rule()
    def check(self) -> None:
        Charge.objects.filter(check_due_at__isnull=False).update(check_due_at=clock.now())
        checking.sweep()

    @rule(key=st.sampled_from(KEYS))
    def compare_with_the_gateway(self, key: str) -> None:
        if key in self.world.connections:
            run = runs.request(self.world.connections[key], trigger=RunTrigger.PERSON)
            reconciling.carry_out(run.pk)

    @rule(minutes=st.sampled_from([1, 10, 60, 6 * 60]))
    def let_time_pass(self, minutes: int) -> None:
        self.world.move(minutes=minutes)

    # -- what always holds ----------------------------------------------------------------------

    @invariant()
    def the_story_is_one_chain(self) -> None:
        for charge in self.charges:
            steps = self.steps(charge)
            assert all(one[1] == two[0] for one, two in zip(steps, steps[1:], strict=False)), steps

    @invariant()
    def money_never_leaves_by_itself(self) -> None:
        for charge in self.charges:
            since = False
            for _before, after in self.steps(charge):
                since = since or after in MONEY_IN
                assert not since or after in MONEY_IN, self.steps(charge)

    @invariant()
    def nothing_is_called_failed(self) -> None:
        for charge in self.charges:
            assert "failed" not in [after for _before, after in self.steps(charge)]

    @invariant()
    def one_click_is_one_charge(self) -> None:
        for charge in self.charges:
            assert len(self.world.living(charge)) <= 1

    # -- helpers --------------------------------------------------------------------------------

    def pick(self, number: int) -> Charge | None:
        if not self.charges:
            return None
        charge = self.charges[number % len(self.charges)]
        charge.refresh_from_db()
        return charge

    def at_the_gateway(self, control: str, number: int, **body: Any) -> None:
        """Something happens there, where the state allows it."""
        charge = self.pick(number)
        if charge and self.world.living(charge):
            try:
                self.world.control(control, reference=charge.reference, **body)
            except requests.HTTPError:
                return

    def tell(self, charge: Charge, times: int) -> None:
        delivery = Delivery(headers={}, query="", body=b"{}")
        for row in self.world.books(charge):
            told = Notification(
                topic="payment",
                dedupe_key=uuid.uuid4().hex,
                kind=ResourceKind.PAYMENT,
                gateway_id=str(row["id"]),
            )
            for _time in range(times):
                recording.record(charge.connection, delivery, told, Verification(secret_name="token:x"))

    def steps(self, charge: Charge) -> list[tuple[str, str]]:
        lines = TimelineEntry.objects.filter(charge=charge, code="status").order_by("pk")
        return [(line.data["before"], line.data["after"]) for line in lines]

    def settle(self) -> None:
        """The gateways are well again, tell everything once more, and half a day passes."""
        self.world.no_faults()
        for charge in self.charges:
            self.tell(charge, 1)
        for _round in range(8):
            self.work()
            self.check()
            self.world.move(minutes=90)
        for key in KEYS:
            self.compare_with_the_gateway(key)

    def compare(self, charge: Charge) -> None:
        charge.refresh_from_db()
        rows = self.world.books(charge)
        paid = sum(cents(row["paid"]) for row in rows)
        refunded = sum(cents(row["refunded"]) for row in rows)
        found = (charge.received_cents, charge.refunded_cents, charge.review_reason)
        assert found == (paid, refunded, ""), json.dumps(rows)
        if paid:
            expected = {"paid" if not refunded else "refunded" if refunded == paid else "partially_refunded"}
        elif self.world.living(charge):
            expected = {"pending", "overdue"}
        else:
            expected = {"cancelled", "expired"}
        assert charge.status in expected, (charge.status, json.dumps(rows))


def live(world: World, *, lives: int, steps: int) -> None:
    class Lived(Life):
        pass

    Lived.world = world
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Lived,
        settings=settings(
            max_examples=lives, stateful_step_count=steps, deadline=None, suppress_health_check=checks
        ),
    )


def test_every_life_keeps_the_rules(world: World) -> None:
    live(world, lives=8, steps=15)


@pytest.mark.full
def test_many_long_lives_keep_the_rules(world: World) -> None:
    live(world, lives=60, steps=30)
