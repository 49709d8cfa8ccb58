"""What the operator's page says of cards, terms, late and test charges."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from payments.models import Charge, Payment
from payments.presentation import live_mark
from tests import factories
from tests.pages import sample


def read(client: Client, charge: Charge) -> str:
    answer = client.get(charge.get_absolute_url(), headers={"accept-language": "en"})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def set_to(charge: Charge, **values: Any) -> Charge:
    Charge.objects.filter(pk=charge.pk).update(**values)
    charge.refresh_from_db()
    return charge


def test_lists_every_attempt_with_its_reason(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["card"])
    assert "rejected/cc_rejected_insufficient_amount" in page and "data-refused" in page
    assert page.count("The card has not enough limit or balance.") == 2
    assert "The customer may try again with the same link." in page and "data-pay-link" in page


def test_a_word_nobody_explains_is_shown_as_it_is(operator: Client, charges: dict[str, Charge]) -> None:
    Payment.objects.filter(charge=charges["card"]).update(gateway_status="rejected/brand_new_reason")
    page = read(operator, charges["card"])
    assert "rejected/brand_new_reason" in page and "The last attempt to pay was refused." in page


@pytest.mark.parametrize("later", ["pending", "authorized", "paid"])
def test_a_refusal_is_old_news_once_another_attempt_runs(
    operator: Client, charges: dict[str, Charge], later: str
) -> None:
    factories.make_payment(charges["card"], later)
    assert "data-refused" not in read(operator, charges["card"])


def test_a_new_attempt_changes_the_mark_of_the_page(charges: dict[str, Charge]) -> None:
    before = live_mark(charges["card"])
    factories.make_payment(charges["card"], "failed", gateway_status="rejected/cc_rejected_blacklist")
    assert live_mark(charges["card"]) != before


def test_card_says_where_it_is_paid(operator: Client, charges: dict[str, Charge]) -> None:
    assert "on the page of Mercado Pago" in read(operator, charges["card"])


def test_double_payment_says_what_to_give_back(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["double"])
    assert "all but one of the payments below should be given back" in page
    assert "1330000002" in page and "1330000003" in page


def test_only_who_may_review_gets_the_way_there(
    operator: Client, people: tuple[User, User], charges: dict[str, Charge]
) -> None:
    way = f'href="{reverse("review", args=[charges["double"].reference])}"'
    assert way not in read(operator, charges["double"])
    people[1].user_permissions.add(Permission.objects.get(codename="review_charge"))
    assert way in read(operator, charges["double"])


def test_details_name_the_terms(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["pending"])
    assert "R$\u00a0145.00 until" in page and "with R$\u00a05.00 off." in page
    assert "After the due date: a fine of R$\u00a03.00, and interest of 1% a month." in page


def test_terms_that_nobody_agreed_to_are_not_shown(operator: Client, charges: dict[str, Charge]) -> None:
    charge = charges["paid"]
    sample.give_terms(charge, fine_cents=77)
    assert "R$\u00a00.77" in read(operator, charge)
    charge.terms.update(is_agreed=False)
    assert "R$\u00a00.77" not in read(operator, charge)


def test_overdue_says_what_is_owed_now(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["overdue"])
    assert "data-overdue" in page and "has passed and nothing was paid." in page
    assert "interest of 2.5% a month" in page and "The customer can still pay" in page


@pytest.mark.parametrize(("name", "is_shown"), [("pending", True), ("card", True), ("checkout", False)])
def test_ribbon_marks_test_charges(
    operator: Client, charges: dict[str, Charge], name: str, is_shown: bool
) -> None:
    page = read(operator, charges[name])
    assert ("Sandbox: this is a test charge." in page) is is_shown
    assert ("data-sandbox" in page) is is_shown


def test_asaas_sandbox_offers_its_simulations(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["pending"])
    for action in ("simulate-payment", "simulate-overdue"):
        assert f'action="/charges/{charges["pending"].reference}/{action}/"' in page
    late = read(operator, charges["overdue"])
    assert "/simulate-payment/" in late and "/simulate-overdue/" not in late


def test_mercado_pago_sandbox_says_what_can_be_tried(operator: Client, charges: dict[str, Charge]) -> None:
    page = read(operator, charges["card"])
    assert "PIX stays pending in Mercado Pago's tests" in page and "/simulate-" not in page
    for words in ("5031 4332 1540 6351", "APRO", "is approved", "OTHE", "CONT"):
        assert words in page


@pytest.mark.parametrize("status", ["paid", "cancelled", "failed", "confirming", "expired"])
def test_nothing_is_simulated_on_what_does_not_wait(
    operator: Client, charges: dict[str, Charge], status: str
) -> None:
    assert "/simulate-" not in read(operator, set_to(charges["pending"], status=status))


def test_auditors_see_no_button(client: Client, charges: dict[str, Charge]) -> None:
    auditor = User.objects.create_user("otto")
    auditor.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client.force_login(auditor)
    for charge in charges.values():
        assert '<button class="button" type="submit"' not in read(client, charge), charge.description
