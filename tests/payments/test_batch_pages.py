"""A file of charges on its way through the pages, before anything is made of it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import clock
from connections.models import Connection, ConnectionAccess
from payments.models import BatchState, Charge, ChargeBatch, Customer, RowState
from payments.services import batches
from payments.services.batches import ReadRow
from tests.factories import make_charge, make_connection, make_customer
from tests.pages.sample import make_people
from tests.payments.files import HEAD, create, document, file_of, line, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
ADDRESS = "/charges/import/"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_people()[1])
    return client


def page(client: Client, batch: ChargeBatch) -> str:
    answer = client.get(batch.get_absolute_url())
    assert answer.status_code == 200
    return str(answer.content.decode())


def problems(batch: ChargeBatch) -> dict[int, list[str]]:
    rows = batch.rows.filter(state=RowState.INVALID)
    return {row.line: [problem["field"] for problem in row.problems] for row in rows}


def test_preview_names_everything_wrong_with_a_row(client: Client, connection: Connection) -> None:
    bad = line(2, document="52998224724", amount="mil", due_date="01/01/2020", email="x")
    with translation.override("en"):
        batch = upload(client, connection, line(1), bad, line(3, name=""), line(4))
    assert problems(batch) == {3: ["document", "email", "amount", "due_date"], 4: ["name"]}
    shown = page(client, batch)
    assert 'data-ready="2"' in shown and 'data-invalid="2"' in shown and 'data-line="3"' in shown
    assert not Charge.objects.exists() and not Customer.objects.exists()


def test_the_rules_are_those_of_the_form(client: Client, connection: Connection) -> None:
    batch = upload(client, connection, line(1, amount="4,99"), line(2, amount="1.234,56"), method="card")
    assert problems(batch) == {2: ["amount"]}
    row = batch.rows.get(line=3)
    assert (row.asked["amount_cents"], row.asked["method"]) == (123_456, "card")
    assert row.asked["due_date"] == "2026-12-31" and row.asked["customer"]["document_type"] == "CPF"


def test_every_column_reaches_the_charge(client: Client, connection: Connection) -> None:
    head = f"{HEAD};telefone;método;desconto;dias de desconto;multa;juros;cep;rua;número;bairro;cidade;uf"
    more = "11 98765-4321;boleto;5,00;3;2;1;01310-100;Av. Paulista;1000;Bela Vista;São Paulo;SP"
    file = file_of(name="x.csv")
    file.file = io.BytesIO(f"{head}\n{line(1)};{more}".encode())
    file.size = len(file.file.getvalue())
    batch = upload(client, connection, file=file)
    row = batch.rows.get()
    assert not row.problems, row.problems
    assert row.asked["terms"] == {
        "discount_cents": 500,
        "discount_until": "2026-12-28",
        "fine_cents": 23,
        "interest_bp": 100,
    }
    assert row.asked["address"]["state"] == "SP" and row.asked["customer"]["phone"] == "11987654321"


def test_leading_zeros_a_spreadsheet_took_come_back(client: Client, connection: Connection) -> None:
    assert document(1).startswith("0")
    batch = upload(client, connection, line(1, document=document(20_000_000).lstrip("0")))
    assert batch.rows.get().asked["document"] == document(20_000_000)


def test_rows_like_others_are_marked(client: Client, connection: Connection) -> None:
    known = make_charge(
        connection, customer=make_customer(document=document(3)), amount_cents=13_50, due_date="2026-12-31"
    )
    batch = upload(client, connection, line(1), line(2), line(1), line(3))
    marked = {row.line: (row.same_as_line, row.looks_like) for row in batch.rows.all() if row.is_marked}
    assert marked == {4: (2, None), 5: (None, known)}
    assert known.reference in page(client, batch)
    assert create(client, batch).state == BatchState.PREVIEW
    assert create(client, batch, marked="skip").state == BatchState.RUNNING
    assert batch.rows.filter(state=RowState.LEFT_OUT).count() == batch.rows.filter(state="waiting").count()


def test_the_same_file_again_is_asked_about(client: Client, connection: Connection) -> None:
    create(client, upload(client, connection, line(1)))
    again = upload(client, connection, line(1))
    assert "data-same-file" in page(client, again)
    assert create(client, again).state == BatchState.PREVIEW
    assert create(client, again, marked="include").state == BatchState.PREVIEW
    assert create(client, again, again="1", marked="include").state == BatchState.RUNNING
    assert "data-same-file" not in page(client, upload(client, connection, line(1, name="Outra")))


def test_pressed_twice_it_is_asked_for_once(client: Client, connection: Connection) -> None:
    batch = create(client, upload(client, connection, line(1)))
    confirmed = batch.confirmed_at
    assert create(client, batch).confirmed_at == confirmed


def test_what_is_no_longer_valid_is_looked_at_again(
    client: Client, connection: Connection, clock: time_machine.Traveller
) -> None:
    batch = upload(client, connection, line(1, due_date="21/11/2026"), line(2))
    clock.shift(60 * 60 * 24)
    client.force_login(batch.created_by)  # a session ends at night
    assert create(client, batch).state == BatchState.PREVIEW and problems(batch) == {2: ["due_date"]}
    assert create(client, batch).state == BatchState.RUNNING


def test_rows_to_correct_come_back_as_a_file(client: Client, connection: Connection) -> None:
    batch = upload(client, connection, line(1), line(2, amount="=1+1", email="x"))
    answer = client.get(f"{batch.get_absolute_url()}not-made/")
    head, row = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    cells = dict(zip(head, row, strict=True))
    assert cells["valor"] == "'=1+1" and cells["nome"] == "Cliente 2" and cells[head[-1]]
    corrected = answer.content.replace(b"'=1+1", b"15,00").replace(b";x;", b";a@example.com;")
    file = file_of(name="again.csv")
    file.file, file.size = io.BytesIO(corrected), len(corrected)
    assert not problems(upload(client, connection, file=file))


def test_the_template_is_a_file_that_is_read(client: Client, connection: Connection) -> None:
    for language in ("pt-br", "en"):
        client.cookies["django_language"] = language
        template = client.get(f"{ADDRESS}template/").content
        names = template.decode("utf-8-sig").strip().split(";")
        cells = dict.fromkeys(names, "")
        assert len(cells) == 19
        file = file_of(name="x.csv")
        file.file = io.BytesIO(template + b"Ana" + b";" * (len(names) - 1))
        file.size = len(file.file.getvalue())
        assert not upload(client, connection, file=file).unused_columns


@pytest.mark.parametrize(
    "content",
    [b"", b"nome\nAna", b"PK\x03\x04", b"x" * (2 * 1024 * 1024 + 1)],
    ids=["empty", "headless", "workbook", "large"],
)
def test_a_file_that_is_none_is_told_in_words(client: Client, connection: Connection, content: bytes) -> None:
    file = file_of(name="x.csv")
    file.file, file.size = io.BytesIO(content), len(content)
    answer = client.post(ADDRESS, {"file": file, "connection": connection.pk, "method": "boleto"})
    assert answer.status_code == 422 and answer.context["form"].errors["file"]
    assert not ChargeBatch.objects.exists() and 'value="boleto" selected' in answer.content.decode()


@settings(
    max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tail=st.binary(max_size=300))
def test_any_bytes_are_answered(client: Client, connection: Connection, tail: bytes) -> None:
    file = file_of(name="x.csv")
    content = f"{HEAD}\n{line(1)}\n".encode() + tail
    file.file, file.size = io.BytesIO(content), len(content)
    answer = client.post(ADDRESS, {"file": file, "connection": connection.pk, "method": "pix"})
    assert answer.status_code in (302, 422)
    if answer.status_code == 302:
        assert client.get(answer["Location"]).status_code == 200


def test_another_connections_file_is_not_there(client: Client, connection: Connection) -> None:
    other = make_connection()
    batch = upload(client, other, line(1))
    ConnectionAccess.objects.create(user=batch.created_by, connection=connection)
    for path in ("", "state/", "not-made/"):
        assert client.get(f"{batch.get_absolute_url()}{path}").status_code == 404
    for path in ("create/", "stop/"):
        assert client.post(f"{batch.get_absolute_url()}{path}").status_code == 404
    form: dict[str, Any] = {"file": file_of(line(1)), "connection": other.pk, "method": "pix"}
    assert "connection" in client.post(ADDRESS, form).context["form"].errors
    assert batch.file_name not in client.get(ADDRESS).content.decode()


def test_what_was_not_read_to_its_end_is_not_there(client: Client, connection: Connection) -> None:
    batch = upload(client, connection, line(1))
    ChargeBatch.objects.update(state=BatchState.READING)
    assert client.get(batch.get_absolute_url()).status_code == 404
    assert batch.file_name not in client.get(ADDRESS).content.decode()


def test_an_account_that_is_not_ready_takes_no_file(client: Client, connection: Connection) -> None:
    batch = upload(client, connection, line(1))
    Connection.objects.update(state="refused", checked_at=clock.now())
    assert create(client, batch).state == BatchState.PREVIEW


def test_a_file_is_read_again_in_the_language_it_was_uploaded_in(
    client: Client, connection: Connection, clock: time_machine.Traveller
) -> None:
    client.cookies["django_language"] = "pt-br"
    batch = upload(
        client, connection, line(1, amount="1.234", due_date="31/12/2026"), line(2, amount="1,234")
    )
    states = list(batch.rows.values_list("state", flat=True))
    assert states == [RowState.READY, RowState.INVALID], "a dot is of thousands here"
    clock.shift(60 * 60 * 24)
    client.force_login(batch.created_by)
    client.cookies["django_language"] = "en"
    assert create(client, batch).state == BatchState.RUNNING
    assert batch.rows.get(line=2).amount_cents == 1_234_00


def test_a_file_costs_few_queries_however_long_it_is(
    client: Client, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    """Boletos of an account that wants to know where customers live, and rows that turn bad overnight."""
    picky = make_connection(gateway="mercadopago", account_id="1402558877")
    assert picky.capabilities.needs_address
    make_customer(document=document(3), zip_code="01310100")
    lines = [line(number, due_date="26/11/2026") for number in range(40)]
    with django_assert_max_num_queries(30):
        batch = upload(client, picky, *lines, method="boleto")
    assert [row.line for row in batch.rows.filter(state=RowState.READY)] == [5]
    batch = upload(client, connection, *lines)
    worse = [ReadRow(line=row.line, typed={}, problems=[{"text": "?"}]) for row in batch.rows.all()]
    with django_assert_max_num_queries(8):
        assert batches.check_again(batch, worse)
    assert set(batch.rows.values_list("state", flat=True)) == {RowState.INVALID}
