"""The pages on which subscriptions are made and looked at, in front of two made-up gateways."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.models import ConnectionAccess
from payments.models import Subscription, SubscriptionReview, TimelineEntry
from payments.services.timeline import note_change
from tests.factories import NOW, make_charge, make_connection, make_customer, make_plan, make_subscription
from tests.payments.recurring import Books, at

pytestmark = [pytest.mark.django_db, pytest.mark.small]
ENGLISH = {"Accept-Language": "en"}


def browser_of(group: str) -> Client:
    person = User.objects.create_user(group.lower(), password="x")
    person.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def operator(clock: Any, books: dict[str, Books]) -> Client:
    return browser_of("Operator")


def fields(connection: Any, **values: str) -> dict[str, str]:
    return {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "boleto",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "49,90",
        "description": "Plano mensal",
        "cycle": "monthly",
        "starts_on": (NOW.date() + timedelta(days=3)).isoformat(),
        **values,
    }


def page(client: Client, address: str) -> str:
    return unescape(client.get(address, headers=ENGLISH).content.decode())


def test_makes_one_and_goes_straight_to_it(operator: Client, books: dict[str, Books]) -> None:
    form = fields(at("bills"))
    first, second = (operator.post("/subscriptions/new/", form) for _time in range(2))
    own = Subscription.objects.get()
    assert first["Location"] == second["Location"] == f"/subscriptions/{own.reference}/"
    assert own.state == "active" and books["bills"].calls.count("submit") == 1
    assert 'data-state="active"' in page(operator, first["Location"])


@pytest.mark.parametrize(
    "changes", [{"amount": "99,90"}, {"description": "Outro plano"}, {"email": "outra@example.com"}]
)
def test_a_changed_form_with_an_old_number_is_asked_about(operator: Client, changes: dict[str, str]) -> None:
    form = fields(at("bills"))
    operator.post("/subscriptions/new/", form)
    answer = operator.post("/subscriptions/new/", {**form, **changes})
    shown = answer.content.decode()
    assert answer.status_code == 422 and "data-sent-before" in shown and form["submission"] not in shown
    assert Subscription.objects.get().amount_cents == 4_990


def test_a_look_alike_is_asked_about_and_then_made(operator: Client) -> None:
    connection = at("bills")
    operator.post("/subscriptions/new/", fields(connection))
    again = fields(connection, description="Outro plano")
    asked = operator.post("/subscriptions/new/", again)
    assert asked.status_code == 200 and "data-look-alike" in asked.content.decode()
    operator.post("/subscriptions/new/", {**again, "look_alike_seen": "1"})
    assert Subscription.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("method", {"method": "pix"}),
        ("amount", {"amount": "dez"}),
        ("starts_on", {"starts_on": "2020-01-01"}),
        ("ends_on", {"ends_on": "2026-11-22"}),
        ("turns", {"turns": "3"}),
        ("document", {"document": "111.111.111-11"}),
    ],
)
def test_says_at_the_field_what_to_do_and_keeps_the_rest(
    operator: Client, field: str, values: dict[str, str]
) -> None:
    form = fields(at("cards"), **{"method": "card", "name": "Zé & Cia", **values})
    answer = operator.post("/subscriptions/new/", form)
    shown = unescape(answer.content.decode())
    assert answer.status_code == 422 and f'id="error-{field}"' in shown
    assert 'value="Zé & Cia"' in shown and form["submission"] in shown
    assert all(value in shown for name, value in values.items() if name != "method")
    assert not Subscription.objects.exists()


def test_offers_what_the_account_takes_and_says_why_not(operator: Client) -> None:
    at("cards")
    shown = page(operator, "/subscriptions/new/")
    assert 'value="card" checked' in shown and 'data-methods="card"' in shown
    assert "Cards takes no subscriptions paid like that." in shown


def test_without_an_account_that_takes_them_there_is_no_form(operator: Client) -> None:
    assert 'name="amount"' not in page(operator, "/subscriptions/new/")


def test_one_of_a_hosted_page_shows_the_link_to_agree(operator: Client) -> None:
    operator.post("/subscriptions/new/", fields(at("cards"), method="card"))
    own = Subscription.objects.get()
    shown = page(operator, own.get_absolute_url())
    assert own.link and f'data-send-link="{own.link}"' in shown and "data-to-agree" in shown
    assert "https://wa.me/5511987654321?text=" in shown


def test_one_that_issues_shows_the_first_open_charge_to_pay(operator: Client) -> None:
    own = make_subscription(method="pix")
    later = make_charge(own.connection, subscription=own, due_date=date(2027, 1, 1), pix_text="x")
    first = make_charge(own.connection, subscription=own, due_date=date(2026, 12, 1), pix_text="x")
    shown = page(operator, own.get_absolute_url())
    assert f'data-send-link="{first.pay_url}"' in shown
    assert shown.index(f'data-reference="{later.reference}"') < shown.index(
        f'data-reference="{first.reference}"'
    )
    charge = page(operator, first.get_absolute_url())
    assert f'data-subscription="{own.reference}"' in charge


def test_a_refusal_is_told_in_the_gateways_words(operator: Client) -> None:
    own = make_subscription(state="failed", failure="O cliente está bloqueado.", gateway_id="")
    shown = page(operator, own.get_absolute_url())
    assert "data-failure" in shown and "O cliente está bloqueado." in shown and "data-action" not in shown


@pytest.mark.parametrize("reason", [reason for reason in SubscriptionReview if reason])
def test_every_reason_to_look_at_one_says_why(reason: str) -> None:
    own = make_subscription(review_reason=reason)
    assert f'data-review="{reason}"' in page(browser_of("Operator"), own.get_absolute_url())
    assert 'name="note"' in page(browser_of("Finance"), f"{own.get_absolute_url()}review/")


def test_its_story_names_what_is_there_twice(operator: Client) -> None:
    own = make_subscription()
    for code, gateway_id in (("twin_cancelled", "sub_a"), ("twin_paid", "sub_b")):
        note_change(own, code, source="check", gateway_id=gateway_id)
    shown = page(operator, own.get_absolute_url())
    assert "nobody is charged twice: sub_a" in shown and "may have been paid: sub_b" in shown


def test_in_doubt_it_waits_and_may_be_sent_again(operator: Client) -> None:
    own = make_subscription(state="confirming", gateway_id="", call_state="unknown", looked_up=4)
    shown = page(operator, own.get_absolute_url())
    assert "data-waiting" in shown and f"{own.get_absolute_url()}send-again/" in shown
    Subscription.objects.update(looked_up=3)
    assert "send-again" not in page(operator, own.get_absolute_url())


def test_tabs_and_search_find_it(operator: Client) -> None:
    connection = make_connection()
    states = ("active", "pending", "paused", "cancelled")
    made = {state: make_subscription(connection, state=state) for state in states}
    odd = make_subscription(connection, customer=make_customer(name="Rui"), review_reason="amount")
    expected = {
        "?tab=active": {made["active"], odd},
        "?tab=waiting": {made["pending"]},
        "?tab=paused": {made["paused"]},
        "?tab=over": {made["cancelled"]},
        "?tab=review": {odd},
        "?q=rui": {odd},
        f"?q={odd.gateway_id}": {odd},
        f"?q={odd.customer.document}": {odd},
        f"?q={odd.reference}": {odd},
        "?tab=paused&q=rui": set(),
    }
    for query, wanted in expected.items():
        shown = page(operator, f"/subscriptions/{query}")
        found = {own for own in Subscription.objects.all() if f'data-subscription="{own.reference}"' in shown}
        assert found == wanted, query


def test_longer_lists_ask_no_more(operator: Client, django_assert_max_num_queries: Any) -> None:
    own = make_subscription()
    for number in range(12):
        make_charge(own.connection, subscription=own, due_date=date(2027, 1, 1 + number), status="paid")
        make_subscription(own.connection)
    page(operator, "/subscriptions/")
    with django_assert_max_num_queries(8):
        operator.get("/subscriptions/")
    with django_assert_max_num_queries(20):
        operator.get(own.get_absolute_url())


def test_who_is_limited_sees_their_own(operator: Client) -> None:
    own, other = make_subscription(), make_subscription()
    ConnectionAccess.objects.create(user=User.objects.get(), connection=own.connection)
    shown = page(operator, "/subscriptions/")
    assert own.reference in shown and other.reference not in shown
    assert operator.get(other.get_absolute_url()).status_code == 404


def test_the_open_page_learns_that_something_moved(operator: Client) -> None:
    own = make_subscription()
    address = f"{own.get_absolute_url()}state/"
    before = operator.get(address).json()["mark"]
    assert operator.get(address).json()["mark"] == before
    charge = make_charge(own.connection, subscription=own)
    made = operator.get(address).json()["mark"]
    charge.status = "paid"
    charge.save(update_fields=["status"])
    assert len({before, made, operator.get(address).json()["mark"]}) == 3


def test_tells_its_story_in_words(operator: Client) -> None:
    operator.post("/subscriptions/new/", fields(at("bills")))
    own = Subscription.objects.get()
    TimelineEntry.objects.create(
        subscription=own, at=NOW, kind="change", code="agreement", source="webhook", data={"cycle": "weekly"}
    )
    shown = page(operator, own.get_absolute_url())
    for words in ("operator created the subscription", "interval: every week", "Status: active"):
        assert words in shown


def test_a_local_plan_fills_in_the_form(operator: Client) -> None:
    plan = make_plan(at("bills"), method="boleto", turns=12)
    shown = page(operator, plan.get_absolute_url())
    assert "data-local" in shown and "data-send-link" not in shown
    form = page(operator, f"/subscriptions/new/?plan={plan.reference}")
    assert 'value="12"' in form and 'value="49.90"' in form and f'data-plan="{plan.reference}"' in form
    operator.post("/subscriptions/new/", fields(plan.connection, plan=plan.reference))
    own = Subscription.objects.get()
    assert own.plan == plan
    assert f'data-subscription="{own.reference}"' in page(operator, plan.get_absolute_url())


def test_a_plan_of_the_gateway_shows_its_link_and_closes(operator: Client, books: dict[str, Books]) -> None:
    form = {
        "submission": str(uuid.uuid4()),
        "connection": str(at("cards").pk),
        "method": "card",
        "name": "Clube do pão",
        "amount": "49,90",
        "cycle": "monthly",
    }
    address = operator.post("/plans/new/", form)["Location"]
    assert operator.post("/plans/new/", form)["Location"] == address
    made = next(iter(books["cards"].plans.values()))
    assert f'data-send-link="{made.link}"' in page(operator, address) and len(books["cards"].plans) == 1
    assert "data-change" in page(operator, f"{address}close/")
    operator.post(f"{address}close/")
    assert "data-closed" in page(operator, address) and made.link not in page(operator, address)


def test_what_the_gateway_collects_by_itself_asks_nobody_to_pay(operator: Client) -> None:
    own = make_subscription(make_connection(gateway="mercadopago"))
    charge = make_charge(own.connection, subscription=own, method="card", is_collecting=True)
    assert "data-collecting" in page(operator, charge.get_absolute_url())
    assert "data-collecting" in page(operator, f"/pay/{charge.pay_token}/")
    assert "data-send-link" not in page(operator, own.get_absolute_url())
