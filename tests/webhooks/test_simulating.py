"""Notifications sent by hand to our own address: really signed, over HTTP, told apart from the gateway's."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import responses
import time_machine
from django.test import Client
from django.utils import translation

from backoffice.groups import ADMINISTRATOR
from config import clock
from connections.models import Connection
from connections.services import rotation
from payments.models import Charge, MissedNotification, TimelineEntry
from tests.backoffice import people
from tests.factories import make_charge, make_connection, make_resource
from tests.simulator.support import Inbox, free_port
from tests.webhooks import events, signing
from tests.webhooks.handing import hand_on
from webhooks.models import RejectedNotification, Simulation, WebhookEvent
from webhooks.services import inbox, simulating

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.weighty,
    pytest.mark.usefixtures("quiet_broker"),
]
SECRETS = {"asaas": {"token": "Tok3nOfOurs" * 4}, "mercadopago": {"test": "test-tab-secret"}}
KEYS = {"asaas": {"api_key": "$aact_hmlg_x"}, "mercadopago": {"access_token": "TEST-x"}}
ASKED = {
    "asaas": "https://api-sandbox.asaas.com/v3/payments/pay_0000000000000000",
    "mercadopago": "https://api.mercadopago.com/v1/payments/123456",
}
TOPICS = {"asaas": "PAYMENT_RECEIVED", "mercadopago": "payment.updated"}


@pytest.fixture(autouse=True)
def own_address(live_server: Any, settings: Any) -> None:
    settings.PUBLIC_URL = live_server.url


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(people.make_person("maria", ADMINISTRATOR))
    client.cookies["django_language"] = "en"
    return client


def connected(gateway: str) -> Connection:
    return make_connection(gateway=gateway, webhook_secrets=SECRETS[gateway], credentials=KEYS[gateway])


def form_of(connection: Connection, **values: str) -> dict[str, str]:
    name = next(iter(SECRETS[connection.gateway]))
    usual = {
        "topic": TOPICS[connection.gateway],
        "gateway_id": ASKED[connection.gateway].rsplit("/", 1)[1],
        "signed_with": name,
        "address": "current",
        "submission": str(uuid.uuid4()),
    }
    return {**usual, **values}


def press(client: Client, connection: Connection, **values: str) -> tuple[Simulation, str]:
    """The simulation, and the page that tells of it."""
    address = f"/events/simulate/?connection={connection.public_id}"
    answer = client.post(address, form_of(connection, **values), follow=True)
    assert answer.status_code == 200, answer.content.decode()
    return Simulation.objects.latest("pk"), answer.content.decode()


def work() -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as gateway:
        for address in ASKED.values():
            gateway.get(address, status=404, json={"errors": [], "message": "Payment not found"})
        inbox.work()


@pytest.mark.parametrize("gateway", list(SECRETS))
def test_it_goes_the_whole_way_and_counts_as_no_sign_of_life(admin: Client, gateway: str) -> None:
    connection = connected(gateway)
    sent, page = press(admin, connection)
    event = WebhookEvent.objects.get()
    assert (sent.http_status, sent.event, event.is_simulated) == (200, event, True)
    assert 'data-status="200"' in page and 'data-state="received"' in page and "data-live-url" in page
    work()
    event.refresh_from_db()
    assert (event.state, event.reason) == ("test", "simulated")
    page = admin.get(f"/events/simulations/{sent.public_id}/").content.decode()
    assert 'data-state="test"' in page and "Sent from here" in page and "data-live-url" not in page
    connection.refresh_from_db()
    assert (connection.last_event_at, connection.webhook_state) == (None, "registered")


@pytest.mark.parametrize(
    ("gateway", "reason"), [("asaas", "wrong_token"), ("mercadopago", "signature_mismatch")]
)
def test_a_wrong_secret_is_refused_with_its_reason_and_alarms_nobody(
    admin: Client, gateway: str, reason: str
) -> None:
    sent, page = press(admin, connected(gateway), signed_with=simulating.WRONG)
    assert (sent.http_status, sent.event) == (401, None) and reason in sent.answer
    assert f'data-rejection="{reason}"' in page and 'data-step="bad"' in page
    assert not RejectedNotification.objects.exists() and not WebhookEvent.objects.exists()


@pytest.mark.parametrize("gateway", list(SECRETS))
def test_no_secret_is_kept_or_shown(admin: Client, gateway: str) -> None:
    connection = connected(gateway)
    sent, page = press(admin, connection)
    event_page = admin.get(f"/events/{WebhookEvent.objects.get().public_id}/").content.decode()
    secret = next(iter(SECRETS[gateway].values()))
    kept = str(Simulation.objects.filter(pk=sent.pk).values()[0])
    for text in (page, event_page, kept):
        assert secret not in text
    assert str(sent.mark) not in page + event_page and connection.path_token not in page


def test_a_fraud_alert_from_here_stops_no_delivery(admin: Client) -> None:
    charge = make_charge(connected("mercadopago"), status="paid")
    make_resource(charge, "123456")
    press(admin, charge.connection, topic="stop_delivery_op_wh")
    work()
    assert not TimelineEntry.objects.filter(charge=charge, code="fraud_alert").exists()
    assert Charge.objects.get().review_reason == ""


def test_it_ends_no_old_token(admin: Client) -> None:
    connection = connected("asaas")
    rotation.new_token(connection, by="maria")
    press(admin, connection)
    work()
    connection.refresh_from_db()
    names = [name for name in connection.accepted_webhook_secrets(now=clock.now()) if ".old" in name]
    sent, page = press(admin, connection, signed_with=names[0])
    assert sent.http_status == 200 and "replaced by now" in page
    later = clock.now() + timedelta(hours=1)
    assert names and set(names) <= set(connection.accepted_webhook_secrets(now=later))


@pytest.mark.parametrize("gateway", list(SECRETS))
def test_while_something_is_replaced_the_old_one_can_be_tried(admin: Client, gateway: str) -> None:
    connection = connected(gateway)
    rotation.new_address(connection)
    sent, page = press(admin, connection, address="old")
    assert (sent.http_status, sent.is_to_old_address, sent.event_id is not None) == (200, True, True)
    connection.refresh_from_db()
    assert connection.old_webhook_path[:14] in page and "address=old" in page
    Connection.objects.update(old_path_until=clock.now())
    answer = admin.post(
        f"/events/simulate/?connection={connection.public_id}", form_of(connection, address="old")
    )
    assert answer.status_code == 422 and "not taken any more" in answer.content.decode()


def test_what_was_sent_long_ago_is_forgotten(admin: Client) -> None:
    sent, _page = press(admin, connected("asaas"))
    WebhookEvent.objects.get()
    for days, left in ((89, 1), (91, 0)):
        with time_machine.travel(sent.sent_at + timedelta(days=days), tick=False):
            assert simulating.forget() == 1 - left
        assert Simulation.objects.count() == left
    assert WebhookEvent.objects.get().is_simulated


@pytest.mark.parametrize("mark", ["x", "00000000-0000-4000-8000-000000000000"])
def test_a_made_up_mark_is_counted_like_any_refusal(client: Client, mark: str) -> None:
    headers = {"asaas-access-token": "wrong", simulating.HEADER: mark}
    signing.post(client, connected("asaas"), b"{}", headers)
    assert RejectedNotification.objects.get().times == 1


def test_the_mark_of_one_that_was_answered_is_worth_nothing(admin: Client, client: Client) -> None:
    connection = connected("asaas")
    sent, _page = press(admin, connection)
    body = signing.asaas_body("PAYMENT_RECEIVED", "pay_1")
    headers = {**signing.asaas_headers(connection), simulating.HEADER: str(sent.mark)}
    signing.post(client, connection, body, headers)
    assert WebhookEvent.objects.filter(gateway_id="pay_1").get().is_simulated is False


@pytest.mark.parametrize("code", [200, 504])
def test_one_that_comes_in_after_something_else_answered_is_still_ours(
    admin: Client, client: Client, receiver: Inbox, settings: Any, code: int
) -> None:
    settings.PUBLIC_URL, receiver.answers = receiver.url, [code]
    connection = connected("asaas")
    sent, _page = press(admin, connection)
    hand_on(client, receiver.received[0])
    event = WebhookEvent.objects.get()
    assert event.is_simulated
    page = admin.get(f"/events/simulations/{sent.public_id}/").content.decode()
    assert 'data-state="received"' in page and f"/events/{event.public_id}/" in page
    work()
    connection.refresh_from_db()
    assert connection.last_event_at is None


def test_one_that_nobody_answers_in_time_is_still_ours(
    admin: Client, receiver: Inbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = receiver.url
    connection = connected("mercadopago")
    taken: list[Any] = []
    monkeypatch.setattr(receiver, "next_answer", lambda: taken.append(1) or _never())
    sent, _page = press(admin, connection, signed_with=simulating.WRONG)
    assert sent.http_status is None and taken and simulating.is_ours(connection, str(sent.mark))
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert not simulating.is_ours(connection, str(sent.mark))


def _never() -> int:
    raise ConnectionAbortedError


@pytest.mark.parametrize("code", [200, 401, 302])
def test_what_something_else_answered_is_not_taken_for_ours(
    admin: Client, receiver: Inbox, settings: Any, code: int
) -> None:
    settings.PUBLIC_URL, receiver.answers = receiver.url, [code]
    sent, page = press(admin, connected("asaas"))
    assert sent.http_status == code and 'data-outcome="other"' in page
    assert "Something else answered" in page and "status-paid" not in page


def test_while_it_is_sent_the_page_waits_for_the_answer(admin: Client) -> None:
    sent, _page = press(admin, connected("asaas"))
    unanswered = {"answered_at": None, "http_status": None, "answer": "", "event": None}
    Simulation.objects.update(**unanswered)
    WebhookEvent.objects.all().delete()
    address = f"/events/simulations/{sent.public_id}/"
    page, mark = (admin.get(address).content.decode(), admin.get(f"{address}state/").json())
    assert 'data-outcome="awaited"' in page and "data-live-url" in page and "Nothing answered" not in page
    Simulation.objects.update(sent_at=clock.now() - timedelta(minutes=2))
    page = admin.get(address).content.decode()
    assert 'data-outcome="none"' in page and "data-live-url" not in page
    assert admin.get(f"{address}state/").json() != mark


def test_what_it_finds_was_not_told_by_the_gateway(admin: Client, client: Client) -> None:
    charge = make_charge(connected("asaas"))
    resource = make_resource(charge)
    sent, _page = press(admin, charge.connection, gateway_id=resource.gateway_id)
    with responses.RequestsMock() as gateway:
        events.answer_paid(gateway, charge, resource.gateway_id)
        inbox.work()
    change = TimelineEntry.objects.get(charge=charge, kind="change", code="status")
    assert (change.data["after"], change.source) == ("paid", "check")
    missed = MissedNotification.objects.get()
    assert (missed.charge, missed.arrived_at) == (charge, None)
    assert sent.event and "data-change" in admin.get(f"/events/{sent.event.public_id}/").content.decode()
    body = signing.asaas_body("PAYMENT_RECEIVED", resource.gateway_id)
    signing.post(client, charge.connection, body, signing.asaas_headers(charge.connection))
    later = time_machine.travel(clock.now() + timedelta(minutes=1))  # it waits a moment for more to come
    with later, responses.RequestsMock() as gateway:
        events.answer_paid(gateway, charge, resource.gateway_id)
        inbox.work()
    missed.refresh_from_db()
    assert missed.arrived_at is not None


def test_the_same_press_twice_sends_one(admin: Client) -> None:
    connection, submission = connected("asaas"), str(uuid.uuid4())
    first, second = (press(admin, connection, submission=submission)[0] for _time in range(2))
    assert first == second and WebhookEvent.objects.get().repeats == 0


def test_no_answer_is_said_with_what_to_look_at(admin: Client, settings: Any) -> None:
    settings.PUBLIC_URL = f"http://127.0.0.1:{free_port()}"
    sent, page = press(admin, connected("asaas"))
    assert sent.http_status is None and "Nothing answered at" in page and "PUBLIC_URL" in page


@pytest.mark.parametrize(
    "wrong",
    [{"gateway_id": "a b"}, {"gateway_id": ""}, {"topic": "x"}, {"signed_with": "x"}, {"submission": "x"}],
)
def test_what_cannot_be_sent_is_said_and_kept(admin: Client, wrong: dict[str, str]) -> None:
    connection = connected("asaas")
    form = form_of(connection, **wrong)
    answer = admin.post(f"/events/simulate/?connection={connection.public_id}", form)
    assert answer.status_code == 422 and not Simulation.objects.exists()
    if wrong.get("gateway_id"):
        assert 'value="a b"' in answer.content.decode()


def test_only_ones_own_accounts_can_be_chosen() -> None:
    theirs, other = connected("asaas"), connected("asaas")
    client = Client()
    client.force_login(people.make_person("lia", ADMINISTRATOR, limited_to=theirs))
    answer = client.post(f"/events/simulate/?connection={other.public_id}", form_of(other))
    assert answer.status_code == 422 and not Simulation.objects.exists()
    assert other.name not in answer.content.decode()


def test_an_account_without_a_secret_says_so(admin: Client) -> None:
    connection = make_connection(gateway="mercadopago", webhook_secrets={})
    with translation.override("en"):
        page = admin.get(f"/events/simulate/?connection={connection.public_id}").content.decode()
    assert "No secret is stored" in page
    sent, _page = press(admin, connection, signed_with=simulating.WRONG)
    assert (sent.http_status, "no_secret" in sent.answer) == (401, True)
