"""The administrators' pages for taking over what an account charged before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.groups import ADMINISTRATOR
from payments.models import ChargeImport, ImportedPayment, LeftBehind, RunState
from tests.backoffice.people import make_person
from tests.factories import NOW, make_charge, make_connection

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_person("ada", ADMINISTRATOR))
    return client


def test_an_import_begins_at_midnight_of_the_account(admin: Client) -> None:
    connection = make_connection()
    page = f"/imports/of/{connection.public_id}/"
    form = admin.get(reverse("admin:connections_connection_change", args=[connection.pk]))
    assert page in form.content.decode()
    answer = admin.post(page, {"since": "2026-01-31"})
    run = ChargeImport.objects.get()
    assert answer["Location"] == f"/imports/{run.public_id}/" and run.asked_by
    assert run.since == datetime(2026, 1, 31, 3, tzinfo=UTC) and run.state == RunState.QUEUED
    admin.post(page, {"since": "2026-02-01"})
    assert ChargeImport.objects.count() == 1, "one at a time"


@pytest.mark.parametrize("since", ["", "yesterday", "2999-01-01", "1999-01-01"])
def test_an_impossible_day_is_told_in_words(admin: Client, since: str) -> None:
    answer = admin.post(f"/imports/of/{make_connection().public_id}/", {"since": since})
    assert answer.status_code == 422 and answer.context["form"].errors["since"]
    assert not ChargeImport.objects.exists()


def test_the_page_tells_what_was_taken_and_what_was_left(admin: Client) -> None:
    connection = make_connection()
    run = ChargeImport.objects.create(
        connection=connection, since=NOW, state=RunState.RUNNING, requested_at=NOW, listed=3, matched=1
    )
    charge = make_charge(connection, status="paid")
    ImportedPayment.objects.create(run=run, gateway_id="pay_1", charge=charge)
    ImportedPayment.objects.create(run=run, gateway_id="pay_2", reason=LeftBehind.CURRENCY)
    page = f"/imports/{run.public_id}/"
    shown = admin.get(page).content.decode()
    assert 'data-taken="1"' in shown and 'data-left="1"' in shown and charge.reference in shown
    assert "pay_2" in shown and "data-live-url" in shown
    mark = admin.get(f"{page}state/").json()["mark"]
    assert f'data-mark="{mark}"' in shown
    ChargeImport.objects.update(state=RunState.DONE)
    assert admin.get(f"{page}state/").json()["mark"] != mark
    assert "data-live-url" not in admin.get(page).content.decode()
