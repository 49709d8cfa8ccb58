"""What is paid on Asaas is held against its terms: real processes, from the form to a person's decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lib.pages import Page

from tests.capabilities import proves
from tests.flows.conftest import product
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("gate"), pytest.mark.full]
# R$ 100.00 due in three days, R$ 5.00 off until a day before; a fine of 2 % and interest of 3 % a month.
TERMS = {"discount": "5,00", "discount_days": "1", "fine": "2", "interest": "3"}
DAY = 24 * 3600


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Its own: here days go by."""
    with product() as made:
        made.shop("asaas")
        yield made


@pytest.fixture
def reference(running: Running) -> str:
    """A new charge with a discount, a fine and interest that can be paid."""
    shop = running.shop("asaas")
    form = shop.operator.open("/charges/new/").form_with("amount")
    assert form is not None
    customer = {"name": "Maria da Silva", "document": "52998224725", "email": "maria@example.com"}
    wanted = {"amount": "100,00", "method": "pix", "description": "Demo", "look_alike_seen": "1"}
    due = {"due_date": (today(running) + timedelta(days=3)).isoformat()}
    shop.operator.send(
        form, {**customer, **wanted, **due, **TERMS, "connection": form.options["connection"][0][0]}
    )
    made = shop.operator.url.rstrip("/").rsplit("/", 1)[-1]
    running.wait_until(lambda: bool(code(running, made)), f"{made} has a PIX code")
    return made


def today(running: Running) -> date:
    now = datetime.fromisoformat(running.ask("clock")["now"])
    return now.astimezone(ZoneInfo("America/Sao_Paulo")).date()


def stored(running: Running, reference: str, *names: str) -> Any:
    listed = ", ".join(repr(name) for name in names)
    found = running.evaluate(f"Charge.objects.values_list({listed}).get(reference={reference!r})")
    return found[0] if len(names) == 1 else found


def code(running: Running, reference: str) -> str:
    return str(stored(running, reference, "pix_text"))


def days_pass(running: Running, days: int) -> None:
    running.control("clock", advance_seconds=days * DAY)


def pay(running: Running, reference: str, amount: str = "") -> None:
    running.control("pay", reference=reference, **({"amount": amount} if amount else {}))


def wait_for_review(running: Running, reference: str, reason: str) -> None:
    running.wait_until(
        lambda: stored(running, reference, "review_reason") == reason, f"{reference} is to review: {reason!r}"
    )


def decide(running: Running, reference: str) -> Page:
    """Somebody who may looks at the review and accepts it."""
    running.people.log_in("admin")
    admin = running.people.admin
    return admin.fill_in(f"/charges/{reference}/review/", "note", {"note": "Agreed on the phone."})


@proves("asaas", "terms")
def test_paid_with_its_discount_in_time(running: Running, reference: str) -> None:
    pay(running, reference)
    running.wait_for_status(reference, "paid")
    assert stored(running, reference, "received_cents", "review_reason") == [9_500, ""]


@proves("asaas", "terms")
def test_paid_late_with_fine_and_interest(running: Running, reference: str) -> None:
    days_pass(running, 13)
    pay(running, reference)
    running.wait_for_status(reference, "paid")
    assert stored(running, reference, "received_cents", "review_reason") == [10_300, ""]


def test_paid_on_the_due_date(running: Running, reference: str) -> None:
    days_pass(running, 3)
    pay(running, reference)
    running.wait_for_status(reference, "paid")
    assert stored(running, reference, "received_cents", "review_reason") == [10_000, ""]


@pytest.mark.parametrize(
    ("days", "amount"),
    [(0, "94.00"), (0, "150.00"), (3, "95.00"), (3, "102.00"), (13, "103.50"), (13, "99.00")],
    ids=["less", "more", "discount too late", "fine too early", "too much interest", "less when late"],
)
def test_another_sum_waits_for_a_person(running: Running, reference: str, days: int, amount: str) -> None:
    days_pass(running, days)
    before = stored(running, reference, "status")
    pay(running, reference, amount)
    wait_for_review(running, reference, "amount")
    assert stored(running, reference, "received_cents") == int(Decimal(amount) * 100)
    assert stored(running, reference, "status") in (before, "overdue")
    page = running.pay_page(reference)
    assert (page.data.get("data-status"), code(running, reference) in page.text) == ("checking", False)
    assert decide(running, reference).data["data-status"] == "paid"
    running.control("notify", reference=reference, times=3)
    running.wait_until(lambda: all_done(running, reference), "the repeats are done")
    assert stored(running, reference, "status", "review_reason") == ["paid", ""]


def all_done(running: Running, reference: str) -> bool:
    events = f"[e for r in Charge.objects.get(reference={reference!r}).resources.all()"
    states = running.evaluate(f"{events} for e in r.events.values_list('state', flat=True)]")
    sent = running.ask(f"deliveries?reference={reference}")["deliveries"]
    return set(states) == {"done"} and all(one["state"] == "delivered" for one in sent)


def test_an_amount_changed_at_the_gateway_is_reviewed_until_it_is_changed_back(
    running: Running, reference: str
) -> None:
    before = code(running, reference)
    running.control("edit", reference=reference, value="120.00")
    wait_for_review(running, reference, "terms")
    assert stored(running, reference, "amount_cents", "status") == [10_000, "pending"]
    assert running.pay_page(reference).data.get("data-status") == "checking"
    running.control("edit", reference=reference, value="100.00")
    wait_for_review(running, reference, "")
    running.wait_until(lambda: code(running, reference) not in ("", before), "the code was fetched again")
    pay(running, reference)
    running.wait_for_status(reference, "paid")


@pytest.mark.parametrize(("amount", "cents"), [("", 11_500), ("100.00", 10_000)], ids=["new", "older code"])
def test_an_amount_changed_at_the_gateway_and_agreed_counts_beside_the_older_one(
    running: Running, reference: str, amount: str, cents: int
) -> None:
    before = code(running, reference)
    running.control("edit", reference=reference, value="120.00")
    wait_for_review(running, reference, "terms")
    decide(running, reference)
    assert stored(running, reference, "amount_cents", "review_reason") == [12_000, ""]
    running.wait_until(lambda: code(running, reference) not in ("", before), "the code was fetched again")
    assert "120" in running.pay_page(reference).text
    pay(running, reference, amount)
    running.wait_for_status(reference, "paid")
    assert stored(running, reference, "received_cents", "review_reason") == [cents, ""]


def test_money_for_terms_nobody_agreed_to_is_not_paid(running: Running, reference: str) -> None:
    running.control("edit", reference=reference, value="80.00")
    wait_for_review(running, reference, "terms")
    pay(running, reference)
    wait_for_review(running, reference, "amount")
    assert stored(running, reference, "status", "received_cents") == ["pending", 7_500]


def test_another_due_date_alone_is_followed(running: Running, reference: str) -> None:
    before = code(running, reference)
    later = (today(running) + timedelta(days=20)).isoformat()
    running.control("edit", reference=reference, due_date=later)
    running.wait_until(lambda: stored(running, reference, "due_date") == later, "the date is followed")
    running.wait_until(lambda: code(running, reference) not in ("", before), "the code was fetched again")
    assert stored(running, reference, "status", "review_reason") == ["pending", ""]
    days_pass(running, 19)
    pay(running, reference)
    running.wait_for_status(reference, "paid")
    assert stored(running, reference, "review_reason") == ""
