"""What needs the password again: replacing a key, seeing a generated token. And who may do neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from connections import services
from connections.models import Connection
from tests.connections.asaas_desk import AsaasDesk
from tests.connections.conftest import KEY, PASSWORD

pytestmark = pytest.mark.django_db
NEW_KEY = "$aact_hmlg_" + "b" * 100
ACTIONS = ("new_token", "new_address", "drop_old_secrets", "drop_old_address", "reveal_token", "confirm")


def url(name: str, connection: Connection) -> str:
    return reverse(f"admin:connections_connection_{name}", args=[connection.pk])


def replace_key(person: Client, connection: Connection, password: str = "", key: str = NEW_KEY) -> Any:
    boxes = {"name": "Loja", "environment": "sandbox", "credential_api_key": key}
    return person.post(url("change", connection), {**boxes, "current_password": password})


def key_of(connection: Connection) -> str:
    return Connection.objects.get(pk=connection.pk).open_credentials()["api_key"]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_key_is_not_replaced_without_the_password(
    person: Client, registered: Connection, desk: AsaasDesk, password: str
) -> None:
    before = desk.calls
    answer = replace_key(person, registered, password)
    assert answer.status_code == 200
    assert "current_password" in answer.context["adminform"].form.errors
    assert key_of(registered) == KEY and desk.calls == before


def test_the_password_counts_for_15_minutes(
    person: Client, registered: Connection, clock: time_machine.Traveller
) -> None:
    assert replace_key(person, registered, PASSWORD).status_code == 302
    assert key_of(registered) == NEW_KEY
    clock.shift(timedelta(minutes=14))
    assert "current_password" not in person.get(url("change", registered)).content.decode()
    assert replace_key(person, registered, key=KEY).status_code == 302
    clock.shift(timedelta(minutes=1, seconds=1))
    assert replace_key(person, registered).status_code == 200
    assert key_of(registered) == KEY


def test_a_replaced_key_leaves_a_line_and_shows_who_and_since(person: Client, registered: Connection) -> None:
    replace_key(person, registered, PASSWORD)
    hint = Connection.objects.get(pk=registered.pk).credential_hints["api_key"]
    page = person.get(url("change", registered)).content.decode()
    assert hint["by"] == "root" and hint["fingerprint"] in page and NEW_KEY not in page
    assert "root" in page and "21/11/2026" in page
    lines = [entry.get_change_message() for entry in LogEntry.objects.filter(object_id=registered.pk)]
    assert len(lines) == 2 and not any(PASSWORD in line or NEW_KEY in line for line in lines)


def test_a_change_of_the_name_needs_no_password(person: Client, registered: Connection) -> None:
    answer = person.post(url("change", registered), {"name": "Loja nova", "environment": "sandbox"})
    assert answer.status_code == 302


def test_saving_the_form_does_not_undo_a_new_address(
    person: Client, registered: Connection, desk: AsaasDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = services.verify_credentials

    def meanwhile(**values: Any) -> Any:
        services.new_address(Connection.objects.get(pk=registered.pk))
        services.new_token(Connection.objects.get(pk=registered.pk), by="other")
        return verify(**values)

    monkeypatch.setattr(services, "verify_credentials", meanwhile)
    assert replace_key(person, registered, PASSWORD).status_code == 302
    row = Connection.objects.get(pk=registered.pk)
    assert row.path_token != registered.path_token and row.old_path_token == registered.path_token
    assert desk.only_hook["authToken"] == row.open_webhook_secrets()["token"]
    assert desk.only_hook["url"].endswith(row.webhook_path)


def test_a_token_is_shown_once_after_the_password(person: Client, registered: Connection) -> None:
    token = registered.open_webhook_secrets()["token"]
    assert person.get(url("reveal_token", registered)).status_code == 405
    answer = person.post(url("reveal_token", registered))
    assert answer.status_code == 302 and answer["Location"] == url("confirm", registered)
    assert person.post(url("confirm", registered), {"password": "wrong"}).status_code == 200
    person.post(url("confirm", registered), {"password": PASSWORD})
    answer = person.post(url("reveal_token", registered))
    assert token in answer.content.decode() and "no-store" in answer["Cache-Control"]
    again = person.post(url("reveal_token", registered), follow=True)
    assert token not in again.content.decode()
    assert LogEntry.objects.filter(object_id=registered.pk).count() == 1


def test_a_new_token_may_be_shown_once_more(person: Client, registered: Connection) -> None:
    person.post(url("confirm", registered), {"password": PASSWORD})
    person.post(url("reveal_token", registered))
    person.post(url("new_token", registered))
    token = Connection.objects.get(pk=registered.pk).open_webhook_secrets()["token"]
    assert token in person.post(url("reveal_token", registered)).content.decode()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("permission", ["", "view_connection"])
def test_who_may_not_change_may_not_rotate(registered: Connection, action: str, permission: str) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename=permission))
    client = Client()
    client.force_login(user)
    assert client.post(url(action, registered)).status_code == 403
    assert Client().post(url(action, registered)).status_code == 302
    assert Connection.objects.get(pk=registered.pk).path_token == registered.path_token


def test_a_user_without_a_password_cannot_confirm(registered: Connection, desk: AsaasDesk) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("sso"))
    assert client.post(url("confirm", registered), {"password": ""}).status_code == 200
    assert replace_key(client, registered).status_code == 200
    assert key_of(registered) == KEY
