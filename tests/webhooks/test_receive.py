"""The door for notifications: what is let in, what is not, and what it costs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DatabaseError
from django.db import connection as database
from django.test import Client

from config import wakeup
from config.circuit import Circuit
from connections.gateways.base import Rejection
from connections.models import Connection
from tests.factories import make_connection
from tests.webhooks import signing
from webhooks.models import EventState, RejectedNotification, WebhookEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wake_ups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The broker has its own tests; here it is enough to know that a worker was called."""
    sent: list[str] = []
    monkeypatch.setattr("webhooks.views.wake", lambda name: sent.append(name))
    return sent


@pytest.fixture
def asaas() -> Connection:
    return make_connection()


@pytest.fixture
def mercadopago() -> Connection:
    return make_connection(
        gateway="mercadopago",
        webhook_secrets={"test": "test-tab-secret", "production": "production-tab-secret"},
    )


def test_stores_answers_200_and_wakes_a_worker(
    client: Client, asaas: Connection, wake_ups: list[str]
) -> None:
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_1")
    answer = signing.post(client, asaas, body, signing.asaas_headers(asaas))
    event = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert (event.connection, event.topic, event.gateway_id) == (asaas, "PAYMENT_RECEIVED", "pay_1")
    assert (event.state, event.dedupe_key, event.expected) == (EventState.RECEIVED, body["id"], "paid")
    assert json.loads(bytes(event.body)) == body
    assert wake_ups == ["webhooks.tasks.work"]


def test_keeps_no_secret_header(client: Client, asaas: Connection) -> None:
    headers = signing.asaas_headers(asaas)
    signing.post(client, asaas, signing.asaas_body("PAYMENT_RECEIVED", "pay_1"), headers)
    assert headers["asaas-access-token"] not in json.dumps(WebhookEvent.objects.get().headers)


def test_a_repeat_is_counted_on_the_same_row(client: Client, asaas: Connection) -> None:
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_1")
    for _time in range(20):
        assert signing.post(client, asaas, body, signing.asaas_headers(asaas)).status_code == 200
    assert WebhookEvent.objects.get().repeats == 19


@pytest.mark.parametrize("state", [EventState.DONE, EventState.DEAD])
def test_a_repeat_of_a_finished_event_wakes_it(
    client: Client, asaas: Connection, state: str, wake_ups: list[str]
) -> None:
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_1")
    signing.post(client, asaas, body, signing.asaas_headers(asaas))
    WebhookEvent.objects.update(state=state, next_attempt_at=None)
    signing.post(client, asaas, body, signing.asaas_headers(asaas))
    event = WebhookEvent.objects.get()
    assert event.state == EventState.RECEIVED and event.next_attempt_at is not None
    assert len(wake_ups) == 2


def test_costs_two_statements(
    client: Client, asaas: Connection, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    headers, body = signing.asaas_headers(asaas), signing.asaas_body("PAYMENT_RECEIVED", "pay_1")
    for _first_and_repeated in range(2):
        with django_assert_num_queries(2):  # type: ignore[operator]
            signing.post(client, asaas, body, headers)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, Rejection.MISSING_TOKEN), ({"asaas-access-token": "wrong"}, Rejection.WRONG_TOKEN)],
)
def test_refuses_with_a_reason_and_keeps_a_count(
    client: Client, asaas: Connection, headers: dict[str, str], reason: Rejection
) -> None:
    for _time in range(3):
        answer = signing.post(client, asaas, signing.asaas_body("PAYMENT_RECEIVED", "pay_1"), headers)
        assert (answer.status_code, answer.json()) == (401, {"status": reason.value})
    assert not WebhookEvent.objects.exists()
    assert RejectedNotification.objects.get(reason=reason.value).times == 3


@pytest.mark.parametrize("tab", ["test-tab-secret", "production-tab-secret"])
def test_takes_what_either_tab_signed(client: Client, mercadopago: Connection, tab: str) -> None:
    answer = signing.post(
        client,
        mercadopago,
        signing.mercadopago_body("98000123456"),
        signing.mercadopago_headers(tab, "98000123456"),
        query="cliente=loja&data.id=98000123456&source_news=webhooks&type=payment",
    )
    event = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert "cliente=loja" in event.query and event.gateway_id == "98000123456"
    assert event.is_live is True


def test_believes_the_query_not_the_body(client: Client, mercadopago: Connection) -> None:
    signing.post(
        client,
        mercadopago,
        signing.mercadopago_body("666"),
        signing.mercadopago_headers("test-tab-secret", "98000123456"),
        query="data.id=98000123456&type=payment",
    )
    assert WebhookEvent.objects.get().gateway_id == "98000123456"


def test_refuses_a_signature_over_another_id(client: Client, mercadopago: Connection) -> None:
    answer = signing.post(
        client,
        mercadopago,
        signing.mercadopago_body("1"),
        signing.mercadopago_headers("test-tab-secret", "1"),
        query="data.id=2&type=payment",
    )
    assert (answer.status_code, answer.json()["status"]) == (401, "signature_mismatch")


def test_age_is_checked_only_when_asked_for(
    client: Client, mercadopago: Connection, settings: LazySettings
) -> None:
    headers = signing.mercadopago_headers("test-tab-secret", "5", ts="1500000000")
    query = "data.id=5&type=payment"
    assert signing.post(client, mercadopago, signing.mercadopago_body("5"), headers, query).status_code == 200
    settings.SIGNATURE_TOLERANCE_SECONDS = 86_400
    answer = signing.post(client, mercadopago, signing.mercadopago_body("5"), headers, query)
    assert (answer.status_code, answer.json()["status"]) == (401, "timestamp_out_of_tolerance")


@pytest.mark.parametrize("body", [b"not json", b"", b"[]", b"null", b"\xff\xfe", b'{"event":', b"{}"])
def test_takes_a_verified_body_it_cannot_read(client: Client, asaas: Connection, body: bytes) -> None:
    answer = signing.post(client, asaas, body, signing.asaas_headers(asaas))
    event = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert (event.state, event.reason, bytes(event.body)) == (EventState.IGNORED, "unreadable", body)


def test_a_broken_body_does_not_hide_what_the_signed_query_names(
    client: Client, mercadopago: Connection
) -> None:
    headers = signing.mercadopago_headers("test-tab-secret", "98000123456")
    answer = signing.post(client, mercadopago, b"{cut", headers, "data.id=98000123456&type=payment")
    event = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert (event.state, event.gateway_id) == (EventState.RECEIVED, "98000123456")


def test_takes_two_megabytes_and_stores_one(client: Client, asaas: Connection) -> None:
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_big", description="x" * 2_000_000)
    answer = signing.post(client, asaas, body, signing.asaas_headers(asaas))
    event = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert event.is_truncated and len(event.body) == 1024 * 1024
    assert (event.state, event.gateway_id) == (EventState.RECEIVED, "pay_big")


@pytest.mark.parametrize("each", [-9e12, 9e12])
def test_takes_sums_that_no_column_holds(client: Client, asaas: Connection, each: float) -> None:
    many = [{"value": each, "status": "DONE"}] * 12_000
    body = signing.asaas_body("PAYMENT_PARTIALLY_REFUNDED", "pay_1", refunds=many)
    assert signing.post(client, asaas, body, signing.asaas_headers(asaas)).status_code == 200
    assert WebhookEvent.objects.get().expected_refunded_cents in (0, 10**15)


def test_takes_notifications_of_a_disabled_connection(client: Client, asaas: Connection) -> None:
    Connection.objects.update(is_active=False)
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_1")
    assert signing.post(client, asaas, body, signing.asaas_headers(asaas)).status_code == 200


@pytest.mark.parametrize("topic", ["PAYMENT_CHECKOUT_VIEWED", "INVOICE_CREATED", "BRAND_NEW_TOPIC"])
def test_takes_topics_that_change_nothing(
    client: Client, asaas: Connection, topic: str, wake_ups: list[str]
) -> None:
    body = signing.asaas_body(topic, "pay_1")
    assert signing.post(client, asaas, body, signing.asaas_headers(asaas)).status_code == 200
    assert WebhookEvent.objects.get().state == EventState.IGNORED
    assert wake_ups == []


def test_knows_no_other_address(client: Client, asaas: Connection) -> None:
    answer = client.post(
        "/webhooks/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/", data=b"{}", content_type="application/json"
    )
    assert (answer.status_code, answer.json()) == (404, {"status": "unknown_address"})


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "patch", "options"])
def test_takes_only_post(client: Client, asaas: Connection, method: str) -> None:
    answer = getattr(client, method)(f"/webhooks/{asaas.path_token}/")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


def test_minds_neither_host_nor_slash_nor_scheme(
    client: Client, asaas: Connection, settings: LazySettings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    headers = {**signing.asaas_headers(asaas), "Host": "10.1.2.3:9999", "Origin": "https://elsewhere.example"}
    body = json.dumps(signing.asaas_body("PAYMENT_RECEIVED", "pay_1"))
    path = f"/webhooks/{asaas.path_token}"
    answer = client.post(path, data=body, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer and WebhookEvent.objects.count() == 1


def test_a_key_that_does_not_fit_is_503(client: Client, asaas: Connection, settings: LazySettings) -> None:
    headers = signing.asaas_headers(asaas)
    settings.CREDENTIALS_KEYS = ["A" * 43 + "="]
    answer = signing.post(client, asaas, signing.asaas_body("PAYMENT_RECEIVED", "pay_1"), headers)
    assert (answer.status_code, answer.json()["status"]) == (503, "secret_does_not_open")


def test_no_secret_at_all_refuses(client: Client) -> None:
    connection = make_connection(gateway="mercadopago", webhook_secrets={"test": "", "production": ""})
    headers = signing.mercadopago_headers("", "5")
    answer = signing.post(
        client, connection, signing.mercadopago_body("5"), headers, "data.id=5&type=payment"
    )
    assert (answer.status_code, answer.json()["status"]) == (401, "no_secret")


def test_waits_five_seconds_for_a_locked_file_and_other_requests_longer(
    client: Client, asaas: Connection
) -> None:
    """SQLite alone locks the whole file: elsewhere there is nothing to set, and nothing is."""
    patience: list[int | None] = []

    def note(execute: Any, *args: Any) -> Any:
        patience.append(busy_timeout())
        return execute(*args)

    before = busy_timeout()
    with database.execute_wrapper(note):
        signing.post(
            client, asaas, signing.asaas_body("PAYMENT_RECEIVED", "pay_1"), signing.asaas_headers(asaas)
        )
        signing.post(client, asaas, signing.asaas_body("PAYMENT_RECEIVED", "pay_1"), {})
    assert patience == [5_000 if before else None] * 4
    assert busy_timeout() == before


def busy_timeout() -> int | None:
    """Milliseconds a statement waits for the lock of the file; None where no file is locked."""
    if database.vendor != "sqlite":
        return None
    return int(database.connection.execute("PRAGMA busy_timeout").fetchone()[0])


def test_a_forged_one_is_refused_even_where_it_cannot_be_counted(
    client: Client, asaas: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise DatabaseError("database is locked")

    monkeypatch.setattr("webhooks.services.recording.count", fail)
    assert signing.post(client, asaas, signing.asaas_body("PAYMENT_RECEIVED", "pay_1"), {}).status_code == 401


def test_circuit_stays_open_after_a_refused_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def refuse(*_args: object, **_kwargs: object) -> None:
        tries.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(wakeup.app, "send_task", refuse)
    monkeypatch.setattr(wakeup, "circuit", Circuit(seconds=60))
    assert [wakeup.wake("webhooks.tasks.work") for _time in range(5)] == [False] * 5
    assert len(tries) == 1
