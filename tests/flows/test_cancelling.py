"""Charges are changed through a whole product: pressed, asked for, told of, finished by workers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from lib.pages import Page

from tests.capabilities import proves
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
EACH = pytest.mark.parametrize(
    "key",
    [
        pytest.param("asaas", marks=proves("asaas", "cancel")),
        pytest.param("mercadopago", marks=proves("mercadopago", "cancel")),
        pytest.param("checkout", marks=pytest.mark.full),
    ],
)


def press(running: Running, reference: str, page: str, who: str = "operator", **typed: str) -> Page:
    """Somebody reads what it means and presses."""
    running.people.log_in(who)
    browser = getattr(running.people, who)
    form = browser.open(f"/charges/{reference}/{page}/").form_with("submission")
    assert form is not None
    return browser.send(form, typed)


def states(running: Running, reference: str) -> list[str]:
    rows = f"ChargeChange.objects.filter(charge__reference={reference!r}).order_by('pk')"
    return list(running.evaluate(f"list({rows}.values_list('state', flat=True))"))


def column(running: Running, reference: str, *names: str) -> Any:
    listed = ", ".join(repr(name) for name in names)
    return running.evaluate(f"list(Charge.objects.values_list({listed}).get(reference={reference!r}))")


def living(running: Running, reference: str) -> list[str]:
    """By the gateway's own books."""
    books = running.ask(f"books?reference={reference}")["payments"]
    return [row["status"] for row in books if not row.get("deleted") and row["status"] != "cancelled"]


def wait_until_settled(running: Running, reference: str) -> None:
    """However late a worker looks: the clock of the gateways goes on."""
    running.wait_until(
        lambda: "open" not in states(running, reference) or not running.control("clock", advance_seconds=16),
        f"{reference} is changed",
    )


@EACH
@pytest.mark.parametrize("method", ["pix", pytest.param("card", marks=pytest.mark.full)])
def test_a_cancelled_charge_can_be_paid_by_nobody(running: Running, key: str, method: str) -> None:
    reference = running.charge(key, method)
    press(running, reference, "cancel")
    running.wait_for_status(reference, "cancelled")
    wait_until_settled(running, reference)
    assert states(running, reference) == ["done"] and living(running, reference) == []
    page = running.pay_page(reference)
    assert page.data["data-status"] == "closed" and "data-pix-text" not in page.data
    running.control("flush")
    assert column(running, reference, "status", "review_reason") == ["cancelled", ""]


@EACH
@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=pytest.mark.full)])
def test_an_answer_that_was_lost_is_gone_on_with_by_a_worker(running: Running, key: str, when: str) -> None:
    reference = running.charge(key)
    method = "DELETE" if key == "asaas" else "PUT"
    running.control("faults", name="error_500", when=when, method=method, times=1)
    press(running, reference, "cancel")
    wait_until_settled(running, reference)
    running.no_faults()
    assert states(running, reference) == ["done"] and living(running, reference) == []
    running.wait_for_status(reference, "cancelled")


@EACH
def test_money_that_comes_first_wins(running: Running, key: str) -> None:
    """Paid while somebody reads what cancelling means; its notification was not there yet."""
    reference = running.charge(key)
    running.control("faults", name="delay", seconds=600)
    running.control("pay", reference=reference)
    page = press(running, reference, "cancel")
    running.no_faults()
    assert page.data["data-status"] == "paid" and "data-not-changed" in page.data
    assert states(running, reference) == ["refused"] and column(running, reference, "status") == ["paid"]


@proves(
    "asaas", "change.change_due_date", "change.receive_in_cash", "change.undo_cash", "change.restore_charge"
)
def test_all_that_asaas_lets_change_of_a_charge(running: Running) -> None:
    reference = running.charge("asaas")
    day = running.evaluate("__import__('config.clock').clock.today('America/Sao_Paulo').isoformat()")
    later = (date.fromisoformat(day) + timedelta(days=20)).isoformat()
    before = running.pay_page(reference).data["data-pix-text"]
    press(running, reference, "due-date", day=later)
    wait_until_settled(running, reference)
    assert column(running, reference, "due_date", "review_reason") == [later, ""]
    running.wait_until(
        lambda: running.pay_page(reference).data.get("data-pix-text", before) != before,
        "there is another code",
    )
    (cents,) = column(running, reference, "amount_cents")
    press(running, reference, "cash", "admin", day=day, amount=f"{cents / 100:.2f}".replace(".", ","))
    running.wait_for_status(reference, "paid")
    wait_until_settled(running, reference)
    press(running, reference, "undo-cash", "admin")
    running.wait_for_status(reference, "pending")
    wait_until_settled(running, reference)
    press(running, reference, "cancel")
    running.wait_for_status(reference, "cancelled")
    wait_until_settled(running, reference)
    press(running, reference, "restore")
    running.wait_for_status(reference, "pending")
    wait_until_settled(running, reference)
    running.control("pay", reference=reference)
    running.wait_for_status(reference, "paid")
    assert states(running, reference) == ["done"] * 5
    assert column(running, reference, "received_cents", "review_reason") == [cents, ""]
