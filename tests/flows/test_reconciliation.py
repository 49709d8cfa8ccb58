"""A bad day at both gateways, and the comparison that puts it right and names what was missed."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.running import KINDS, Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
BAD_DAY = (
    {"name": "drop", "share": 0.1, "seed": 7},
    {"name": "duplicate", "share": 0.2, "seed": 7},
    {"name": "early_notify", "share": 0.05, "seed": 7, "seconds": 3},
    {"name": "stale_read", "share": 0.05, "seed": 7, "times": None},
)
CREATED = ("CREATED", "created")


def inside(running: Running, call: str) -> Any:
    return running.evaluate(f"__import__('tests.flows.inside', fromlist=['x']).{call}")


def reconcile(running: Running) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "manage.py", "reconcile", "--json"]
    done = subprocess.run(
        command, cwd=running.plan.root, env=running.environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def books(running: Running) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in running.ask("books")["payments"]:
        found.setdefault(row["reference"], []).append(row)
    return found


def cents(amount: Any) -> int:
    return int(Decimal(str(amount)) * 100)


def expected(rows: list[dict[str, Any]]) -> list[Any]:
    """What the simulator's books mean for a charge: status, no review, received, given back."""
    paid = sum(cents(row["paid"]) for row in rows)
    refunded = sum(cents(row["refunded"]) for row in rows)
    if not paid:
        return ["pending", "", 0, 0]
    status = "paid" if not refunded else "refunded" if refunded == paid else "partially_refunded"
    return [status, "", paid, refunded]


def live_a_bad_day(running: Running, count: int) -> list[str]:
    """So many charges on both gateways: most are paid, some given back in part or whole, some left open."""
    names = [running.shop(key).kind.name for key in ("asaas", "mercadopago")]
    for fault in BAD_DAY:
        running.control("faults", **fault)
    references: list[str] = inside(running, f"make_charges({names!r}, {count})")
    work_off(running)
    for number, reference in enumerate(references):
        if number % 10 == 9:
            continue
        running.control("pay", reference=reference)
        if number % 10 == 3:
            running.control("refund", reference=reference, force=True)
        if number % 10 == 6:
            running.control("refund", reference=reference, amount=40, force=True)
    work_off(running)
    running.no_faults()
    return references


def work_off(running: Running) -> None:
    """Everything that is to come has come and is worked through; waits are passed by the clock."""
    running.control("flush", ignore_schedule=True, timeout_seconds=120)
    waiting = "WebhookEvent.objects.filter(state__in=('received', 'retry'), is_hint=False).count()"

    def left() -> int:
        running.control("clock", advance_seconds=10)
        return int(running.evaluate(waiting))

    running.wait_for_none(left, "every notification that came is worked through")


def check_a_bad_day(running: Running, count: int) -> None:
    for key in ("asaas", "mercadopago"):
        running.shop(key)
    begun = running.evaluate("str(__import__('config.clock', fromlist=['x']).now())")
    before = running.ask("deliveries")["deliveries"]
    references = live_a_bad_day(running, count)
    # What was made a moment ago may be missing in a list: the comparison waits for that.
    running.control("clock", advance_seconds=900)
    code, report = reconcile(running)
    truth = books(running)
    stored = inside(running, f"money({references!r})")
    wrong = {
        reference: (stored[reference][:4], expected(truth[reference]))
        for reference in references
        if stored[reference][:4] != expected(truth[reference])
    }
    assert wrong == {}
    assert (code, report["differences"]) == (0, [])

    named = set(
        running.evaluate(
            f"list(MissedNotification.objects.filter(found_at__gte={begun!r})"
            ".values_list('charge__reference', flat=True))"
        )
    )
    lost = missed(running, {row["id"] for row in before})
    assert lost, "the seed dropped nothing that mattered"
    assert lost <= named

    code, again = reconcile(running)
    assert (code, again["differences"], again["repaired"]) == (0, [], [])
    assert all(0 < run["calls"] <= run["calls_allowed"] for run in again["runs"])
    assert inside(running, f"money({references!r})") == stored


def missed(running: Running, older: set[Any]) -> set[str]:
    """Charges that were paid or given back, and nothing told us: all was dropped but their creation."""
    told: dict[str, set[str]] = {}
    for delivery in running.ask("deliveries")["deliveries"]:
        if delivery["id"] not in older and delivery["reference"] and not delivery["event"].endswith(CREATED):
            told.setdefault(delivery["reference"], set()).add(delivery["state"])
    return {reference for reference, states in told.items() if states == {"dropped"}}


def test_a_bad_day_is_put_right_and_every_miss_is_named(running: Running) -> None:
    assert set(KINDS) >= {"asaas", "mercadopago"}
    check_a_bad_day(running, 24)


@pytest.mark.full
def test_five_hundred_charges_of_a_bad_day(running: Running) -> None:
    check_a_bad_day(running, 500)
