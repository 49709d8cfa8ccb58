"""Each attempt at a notification is told on its page: when, what it led to, why."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice.groups import ADMINISTRATOR
from payments.models import Charge
from tests.backoffice import people
from tests.factories import NOW
from tests.webhooks import signing, speaking
from tests.webhooks.speaking import URL, notify, state_at_asaas
from webhooks.models import WebhookEvent
from webhooks.services import attempts, hints, inbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker")]
REFUSAL = {"errors": [{"code": "invalid_action", "description": "Não foi possível: CPF 529.982.247-25."}]}


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(people.make_person("maria", ADMINISTRATOR))
    client.cookies["django_language"] = "en"
    return client


def tried(client: Client, event: WebhookEvent) -> tuple[list[str], str]:
    """What each is told to have led to, the newest first, and the whole page."""
    client.force_login(User.objects.get())  # the clock of a test passes the end of a session
    page = unescape(client.get(f"/events/{event.public_id}/").content.decode())
    return re.findall(r'data-try="([^"]+)"', page), page


def test_every_attempt_is_told(
    client: Client, admin: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    notify(client, charge.connection)
    answers: list[dict[str, Any]] = [
        {"status": 400, "json": REFUSAL},
        {"status": 503, "body": "<html>down</html>"},
        {"json": state_at_asaas(charge, "PENDING")},
        {"json": state_at_asaas(charge, "RECEIVED")},
    ]
    for answer in answers:
        told = gateway.get(URL, **answer)
        inbox.work()
        gateway.remove(told)
        clock.shift(timedelta(minutes=10))
    event = WebhookEvent.objects.get()
    outcomes, page = tried(admin, event)
    assert outcomes == ["done", "behind", "retry", "retry"]
    assert "refused by the gateway: 400 invalid_action" in page.lower() and "529" not in page
    assert "the gateway gave no answer: 503" in page.lower()
    assert [one["at"] for one in event.history] == [
        (NOW + timedelta(minutes=10 * place)).isoformat() for place in range(4)
    ]


def test_it_outlasts_being_asked_again_and_keeps_the_newest(
    client: Client, admin: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, status=503, body="<html>down</html>")
    notify(client, charge.connection)
    for _hour in range(attempts.MOST + 2):
        inbox.work()
        clock.shift(timedelta(hours=7))
    event = WebhookEvent.objects.get()
    assert (event.attempts, len(event.history)) == (attempts.MOST + 2, attempts.MOST)
    assert 'data-forgotten="2"' in tried(admin, event)[1]
    inbox.wake([event])
    event.refresh_from_db()
    assert (event.attempts, len(event.history)) == (0, attempts.MOST)


def test_one_answer_counts_for_all_it_was_for(
    client: Client, charge: Charge, gateway: Any, clock: Any
) -> None:
    gateway.get(URL, status=503, body="<html>down</html>")
    for _time in range(3):
        notify(client, charge.connection)
    inbox.work()
    histories = WebhookEvent.objects.values_list("history", flat=True)
    assert [[one["outcome"] for one in history] for history in histories] == [["retry"]] * 3


def test_an_unsigned_one_tells_its_attempts_too(
    client: Client, admin: Client, gateway: Any, clock: Any
) -> None:
    connection = speaking.mercadopago_charge().connection
    address = "https://api.mercadopago.com/v1/payments/5"
    signing.post(client, connection, {"resource": address, "topic": "payment"}, {}, "id=5&topic=payment")
    away = gateway.get(address, status=503, body="<html>down</html>")
    hints.work()
    gateway.remove(away)
    gateway.get(address, status=404, json={"message": "Not found"})
    clock.shift(timedelta(minutes=10))
    hints.work()
    outcomes, page = tried(admin, WebhookEvent.objects.get())
    assert outcomes == ["ignored", "retry"] and "does not know what it is about" in page
