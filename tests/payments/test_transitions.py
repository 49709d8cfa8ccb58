"""A charge's status follows its payments, by one writer, once."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from connections.gateways.base import ResourceKind
from payments import transitions
from payments.models import Charge, ChargeStatus, Payment, ReviewReason, TimelineEntry
from tests.factories import make_charge, make_payment, make_resource

pytestmark = pytest.mark.django_db


def status_of(charge: Charge) -> str:
    charge.refresh_from_db()
    return charge.status


def lines(charge: Charge, after: str) -> int:
    return TimelineEntry.objects.filter(charge=charge, code="status", data__after=after).count()


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        ("pending", "pending"),
        ("authorized", "authorized"),
        ("paid", "paid"),
        ("overdue", "overdue"),
        ("expired", "expired"),
        ("cancelled", "cancelled"),
        ("failed", "failed"),
        ("refunded", "refunded"),
        ("disputed", "disputed"),
        ("charged_back", "charged_back"),
    ],
)
def test_status_follows_the_only_payment(payment: str, expected: str) -> None:
    charge = make_charge(status="pending")
    make_payment(charge, payment)
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == expected


def test_applying_twice_writes_one_line() -> None:
    charge = make_charge()
    make_payment(charge, "paid")
    first = transitions.apply(charge.pk, source="webhook")
    second = transitions.apply(charge.pk, source="webhook")
    assert first == transitions.Change(before="pending", after="paid")
    assert second is None
    assert lines(charge, "paid") == 1


def test_sums_follow_the_payment() -> None:
    charge = make_charge(amount_cents=15_000)
    paid_at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    make_payment(charge, "paid", fee_cents=199, net_cents=14_801, paid_at=paid_at)
    transitions.apply(charge.pk, source="webhook")
    charge.refresh_from_db()
    assert (charge.received_cents, charge.fee_cents, charge.net_cents) == (15_000, 199, 14_801)
    assert charge.paid_at == paid_at


def test_partial_refund_keeps_the_rest() -> None:
    charge = make_charge()
    make_payment(charge, "paid", refunded_cents=4_000)
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "partially_refunded"
    assert charge.refunded_cents == 4_000


@pytest.mark.parametrize("unpaid", ["pending", "failed", "expired", "cancelled", "overdue"])
def test_paid_never_falls_back(unpaid: str) -> None:
    charge = make_charge()
    payment = make_payment(charge, "paid")
    transitions.apply(charge.pk, source="webhook")
    Payment.objects.filter(pk=payment.pk).update(status=unpaid, received_cents=0)
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"
    assert charge.review_reason == ReviewReason.MOVED_BACK


def test_a_dispute_that_was_won_does_not_let_doubtful_money_through() -> None:
    charge = make_charge()
    payment = make_payment(charge, "paid", received_cents=5_000)
    transitions.apply(charge.pk, source="webhook")
    assert (status_of(charge), charge.review_reason) == ("pending", ReviewReason.AMOUNT)
    Payment.objects.filter(pk=payment.pk).update(status="disputed")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "disputed"
    Payment.objects.filter(pk=payment.pk).update(status="paid")
    transitions.apply(charge.pk, source="webhook")
    assert (status_of(charge), charge.review_reason) == ("disputed", ReviewReason.AMOUNT)


def test_a_paid_payment_without_a_sum_is_not_given_back() -> None:
    charge = make_charge()
    make_payment(charge, "paid", received_cents=0)
    transitions.apply(charge.pk, source="webhook")
    assert (status_of(charge), charge.review_reason) == ("pending", ReviewReason.AMOUNT)


def test_a_receipt_in_cash_that_is_undone_is_waited_for_again() -> None:
    charge = make_charge()
    payment = make_payment(charge, "paid", is_cash=True)
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"
    Payment.objects.filter(pk=payment.pk).update(status="pending", received_cents=0)
    transitions.apply(charge.pk, source="webhook")
    assert (status_of(charge), charge.review_reason) == ("pending", "")


@pytest.mark.parametrize("closed", ["expired", "cancelled", "overdue", "failed"])
def test_late_money_is_accepted(closed: str) -> None:
    charge = make_charge(status=closed)
    make_payment(charge, "paid")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"


def test_unknown_word_changes_nothing_and_asks_a_person() -> None:
    charge = make_charge()
    payment = make_payment(charge, "", gateway_status="BRAND_NEW_WORD")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "pending"
    assert charge.review_reason == ReviewReason.UNKNOWN_STATUS
    Payment.objects.filter(pk=payment.pk).update(status="paid", received_cents=charge.amount_cents)
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"
    assert charge.review_reason == ""


@pytest.mark.parametrize(
    ("divergence", "reason"),
    [
        ({"received_cents": 9_999}, ReviewReason.AMOUNT),
        ({"received_cents": 10_001}, ReviewReason.AMOUNT),
        ({"currency": "ARS"}, ReviewReason.CURRENCY),
        ({"account_id": "somebody-else"}, ReviewReason.ACCOUNT),
        ({"reference": "chg_another"}, ReviewReason.REFERENCE),
    ],
)
def test_divergent_money_waits_for_a_person(divergence: dict[str, object], reason: str) -> None:
    charge = make_charge()
    make_payment(charge, "paid", **divergence)
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "pending"
    assert charge.review_reason == reason
    assert charge.received_cents > 0


def test_a_rejected_attempt_leaves_the_hosted_page_open() -> None:
    charge = make_charge()
    make_resource(charge, "pref-1", kind=ResourceKind.PREFERENCE)
    make_payment(charge, "failed")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "pending"


@pytest.mark.parametrize("order", list(itertools.permutations(["failed", "paid", "expired"])))
def test_the_best_of_several_payments_speaks(order: tuple[str, ...]) -> None:
    charge = make_charge()
    for status in order:
        make_payment(charge, status)
        transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"
    assert charge.review_reason == ""


def test_two_approved_payments_are_a_double_payment() -> None:
    charge = make_charge()
    make_payment(charge, "paid")
    make_payment(charge, "paid")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"
    assert charge.review_reason == ReviewReason.DOUBLE_PAYMENT


def test_a_double_that_was_given_back_leaves_the_charge_paid() -> None:
    charge = make_charge()
    make_payment(charge, "paid")
    make_payment(charge, "refunded")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"


def test_a_second_live_payment_without_a_hosted_page_is_a_twin() -> None:
    charge = make_charge()
    make_payment(charge, "pending")
    make_payment(charge, "pending")
    transitions.apply(charge.pk, source="webhook")
    assert (status_of(charge), charge.review_reason) == ("pending", ReviewReason.TWIN)


def test_a_flag_is_a_line_and_moves_the_page() -> None:
    charge = make_charge()
    transitions.flag(charge.pk, ReviewReason.PIX_CODE)
    transitions.flag(charge.pk, ReviewReason.TWIN)
    before = charge.revision
    charge.refresh_from_db()
    assert (charge.review_reason, charge.revision) == (ReviewReason.PIX_CODE, before + 1)
    assert TimelineEntry.objects.filter(charge=charge, code="review").count() == 1


def test_a_dispute_may_return_to_paid() -> None:
    charge = make_charge(status="disputed")
    make_payment(charge, "paid")
    transitions.apply(charge.pk, source="webhook")
    assert status_of(charge) == "paid"


def test_a_writer_that_came_between_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    charge = make_charge()
    make_payment(charge, "paid")
    derive, calls = transitions.derive, []

    def derive_while_another_writes(*args: object, **kwargs: object) -> object:
        if not calls:
            Charge.objects.filter(pk=charge.pk).update(revision=charge.revision + 1)
        calls.append(1)
        return derive(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(transitions, "derive", derive_while_another_writes)
    transitions.apply(charge.pk, source="webhook")
    assert len(calls) == 2
    assert status_of(charge) == "paid"


def test_refusal_at_creation_keeps_the_gateways_sentence() -> None:
    charge = make_charge(status="draft")
    transitions.confirm_with_gateway(charge.pk)
    transitions.fail(charge.pk, source="creation", failure="O valor é inválido.")
    assert status_of(charge) == ChargeStatus.FAILED
    assert charge.failure == "O valor é inválido."


def test_a_late_refusal_does_not_touch_a_paid_charge() -> None:
    charge = make_charge(status="paid")
    assert transitions.fail(charge.pk, source="creation", failure="too late") is None
    assert status_of(charge) == "paid"
