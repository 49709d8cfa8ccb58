"""What a gateway tells about a key is stored, answered, and brings a look at the key forward."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.test import Client

from config import clock
from connections.models import Connection, ConnectionState
from connections.services import health
from tests.factories import make_connection
from tests.webhooks import signing
from webhooks.models import EventState, WebhookEvent

pytestmark = pytest.mark.django_db
BODY = {
    "id": "evt_key&1",
    "event": "ACCESS_TOKEN_DISABLED",
    "dateCreated": "2026-11-21 09:00:00",
    "accessToken": {"id": "key-1", "name": "Loja", "enabled": False},
}


@pytest.fixture
def asaas(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)
    return make_connection()


def test_a_key_event_brings_the_look_forward_and_sets_nothing(client: Client, asaas: Connection) -> None:
    answer = signing.post(client, asaas, BODY, signing.asaas_headers(asaas))
    asaas.refresh_from_db()
    assert answer.status_code == 200
    assert asaas.health_due_at and asaas.health_due_at <= clock.now()
    assert asaas.state == ConnectionState.READY
    assert WebhookEvent.objects.get().state == EventState.IGNORED


def test_it_is_answered_200_even_when_the_look_cannot_be_planned(
    client: Client, asaas: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_values: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(health, "note_key_event", broken)
    answer = signing.post(client, asaas, BODY, signing.asaas_headers(asaas))
    assert (answer.status_code, WebhookEvent.objects.count()) == (200, 1)
