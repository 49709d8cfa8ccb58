"""A fraud alert that names no payment: it is never sent again, so a person must look."""

from __future__ import annotations

import pytest
from django.test import Client

from backoffice.groups import ADMINISTRATOR
from connections.models import Problem
from tests.backoffice import people
from tests.webhooks import signing
from tests.webhooks.speaking import MP_SECRET, mercadopago_charge
from webhooks.models import EventState, WebhookEvent
from webhooks.services import dead_list, inbox

pytestmark = pytest.mark.django_db


def tell(client: Client, connection: object, **data: object) -> None:
    body = {"action": "Created", "data": data, "type": "stop_delivery_op_wh"}
    headers = signing.mercadopago_headers(MP_SECRET, "6100000001")
    query = "data.id=6100000001&type=stop_delivery_op_wh"
    assert signing.post(client, connection, body, headers, query).status_code == 200


def codes() -> set[str]:
    return set(Problem.objects.open().values_list("code", flat=True))


def test_waits_for_a_person_and_is_a_problem_until_then(client: Client) -> None:
    connection = mercadopago_charge().connection
    for _time in range(2):
        tell(client, connection, id="6100000001")
    inbox.work()
    dead_list.follow()
    event = WebhookEvent.objects.get()
    assert (event.state, event.reason, event.attempts) == (EventState.DEAD, "unnamed_alert", 0)
    assert codes() == {"fraud_alert_unnamed"}
    client.force_login(people.make_person("ines", ADMINISTRATOR))
    client.cookies["django_language"] = "en"
    assert "does not say behind which payment" in client.get("/").content.decode()
    assert (
        f'href="/events/?view=dead&amp;connection={connection.public_id}"' in client.get("/").content.decode()
    )
    page = client.get(f"/events/{event.public_id}/").content.decode()
    assert 'data-reason="unnamed_alert"' in page and "names no payment" in page
    said = {"note": "Asked Mercado Pago: order 77"}
    assert client.post(f"/events/{event.public_id}/ignore/", said).status_code == 302
    dead_list.follow()
    assert codes() == set()
    tell(client, connection, id="6100000001")
    event.refresh_from_db()
    assert event.state == EventState.IGNORED


def test_one_that_names_its_payment_is_none(client: Client) -> None:
    tell(client, mercadopago_charge().connection, payment_id=98000123460)
    dead_list.follow()
    assert WebhookEvent.objects.get().state == EventState.RECEIVED
    assert codes() == set()
