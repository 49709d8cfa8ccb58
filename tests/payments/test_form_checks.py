"""A form that is filled in may be checked at any moment: the sentences of sending it, and no trace."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from config import clock
from connections.models import Connection
from payments.models import Charge, Customer, Refund, Subscription
from tests.factories import make_charge, make_connection, make_customer, make_payment

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def connection() -> Connection:
    return make_connection(name="Loja Centro", is_default=True)


def browser(group: str) -> Client:
    user = User.objects.create_user(group.lower())
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def typed(connection: Connection, **values: Any) -> dict[str, Any]:
    data = {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "amount": "100,00",
        "description": "Pedido 77",
        "due_date": (clock.today("America/Sao_Paulo") + timedelta(days=10)).isoformat(),
    }
    return {**data, **values}


def told(client: Client, name: str, form: dict[str, Any], *args: Any) -> dict[str, Any]:
    answer = client.post(reverse(name, args=args), form, headers=ENGLISH)
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    return dict(answer.json())


WRONG = {"document": "529.982.247-26", "amount": "x", "due_date": "2020-01-01", "email": "ana"}


def test_says_what_sending_would_say_and_keeps_nothing(connection: Connection) -> None:
    operator, form = browser("Operator"), typed(connection, **WRONG)
    found = told(operator, "check_new_charge", form)["problems"]
    sent = operator.post(reverse("new_charge"), form, headers=ENGLISH)
    assert found == {name: list(texts) for name, texts in sent.context["form"].errors.items()}
    assert set(found) == set(WRONG)
    assert not Charge.objects.exists() and not Customer.objects.exists()


def test_items_are_told_by_their_boxes(connection: Connection) -> None:
    rows = {"items-TOTAL_FORMS": "2", "items-INITIAL_FORMS": "0"}
    rows |= {"items-0-description": "Cup", "items-0-quantity": "1", "items-0-unit": "ten"}
    rows |= {"items-1-description": "", "items-1-quantity": "0", "items-1-unit": "5,00"}
    found = told(browser("Operator"), "check_new_charge", typed(connection, **rows))["problems"]
    assert set(found) == {"items-0-unit", "items-1-description", "items-1-quantity"}


@pytest.mark.parametrize("form", [{}, {"items-TOTAL_FORMS": "x"}, {"connection": "x", "customer": "x"}])
def test_what_is_no_form_breaks_nothing(connection: Connection, form: dict[str, str]) -> None:
    operator = browser("Operator")
    for name in ("check_new_charge", "check_new_subscription"):
        assert told(operator, name, form)["problems"]


def test_shows_what_the_terms_come_to(connection: Connection) -> None:
    terms = {"discount": "5,00", "discount_days": "2", "fine": "2", "interest": "1"}
    operator = browser("Operator")
    shown = told(operator, "check_new_charge", typed(connection, **terms))["previews"]["terms-preview"]
    assert "R$\xa095.00" in shown and "fine of R$\xa02.00" in shown and "1% a month" in shown
    half = told(operator, "check_new_charge", typed(connection, **terms, amount=""))["previews"]
    assert "<li>" not in half["terms-preview"]
    plan = typed(connection, **terms, method="boleto", instalments="2")
    assert "fine of R$\xa01.00" in told(operator, "check_new_charge", plan)["previews"]["terms-preview"]


def test_subscriptions_are_checked_the_same_way(connection: Connection) -> None:
    form = typed(connection, cycle="monthly", starts_on="2020-01-01", amount="x")
    found = told(browser("Operator"), "check_new_subscription", form)["problems"]
    assert "amount" in found and not Subscription.objects.exists()


def test_refunds_are_checked_against_what_is_left() -> None:
    charge = make_charge(status="paid", received_cents=10_000)
    payment = make_payment(charge, "paid", paid_at=clock.now())
    finance = browser("Finance")
    form = {"submission": str(uuid.uuid4()), "payment": payment.gateway_id, "amount": "100,01"}
    found = told(finance, "check_refund", {**form, "reason": "other", "note": ""}, charge.reference)
    assert set(found["problems"]) == {"amount", "note"}
    right = {**form, "amount": "100,00", "reason": "customer"}
    assert told(finance, "check_refund", right, charge.reference)["problems"] == {}
    assert not Refund.objects.exists()
    assert told(finance, "check_refund", {}, make_charge().reference)["problems"] == {}


def test_a_chosen_customers_document_is_not_told(connection: Connection) -> None:
    """Neither in what is wrong nor in what is previewed."""
    make_charge(connection, customer=(known := make_customer(document="11144477735")))
    form = typed(connection, customer=str(known.public_id), document="", amount="x")
    answer = told(browser("Operator"), "check_new_charge", form)
    assert set(answer["problems"]) == {"amount"} and not re.search(r"111\D?444", str(answer))
