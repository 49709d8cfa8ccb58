"""The page on which somebody watches a file of charges being made, with and without script."""

from __future__ import annotations

import pytest
from django.test import Client

from connections.models import Connection
from payments.models import BatchRow, BatchState, ChargeBatch, RowState
from tests.factories import make_charge
from tests.pages.sample import make_people
from tests.payments.files import create, line, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock"), pytest.mark.once]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_people()[1])
    return client


@pytest.fixture
def batch(client: Client, connection: Connection) -> ChargeBatch:
    return create(client, upload(client, connection, line(1), line(2), line(3), line(4, amount="x")))


def make(batch: ChargeBatch, number: int, **values: str) -> None:
    charge = make_charge(batch.connection, amount_cents=11_50, **values)
    BatchRow.objects.filter(batch=batch, line=number).update(state=RowState.MADE, charge=charge)


def shown(client: Client, batch: ChargeBatch) -> str:
    return str(client.get(batch.get_absolute_url()).content.decode())


def mark(client: Client, batch: ChargeBatch) -> str:
    return str(client.get(f"{batch.get_absolute_url()}state/").json()["mark"])


def test_shows_how_far_it_is(client: Client, batch: ChargeBatch) -> None:
    before = mark(client, batch)
    assert f'data-mark="{before}"' in shown(client, batch)
    make(batch, 2)
    make(batch, 3, status="failed", failure="O CPF informado é inválido.")
    page = shown(client, batch)
    assert 'data-created="1" data-failed="1" data-waiting="1"' in page and mark(client, batch) != before
    assert "O CPF informado é inválido." in page and 'data-status="failed"' in page
    assert (
        "data-live-url" in page
        and "<noscript>" in page
        and '<progress class="progress" max="3" value="2"' in page
    )


def test_rests_once_nothing_moves(client: Client, batch: ChargeBatch) -> None:
    for number in (2, 3, 4):
        make(batch, number, status="confirming" if number == 4 else "pending")
    assert "data-live-url" in shown(client, batch), "one is still being confirmed"
    ChargeBatch.objects.update(state=BatchState.DONE)
    batch.rows.get(line=4).delete()
    page = shown(client, batch)
    assert "data-live-url" not in page and 'id="stop"' not in page


def test_what_has_not_begun_is_cancelled_by_a_press(client: Client, batch: ChargeBatch) -> None:
    make(batch, 2)
    assert 'id="stop"' in shown(client, batch)
    assert client.get(f"{batch.get_absolute_url()}stop/").status_code == 405
    client.post(f"{batch.get_absolute_url()}stop/")
    states = list(batch.rows.values_list("state", flat=True))
    assert states == [RowState.MADE, RowState.CANCELLED, RowState.CANCELLED, RowState.INVALID]
    batch.refresh_from_db()
    assert batch.state == BatchState.STOPPED and 'id="stop"' not in shown(client, batch)
    sheet = client.get(f"{batch.get_absolute_url()}not-made/").content.decode("utf-8-sig")
    assert len(sheet.splitlines()) == 4


def test_says_when_the_account_holds_it_up(client: Client, batch: ChargeBatch) -> None:
    assert "notice warning" not in shown(client, batch)
    Connection.objects.update(state="refused")
    assert "notice warning" in shown(client, batch)


def test_a_batch_costs_few_queries(
    client: Client, batch: ChargeBatch, django_assert_max_num_queries: object
) -> None:
    for number in (2, 3, 4):
        make(batch, number)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        shown(client, batch)
