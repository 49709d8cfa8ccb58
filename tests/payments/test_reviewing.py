"""A person decides about exactly what they saw, once."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from config import clock
from connections.gateways.base import Terms
from payments import transitions
from payments.models import (
    Charge,
    ChargeTerms,
    Payment,
    ReviewDecision,
    ReviewReason,
    TermsOrigin,
    TimelineEntry,
)
from payments.services import doubt, reviewing, terms
from payments.services.reviewing import Decision, Outcome
from tests.factories import make_charge, make_payment

pytestmark = [pytest.mark.django_db, pytest.mark.weighty]
DUE = date(2026, 12, 1)


@pytest.fixture
def fred() -> User:
    return User.objects.create_user("fred")


def to_review(*payments: dict[str, Any], **values: Any) -> Charge:
    charge = make_charge(**values)
    for payment in payments:
        make_payment(charge, **{"status": "paid", **payment})
    return applied(charge)


def applied(charge: Charge) -> Charge:
    transitions.apply(charge.pk, source="webhook")
    charge.refresh_from_db()
    return charge


def accept(charge: Charge, actor: User, *, mark: str | None = None) -> Outcome:
    shown = reviewing.review(charge)
    mark = mark if mark is not None else (shown.mark if shown else "")
    outcome = reviewing.accept(charge, mark=mark, actor=actor, note="Agreed with Ana on the phone.")
    charge.refresh_from_db()
    return outcome


def change(charge: Charge, **values: Any) -> Charge:
    charge.payments.update(**values)
    return applied(charge)


@pytest.mark.parametrize(
    "divergence",
    [
        {"received_cents": 9_000},
        {"received_cents": 11_000},
        {"currency": "ARS"},
        {"account_id": "somebody-else"},
        {"reference": "chg_another"},
    ],
)
def test_divergent_money_that_is_accepted_makes_the_charge_paid(
    fred: User, divergence: dict[str, Any]
) -> None:
    charge = to_review(divergence)
    assert (charge.status, reviewing.decisions(charge)) == ("pending", (Decision.COUNT,))
    assert accept(charge, fred) == Outcome.DECIDED
    assert (charge.status, charge.review_reason) == ("paid", "")
    line = TimelineEntry.objects.get(charge=charge, code="reviewed")
    assert (line.actor, line.data["note"]) == (fred, "Agreed with Ana on the phone.")
    assert ReviewDecision.objects.get(charge=charge).actor == fred


def test_what_was_accepted_is_not_raised_again(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    accept(charge, fred)
    assert (applied(charge).status, charge.review_reason) == ("paid", "")


def test_a_partial_refund_later_keeps_the_decision(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    accept(charge, fred)
    change(charge, refunded_cents=4_000)
    assert (charge.status, charge.review_reason) == ("partially_refunded", "")


def test_a_dispute_that_was_won_keeps_the_decision(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    accept(charge, fred)
    assert change(charge, status="disputed").status == "disputed"
    assert (change(charge, status="paid").status, charge.review_reason) == ("paid", "")


def test_another_sum_is_another_question(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    accept(charge, fred)
    change(charge, received_cents=8_000)
    assert charge.review_reason == ReviewReason.AMOUNT


def test_two_reasons_are_two_decisions(fred: User) -> None:
    charge = to_review({"received_cents": 9_000, "currency": "ARS"})
    seen = []
    while charge.review_reason:
        seen.append(charge.review_reason)
        assert charge.status == "pending"
        accept(charge, fred)
    assert (seen, charge.status) == (["currency", "amount"], "paid")


def test_good_money_is_not_held_up_by_other_money() -> None:
    charge = to_review({}, {"received_cents": 9_000})
    assert (charge.status, charge.review_reason) == ("paid", ReviewReason.AMOUNT)


def test_divergent_money_that_was_given_back_needs_nobody() -> None:
    charge = to_review({"received_cents": 9_000})
    change(charge, status="refunded", refunded_cents=9_000)
    assert (charge.status, charge.review_reason) == ("refunded", "")


def test_a_double_payment_that_was_seen_is_quiet_until_a_third(fred: User) -> None:
    charge = to_review({}, {})
    assert (charge.review_reason, reviewing.decisions(charge)) == ("double_payment", (Decision.SEEN,))
    accept(charge, fred)
    assert (charge.status, charge.review_reason) == ("paid", "")
    make_payment(charge, "paid")
    assert applied(charge).review_reason == ReviewReason.DOUBLE_PAYMENT


def test_a_double_payment_closes_by_itself_when_one_was_given_back() -> None:
    charge = to_review({}, {})
    second = charge.payments.last()
    assert second is not None
    Payment.objects.filter(pk=second.pk).update(status="refunded", refunded_cents=10_000)
    assert (applied(charge).status, charge.review_reason) == ("paid", "")


def test_a_twin_that_was_seen_comes_back_when_one_of_them_is_paid(fred: User) -> None:
    charge = to_review({"status": "pending"}, {"status": "pending"})
    assert charge.review_reason == ReviewReason.TWIN
    accept(charge, fred)
    assert charge.review_reason == ""
    first = charge.payments.first()
    assert first is not None
    Payment.objects.filter(pk=first.pk).update(status="overdue")
    assert applied(charge).review_reason == ""
    Payment.objects.filter(pk=first.pk).update(status="paid", received_cents=10_000)
    assert (applied(charge).status, charge.review_reason) == ("paid", ReviewReason.TWIN)


@pytest.mark.parametrize("reason", [ReviewReason.TWIN, ReviewReason.PIX_CODE])
def test_a_flag_stays_until_somebody_decides_and_then_does_not_come_back(
    fred: User, reason: ReviewReason
) -> None:
    charge = to_review({"status": "pending"})
    transitions.flag(charge.pk, reason)
    assert applied(charge).review_reason == reason
    assert accept(charge, fred) == Outcome.DECIDED
    transitions.flag(charge.pk, reason)
    assert applied(charge).review_reason == ""


def test_nothing_newer_hides_a_flag(fred: User) -> None:
    charge = to_review({"status": "pending"})
    transitions.flag(charge.pk, ReviewReason.PIX_CODE)
    assert change(charge, status="", gateway_status="NEW_WORD").review_reason == ReviewReason.PIX_CODE
    accept(charge, fred)
    assert charge.review_reason == ReviewReason.UNKNOWN_STATUS


def test_an_unknown_word_that_was_seen_is_quiet_until_another_one(fred: User) -> None:
    charge = to_review({"status": "", "gateway_status": "NEW_WORD"})
    accept(charge, fred)
    assert (charge.status, charge.review_reason) == ("pending", "")
    assert change(charge, gateway_status="NEWER_WORD").review_reason == ReviewReason.UNKNOWN_STATUS


def test_money_that_is_gone_lets_the_charge_follow_once(fred: User) -> None:
    """Each time money goes a person is asked, though the payment looks the same as before."""
    charge = to_review({})
    for _time in range(2):
        assert change(charge, status="paid", received_cents=10_000).status == "paid"
        change(charge, status="pending", received_cents=0)
        assert (charge.status, charge.review_reason) == ("paid", ReviewReason.MOVED_BACK)
        assert accept(charge, fred) == Outcome.DECIDED
        assert (charge.status, charge.review_reason) == ("pending", "")


def test_money_that_is_shown_again_closes_the_review_by_itself() -> None:
    charge = to_review({})
    change(charge, status="pending", received_cents=0)
    assert (charge.status, charge.review_reason) == ("paid", ReviewReason.MOVED_BACK)
    change(charge, status="paid", received_cents=10_000)
    assert (charge.status, charge.review_reason) == ("paid", "")
    assert charge.timeline.filter(code="review").count() == 2


def with_other_terms(**changes: Any) -> Charge:
    charge = make_charge(due_date=DUE, pix_text="old code")
    terms.keep_first(charge, Terms(fine_cents=200))
    make_payment(charge, "pending")
    ChargeTerms.objects.create(
        charge=charge,
        since=clock.now(),
        origin=TermsOrigin.GATEWAY,
        is_agreed=False,
        **{"amount_cents": 12_000, "due_date": DUE + timedelta(days=9), "fine_cents": 300, **changes},
    )
    return applied(charge)


def test_the_gateways_terms_that_are_agreed_become_ours(fred: User) -> None:
    charge = with_other_terms()
    assert (charge.review_reason, reviewing.decisions(charge)) == ("terms", (Decision.AGREE,))
    assert accept(charge, fred) == Outcome.DECIDED
    assert (charge.amount_cents, charge.due_date) == (12_000, DUE + timedelta(days=9))
    assert (charge.review_reason, charge.is_payable) == ("", True)
    assert terms.asked(charge) == Terms(fine_cents=300)
    newest = charge.terms.last()
    assert newest is not None and newest.agreed_by == fred
    assert (charge.pix_text, charge.pk in doubt.due_charge_ids()) == ("", True)


@pytest.mark.parametrize(
    ("reason", "is_fetched"), [(ReviewReason.TWIN, True), (ReviewReason.PIX_CODE, False)]
)
def test_a_code_that_waited_for_the_review_is_fetched_unless_it_was_the_reason(
    fred: User, reason: ReviewReason, is_fetched: bool
) -> None:
    charge = to_review({"status": "pending"})
    transitions.flag(charge.pk, reason)
    accept(applied(charge), fred)
    assert (charge.pk in doubt.due_charge_ids()) is is_fetched


@pytest.mark.parametrize(("cents", "expected"), [(12_000, "paid"), (10_000, "paid"), (11_000, "pending")])
def test_the_older_terms_stay_good_after_others_were_agreed(fred: User, cents: int, expected: str) -> None:
    """Somebody pays a code they had saved."""
    charge = with_other_terms()
    accept(charge, fred)
    change(charge, status="paid", received_cents=cents, paid_at=clock.now())
    assert charge.status == expected


def test_what_changed_meanwhile_is_not_decided(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    seen = reviewing.review(charge)
    assert seen is not None
    change(charge, received_cents=8_000)
    assert accept(charge, fred, mark=seen.mark) == Outcome.CHANGED
    assert (charge.status, charge.review_reason) == ("pending", ReviewReason.AMOUNT)
    assert not charge.decisions.exists()


def test_other_terms_than_were_seen_are_not_agreed(fred: User) -> None:
    charge = with_other_terms()
    seen = reviewing.review(charge)
    assert seen is not None
    charge.terms.create(
        since=clock.now(),
        origin=TermsOrigin.GATEWAY,
        is_agreed=False,
        amount_cents=1_000,
        due_date=DUE,
    )
    assert accept(charge, fred, mark=seen.mark) == Outcome.CHANGED
    assert charge.amount_cents == 10_000


def test_the_second_of_two_people_is_told_and_changes_nothing(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    shown = reviewing.review(charge)
    assert shown is not None
    assert accept(charge, fred, mark=shown.mark) == Outcome.DECIDED
    gina = User.objects.create_user("gina")
    assert accept(charge, gina, mark=shown.mark) == Outcome.ALREADY
    assert charge.decisions.count() == 1


def test_a_charge_with_nothing_to_review_has_nothing_to_decide(fred: User) -> None:
    charge = to_review({})
    assert (reviewing.review(charge), reviewing.decisions(charge)) == (None, ())
    assert accept(charge, fred, mark="0" * 64) == Outcome.CHANGED


def test_a_flag_whose_cause_is_gone_may_be_closed(fred: User) -> None:
    """As it may stand in the database from before the gate knew terms."""
    charge = make_charge(review_reason="amount", status="paid")
    make_payment(charge, "paid")
    assert accept(charge, fred) == Outcome.DECIDED
    assert charge.review_reason == ""


def test_shows_what_was_expected_beside_what_came() -> None:
    charge = with_other_terms()
    change(charge, status="paid", received_cents=9_000, paid_at=clock.now())
    shown = reviewing.review(charge)
    assert shown is not None
    (compared,) = shown.payments
    assert (compared.is_concerned, compared.payment.received_cents) == (True, 9_000)
    assert [(one.low, one.high) for one in compared.expected] == [(10_000, 10_000)]


@pytest.mark.django_db(transaction=True)
def test_two_people_at_the_same_moment_make_one_decision(fred: User) -> None:
    charge = to_review({"received_cents": 9_000})
    shown = reviewing.review(charge)
    assert shown is not None
    barrier, outcomes = threading.Barrier(2), []

    def decide() -> None:
        barrier.wait()
        try:
            outcomes.append(reviewing.accept(charge, mark=shown.mark, actor=fred, note="yes"))
        finally:
            database.close()

    people = [threading.Thread(target=decide) for _person in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == [Outcome.ALREADY, Outcome.DECIDED]
    charge.refresh_from_db()
    assert (charge.status, charge.decisions.count()) == ("paid", 1)
