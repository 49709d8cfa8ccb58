"""What the page of one notification tells: how it was verified, what it changed, how to send it again."""

from __future__ import annotations

import json
import re
import shlex
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from backoffice.groups import ADMINISTRATOR
from connections.models import Connection
from payments.models import Charge, TimelineEntry
from tests.backoffice import people
from tests.factories import NOW, make_charge, make_connection, make_resource
from tests.webhooks import events, signing
from webhooks.models import WebhookEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker")]
SECRET = "production-tab-secret"


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(people.make_person("maria", ADMINISTRATOR))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def mercadopago() -> Connection:
    return make_connection(gateway="mercadopago", webhook_secrets={"production": SECRET})


def page_of(client: Client, event: WebhookEvent) -> str:
    return unescape(client.get(f"/events/{event.public_id}/").content.decode())


def received(connection: Connection, client: Client) -> WebhookEvent:
    """One that came in as Mercado Pago sends it."""
    signing.post(
        client,
        connection,
        signing.mercadopago_body("98000123456", payer={"email": "ana@example.com", "first_name": "Ana"}),
        signing.mercadopago_headers(SECRET, "98000123456"),
        query="data.id=98000123456&type=payment",
    )
    return WebhookEvent.objects.latest("pk")


def test_tells_how_it_was_verified(admin: Client, mercadopago: Connection) -> None:
    event = received(mercadopago, admin)
    page = page_of(admin, event)
    signature = event.headers["x-signature"]
    hash_ = signature.partition("v1=")[2]
    assert f"id:98000123456;request-id:{signing.REQUEST_ID};ts:1785600000;" in page
    assert "the secret of the production tab (" in page and "any age is taken" in page
    assert 'data-step="bad"' not in page and page.count("data-step=") == 4
    assert hash_ not in page and hash_[:8] in page
    assert str(json.loads(event.body)["id"]) in page and 'data-answered="200"' in page


def test_the_command_has_no_secret_and_nothing_of_people(admin: Client, mercadopago: Connection) -> None:
    event = received(mercadopago, admin)
    found = re.search(r"data-curl>(.*?)</pre>", page_of(admin, event), re.DOTALL)
    assert found
    words = shlex.split(found[1].replace("\\\n", " "))
    assert words[:3] == ["curl", "-X", "POST"]
    assert words[3].endswith("/webhooks/<address>/?data.id=98000123456&type=payment")
    assert "x-signature: <x-signature>" in words and f"x-request-id: {signing.REQUEST_ID}" in words
    assert json.loads(words[-1])["data"] == {"id": "98000123456"}
    for secret in (SECRET, mercadopago.path_token, "ana@example.com", '"Ana"'):
        assert secret not in found[1]


def test_the_command_names_the_token_of_asaas_only(admin: Client) -> None:
    event = events.make_event(make_connection(), body=b"it's not JSON", headers={"host": "x"})
    page = page_of(admin, event)
    assert "asaas-access-token: <asaas-access-token>" in page and "-H host" not in page
    assert "it is one of our secrets" in page


def test_tells_what_changed_meanwhile(admin: Client) -> None:
    charge = make_charge()
    resource = make_resource(charge)
    event = events.make_event(
        charge.connection,
        gateway_id=resource.gateway_id,
        finished_at=NOW + timedelta(seconds=3),
        delay=timedelta(seconds=3),
    )
    note(charge, NOW + timedelta(seconds=2), after="paid")
    note(charge, NOW - timedelta(seconds=2), after="overdue")
    note(charge, NOW + timedelta(seconds=2), after="cancelled", source="person")
    page = page_of(admin, event)
    assert page.count("data-change") == 1 and "3.0 s" in page


def note(charge: Charge, at: Any, *, after: str, source: str = "webhook") -> None:
    data = {"before": "pending", "after": after}
    TimelineEntry.objects.create(charge=charge, at=at, kind="change", code="status", source=source, data=data)


def test_what_speaks_of_customers_is_for_who_may_see_them(mercadopago: Connection) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    for name in ("view_webhookevent", "view_charge"):
        reader.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(reader)
    event = received(mercadopago, client)
    page = page_of(client, event)
    assert "data-no-content" in page and "data-body" not in page and "data-curl" not in page
    record = client.get(f"/admin/webhooks/webhookevent/{event.pk}/change/").content.decode()
    assert "first_name" not in record and "x-signature" not in record


def test_an_unsigned_one_was_never_verified(admin: Client) -> None:
    event = events.make_event(make_connection(), is_hint=True, body=b"")
    page = page_of(admin, event)
    assert "data-step" not in page and "data-curl" not in page
