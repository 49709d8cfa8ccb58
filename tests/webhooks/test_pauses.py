"""A gateway that is away: what waits for it is left as it is, no other waits, and all comes back in turns."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pytest
import responses
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections.models import Connection, GatewayPause
from connections.services import pausing
from payments.models import Charge, Payment
from tests.factories import NOW, make_charge, make_connection, make_payment
from tests.webhooks import signing
from tests.webhooks.speaking import MP_SECRET, URL, fetches, notify, notify_mercadopago, state_at_asaas
from webhooks.models import EventState, WebhookEvent
from webhooks.services import backing_off, hints, inbox, targets

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker"), pytest.mark.weighty]
# More than the first six steps of the ramp let through.
MANY = 80
ANYTHING = re.compile(r"https://api\.mercadopago\.com/v1/payments/(\d+)")


@pytest.fixture(autouse=True)
def same_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backing_off, "chance", random.Random(7))
    monkeypatch.setattr(pausing, "chance", random.Random(7))


@pytest.fixture
def away(db: None) -> Connection:
    """Has many notifications, each about another payment of ours."""
    connection = make_connection(
        gateway="mercadopago",
        credentials={"access_token": "TEST-7731245567788990-030209-5c508e1b"},
        webhook_secrets={"test": MP_SECRET},
    )
    charges = [make_charge(connection) for _number in range(MANY // 10)]
    now = NOW
    for number in range(MANY):
        make_payment(charges[number // 10], gateway_id=str(98_000_000_000 + number))
    WebhookEvent.objects.bulk_create(
        WebhookEvent(
            connection=connection,
            topic="payment",
            kind="payment",
            gateway_id=str(98_000_000_000 + number),
            dedupe_key=str(number),
            body=b"{}",
            state=EventState.RECEIVED,
            received_at=now,
            next_attempt_at=now,
        )
        for number in range(MANY)
    )
    return connection


def down(gateway: responses.RequestsMock, status: int = 503, **headers: str) -> Any:
    return gateway.get(ANYTHING, status=status, body="<html>down</html>", headers=headers)


def up(gateway: responses.RequestsMock, connection: Connection, broken: tuple[str, ...] = ()) -> None:
    of = Payment.objects.filter(connection=connection).values_list("gateway_id", "charge__reference")
    references = dict(of)

    def answer(call: Any) -> tuple[int, dict[str, str], str]:
        named = ANYTHING.match(call.url)
        assert named
        if named[1] in broken:
            return 500, {}, ""
        body = {
            "id": int(named[1]),
            "status": "pending",
            "transaction_amount": 100.0,
            "payment_method_id": "pix",
            "currency_id": "BRL",
            "collector_id": connection.account_id,
            "external_reference": references[named[1]],
            "date_last_updated": "2026-11-21T09:00:00.000-03:00",
        }
        return 200, {}, signing.json.dumps(body)

    gateway.add_callback(responses.GET, ANYTHING, callback=answer)


def test_a_gateway_that_is_away_keeps_no_other_waiting(
    client: Client, away: Connection, charge: Charge, gateway: Any, clock: Any
) -> None:
    clock.shift(1)
    notify(client, charge.connection)
    down(gateway)
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    inbox.work()
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert fetches(gateway) <= pausing.STRIKES + 1
    waiting = WebhookEvent.objects.filter(connection=away, state__in=("received", "retry"), failures=0)
    assert waiting.count() == MANY


def test_what_waits_for_a_gateway_is_not_rewritten(away: Connection, gateway: Any, clock: Any) -> None:
    clock.shift(1)
    down(gateway)
    inbox.work()
    untouched = WebhookEvent.objects.filter(state=EventState.RECEIVED, attempts=0)
    assert untouched.count() == MANY - pausing.STRIKES and fetches(gateway) == pausing.STRIKES
    with CaptureQueriesContext(
        database,
    ) as asked:
        inbox.work()
    assert len(asked) <= 5
    assert not [query for query in asked if query["sql"].startswith("UPDATE")]
    for _minute in range(60):
        clock.shift(60)
        inbox.work()
    assert untouched.count() >= MANY - 30
    assert fetches(gateway) <= 30
    assert not targets.is_anything_due() or GatewayPause.objects.get().until


@pytest.mark.weighty
@pytest.mark.parametrize("status", [pytest.param(503, marks=pytest.mark.full), 429])
def test_back_it_is_drained_within_minutes_and_in_a_ramp(
    away: Connection, gateway: Any, clock: Any, status: int
) -> None:
    clock.shift(1)
    outage = down(gateway, status, **({"Retry-After": "300"} if status == 429 else {}))
    for _second in range(0, 1800, 10):
        inbox.work()
        clock.shift(10)
    gateway.remove(outage)
    up(gateway, away)
    back_after, seconds = None, Counter()
    for second in range(600):
        before = fetches(gateway)
        inbox.work()
        seconds[second] = fetches(gateway) - before
        if seconds[second] and back_after is None:
            back_after = second
        clock.shift(1)
        if back_after is not None and second >= back_after + 10 and not targets.signed().exists():
            break
    assert back_after is not None and back_after <= 300 * 1.02
    # The probe, then one in the first second, two in the next ...
    assert [seconds[back_after + passed] for passed in range(6)] == [2, 2, 4, 8, 16, 32]
    assert not WebhookEvent.objects.exclude(state=EventState.DONE).exists()
    last = max(second for second, calls in seconds.items() if calls)
    assert last - back_after <= 300
    assert not GatewayPause.objects.exists()


def test_one_payment_that_always_fails_keeps_the_others_of_its_connection_going(
    away: Connection, gateway: Any, clock: Any
) -> None:
    clock.shift(1)
    broken = ("98000000000", "98000000001")
    up(gateway, away, broken)
    for _second in range(60):
        inbox.work()
        clock.shift(2)
    left = WebhookEvent.objects.exclude(state=EventState.DONE)
    assert {event.gateway_id for event in left} == {*broken}


def test_the_backlog_of_one_connection_hides_no_other(
    client: Client, away: Connection, charge: Charge, gateway: Any, clock: Any
) -> None:
    clock.shift(1)
    notify(client, charge.connection)
    found = targets.due_targets()
    assert charge.connection_id in [target.connection_id for target in found[:2]]
    assert len(found) == targets.BATCH


def test_hints_of_others_have_their_turn_while_a_gateway_is_away(
    client: Client, away: Connection, gateway: Any, clock: Any
) -> None:
    clock.shift(1)
    down(gateway)
    inbox.work()
    other = make_connection(gateway="mercadopago", webhook_secrets={"test": MP_SECRET})
    signing.post(client, other, {}, {}, "id=123&topic=payment")
    signing.post(client, away, {}, {}, "id=124&topic=payment")
    before = fetches(gateway)
    assert hints.work() == 1
    assert fetches(gateway) == before + 1


def test_an_event_that_arrives_during_a_pause_waits_for_its_end(
    client: Client, gateway: Any, clock: Any, away: Connection
) -> None:
    clock.shift(1)
    down(gateway)
    inbox.work()
    before = fetches(gateway)
    notify_mercadopago(client, away, "98000000119")
    inbox.work()
    assert fetches(gateway) == before
