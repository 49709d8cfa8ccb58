"""Making, closing and polling a plan when answers are lost, late or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.gateways.base import ResourceKind
from connections.gateways.errors import CredentialsRefused, GatewayUnavailable, NotFound, RequestRefused
from payments.models import Plan
from payments.services import plan_states, planning
from payments.services.refreshing import Outcome
from tests.payments.recurring import Books, Cards, at
from tests.payments.test_agreements import begun, plan_at
from tests.payments.test_mirroring import told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def operator(db: None) -> Client:
    person = User.objects.create_user("operator", password="x")
    person.groups.add(Group.objects.get(name="Operator"))
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person)
    return client


def lose() -> None:
    raise GatewayUnavailable("time-out", maybe_sent=True)


def refusing(error: Exception) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


def pass_by(clock: Any, plan: Plan, hours: int) -> Plan:
    """What the workers do, at first each minute, then each hour."""
    for step in (*[timedelta(minutes=1)] * 30, *[timedelta(hours=1)] * hours):
        clock.shift(step)
        planning.settle_due()
    plan.refresh_from_db()
    return plan


def poll_at(plan: Plan, moment: timedelta, clock: Any) -> Plan:
    clock.shift(moment)
    planning.poll_due()
    plan.refresh_from_db()
    return plan


# -- making one ------------------------------------------------------------------------------------------


def test_a_lost_answer_is_sent_again_once_and_then_left_to_a_person(cards: Books, clock: Any) -> None:
    cards.before["create_plan"] = lose
    plan = pass_by(clock, plan_at(at("cards")), hours=30)
    assert (plan.state, plan.due_at, cards.calls.count("create_plan")) == ("confirming", None, 2)
    assert cards.calls.count("find_plans") == 8  # four in vain before the second one, four after it
    assert planning.may_send_again(plan)


def test_a_person_may_send_it_again_after_one_more_look(cards: Books, clock: Any, operator: Client) -> None:
    cards.before["create_plan"] = lose
    plan = pass_by(clock, plan_at(at("cards")), hours=2)
    page = operator.get(plan.get_absolute_url()).content.decode()
    address = f"{plan.get_absolute_url()}send-again/"
    assert "data-in-doubt" in page and f'action="{address}"' in page
    looks = cards.calls.count("find_plans")
    del cards.before["create_plan"]
    assert operator.post(address)["Location"] == plan.get_absolute_url()
    plan.refresh_from_db()
    assert (plan.state, len(cards.plans), cards.calls.count("find_plans")) == ("active", 1, looks + 1)
    operator.post(address)
    assert cards.calls.count("create_plan") == 3


def test_one_that_was_there_after_all_is_found_when_sent_again(cards: Books, clock: Any) -> None:
    cards.after["create_plan"] = lose
    cards.before["find_plans"] = lose
    plan = pass_by(clock, plan_at(at("cards")), hours=30)
    assert (plan.state, plan.due_at, len(cards.plans)) == ("confirming", None, 1)
    del cards.before["find_plans"]
    planning.send_again(plan)
    plan.refresh_from_db()
    assert (plan.state, len(cards.plans)) == ("active", 1)


@pytest.mark.parametrize("error", [RequestRefused("no"), NotFound("no"), CredentialsRefused("no")])
def test_a_refused_look_up_says_nothing_about_the_plan(cards: Books, clock: Any, error: Exception) -> None:
    cards.after["create_plan"] = lose
    cards.before["find_plans"] = refusing(error)
    plan = pass_by(clock, plan_at(at("cards")), hours=0)
    assert (plan.state, plan.failure) == ("confirming", "")
    del cards.before["find_plans"]
    assert pass_by(clock, plan, hours=2).state == "active"


def test_a_refused_creation_fails_it_with_the_gateways_sentence(cards: Books) -> None:
    cards.before["create_plan"] = refusing(RequestRefused("Back url is required"))
    plan = plan_at(at("cards"))
    assert (plan.state, plan.failure, plan.due_at) == ("failed", "Back url is required", None)


@pytest.mark.parametrize(
    "error", [RequestRefused("Not now"), NotFound("Not now"), CredentialsRefused("Not now")]
)
def test_a_second_one_that_is_refused_leaves_the_doubt_about_the_first(
    cards: Books, clock: Any, operator: Client, error: Exception
) -> None:
    """The first one landed, and the list does not show it yet."""
    cards.before["create_plan"] = lose
    plan = plan_at(at("cards"))
    cards.before["create_plan"] = refusing(error)
    plan = pass_by(clock, plan, hours=2)
    assert (plan.state, plan.due_at, cards.calls.count("create_plan")) == ("confirming", None, 2)
    assert planning.may_send_again(plan) and plan.failure == "Not now"
    page = operator.get(plan.get_absolute_url()).content.decode()
    assert "data-refused-again" in page and "Not now" in page
    operator.post(f"{plan.get_absolute_url()}send-again/")
    plan.refresh_from_db()
    assert (plan.state, plan.sends) == ("confirming", 3)
    del cards.before["create_plan"]
    plan = pass_by(clock, plan, hours=2)
    planning.send_again(plan)
    plan.refresh_from_db()
    assert (plan.state, plan.failure) == ("active", "")


def test_one_that_could_not_be_sent_is_sent_for_as_long_as_it_takes(cards: Books, clock: Any) -> None:
    cards.before["create_plan"] = refusing(GatewayUnavailable("no connection", maybe_sent=False))
    plan = pass_by(clock, plan_at(at("cards")), hours=40)
    assert (plan.sends, "find_plans" in cards.calls) == (0, False)
    del cards.before["create_plan"]
    assert pass_by(clock, plan, hours=2).state == "active"


def test_the_other_of_two_that_landed_is_closed(cards: Books, clock: Any) -> None:
    """The first was sent, and shows once the second is made."""
    cards.after["create_plan"] = lose
    cards.before["find_plans"] = lambda: hidden.update(cards.plans) or cards.plans.clear()
    hidden = dict[str, Any]()
    plan = pass_by(clock, plan_at(at("cards")), hours=0)
    assert len(hidden) == 2
    cards.plans.update(hidden)
    del cards.before["find_plans"]
    plan = poll_at(pass_by(clock, plan, hours=1), planning.POLL_EVERY, clock)
    assert [one.gateway_id for one in cards.plans.values() if one.is_active] == [plan.gateway_id]
    assert (plan.state, len(cards.plans)) == ("active", 2)


def test_connections_take_turns_and_one_pass_runs_at_a_time(cards: Books, clock: Any) -> None:
    cards.before["create_plan"] = refusing(GatewayUnavailable("no connection", maybe_sent=False))
    first, second = at("cards"), at("cards", account_id="2")
    several = [plan_at(connection) for connection in (first, first, second)]
    asked = list[int]()
    real = planning._submit
    clock.shift(timedelta(minutes=5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_submit", lambda own, *_, **__: asked.append(own.pk))
        with planning._passes.seat():
            planning.settle_due()
        assert asked == []
        planning.settle_due()
    assert asked == [several[0].pk, several[2].pk, several[1].pk] and real is planning._submit


# -- closing one -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [timedelta(), timedelta(minutes=5)], ids=["begun before", "lags"])
def test_an_answer_from_before_it_was_closed_does_not_open_it(
    cards: Books, clock: Any, monkeypatch: pytest.MonkeyPatch, lag: timedelta
) -> None:
    plan = plan_at(at("cards"))
    before = cards.plans[plan.gateway_id]

    def fetch_old(_gateway: Any, _name: str) -> Any:
        if Plan.objects.get(pk=plan.pk).state == "active":  # it is closed while this call is on its way
            monkeypatch.setattr(Cards, "fetch_plan", lambda _gateway, name: cards.plans[name])
            planning.close_plan(plan)
            monkeypatch.setattr(Cards, "fetch_plan", fetch_old)
        return before

    if lag:
        planning.close_plan(plan)
        clock.shift(lag)
    monkeypatch.setattr(Cards, "fetch_plan", fetch_old)
    done = told(plan.connection, ResourceKind.RECURRING_PLAN, plan.gateway_id, plan_states.refresh)
    plan.refresh_from_db()
    assert (plan.state, done.outcome) == ("closed", Outcome.STALE)


def test_what_a_panel_does_with_a_plan_is_seen_without_being_told(cards: Books, clock: Any) -> None:
    plan = plan_at(at("cards"))
    cards.plans[plan.gateway_id] = replace(cards.plans[plan.gateway_id], is_active=False)
    plan = poll_at(plan, planning.POLL_EVERY, clock)
    assert plan.state == "closed"
    cards.plans[plan.gateway_id] = replace(cards.plans[plan.gateway_id], is_active=True)
    plan = poll_at(plan, planning.POLL_EVERY, clock)
    assert (plan.state, plan.closed_at) == ("active", None)


def test_who_finishes_after_it_was_closed_is_adopted(cards: Books, clock: Any) -> None:
    plan = plan_at(at("cards"))
    planning.close_plan(plan)
    plan = poll_at(plan, timedelta(hours=20), clock)
    begun(cards, plan.gateway_id)
    plan = poll_at(plan, timedelta(hours=20), clock)
    assert plan.subscriptions.count() == 1 and plan.check_due_at
    plan = poll_at(plan, timedelta(hours=20), clock)
    assert (plan.state, plan.check_due_at) == ("closed", None)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (GatewayUnavailable("x", maybe_sent=True), "The plan may still be open"),
        (GatewayUnavailable("x", maybe_sent=False), "could not be asked"),
        (RequestRefused("Invalid status"), "The gateway says: “Invalid status”"),
        (RequestRefused(advice="It does not know this id."), "still open. It does not know this id."),
    ],
)
def test_the_page_says_what_is_known_of_a_closing(
    cards: Books, operator: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    plan = plan_at(at("cards"))
    monkeypatch.setattr(Cards, "close_plan", lambda *_asked: refusing(error)())
    page = operator.post(f"{plan.get_absolute_url()}close/", follow=True)
    assert said in unescape(page.content.decode())
    plan.refresh_from_db()
    assert plan.state == "active"
    is_looked_at_soon = bool(plan.check_due_at and plan.check_due_at <= planning.clock.now())
    assert is_looked_at_soon == getattr(error, "maybe_sent", False)


# -- the form --------------------------------------------------------------------------------------------


def test_the_same_form_is_the_same_plan_and_a_changed_one_is_asked_about(
    cards: Books, operator: Client
) -> None:
    form = {
        "submission": "0e2c9c1c-4fd8-4a3d-8f2e-0d7c36d1f8a1",
        "connection": str(at("cards").pk),
        "method": "card",
        "name": "Clube",
        "amount": "49,90",
        "cycle": "monthly",
    }
    first, again = (operator.post("/plans/new/", form) for _time in range(2))
    assert first["Location"] == again["Location"]
    for changed in ({"amount": "59,90"}, {"name": "Clube do vinho"}, {"turns": "12"}):
        asked = operator.post("/plans/new/", {**form, **changed})
        shown = asked.content.decode()
        assert asked.status_code == 422 and "data-sent-before" in shown
        assert form["submission"] not in shown and next(iter(changed.values())) in shown
    assert Plan.objects.get().amount_cents == 4_990
