"""Two hundred notifications about one payment: hardly any calls, and one line for what really changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty, pytest.mark.full]
CHARGE = "Charge.objects.get(reference={reference!r})"
MANY = 200
QUIET = 11


@pytest.fixture(autouse=True)
def without_faults(running: Running) -> Iterator[None]:
    yield
    running.no_faults()


def settled(running: Running, reference: str) -> bool:
    """Every notification about the charge is answered and worked off; waits are passed by the clock."""
    running.control("clock", advance_seconds=QUIET)
    sent = running.ask(f"deliveries?reference={reference}")["deliveries"]
    rows = f"[e for r in {CHARGE.format(reference=reference)}.resources.all() for e in r.events.all()]"
    states = running.evaluate(f"sorted({{e.state for e in {rows}}})")
    return bool(sent) and {one["state"] for one in sent} == {"delivered"} and states == ["done"]


def told(running: Running, reference: str) -> int:
    """How many deliveries of this charge are stored, each repeat counted."""
    charge = CHARGE.format(reference=reference)
    rows = f"[e for r in {charge}.resources.all() for e in r.events.all()]"
    return int(running.evaluate(f"sum(1 + e.repeats for e in {rows})"))


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_two_hundred_duplicates_are_two_calls_and_one_line(running: Running, key: str) -> None:
    reference = running.charge(key)
    running.wait_until(lambda: settled(running, reference), "its creation was told")
    charge = CHARGE.format(reference=reference)
    payment = running.evaluate(f"{charge}.payments.get().gateway_id")
    reads, known = running.reads(payment), told(running, reference)
    lines = f"list({charge}.timeline.filter(code='status').values_list('data__after', flat=True))"
    before = running.evaluate(lines)
    # The first look takes so long that all of them are there when it ends.
    running.control("faults", name="slow", times=1, seconds=15, method="GET", path=payment)
    running.control("faults", name="duplicate", extra=MANY - 1, times=1)
    running.control("pay", reference=reference)
    running.wait_until(lambda: told(running, reference) - known == MANY, "all of them are stored")
    running.wait_for_status(reference, "paid")
    running.wait_until(lambda: settled(running, reference), "all of them are worked off")
    assert told(running, reference) - known == MANY
    assert running.reads(payment) - reads <= 2
    assert sorted(running.evaluate(lines)) == sorted([*before, "paid"])
