from __future__ import annotations

import base64
import os

import pytest
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured

from connections.checks import credentials_keys
from connections.models import Connection
from connections.sealed import CannotOpen, KeyRing
from tests.factories import make_connection


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


OLD, NEW = new_key(), new_key()
SECRET = {"api_key": "$aact_hmlg_super_secret"}


def test_opens_what_it_sealed() -> None:
    ring = KeyRing([OLD])
    assert dict(ring.open(ring.seal(SECRET, context="a"), context="a")) == SECRET


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = KeyRing([OLD]).seal(SECRET, context="a")
    ring = KeyRing([NEW, OLD])
    assert dict(ring.open(sealed, context="a")) == SECRET
    assert not ring.is_current(sealed)
    assert ring.is_current(ring.seal(SECRET, context="a"))


def test_a_dropped_key_is_a_named_error() -> None:
    sealed = KeyRing([OLD]).seal(SECRET, context="a")
    with pytest.raises(CannotOpen):
        KeyRing([NEW]).open(sealed, context="a")


def test_a_value_moved_elsewhere_does_not_open() -> None:
    ring = KeyRing([OLD])
    with pytest.raises(CannotOpen):
        ring.open(ring.seal(SECRET, context="connection:1:credentials"), context="connection:2:credentials")


@pytest.mark.parametrize("position", [0, 4, 20, 60, -1])
def test_one_changed_byte_does_not_open(position: int) -> None:
    ring = KeyRing([OLD])
    sealed = bytearray(ring.seal(SECRET, context="a"))
    sealed[position] ^= 1
    with pytest.raises(CannotOpen):
        ring.open(bytes(sealed), context="a")


@pytest.mark.parametrize(
    "key", ["short", "", "not base64 at all!", base64.urlsafe_b64encode(b"x" * 31).decode()]
)
def test_a_bad_key_stops_the_start(key: str, settings: object) -> None:
    with pytest.raises(ImproperlyConfigured):
        KeyRing([key])
    settings.CREDENTIALS_KEYS = [key]  # type: ignore[attr-defined]
    assert [message.id for message in credentials_keys()] == ["connections.E001"]


def test_secrets_do_not_print() -> None:
    ring = KeyRing([OLD])
    opened = ring.open(ring.seal(SECRET, context="a"), context="a")
    assert "super_secret" not in f"{opened!r} {opened}"


@pytest.mark.django_db
def test_rows_bind_secrets_to_row_and_column() -> None:
    one, two = make_connection(), make_connection()
    assert one.open_credentials()["api_key"].startswith("$aact_hmlg_")
    two.credentials = one.credentials
    with pytest.raises(CannotOpen):
        two.open_credentials()
    one.webhook_secrets = one.credentials
    with pytest.raises(CannotOpen):
        one.open_webhook_secrets()


@pytest.mark.django_db
def test_dumpdata_cannot_write_secrets() -> None:
    make_connection()
    with pytest.raises(TypeError):
        serializers.serialize("json", Connection.objects.all())


@pytest.mark.django_db
def test_lists_leave_secrets_in_the_database() -> None:
    make_connection()
    assert Connection.objects.without_secrets().get().get_deferred_fields() == {
        "credentials",
        "webhook_secrets",
    }
