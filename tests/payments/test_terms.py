"""What a gateway asks for is held against what was agreed, version by version."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config import clock
from connections.gateways.base import GatewayCharge, PaymentStatus, ResourceKind, Terms
from payments import brcode
from payments.models import Charge, GatewayResource, ReviewReason, TermsOrigin, TimelineEntry
from payments.services import refreshing, resources, terms
from payments.services.answers import take_answer, take_code
from tests.factories import fetched, make_charge, make_connection, make_payment, make_resource

pytestmark = pytest.mark.django_db
DUE = date(2026, 12, 1)
DUE_MORNING = datetime(2026, 12, 1, 12, tzinfo=UTC)
AGREED = Terms(discount_cents=500, discount_until=DUE - timedelta(days=3), fine_cents=200, interest_bp=100)


def made(asked: Terms = AGREED, **values: Any) -> tuple[Charge, GatewayResource]:
    charge = make_charge(**{"due_date": DUE, "pix_text": "old code", **values})
    terms.keep_first(charge, asked if charge.connection.gateway == "asaas" else Terms())
    return charge, make_resource(charge)


def see(charge: Charge, resource: GatewayResource, status: str = "pending", **values: Any) -> None:
    """The gateway's next answer about this payment, stored as a notification's worker stores it."""
    asks = {"due_date": DUE, "terms": AGREED} if charge.connection.gateway == "asaas" else {}
    answer = fetched(charge, resource.gateway_id, PaymentStatus(status), **{**asks, **values})
    held = resources.lease(resource.pk)
    assert held is not None
    refreshing.store(resource, answer, held, source="webhook", cause="PAYMENT_UPDATED")
    resources.release(held)
    charge.refresh_from_db()


def agreed(charge: Charge) -> list[bool]:
    return [version.is_agreed for version in charge.terms.all()]


def test_the_first_version_is_what_was_asked_for() -> None:
    charge, _resource = made()
    first = charge.terms.get()
    assert (first.origin, first.is_agreed, first.amount_cents) == (TermsOrigin.OURS, True, 10_000)
    assert terms.asked(charge) == AGREED


def test_a_charge_without_versions_asks_for_nothing_but_its_amount() -> None:
    assert terms.asked(make_charge()) == Terms()


@pytest.mark.parametrize("status", ["pending", "overdue"])
def test_the_same_terms_are_no_new_version(status: str) -> None:
    charge, resource = made()
    see(charge, resource, status)
    assert (agreed(charge), charge.review_reason) == ([True], "")


def test_another_due_date_alone_is_followed_and_its_code_fetched_again() -> None:
    charge, resource = made()
    see(charge, resource, due_date=DUE + timedelta(days=9))
    assert (agreed(charge), charge.review_reason) == ([True, True], "")
    assert charge.due_date == DUE + timedelta(days=9)
    assert (charge.pix_text, charge.creation_due_at is not None) == ("", True)
    line = TimelineEntry.objects.get(charge=charge, code="terms")
    assert (line.data["is_agreed"], line.data["after"]["due_date"]) == (True, "2026-12-10")


def test_a_discount_that_moves_along_with_the_due_date_is_the_same() -> None:
    charge, resource = made()
    later = Terms(discount_cents=500, discount_until=DUE + timedelta(days=6), fine_cents=200, interest_bp=100)
    see(charge, resource, due_date=DUE + timedelta(days=9), terms=later)
    assert (agreed(charge), charge.review_reason) == ([True, True], "")


CHANGES: list[dict[str, Any]] = [
    {"amount_cents": 12_000},
    {"amount_cents": 9_000, "due_date": DUE + timedelta(days=9)},
    {"terms": Terms(fine_cents=200, interest_bp=100)},
    {"terms": Terms(discount_cents=500, discount_until=DUE, fine_cents=200, interest_bp=100)},
    {"terms": Terms(**{**vars(AGREED), "fine_cents": 900})},
    {"terms": Terms(**{**vars(AGREED), "interest_bp": 900})},
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("status", ["pending", "overdue"])
def test_anything_else_waits_for_a_person(change: dict[str, Any], status: str) -> None:
    charge, resource = made()
    see(charge, resource, status, **change)
    assert (agreed(charge), charge.review_reason) == ([True, False], ReviewReason.TERMS)
    assert (charge.amount_cents, charge.due_date, charge.is_payable) == (10_000, DUE, False)
    assert terms.asked(charge) == AGREED


@pytest.mark.parametrize("change", CHANGES)
def test_the_review_closes_by_itself_when_the_gateway_returns(change: dict[str, Any]) -> None:
    charge, resource = made()
    see(charge, resource, **change)
    see(charge, resource, **change)
    assert agreed(charge) == [True, False]
    see(charge, resource)
    assert (agreed(charge), charge.review_reason) == ([True, False, True], "")
    assert (charge.amount_cents, charge.due_date, charge.pix_text) == (10_000, DUE, "")


def test_what_the_gateway_does_not_tell_is_as_before() -> None:
    charge, resource = made()
    see(charge, resource, terms=None, due_date=None)
    assert (agreed(charge), charge.review_reason) == ([True], "")


@pytest.mark.parametrize("status", ["paid", "cancelled", "refunded", "expired", "failed"])
def test_only_what_is_unpaid_is_compared(status: str) -> None:
    charge, resource = made()
    see(charge, resource, status, amount_cents=12_000, received_cents=0, terms=Terms())
    assert agreed(charge) == [True]
    assert charge.review_reason != ReviewReason.TERMS


def test_money_for_terms_nobody_agreed_to_is_reviewed_for_its_amount() -> None:
    charge, resource = made()
    see(charge, resource, amount_cents=12_000)
    see(charge, resource, "paid", amount_cents=12_000, received_cents=12_000, paid_at=clock.now())
    assert (charge.status, charge.review_reason) == ("pending", ReviewReason.AMOUNT)


@pytest.mark.parametrize(("cents", "reason"), [(10_000, ""), (9_000, ReviewReason.AMOUNT)])
def test_a_receipt_in_cash_passes_the_same_gate(cents: int, reason: str) -> None:
    charge, resource = made()
    see(charge, resource, "paid", is_cash=True, received_cents=cents, paid_at=DUE_MORNING)
    assert charge.review_reason == reason
    assert charge.status == ("pending" if reason else "paid")


def test_money_for_the_agreed_terms_is_good_while_others_are_asked() -> None:
    charge, resource = made()
    see(charge, resource, amount_cents=12_000)
    see(charge, resource, "paid", amount_cents=12_000, received_cents=10_000, paid_at=clock.now())
    assert (charge.status, charge.review_reason) == ("paid", "")


def test_a_charge_from_before_versions_is_held_against_its_own_amount() -> None:
    charge = make_charge(due_date=DUE)
    resource = make_resource(charge)
    see(charge, resource, terms=Terms())
    assert agreed(charge) == []
    see(charge, resource, terms=Terms(), amount_cents=12_000)
    assert (agreed(charge), charge.review_reason) == ([True, False], ReviewReason.TERMS)


def test_the_answer_to_the_creating_call_is_compared_too() -> None:
    charge, resource = made()
    payment = fetched(charge, resource.gateway_id, PaymentStatus.PENDING, due_date=DUE, terms=Terms())
    answer = GatewayCharge(
        kind=ResourceKind.PAYMENT, gateway_id=payment.gateway_id, reference="", link="", payments=(payment,)
    )
    take_answer(charge, answer)
    charge.refresh_from_db()
    assert charge.review_reason == ReviewReason.TERMS


def test_attempts_on_a_hosted_page_raise_nothing() -> None:
    charge, _direct = made(connection=make_connection(gateway="mercadopago"), method="card")
    make_resource(charge, "pref-1", kind=ResourceKind.PREFERENCE)
    for number, status in enumerate(["failed", "pending", "failed", "paid"]):
        see(charge, make_resource(charge, f"try-{number}"), status, paid_at=clock.now())
    assert (charge.status, charge.review_reason, agreed(charge)) == ("paid", "", [True])


def test_of_a_twin_the_newest_speaks() -> None:
    charge, resource = made()
    make_payment(charge, "pending", resource=resource)
    twin = make_payment(charge, "pending")
    see(charge, resource, amount_cents=12_000)
    assert (agreed(charge), charge.review_reason) == ([True], ReviewReason.TWIN)
    see(charge, twin.resource, amount_cents=12_000)
    assert agreed(charge) == [True, False]


def code_over(amount: str) -> str:
    text = f"0002015303986540{len(amount)}{amount}6304"
    return text + brcode.crc16(text)


@pytest.mark.parametrize(("amount", "is_good"), [("100.00", True), ("95.00", True), ("94.98", False)])
def test_a_code_is_good_for_what_is_owed_today(amount: str, is_good: bool) -> None:
    today = clock.today("America/Sao_Paulo")
    charge, _resource = made(Terms(discount_cents=500, discount_until=today), due_date=today)
    take_code(charge, code_over(amount), None)
    charge.refresh_from_db()
    assert (charge.pix_text == code_over(amount)) is is_good
    assert (charge.review_reason == "") is is_good
