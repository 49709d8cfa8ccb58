"""Master keys: sealed again row by row while old and new processes run side by side."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.test import Client

from connections import services
from connections.models import Connection
from connections.sealed import CannotOpen, KeyRing
from connections.services import resealing
from tests.connections.test_sealed import new_key
from tests.factories import NOW, make_connection
from tests.webhooks import signing
from webhooks.models import WebhookEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker")]
OLD, NEW = new_key(), new_key()


@pytest.fixture
def connections(settings: LazySettings) -> list[Connection]:
    """Sealed with the old key; the new one is first in this process."""
    settings.CREDENTIALS_KEYS = [OLD]
    made = [make_connection() for _time in range(3)]
    settings.CREDENTIALS_KEYS = [NEW, OLD]
    return made


def run(*options: str) -> tuple[dict[str, Any], int]:
    """What the command reports as JSON, and its exit status."""
    out = StringIO()
    try:
        call_command("rotate_keys", "--json", *options, stdout=out)
    except SystemExit as err:
        return json.loads(out.getvalue()), int(err.code or 0)
    return json.loads(out.getvalue()), 0


def test_check_only_counts(connections: list[Connection]) -> None:
    before = list(Connection.objects.order_by("pk").values_list("credentials", "webhook_secrets"))
    report, status = run("--check")
    assert (report["values"], report["left"], report["resealed"], status) == (6, 6, 0, 1)
    assert list(Connection.objects.order_by("pk").values_list("credentials", "webhook_secrets")) == before


def test_seals_again_and_says_when_the_old_key_may_go(
    connections: list[Connection], settings: LazySettings
) -> None:
    keys = [connection.open_credentials()["api_key"] for connection in connections]
    report, status = run()
    assert (report["resealed"], report["left"], status) == (6, 0, 0)
    assert run("--check")[1] == 0 and run()[0]["resealed"] == 0
    settings.CREDENTIALS_KEYS = [NEW]
    rows = Connection.objects.order_by("pk")
    assert [row.open_credentials()["api_key"] for row in rows] == keys
    assert all(row.open_webhook_secrets()["token"] for row in rows)


def test_words_for_people(connections: list[Connection]) -> None:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    assert "6" in out.getvalue() and len(out.getvalue().splitlines()) == 2


def test_what_no_key_opens_is_named_and_left(connections: list[Connection], settings: LazySettings) -> None:
    settings.CREDENTIALS_KEYS = [new_key()]
    lost = make_connection(name="Lost")
    settings.CREDENTIALS_KEYS = [NEW, OLD]
    report, status = run()
    assert (report["resealed"], report["left"], status) == (6, 2, 1)
    assert sorted(report["unreadable"]) == ["Lost: credentials", "Lost: webhook_secrets"]
    lost.refresh_from_db()
    with pytest.raises(CannotOpen):
        lost.open_credentials()


def test_an_old_process_opens_what_the_new_one_sealed(
    connections: list[Connection], settings: LazySettings
) -> None:
    run()
    row = Connection.objects.first()
    assert row is not None
    settings.CREDENTIALS_KEYS = [OLD, NEW]
    assert row.open_credentials()["api_key"]
    settings.CREDENTIALS_KEYS = [OLD]
    with pytest.raises(CannotOpen):
        row.open_credentials()


def test_a_value_stored_meanwhile_is_never_overwritten(
    connections: list[Connection], settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Connection.objects.get(pk=connections[0].pk)
    reseal = Connection.reseal

    def meanwhile(row: Connection, column: str) -> bytes | None:
        monkeypatch.setattr(Connection, "reseal", reseal)
        settings.CREDENTIALS_KEYS = [OLD, NEW]  # an old process stores a replaced key
        first.seal_credentials({"api_key": "replaced"}, at=NOW, by="other")
        first.save(update_fields=["credentials"])
        settings.CREDENTIALS_KEYS = [NEW, OLD]
        return reseal(row, column)

    monkeypatch.setattr(Connection, "reseal", meanwhile)
    report, status = run()
    assert (report["changed_meanwhile"], report["left"], status) == (1, 0, 0)
    first.refresh_from_db()
    assert first.open_credentials()["api_key"] == "replaced"


@pytest.mark.weighty
@pytest.mark.parametrize("many", [200, pytest.param(1000, marks=pytest.mark.full)])
def test_a_rolling_restart_under_traffic(settings: LazySettings, client: Client, many: int) -> None:
    """Each step of docs/operations.md while processes of the step before still answer and still write."""
    ring = settings.CREDENTIALS_KEYS = [OLD]  # changed in place: the fixture stacks every new value
    connection = make_connection()
    token = connection.open_webhook_secrets()["token"]
    steps = [([OLD], [OLD, NEW]), ([OLD, NEW], [NEW, OLD]), ([NEW, OLD], [NEW, OLD]), ([NEW, OLD], [NEW])]
    answers = []
    for number in range(many):
        older, newer = steps[number * len(steps) // many]
        ring[:] = older if number % 2 else newer
        if number * 100 in (40 * many, 60 * many, 74 * many):
            _write_and_rotate(ring, connection, older, newer)
        body = signing.asaas_body("PAYMENT_RECEIVED", f"pay_{number}")
        answers.append(signing.post(client, connection, body, {"asaas-access-token": token}).status_code)
    assert answers == [200] * many and WebhookEvent.objects.count() == many
    assert run("--check")[1] == 0


def _write_and_rotate(ring: list[str], connection: Connection, older: list[str], newer: list[str]) -> None:
    """An old process stores a secret, a new one seals again, the old one stores another."""
    for keys in (older, newer, older):
        ring[:] = keys
        services.replace_secrets(connection, {"token.spare": new_key()}, by="root")
        if keys is newer:
            resealing.reseal()
    ring[:] = newer


def test_two_rings_agree_on_what_is_current() -> None:
    sealed = KeyRing([NEW, OLD]).seal({"a": "b"}, context="c")
    assert KeyRing([NEW, OLD]).is_current(sealed) and not KeyRing([OLD, NEW]).is_current(sealed)
    assert dict(KeyRing([OLD, NEW]).open(sealed, context="c")) == {"a": "b"}
