"""Chargebacks and claims through a whole product: told, followed, won and lost; never a refund."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.capabilities import proves
from tests.flows.running import Running
from tests.flows.test_reconciliation import reconcile
from tests.flows.test_refunds import give_back, refunds, stored

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
KEYS = ("asaas", "mercadopago")
BOTH = pytest.mark.parametrize(
    "key",
    [
        pytest.param(
            key, marks=[proves(key, "dispute.chargeback"), *([pytest.mark.full] if key != "asaas" else [])]
        )
        for key in KEYS
    ],
)
# What the panel of Mercado Pago is asked to tell beside payments.
TOPICS = ["payment", "topic_chargebacks_wh", "topic_claims_integration_wh"]
# From contested to papers asked for, and from there to the end.
ASKED: dict[str, list[str]] = {"asaas": [], "mercadopago": ["ask_documents"]}
WON = {"asaas": ["documents", "won", "given_back"], "mercadopago": ["won"]}
LOST = {"asaas": ["documents", "lost"], "mercadopago": ["lost"]}
DAY = 24 * 60 * 60


@pytest.fixture(scope="module", autouse=True)
def told(running: Running) -> Iterator[None]:
    """Our address is in the panel, and everything about disputes is ticked there."""
    shop = running.shop("mercadopago")
    shop.test_webhook()
    panel = f"accounts/{shop.account['id']}"
    running.control(panel, panel_topics=TOPICS)
    yield
    running.control(panel, panel_topics=["payment"], panel_url=None)


@pytest.fixture(autouse=True)
def nothing_dropped(running: Running) -> Iterator[None]:
    yield
    running.no_faults()


def paid(running: Running, key: str) -> tuple[str, int]:
    """A charge paid by card, and what was received for it, in cents."""
    reference = running.charge(key, "card")
    running.control("pay_card", reference=reference)
    running.wait_for_status(reference, "paid")
    (received,) = stored(running, reference, "received_cents")
    return reference, received


def contest(running: Running, key: str, reference: str) -> None:
    running.control("chargeback", reference=reference)
    play(running, reference, ASKED[key])


def play(running: Running, reference: str, steps: list[str]) -> None:
    for outcome in steps:
        running.control("chargeback_step", reference=reference, outcome=outcome)


def disputes(running: Running, reference: str) -> list[list[Any]]:
    """State, cents, and whether a deadline is known."""
    rows = f"Dispute.objects.filter(charge__reference={reference!r}).order_by('pk')"
    return list(running.evaluate(f"[[d.state, d.amount_cents, bool(d.deadline)] for d in {rows}]"))


def wait_for_dispute(running: Running, reference: str, *expected: Any) -> None:
    running.wait_until(lambda: disputes(running, reference) == [[*expected]], f"{reference}: {expected}")


def may_be_given_back(running: Running, reference: str) -> str | None:
    """What the form offers to give back; None where there is none."""
    running.people.log_in("admin")
    form = running.people.admin.open(f"/charges/{reference}/refund/").form_with("amount")
    return form.fields["amount"] if form else None


def sums(running: Running, reference: str) -> list[Any]:
    return list(stored(running, reference, "status", "received_cents", "refunded_cents", "review_reason"))


def is_settled(running: Running, reference: str) -> bool:
    """Whether the report counts it as money that came into the account."""
    counted = f"Payment.objects.settled().filter(charge__reference={reference!r}).exists()"
    return bool(running.evaluate(counted))


def compare(running: Running, reference: str) -> list[Any]:
    """What a comparison with the gateway's own list finds different about this charge."""
    gateway_id = running.evaluate(f"Payment.objects.get(charge__reference={reference!r}).gateway_id")
    _code, report = reconcile(running)
    assert all(run["calls"] <= run["calls_allowed"] for run in report["runs"])
    return [row for row in report["differences"] if gateway_id in str(row)]


@BOTH
def test_contested_asked_for_papers_and_won(running: Running, key: str) -> None:
    reference, received = paid(running, key)
    contest(running, key, reference)
    running.wait_for_status(reference, "disputed")
    wait_for_dispute(running, reference, "documents", received, True)
    assert sums(running, reference) == ["disputed", received, 0, ""]
    assert may_be_given_back(running, reference) is None
    play(running, reference, WON[key])
    running.wait_for_status(reference, "paid")
    wait_for_dispute(running, reference, "won", received, True)
    assert sums(running, reference) == ["paid", received, 0, ""]
    assert may_be_given_back(running, reference) == f"{received / 100:.2f}".replace(".", ",")
    assert refunds(running, reference) == []


@pytest.mark.full
@BOTH
def test_lost_money_is_taken_and_not_refunded(running: Running, key: str) -> None:
    reference, received = paid(running, key)
    contest(running, key, reference)
    running.wait_for_status(reference, "disputed")
    play(running, reference, LOST[key])
    running.wait_for_status(reference, "charged_back")
    wait_for_dispute(running, reference, "lost", received, True)
    running.control("clock", advance_seconds=35 * DAY)
    assert compare(running, reference) == []
    assert sums(running, reference) == ["charged_back", received, 0, ""]
    assert (refunds(running, reference), is_settled(running, reference)) == ([], False)
    assert may_be_given_back(running, reference) is None


@pytest.mark.full
@BOTH
def test_a_part_given_back_before_is_not_contested(running: Running, key: str) -> None:
    reference, received = paid(running, key)
    give_back(running, reference, 300)
    running.wait_for_status(reference, "partially_refunded")
    contest(running, key, reference)
    running.wait_for_status(reference, "disputed")
    wait_for_dispute(running, reference, "documents", received - 300, True)
    play(running, reference, LOST[key])
    running.wait_for_status(reference, "charged_back")
    wait_for_dispute(running, reference, "lost", received - 300, True)
    assert compare(running, reference) == []
    assert sums(running, reference) == ["charged_back", received, 300, ""]
    assert refunds(running, reference) == [["done", 300, True]]


@pytest.mark.full
@BOTH
@pytest.mark.parametrize("is_watched", [True, False])
@pytest.mark.parametrize(
    ("end", "status", "state"), [(WON, "paid", "won"), (LOST, "charged_back", "lost")], ids=["won", "lost"]
)
def test_untold_it_comes_to_the_same_end(
    running: Running, key: str, end: dict[str, list[str]], status: str, state: str, is_watched: bool
) -> None:
    """By the comparison alone, whether it looked in between or only afterwards."""
    reference, received = paid(running, key)
    running.control("flush")
    running.control("faults", name="drop", times=None)
    contest(running, key, reference)
    if is_watched:
        look(running, reference)
        assert disputes(running, reference) == [["documents", received, True]]
        assert sums(running, reference) == ["disputed", received, 0, ""]
    play(running, reference, end[key])
    look(running, reference)
    assert sums(running, reference) == [status, received, 0, ""]
    assert refunds(running, reference) == []
    assert disputes(running, reference) == [[state, received, True]]


def look(running: Running, reference: str) -> None:
    """A day later, as every night; a run that the clock began is waited for."""
    running.control("clock", advance_seconds=DAY + 3600)
    idle = "not Reconciliation.objects.filter(state__in=['queued', 'running']).exists()"
    running.wait_until(lambda: running.evaluate(idle), "no comparison is under way")
    assert compare(running, reference) == []


@pytest.mark.full
@proves("mercadopago", "dispute.claim")
@pytest.mark.parametrize(
    ("winner", "status", "state", "given"), [("seller", "paid", "won", 0), ("payer", "refunded", "lost", 1)]
)
def test_a_claim_closed_for_either(
    running: Running, winner: str, status: str, state: str, given: int
) -> None:
    """For the payer it is a refund that Mercado Pago made, listed as one; for the seller nothing happened."""
    reference, received = paid(running, "mercadopago")
    running.control("claim", reference=reference)
    running.wait_for_status(reference, "disputed")
    wait_for_dispute(running, reference, "open", received, False)
    assert may_be_given_back(running, reference) is None
    running.control("claim_step", reference=reference, outcome=winner)
    running.wait_for_status(reference, status)
    wait_for_dispute(running, reference, state, received, False)
    assert sums(running, reference) == [status, received, given * received, ""]
    assert refunds(running, reference) == [["done", received, False]] * given
    assert compare(running, reference) == []
