"""What notifications do to a running product: repeated, shuffled, lost on the way to a killed worker."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from tests.flows.running import KINDS, Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
CHARGE = "Charge.objects.get(reference={reference!r})"
EVENTS = {
    "asaas": ("PAYMENT_CREATED", "PAYMENT_UPDATED", "PAYMENT_RECEIVED"),
    "mercadopago": ("payment.created", "payment.updated"),
}


def first_of(keys: Iterable[str]) -> list[Any]:
    """One kind of account every time, the others with all that is long."""
    first, *others = sorted(keys)
    return [first, *(pytest.param(key, marks=pytest.mark.full) for key in others)]


def lines(running: Running, reference: str, status: str) -> int:
    charge = CHARGE.format(reference=reference)
    return int(running.evaluate(f"{charge}.timeline.filter(code='status', data__after={status!r}).count()"))


def events(running: Running, reference: str) -> list[Any]:
    """State and repeats of every stored notification about a charge."""
    charge = CHARGE.format(reference=reference)
    rows = f"[e for r in {charge}.resources.all() for e in r.events.values_list('state', 'repeats')]"
    return list(running.evaluate(rows))


def all_answered(running: Running, reference: str) -> bool:
    """Every notification about the charge was delivered and is finished."""
    sent = running.ask(f"deliveries?reference={reference}")["deliveries"]
    return bool(sent) and all(delivery["state"] in ("delivered", "dropped") for delivery in sent)


@pytest.mark.parametrize("key", first_of(KINDS))
def test_the_same_notification_twenty_times_is_one_paid_line(running: Running, key: str) -> None:
    reference = running.charge(key)
    running.control("pay", reference=reference)
    running.wait_for_status(reference, "paid")
    running.control("notify", reference=reference, times=20)
    running.wait_until(lambda: all_answered(running, reference), "all deliveries are answered")
    # What is told seconds after the payment seems to tell more than it shows: it is asked for again, in vain.
    running.wait_until(
        lambda: (
            all(state == "done" for state, _repeats in events(running, reference))
            or not running.control("clock", advance_seconds=10)
        ),
        "all events are done",
    )
    assert running.status(reference) == "paid"
    assert lines(running, reference, "paid") == 1


@pytest.mark.parametrize("key", first_of(EVENTS))
def test_a_lifes_notifications_in_any_order_end_the_same(running: Running, key: str) -> None:
    references = []
    for order in itertools.permutations(EVENTS[key]):
        reference = running.charge(key)
        running.control("faults", name="drop", times=None)
        running.control("pay", reference=reference)
        running.no_faults()
        for event in order:
            running.control("notify", reference=reference, event=event)
        references.append(reference)
    for reference in references:
        running.wait_for_status(reference, "paid")
        running.wait_until(lambda reference=reference: all_answered(running, reference), "all answered")
        assert lines(running, reference, "paid") == 1


@pytest.mark.parametrize("key", first_of(EVENTS))
def test_a_worker_killed_between_claim_and_apply_loses_nothing(running: Running, key: str) -> None:
    reference = running.charge(key)
    running.control("faults", name="slow", times=1, seconds=15, method="GET", path="/payments/")
    running.control("pay", reference=reference)
    resource = f"{CHARGE.format(reference=reference)}.resources.filter(lease_token__isnull=False).count()"
    running.wait_until(lambda: running.evaluate(resource) == 1, "a worker holds the lease")
    running.kill("worker")
    running.flush_broker()
    running.no_faults()
    running.restart("worker")
    assert running.status(reference) == "pending"
    running.control("clock", advance_seconds=61)
    running.wait_for_status(reference, "paid")
    assert lines(running, reference, "paid") == 1


def test_a_forged_notification_is_refused_and_changes_nothing(running: Running) -> None:
    reference = running.charge("asaas")
    running.control("faults", name="wrong_secret", times=1)
    running.control("pay", reference=reference)
    sent = f"deliveries?reference={reference}&event=PAYMENT_RECEIVED"
    running.wait_until(lambda: running.ask(sent)["deliveries"][0]["attempts"] != [], "it was sent")
    assert running.ask(sent)["deliveries"][0]["attempts"][0]["status"] == 401
    assert running.status(reference) == "pending"
    running.control("clock", advance_seconds=31)
    running.wait_for_status(reference, "paid")
