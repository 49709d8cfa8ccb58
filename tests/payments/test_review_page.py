"""The page on which a person decides."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client

from config import clock
from connections.gateways.base import Terms
from connections.models import ConnectionAccess
from payments import transitions
from payments.models import Charge, ReviewReason
from payments.services import reviewing, terms
from tests.factories import make_charge, make_connection, make_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def fred() -> User:
    user = User.objects.create_user("fred")
    user.groups.add(Group.objects.get(name="Finance"))
    return user


@pytest.fixture
def browser(client: Client, fred: User) -> Client:
    client.force_login(fred)
    return client


def to_review(**payment: Any) -> Charge:
    charge = make_charge(amount_cents=10_000)
    make_payment(charge, "paid", **{"received_cents": 9_000, "paid_at": clock.now(), **payment})
    transitions.apply(charge.pk, source="webhook")
    charge.refresh_from_db()
    return charge


def address(charge: Charge) -> str:
    return f"/charges/{charge.reference}/review/"


def mark_of(charge: Charge) -> str:
    shown = reviewing.review(charge)
    assert shown is not None
    return shown.mark


def decide(browser: Client, charge: Charge, **form: str) -> HttpResponse:
    values = {"mark": mark_of(charge), "note": "Agreed with Ana.", **form}
    answer: HttpResponse = browser.post(address(charge), values, follow=True)
    charge.refresh_from_db()
    return answer


def words(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def test_shows_what_was_expected_what_came_and_what_deciding_does(browser: Client) -> None:
    charge = to_review()
    said = words(browser.get(address(charge), headers={"accept-language": "en"}))
    for part in (
        "Expected",
        "100.00",
        "Received",
        "90.00",
        "The charge becomes paid",
        "gateway&#x27;s panel",
    ):
        assert part in said


def test_a_decision_leads_back_to_the_charge(browser: Client, fred: User) -> None:
    charge = to_review()
    answer = decide(browser, charge)
    assert answer.redirect_chain == [(charge.get_absolute_url(), 302)]  # type: ignore[attr-defined]
    assert (charge.status, charge.review_reason) == ("paid", "")
    assert "Agreed with Ana." in words(answer)


@pytest.mark.parametrize("note", ["", "   ", "x" * 501])
def test_without_a_reason_nothing_is_decided(browser: Client, note: str) -> None:
    charge = to_review()
    answer = decide(browser, charge, note=note)
    assert (answer.status_code, charge.review_reason) == (422, ReviewReason.AMOUNT)
    assert 'aria-describedby="error-note"' in words(answer)


def test_what_changed_meanwhile_is_shown_again_undecided(browser: Client) -> None:
    charge = to_review()
    seen = mark_of(charge)
    charge.payments.update(received_cents=8_000)
    answer = decide(browser, charge, mark=seen)
    assert answer.redirect_chain == [(address(charge), 302)]  # type: ignore[attr-defined]
    assert (charge.status, charge.decisions.count()) == ("pending", 0)
    assert "80.00" in words(browser.get(address(charge), headers={"accept-language": "en"}))


def test_the_second_person_is_told_that_it_was_decided(browser: Client, fred: User) -> None:
    charge = to_review(reference="chg_another")
    seen = mark_of(charge)
    assert charge.review_reason == ReviewReason.REFERENCE
    reviewing.accept(charge, mark=seen, actor=fred, note="ours")
    answer = browser.post(address(charge), {"mark": seen, "note": "mine"}, headers={"accept-language": "en"})
    charge.refresh_from_db()
    assert (answer.status_code, charge.review_reason) == (302, ReviewReason.AMOUNT)
    assert charge.decisions.count() == 1


def test_names_only_the_terms_that_differ(browser: Client) -> None:
    due = date(2026, 12, 1)
    charge = make_charge(due_date=due)
    terms.keep_first(charge, Terms(fine_cents=200, interest_bp=150))
    make_payment(charge, "pending")
    charge.terms.create(
        since=clock.now(),
        origin="gateway",
        is_agreed=False,
        amount_cents=12_345,
        due_date=due,
        fine_cents=200,
        interest_bp=150,
        discount_cents=500,
        discount_until=due - timedelta(days=2),
    )
    said = words(browser.get(address(charge), headers={"accept-language": "en"}))
    assert "123.45" in said
    assert "5.00 until" in said
    assert "Interest a month" not in said
    assert "Agree with the gateway" in said


@pytest.mark.parametrize("reason", [reason for reason in ReviewReason if reason])
def test_every_reason_has_its_words(browser: Client, reason: ReviewReason) -> None:
    charge = make_charge(review_reason=reason)
    make_payment(charge, "pending")
    assert browser.get(address(charge)).status_code == 200


def test_a_charge_with_nothing_to_review_leads_to_its_page(browser: Client) -> None:
    charge = make_charge()
    assert browser.get(address(charge)).headers["Location"] == charge.get_absolute_url()


def test_who_is_limited_to_other_connections_finds_nothing(browser: Client, fred: User) -> None:
    charge = to_review()
    ConnectionAccess.objects.create(user=fred, connection=make_connection())
    assert browser.get(address(charge)).status_code == 404
    assert browser.post(address(charge), {"mark": mark_of(charge), "note": "x"}).status_code == 404
    charge.refresh_from_db()
    assert charge.review_reason == ReviewReason.AMOUNT


@pytest.mark.parametrize("group", ["Administrator", "Operator", "Auditor"])
def test_only_finance_decides(client: Client, group: str) -> None:
    user = User.objects.create_user("else")
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    charge = to_review()
    assert client.get(address(charge)).status_code == 403
    assert client.post(address(charge), {"mark": mark_of(charge), "note": "x"}).status_code == 403
