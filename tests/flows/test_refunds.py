"""Money goes back through a whole product: the form, the gateway, its notifications, a worker, a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lib.pages import Page

from tests.flows.conftest import product
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("refunds"), pytest.mark.weighty, pytest.mark.full]
KEYS = ("asaas", "mercadopago")
BOTH = pytest.mark.parametrize("key", KEYS)
BALANCE = 10_000


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Its own: here hours go by."""
    with product() as made:
        for key in KEYS:
            account = made.shop(key).account["id"]
            made.control(f"accounts/{account}", opening_balance=BALANCE)
        yield made
        made.no_faults()


def paid(running: Running, key: str) -> str:
    """A charge that was paid and told of."""
    reference = running.charge(key)
    running.control("pay", reference=reference)
    running.wait_for_status(reference, "paid")
    return reference


def give_back(running: Running, reference: str, cents: int) -> Page:
    """Somebody who may fills in the form, reads what it means, and presses the second time."""
    running.people.log_in("admin")
    admin = running.people.admin
    amount = f"{cents / 100:.2f}".replace(".", ",")
    asked = admin.fill_in(
        f"/charges/{reference}/refund/", "amount", {"amount": amount, "reason": "customer", "note": "Flow"}
    )
    form = asked.form_with("confirmed")
    assert form is not None, asked.text
    return admin.send(form, {"confirmed": "1"})


def stored(running: Running, reference: str, *names: str) -> Any:
    listed = ", ".join(repr(name) for name in names)
    return running.evaluate(f"list(Charge.objects.values_list({listed}).get(reference={reference!r}))")


def refunds(running: Running, reference: str) -> list[list[Any]]:
    rows = f"Refund.objects.filter(charge__reference={reference!r}).order_by('pk')"
    return list(
        running.evaluate(f"[list(r) for r in {rows}.values_list('state', 'amount_cents', 'is_ours')]")
    )


def wait_for_refunds(running: Running, reference: str, expected: list[list[Any]]) -> None:
    running.wait_until(lambda: refunds(running, reference) == expected, f"{reference}: {expected}")


def given(running: Running, reference: str) -> list[float]:
    """By the gateway's own books."""
    books = running.ask(f"books?reference={reference}")["payments"]
    return [float(one["amount"]) for row in books for one in row["refunds"]]


def asked(running: Running, reference: str) -> int:
    """How often the gateway was asked for a refund of this charge."""
    gateway_id = running.evaluate(f"Payment.objects.get(charge__reference={reference!r}).gateway_id")
    calls = running.ask("received?method=POST&path=refund")["calls"]
    return len([call for call in calls if f"/{gateway_id}/" in call["path"]])


@BOTH
def test_a_part_and_then_the_rest(running: Running, key: str) -> None:
    reference = paid(running, key)
    (received,) = stored(running, reference, "received_cents")
    give_back(running, reference, 300)
    running.wait_for_status(reference, "partially_refunded")
    give_back(running, reference, received - 300)
    running.wait_for_status(reference, "refunded")
    wait_for_refunds(running, reference, [["done", 300, True], ["done", received - 300, True]])
    assert stored(running, reference, "refunded_cents", "review_reason") == [received, ""]
    assert sum(given(running, reference)) * 100 == pytest.approx(received) and asked(running, reference) == 2


@pytest.mark.parametrize("key", ["asaas", pytest.param("mercadopago", marks=pytest.mark.full)])
def test_an_answer_that_was_lost_makes_no_second_refund(running: Running, key: str) -> None:
    """The notification, or the worker's look, tells what the answer did not."""
    reference = paid(running, key)
    running.control("faults", name="error_500", when="after", method="POST", path="refund", times=1)
    give_back(running, reference, 400)
    running.control("clock", advance_seconds=20)
    wait_for_refunds(running, reference, [["done", 400, True]])
    running.wait_for_status(reference, "partially_refunded")
    running.control("clock", advance_seconds=3600)
    assert given(running, reference) == [4.0] and asked(running, reference) == 1


@pytest.mark.full
def test_at_asaas_one_that_never_arrived_waits_for_a_person(running: Running) -> None:
    reference = paid(running, "asaas")
    running.control("faults", name="error_500", when="before", method="POST", path="refund", times=1)
    give_back(running, reference, 400)
    for looks, seconds in enumerate((16, 61, 301, 601), start=1):
        running.control("clock", advance_seconds=seconds)
        running.wait_until(lambda looks=looks: looked_up(running, reference) == looks, f"look {looks}")
    running.wait_until(lambda: stored(running, reference, "review_reason") == ["refund"], "a person is asked")
    address = f"/charges/{reference}/review/"
    page = running.people.admin.open(address)
    form = page.form_with("was_made")
    assert form is not None and "/refunds/" in running.people.admin.url
    running.people.admin.send(form, {"was_made": "no"})
    wait_for_refunds(running, reference, [["withdrawn", 400, True]])
    assert stored(running, reference, "status", "review_reason") == ["paid", ""]
    assert given(running, reference) == [] and asked(running, reference) == 1


def looked_up(running: Running, reference: str) -> int:
    return int(running.evaluate(f"Refund.objects.get(charge__reference={reference!r}).looked_up"))


@pytest.mark.full
def test_at_mercado_pago_one_that_never_arrived_is_sent_again_with_its_key(running: Running) -> None:
    reference = paid(running, "mercadopago")
    running.control("faults", name="error_500", when="before", method="POST", path="refund", times=1)
    give_back(running, reference, 400)
    running.control("clock", advance_seconds=20)
    wait_for_refunds(running, reference, [["done", 400, True]])
    assert given(running, reference) == [4.0] and asked(running, reference) == 2


@pytest.mark.full
@BOTH
def test_one_from_the_panel_is_taken_over_once(running: Running, key: str) -> None:
    """However often it is told: each notification comes four times, then once more."""
    reference = paid(running, key)
    running.control("faults", name="duplicate", extra=3)
    running.control("refund", reference=reference, amount=2)
    running.no_faults()
    running.control("notify", reference=reference, times=3)
    running.wait_for_status(reference, "partially_refunded")
    running.control("flush")
    running.wait_until(lambda: all_done(running, reference), "the repeats are done")
    assert refunds(running, reference) == [["done", 200, False]]
    (received,) = stored(running, reference, "received_cents")
    running.people.log_in("admin")
    page = running.people.admin.open(f"/charges/{reference}/refund/")
    form = page.form_with("amount")
    assert form is not None and form.fields["amount"] == f"{(received - 200) / 100:.2f}".replace(".", ",")


def all_done(running: Running, reference: str) -> bool:
    about = f"WebhookEvent.objects.filter(resource__charge__reference={reference!r})"
    return bool(running.evaluate(f"{about}.exclude(state__in=['done', 'ignored']).count() == 0"))


@pytest.mark.full
@BOTH
def test_slow_ones_end_when_the_gateway_says_so(running: Running, key: str) -> None:
    """In progress it is a refund, not a status; denied, the money is free again."""
    account = running.shop(key).account["id"]
    running.control(f"accounts/{account}", slow_refunds=True)
    reference = paid(running, key)
    give_back(running, reference, 400)
    wait_for_refunds(running, reference, [["pending", 400, True]])
    assert stored(running, reference, "status", "refunded_cents") == ["paid", 0]
    running.control("refund_step", reference=reference, outcome="deny")
    running.control("clock", advance_seconds=120)
    wait_for_refunds(running, reference, [["denied", 400, True]])
    running.control(f"accounts/{account}", slow_refunds=False)
    give_back(running, reference, 400)
    running.wait_for_status(reference, "partially_refunded")
    assert stored(running, reference, "refunded_cents") == [400]
