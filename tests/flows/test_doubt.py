"""Creating when the gateway's answer is lost, late or hidden: one charge there, no "failed" on any page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
CHARGE = "Charge.objects.get(reference={reference!r})"
HANGS = "no answer in time"
CREATING = {
    ("asaas", "pix"): "/v3/payments",
    ("asaas", "card"): "/v3/payments",
    ("mercadopago", "pix"): "/v1/payments",
    ("mercadopago", "card"): "/checkout/preferences",
}
LOST: dict[str, dict[str, Any]] = {
    "500 after the effect": {"name": "error_500", "when": "after"},
    "no answer in time": {"name": "hang", "when": "after", "seconds": 12},
    "an answer nobody can read": {"name": "malformed_json"},
    "told before it answers": {"name": "notify_before_answer"},
}


def ways(always: tuple[str, str]) -> list[Any]:
    """Each gateway and method; one of them every time, the others with all that is long."""
    return [pytest.param(*one, marks=() if one == always else pytest.mark.full) for one in CREATING]


@pytest.fixture(autouse=True)
def without_faults(running: Running) -> Iterator[None]:
    yield
    running.no_faults()


class Eyes:
    """Everything that the operator's and the customer's page ever said about one charge."""

    def __init__(self, running: Running, reference: str) -> None:
        self.running, self.reference = running, reference
        self.seen: set[str] = set()

    def look(self) -> str:
        status = self.running.status(self.reference)
        page = self.running.pay_page(self.reference)
        self.seen |= {status, str(page.data.get("data-status", "")), *self.said()}
        return status

    def said(self) -> list[str]:
        lines = CHARGE.format(reference=self.reference) + ".timeline.filter(code='status')"
        return list(self.running.evaluate(f"list({lines}.values_list('data__after', flat=True))"))

    def wait_for(self, status: str) -> None:
        """The gateways' clock goes on with every look, so that the workers come back for it."""

        def is_there() -> bool:
            if self.look() == status and self.is_complete():
                return True
            self.running.control("clock", advance_seconds=5)
            return False

        self.running.wait_until(is_there, f"{self.reference} is {status}; so far {self.seen}")

    def is_complete(self) -> bool:
        charge = CHARGE.format(reference=self.reference)
        return bool(self.running.evaluate(f"bool({charge}.link) and {charge}.creation_due_at is None"))

    def insist(self) -> None:
        assert not self.seen & {"failed", "closed", "cancelled"}


def payments(running: Running, reference: str) -> list[str]:
    """What the gateway holds under our reference."""
    return [str(row["id"]) for row in running.ask(f"books?reference={reference}")["payments"]]


def pages(running: Running, key: str, reference: str) -> list[str]:
    """The preferences of Mercado Pago under our reference; none where it makes a payment."""
    if key == "asaas":
        return []
    answer = requests.get(
        f"{running.stack.simulator_url}/mercadopago/checkout/preferences/search",
        params={"external_reference": reference},
        headers={"Authorization": f"Bearer {running.shop(key).account['access_token']}"},
        timeout=60,
    )
    return [one["id"] for one in answer.json()["elements"] or []]


def break_next(running: Running, key: str, method: str, lost: dict[str, Any]) -> None:
    account = running.shop(key).account["id"]
    running.control("faults", **lost, times=1, account=account, method="POST", path=CREATING[key, method])


@pytest.mark.parametrize(
    "lost", [pytest.param(one, marks=() if one == HANGS else pytest.mark.full) for one in LOST]
)
@pytest.mark.parametrize(("key", "method"), ways(("mercadopago", "card")))
def test_a_lost_answer_leaves_one_charge_and_no_page_says_failed(
    running: Running, key: str, method: str, lost: str
) -> None:
    running.shop(key)
    running.control("faults", name="lagging_list", seconds=60, account=running.shop(key).account["id"])
    break_next(running, key, method, LOST[lost])
    eyes = Eyes(running, running.ask_for_charge(key, method))
    eyes.look()
    eyes.wait_for("pending")
    running.no_faults()
    made = [*payments(running, eyes.reference), *pages(running, key, eyes.reference)]
    assert len(made) == 1
    if method == "pix":
        assert running.pay_page(eyes.reference).data.get("data-pix-text")
    else:
        assert running.pay_page(eyes.reference).data.get("data-checkout-link")
    pay = "pay" if method == "pix" else "pay_card"
    running.control(pay, reference=eyes.reference)
    eyes.wait_for("paid")
    eyes.insist()
    assert len(payments(running, eyes.reference)) == 1
    assert set(made) <= {*payments(running, eyes.reference), *pages(running, key, eyes.reference)}


@pytest.mark.parametrize(("key", "method"), ways(("asaas", "pix")))
def test_it_is_found_without_any_notification(running: Running, key: str, method: str) -> None:
    account = running.shop(key).account["id"]
    running.control("faults", name="drop", times=None)
    running.control("faults", name="lagging_list", seconds=60, account=account)
    break_next(running, key, method, LOST["500 after the effect"])
    eyes = Eyes(running, running.ask_for_charge(key, method))
    assert eyes.look() == "confirming"
    eyes.wait_for("pending")
    eyes.insist()
    assert len([*payments(running, eyes.reference), *pages(running, key, eyes.reference)]) == 1


@pytest.mark.parametrize("key", ["mercadopago", pytest.param("checkout", marks=pytest.mark.full)])
def test_a_page_that_is_paid_before_its_answer_comes(running: Running, key: str) -> None:
    """The customer is quicker than the gateway's answer: paid it stays, with one page and its link."""
    account, path = running.shop(key).account["id"], CREATING["mercadopago", "card"]
    lost = {**LOST["no answer in time"], "times": 1, "method": "POST"}
    running.control("faults", **lost, account=account, path=path)
    newest = "list(Charge.objects.order_by('-pk').values_list('reference', flat=True)[:1])"
    before = running.evaluate(newest)
    asking = threading.Thread(target=running.ask_for_charge, args=(key, "card"))
    asking.start()
    running.wait_until(lambda: running.evaluate(newest) != before, "the charge is stored")
    (reference,) = running.evaluate(newest)
    running.wait_until(lambda: bool(pages(running, key, reference)), "the page exists at the gateway")
    assert running.control("pay_card", reference=reference, holder="OTHE")["refused"]
    assert not running.control("pay_card", reference=reference)["refused"]
    asking.join()
    eyes = Eyes(running, reference)
    eyes.wait_for("paid")
    eyes.insist()
    assert len(pages(running, key, reference)) == 1 and len(payments(running, reference)) == 2


@pytest.mark.parametrize("method", ["pix", pytest.param("card", marks=pytest.mark.full)])
def test_sent_again_by_a_person_one_of_the_twins_is_cancelled(running: Running, method: str) -> None:
    """The list hides the first one for hours and no notification comes: a person has it sent again."""
    account = running.shop("asaas").account["id"]
    running.control("faults", name="drop", times=None)
    running.control("faults", name="lagging_list", seconds=7200, account=account)
    break_next(running, "asaas", method, LOST["500 after the effect"])
    eyes = Eyes(running, running.ask_for_charge("asaas", method))
    charge = CHARGE.format(reference=eyes.reference)
    looked_up = f"{charge}.creation_attempts.last().looked_up"
    for times in range(1, 5):
        running.control("clock", advance_seconds=660)
        running.wait_until(
            lambda times=times: eyes.look() == "confirming" and running.evaluate(looked_up) >= times,
            "it was looked up",
        )
    page = running.people.operator.open(f"/charges/{eyes.reference}/")
    again = next(form for form in page.forms if form.action.endswith("/send-again/"))
    running.people.operator.send(again, {})
    eyes.wait_for("pending")
    link = running.evaluate(f"{charge}.link")
    running.control("clock", advance_seconds=7300)
    rows = f"books?reference={eyes.reference}"
    running.wait_until(
        lambda: [bool(row["deleted"]) for row in running.ask(rows)["payments"]].count(False) == 1,
        "one of the two is left",
    )
    eyes.wait_for("pending")
    eyes.insist()
    (alive,) = [row["id"] for row in running.ask(rows)["payments"] if not row["deleted"]]
    assert running.evaluate(f"{charge}.link") == link
    assert running.evaluate(f"{charge}.payments.get(link={link!r}).gateway_id") == alive
