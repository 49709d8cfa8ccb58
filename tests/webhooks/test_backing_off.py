"""Notifications whose attempts fail: whose fault it is, when they are tried again, when they are given up."""

from __future__ import annotations

import json
import logging
import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from connections.models import ConnectionState, GatewayPause
from payments.models import Charge, GatewayResource
from tests.factories import NOW, make_payment
from tests.webhooks.speaking import PAYMENT, URL, fetches, notify, repeat, state_at_asaas
from webhooks.models import BY_PERSON, EventState, Failure, WebhookEvent
from webhooks.services import backing_off, inbox
from webhooks.services.targets import Target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker"), pytest.mark.weighty]
LONG = max(backing_off.BACK_OFF) * 1.3
REFUSAL = {"errors": [{"code": "invalid_action", "description": "Não foi possível: CPF 529.982.247-25."}]}


@pytest.fixture(autouse=True)
def same_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backing_off, "chance", random.Random(7))


def give_up(clock: Any) -> WebhookEvent:
    for _try in range(6):
        inbox.work()
        clock.shift(LONG)
    return WebhookEvent.objects.get()


def test_waits_are_spread_by_a_fifth_around_the_table() -> None:
    for failures, seconds in enumerate((*backing_off.BACK_OFF, 3600)):
        waits = {backing_off.wait_after(failures).total_seconds() for _time in range(50)}
        assert 0.8 * seconds <= min(waits) < 0.9 * seconds
        assert 1.1 * seconds < max(waits) <= 1.2 * seconds


def test_six_failures_of_its_own_make_an_event_dead(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, status=400, json=REFUSAL)
    notify(client, charge.connection)
    event = give_up(clock)
    assert (event.state, event.attempts, event.failures) == (EventState.DEAD, 6, 6)
    assert (event.cause, event.next_attempt_at) == (Failure.REFUSED, None)
    assert event.finished_at == NOW + timedelta(seconds=5 * LONG)
    assert event.last_error.startswith("400 invalid_action Não foi possível")
    assert "529" not in event.last_error
    inbox.work()
    assert fetches(gateway) == 6


def test_an_answer_nobody_can_read_counts_and_stops_no_other(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, status=200, body="<html>soon back</html>")
    other = f"{URL}x"
    gateway.get(other, json=state_at_asaas(charge, "RECEIVED", id=other.rsplit("/", 1)[1]))
    notify(client, charge.connection)
    notify(client, charge.connection, payment_id=other.rsplit("/", 1)[1])
    for _try in range(6):
        inbox.work()
        clock.shift(LONG)
    dead, done = WebhookEvent.objects.order_by("pk")
    assert (dead.state, dead.cause, done.state) == (EventState.DEAD, Failure.UNREADABLE, EventState.DONE)
    charge.refresh_from_db()
    assert charge.status == "paid"


def fails_alone(gateway: Any, charge: Charge) -> str:
    """No answer for our payment, one for the other that we know; returns the other's address."""
    gateway.get(URL, status=500, body="<html>oops</html>")
    opinion = f"{URL.removesuffix(PAYMENT)}pay_another"
    make_payment(charge, gateway_id="pay_another")
    GatewayResource.objects.update(fetched_at=NOW)
    gateway.get(opinion, json=state_at_asaas(charge, "RECEIVED", id="pay_another"))
    return opinion


def test_a_gateway_that_fails_for_one_payment_alone_for_a_day_makes_its_event_dead(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    opinion = fails_alone(gateway, charge)
    notify(client, charge.connection)
    event = give_up(clock)
    assert (event.state, event.failures, event.cause) == (EventState.RETRY, 6, Failure.NO_ANSWER)
    assert sum(call.request.url == URL for call in gateway.calls) == 6
    assert sum(call.request.url == opinion for call in gateway.calls) == 6
    assert not GatewayPause.objects.exclude(until=None).exists()
    clock.shift(backing_off.NO_ANSWER_FOR)
    inbox.work()
    assert WebhookEvent.objects.get().state == EventState.DEAD


def test_what_is_asked_for_an_opinion_is_kept(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    fails_alone(gateway, charge)
    notify(client, charge.connection)
    inbox.work()
    charge.refresh_from_db()
    assert charge.payments.get(gateway_id="pay_another").status == charge.status == "paid"


def test_a_long_time_of_many_failures_gives_nothing_up(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    """A gateway that answers now and then: first for the other payment, in the end for ours."""
    fails_alone(gateway, charge)
    notify(client, charge.connection)
    for _try in range(12):
        inbox.work()
        clock.shift(LONG)
    gateway.remove("GET", URL)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    inbox.work()
    assert WebhookEvent.objects.get().state == EventState.DONE


def test_without_another_payment_it_is_not_held_against_this_one(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    """Whose account it is says another service; and the first one we meet keeps no other waiting for long."""
    gateway.get(URL, status=500, body="<html>oops</html>")
    other = f"{URL}x"
    gateway.get(other, json=state_at_asaas(charge, "RECEIVED", id=other.rsplit("/", 1)[1]))
    notify(client, charge.connection)
    for _try in range(6):
        inbox.work()
        clock.shift(LONG)
    event = WebhookEvent.objects.get()
    assert (event.state, event.failures, event.cause) == (EventState.RETRY, 0, Failure.AWAY)
    notify(client, charge.connection, payment_id=other.rsplit("/", 1)[1])
    for _minute in range(10):
        inbox.work()
        clock.shift(60)
    charge.refresh_from_db()
    assert charge.status == "paid"


def test_a_key_that_is_refused_for_the_second_opinion_is_shown(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    opinion = fails_alone(gateway, charge)
    gateway.remove("GET", opinion)
    gateway.get(opinion, status=401, json={"errors": [{"code": "invalid_access_token", "description": "x"}]})
    notify(client, charge.connection)
    inbox.work()
    charge.connection.refresh_from_db()
    assert charge.connection.state == ConnectionState.REFUSED
    assert WebhookEvent.objects.get().failures == 0


def test_who_lost_the_lease_counts_no_failure(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    """Another worker took over while the gateway was waited for."""

    def late(_request: Any) -> tuple[int, dict[str, str], str]:
        GatewayResource.objects.update(lease_token=uuid.uuid4())
        return 400, {}, json.dumps(REFUSAL)

    gateway.add_callback("GET", URL, callback=late)
    notify(client, charge.connection)
    inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.failures, event.attempts, event.state) == (0, 0, EventState.RECEIVED)


def test_our_own_fault_is_named_by_its_kind_alone(
    client: Client, charge: Charge, gateway: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_target: Target) -> None:
        raise RuntimeError("the words may hold anything")

    monkeypatch.setattr(inbox, "handle", broken)
    notify(client, charge.connection)
    event = give_up(clock)
    assert (event.state, event.cause, event.last_error) == (
        EventState.DEAD,
        Failure.OWN_FAULT,
        "RuntimeError",
    )


def test_a_database_that_is_away_is_nobodys_failure(
    client: Client,
    charge: Charge,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def locked(_target: Target) -> None:
        raise OperationalError("database is locked")

    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(inbox, "handle", locked)
    notify(client, charge.connection)
    event = give_up(clock)
    assert (event.state, event.failures, event.next_attempt_at) == (EventState.RECEIVED, 0, NOW)


@pytest.mark.parametrize(
    ("status", "headers"), [(503, {}), (502, {}), (429, {"Retry-After": "600"}), (429, {}), (401, {})]
)
def test_what_the_gateway_as_a_whole_does_is_not_the_events_fault(
    client: Client, charge: Charge, gateway: Any, clock: Any, status: int, headers: dict[str, str]
) -> None:
    down = gateway.get(URL, status=status, body="<html>down</html>", headers=headers)
    notify(client, charge.connection)
    for _minute in range(60):
        inbox.work()
        clock.shift(60)
    event = WebhookEvent.objects.get()
    assert (event.state, event.failures, event.cause) == (EventState.RETRY, 0, Failure.AWAY)
    assert 3 <= fetches(gateway) <= 60
    gateway.remove(down)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    for _minute in range(16):
        inbox.work()
        clock.shift(60)
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert WebhookEvent.objects.get().state == EventState.DONE


def test_an_outage_between_them_leaves_the_failures_as_they_were(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    notify(client, charge.connection)
    for status in (400, 503, 400, 503, 503, 400, 400, 503, 400):
        answer = gateway.get(URL, status=status, json=REFUSAL)
        inbox.work()
        clock.shift(LONG)
        gateway.remove(answer)
    event = WebhookEvent.objects.get()
    assert (event.state, event.failures, event.attempts) == (EventState.RETRY, 5, 9)
    gateway.get(URL, status=400, json=REFUSAL)
    inbox.work()
    assert WebhookEvent.objects.get().state == EventState.DEAD


def test_a_refused_key_is_shown_on_the_connection(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    refused = {
        "errors": [{"code": "invalid_access_token", "description": "A chave de API fornecida é inválida"}]
    }
    gateway.get(URL, status=401, json=refused)
    notify(client, charge.connection)
    inbox.work()
    charge.connection.refresh_from_db()
    assert charge.connection.state == ConnectionState.REFUSED
    assert WebhookEvent.objects.get().state == EventState.RETRY


def test_a_repeat_wakes_a_dead_event_and_starts_it_anew(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    refusal = gateway.get(URL, status=400, json=REFUSAL)
    body = notify(client, charge.connection)
    assert give_up(clock).state == EventState.DEAD
    repeat(client, charge.connection, body)
    inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.failures, event.repeats) == (EventState.RETRY, 1, 1)
    gateway.remove(refusal)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    clock.shift(LONG)
    inbox.work()
    charge.refresh_from_db()
    event.refresh_from_db()
    assert (charge.status, event.state, event.cause) == ("paid", EventState.DONE, "")


def test_repeats_do_not_keep_a_failing_event_from_being_given_up(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, status=400, json=REFUSAL)
    body = notify(client, charge.connection)
    for _try in range(6):
        inbox.work()
        clock.shift(1)
        if _try < 5:
            repeat(client, charge.connection, body)
    assert WebhookEvent.objects.get().state == EventState.DEAD


def test_a_repeat_of_what_a_person_put_aside_is_only_counted(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    body = notify(client, charge.connection)
    WebhookEvent.objects.update(state=EventState.IGNORED, reason=BY_PERSON, next_attempt_at=None)
    repeat(client, charge.connection, body)
    inbox.work()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason, event.repeats) == (EventState.IGNORED, BY_PERSON, 1)
    assert fetches(gateway) == 0


def test_waking_asks_again_for_what_was_given_up_done_or_put_aside(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    for state in (EventState.DEAD, EventState.DONE, EventState.IGNORED):
        notify(client, charge.connection)
        WebhookEvent.objects.filter(pk=WebhookEvent.objects.latest("pk").pk).update(
            state=state, failures=6, attempts=9, asked_again=3, next_attempt_at=None, finished_at=NOW
        )
    notify(client, charge.connection, "PAYMENT_SPLIT_DIVERGENCE_BLOCK")
    nameless = WebhookEvent.objects.latest("pk")
    WebhookEvent.objects.filter(pk=nameless.pk).update(kind="", gateway_id="", state=EventState.IGNORED)
    assert inbox.wake(WebhookEvent.objects.all()) == 3
    inbox.work()
    assert fetches(gateway) == 1
    events = WebhookEvent.objects.exclude(pk=nameless.pk)
    assert set(events.values_list("state", "attempts", "failures")) == {(EventState.DONE, 1, 0)}


def test_one_poisoned_target_does_not_stop_the_others(
    client: Client, charge: Charge, gateway: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = inbox.handle

    def handle_or_break(target: Target) -> inbox.Handling:
        if target.gateway_id == "pay_poison":
            raise RuntimeError("boom")
        return handle(target)

    monkeypatch.setattr(inbox, "handle", handle_or_break)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    notify(client, charge.connection, payment_id="pay_poison")
    notify(client, charge.connection)
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert "RuntimeError" in WebhookEvent.objects.get(gateway_id="pay_poison").last_error
