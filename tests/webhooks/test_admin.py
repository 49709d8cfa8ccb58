"""What an administrator sees of the inbox and of what was refused."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import make_connection
from tests.webhooks import signing
from webhooks.models import WebhookEvent
from webhooks.services import hints

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada", password="a long pass phrase"))
    client.cookies["django_language"] = "en"
    return client


def test_counts_of_hints_stand_with_the_refusals_in_words(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "MOST_WAITING", 1)
    connection = make_connection(gateway="mercadopago", webhook_secrets={"test": "test-tab-secret"})
    for query in ("id=1&topic=payment", "id=2&topic=payment", "id=3&topic=chargebacks"):
        assert signing.post(admin, connection, {}, {}, query).status_code == 200
    signing.post(admin, connection, {}, {}, "data.id=4&type=payment")
    page = admin.get("/admin/webhooks/rejectednotification/").content.decode()
    assert "too many were waiting already" in page
    assert "about nothing we follow" in page
    assert "It had no signature" in page


def test_hints_are_told_from_signed_notifications(admin: Client) -> None:
    connection = make_connection(gateway="mercadopago", webhook_secrets={"test": "test-tab-secret"})
    signing.post(admin, connection, {}, {}, "id=98000123456&topic=payment")
    page = admin.get("/admin/webhooks/webhookevent/?is_hint__exact=1").content.decode()
    assert "98000123456" in page
    event = WebhookEvent.objects.get()
    assert admin.get(f"/admin/webhooks/webhookevent/{event.pk}/change/").status_code == 200
