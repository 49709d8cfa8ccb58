"""At most half the web threads wait for gateways, administrators' pages too, and eight seconds at most."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from connections import services, waiting
from connections.forms import PASSWORD
from connections.models import Connection, ConnectionState, WebhookState
from payments.models.charges import AttemptState
from payments.services import doubt
from tests.connections.asaas_desk import ASAAS, AsaasDesk
from tests.connections.conftest import KEY
from tests.connections.conftest import PASSWORD as OWN_PASSWORD
from tests.factories import NOW, make_charge
from webhooks.services import reasserting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker", "clock")]
ADD = reverse("admin:connections_connection_add")
NEW = {"gateway": "asaas", "name": "Loja", "environment": "sandbox", "credential_api_key": KEY}
REPLACED = {"name": "Loja", "environment": "sandbox", "credential_api_key": KEY, PASSWORD: OWN_PASSWORD}


@pytest.fixture
def full_house(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Every seat is taken until the test lets go of it."""
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    seat = waiting.room.seat()
    assert seat.__enter__()
    leave = [seat]

    def free() -> None:
        while leave:
            leave.pop().__exit__(None, None, None)

    yield free
    free()


@pytest.fixture
def person(root: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(root)
    return client


def press(person: Client, connection: Connection, button: str) -> str:
    url = reverse(f"admin:connections_connection_{button}", args=[connection.pk])
    answer = person.post(url, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_new_connection_is_kept_unchecked(person: Client, desk: AsaasDesk, full_house: Any) -> None:
    answer = person.post(ADD, NEW, follow=True)
    connection = Connection.objects.get()
    assert answer.status_code == 200 and "Saved, but not checked" in answer.content.decode()
    assert (connection.state, desk.calls) == (ConnectionState.NEW, 0)
    assert connection.open_credentials()["api_key"] == KEY
    full_house()
    press(person, connection, "check")
    connection.refresh_from_db()
    assert (connection.state, connection.webhook_state) == (ConnectionState.READY, WebhookState.REGISTERED)


def test_a_key_nobody_could_check_replaces_none(
    person: Client, registered: Connection, full_house: Any
) -> None:
    url = reverse("admin:connections_connection_change", args=[registered.pk])
    answer = person.post(url, {**REPLACED, "credential_api_key": KEY.replace("a" * 9, "b" * 9)})
    assert answer.status_code == 200
    assert "the key was not replaced" in str(answer.context["adminform"].form.errors)
    registered.refresh_from_db()
    assert registered.open_credentials()["api_key"] == KEY and registered.state == ConnectionState.READY


def test_a_check_without_a_seat_changes_nothing_and_says_so(
    person: Client, registered: Connection, desk: AsaasDesk, full_house: Any
) -> None:
    known, calls = registered.checked_at, desk.calls
    assert "Try again in a moment" in press(person, registered, "check")
    registered.refresh_from_db()
    assert (registered.state, registered.checked_at, desk.calls) == (ConnectionState.READY, known, calls)


@pytest.mark.parametrize("button", ["new_token", "new_address"])
def test_a_worker_tells_the_gateway_what_no_seat_was_left_for(
    person: Client, registered: Connection, desk: AsaasDesk, full_house: Any, button: str
) -> None:
    before, writes = (registered.path_token, registered.open_webhook_secrets()["token"]), len(desk.writes)
    assert "A worker tells the gateway in a moment" in press(person, registered, button)
    assert len(desk.writes) == writes
    reasserting.reassert()
    registered.refresh_from_db()
    after = (registered.path_token, registered.open_webhook_secrets()["token"])
    assert after != before and not registered.webhook_untold
    assert desk.only_hook["authToken"] == after[1] and desk.only_hook["url"].endswith(f"/{after[0]}/")


def test_one_page_waits_eight_seconds_for_all_its_calls(
    person: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call takes three seconds: the third is given the rest, and none follows."""
    late, real = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + late[0])

    def slowly(request: Any) -> tuple[int, dict[str, str], str]:
        late[0] += 3
        return (
            200,
            {},
            '{"id": "a", "general": "APPROVED", "commercialInfo": "APPROVED", "name": "A", "data": []}',
        )

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for path in ("/myAccount/commercialInfo/", "/myAccount/status/", "/pix/addressKeys", "/webhooks"):
            mock.add_callback(responses.GET, ASAAS + path, callback=slowly)
        mock.add_callback(responses.POST, f"{ASAAS}/webhooks", callback=slowly)
        answer = person.post(ADD, NEW, follow=True)
        assert answer.status_code == 200 and len(mock.calls) == 3


def test_a_refused_key_that_was_replaced_meanwhile_is_not_held_against_the_new_one(
    registered: Connection,
) -> None:
    of_a_worker = Connection.objects.get(pk=registered.pk)
    registered.seal_credentials({"api_key": KEY + "b"}, at=registered.created_at, by="root")
    registered.save(update_fields=["credentials"])
    error = services.accounts.CredentialsRefused("no", http_status=401)
    services.note_refusal(of_a_worker, error)
    registered.refresh_from_db()
    assert registered.state == of_a_worker.state == ConnectionState.READY
    services.note_refusal(registered, error)
    assert Connection.objects.get(pk=registered.pk).state == ConnectionState.REFUSED


def test_a_check_of_a_key_that_was_replaced_meanwhile_says_nothing_of_the_new_one(
    registered: Connection, desk: AsaasDesk
) -> None:
    with responses.RequestsMock() as mock:

        def replaced(request: Any) -> tuple[int, dict[str, str], str]:
            fresh = Connection.objects.get(pk=registered.pk)
            fresh.seal_credentials({"api_key": KEY + "b"}, at=fresh.created_at, by="root")
            fresh.save(update_fields=["credentials"])
            return 401, {}, '{"errors": [{"code": "invalid_access_token", "description": "no"}]}'

        mock.add_callback(responses.GET, f"{ASAAS}/myAccount/commercialInfo/", callback=replaced)
        services.check(registered)
    assert registered.state == Connection.objects.get(pk=registered.pk).state == ConnectionState.READY
    assert registered.open_credentials()["api_key"] == KEY + "b"


def test_sending_again_without_a_seat_leaves_it_to_be_pressed_again(
    person: Client, registered: Connection, full_house: Any
) -> None:
    charge = make_charge(registered, status="confirming")
    made = {"kind": "payment", "http_method": "POST", "path": "/payments", "body": "{}", "sent_at": NOW}
    charge.creation_attempts.create(state=AttemptState.UNKNOWN, looked_up=4, **made)
    assert doubt.may_send_again(charge)
    answer = person.post(reverse("send_again", args=[charge.reference]), follow=True)
    assert answer.status_code == 200 and "Try again in a moment" in answer.content.decode()
    charge.refresh_from_db()
    assert doubt.may_send_again(charge) and not charge.timeline.filter(code="sent_again").exists()


def test_two_threads_of_a_worker_go_on_with_creations_and_the_rest_stay_free(
    registered: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third pass, begun while two wait for a gateway, ends at once."""
    make_charge(registered, status="confirming", creation_due_at=NOW)
    begun: list[int] = []

    def hangs(_charge: int) -> None:
        begun.append(len(begun))
        doubt.settle_due()

    monkeypatch.setattr(doubt, "settle", hangs)
    doubt.settle_due()
    assert begun == [0, 1]
