"""A gateway that is away for an hour: nobody else notices, nothing is held against us, all comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.flows.conftest import product
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty, pytest.mark.full]
WAITING = 30
NEARLY_ALL = 24
STEPS = 6
A_STEP = 600
NOW = "__import__('config.clock', fromlist=['x']).now()"
PAUSED = f"GatewayPause.objects.filter(until__gt={NOW}).count()"
# A 429 to anybody's call is kept here, too, and found by the next who asks.
ASKED_TO_WAIT = f"Connection.objects.filter(paused_until__gt={NOW}).count()"
DUE = f"WebhookEvent.objects.filter(next_attempt_at__lte={NOW}, is_hint=False).count()"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with product() as running:
        for key in ("asaas", "mercadopago"):
            running.shop(key)
        yield running


@pytest.fixture(autouse=True)
def without_faults(alone: Running) -> Iterator[None]:
    yield
    alone.no_faults()


def inside(running: Running, call: str) -> Any:
    return running.evaluate(f"__import__('tests.flows.inside', fromlist=['x']).{call}")


def make(running: Running, key: str, count: int) -> list[str]:
    names = [running.shop(key).kind.name]
    return list(inside(running, f"make_charges({names!r}, {count})"))


def statuses(running: Running, references: list[str]) -> Counter[str]:
    rows = f"Charge.objects.filter(reference__in={references!r}).values_list('status', flat=True)"
    return Counter(running.evaluate(f"list({rows})"))


def pay_all(running: Running, references: list[str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda reference: running.control("pay", reference=reference), references))


def penalties(running: Running) -> int:
    """How many failures in a row Asaas holds against our address."""
    account = running.shop("asaas").account
    address = f"{running.stack.simulator_url}{account['base']}/v3/webhooks"
    [hook] = requests.get(address, headers={"access_token": account["api_key"]}, timeout=60).json()["data"]
    return int(hook["penalizedRequestsCount"])


def answers(running: Running, account: int) -> set[int | None]:
    """What we answered to the notifications of an account, every attempt of them."""
    sent = running.ask(f"deliveries?account={account}")["deliveries"]
    return {attempt["status"] for one in sent for attempt in one["attempts"]}


def looks(running: Running, account: int, since: int) -> int:
    """How often payments were asked for by their id, and answered."""
    calls = running.ask(f"received?since={since}&account={account}&method=GET")["calls"]
    return len([call for call in calls if "/payments/" in call["path"] and call["status"] == 200])


def last_call(running: Running) -> int:
    return int(running.ask("received?count=1")["last"] or 0)


def settle(running: Running) -> None:
    """Everything that came before is worked off."""
    waiting = "WebhookEvent.objects.filter(state__in=('received', 'retry'), is_hint=False).count()"
    running.wait_until(
        lambda: running.control("clock", advance_seconds=11) and running.evaluate(waiting) == 0,
        "what came before is worked off",
    )


def wait_out_the_pause(running: Running) -> int:
    """Seconds that the clock went on until the gateway is tried again, not beyond: what follows is timed."""
    passed = 0
    while running.evaluate(PAUSED) or running.evaluate(ASKED_TO_WAIT):
        running.control("clock", advance_seconds=5)
        passed += 5
    return passed


def end_creation(running: Running, reference: str) -> None:
    """What was asked for meanwhile is made by itself, or where nobody can know, by an operator's press."""

    def is_made() -> bool:
        running.control("clock", advance_seconds=120)
        page = running.people.operator.open(f"/charges/{reference}/")
        for form in page.forms:
            if form.action.endswith("/send-again/"):
                running.people.operator.send(form, {})
        return page.data.get("data-status") == "pending"

    running.wait_until(is_made, f"{reference} is made")


@pytest.mark.parametrize(
    ("away", "near", "fault"),
    [
        ("asaas", "mercadopago", {"name": "outage"}),
        ("mercadopago", "asaas", {"name": "rate_limit", "times": None, "retry_after": 240}),
    ],
)
def test_an_hour_without_a_gateway(alone: Running, away: str, near: str, fault: dict[str, Any]) -> None:
    account = alone.shop(away).account["id"]
    waiting, others = make(alone, away, WAITING), make(alone, near, STEPS)
    settle(alone)
    alone.control("faults", account=account, **fault)
    begun = last_call(alone)
    pay_all(alone, waiting[: WAITING // 2])
    asked_for = []
    for step in range(STEPS):
        pay_all(alone, waiting[WAITING // 2 + step : WAITING : STEPS])
        asked_for.append(alone.ask_for_charge(away))
        alone.control("pay", reference=others[step])
        alone.wait_for_status(others[step], "paid")
        assert alone.status(asked_for[-1]) == "confirming"
        alone.control("clock", advance_seconds=A_STEP)
    assert statuses(alone, waiting) == {"pending": WAITING}
    assert answers(alone, account) == {200}
    assert alone.evaluate("WebhookEvent.objects.filter(failures__gt=0).count()") == 0
    calls = alone.ask(f"received?since={begun}&account={account}")["calls"]
    assert len(calls) <= 80 * STEPS

    back = last_call(alone)
    alone.no_faults()
    assert penalties(alone) == 0
    passed = wait_out_the_pause(alone)
    alone.wait_for_none(lambda: max(0, NEARLY_ALL - statuses(alone, waiting)["paid"]), "nearly all is paid")
    # What the gateway was tried with meanwhile waits a little longer.
    for _step in range(30):
        if statuses(alone, waiting)["paid"] < WAITING:
            alone.control("clock", advance_seconds=10)
            alone.wait_until(lambda: not alone.evaluate(DUE), "what is due is worked off")
    assert statuses(alone, waiting) == {"paid": WAITING}
    # That they follow in a ramp is shown second by second in tests/webhooks/test_pauses.py.
    assert passed <= 300 and looks(alone, account, back) <= 2 * WAITING + 6 * STEPS
    for reference in asked_for:
        end_creation(alone, reference)
        assert len(alone.ask(f"books?reference={reference}")["payments"]) == 1
    assert penalties(alone) == 0 and answers(alone, account) == {200}
