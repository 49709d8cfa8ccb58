"""Files of charges as spreadsheets write them, and bytes that are none."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.staff import spreadsheets
from payments.staff.spreadsheets import NotReadable, read

HEAD = "nome;CPF ou CNPJ;e-mail;valor;descrição;vencimento"
ROW = "Ana Conceição;529.982.247-25;ana@example.com;1.234,56;Pedido 77;31/12/2026"
FIELDS = ["name", "document", "email", "amount", "description", "due_date"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reads_what_spreadsheets_write(encoding: str, delimiter: str, end: str) -> None:
    text = end.join([HEAD, ROW, "", ROW]).replace(";", delimiter)
    table = read(text.encode(encoding))
    assert [row.line for row in table.rows] == [2, 4] and not table.unused
    assert list(table.rows[0].cells) == FIELDS
    assert table.rows[0].cells["name"] == "Ana Conceição" and table.rows[0].cells["amount"] == "1.234,56"


def test_reads_english_names_in_any_order_and_quoted_cells() -> None:
    head = 'Due Date,Amount,"Tax ID",Name,Description,E-Mail,Shelf'
    cells = '2026-12-31,"1,234.56",1,"Lima, ""Ana""","a\nb",x@y.z,7'
    table = read(f"{head}\n{cells}".encode())
    (row,) = table.rows
    assert row.cells["name"] == 'Lima, "Ana"' and row.cells["amount"] == "1,234.56"
    assert row.cells["description"] == "a b" and table.unused == ["Shelf"]


def test_numbers_a_row_by_its_first_line() -> None:
    quoted = ROW.replace("Pedido 77", '"Pedido\n77\n"')
    table = read("\n".join([HEAD, quoted, ROW]).encode())
    assert [row.line for row in table.rows] == [2, 5]


def test_sees_cells_that_belong_to_no_column() -> None:
    table = read(f"{HEAD}\n{ROW};\n{ROW};more".encode())
    assert [row.surplus for row in table.rows] == [False, True]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        HEAD.encode(),
        b"nome;valor\nAna;10",
        f"{HEAD};cliente\n{ROW};Bia".encode(),
        b"PK\x03\x04 a workbook",
        b"\xff\xfe\x00",
        f"{HEAD}\n{ROW}\0".encode(),
        f"{HEAD}\n".encode() + f"{ROW}\n".encode() * (spreadsheets.MOST_ROWS + 1),
        b"x" * (spreadsheets.MOST_BYTES + 1),
        f'{HEAD}\n"{"x" * 140_000}'.encode(),
    ],
    ids=lambda content: content[:12].decode("ascii", "replace"),
)
def test_says_what_is_wrong_with_the_whole_file(content: bytes) -> None:
    with pytest.raises(NotReadable, match=r"\w"):
        read(content)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: f"{HEAD}\n".encode() + tail))
def test_any_bytes_are_rows_or_a_sentence(content: bytes) -> None:
    try:
        table = read(content)
    except NotReadable as err:
        assert str(err)
    else:
        assert table.rows and all("\0" not in cell for row in table.rows for cell in row.cells.values())


def _as_typed(cell: str) -> str:
    return "".join(letter for letter in cell if letter.isprintable()).strip().lstrip("'")


@given(st.lists(st.lists(st.text(max_size=12), min_size=6, max_size=6), min_size=1, max_size=5))
def test_what_is_written_reads_the_same(rows: list[list[str]]) -> None:
    """Guarded against formulas on the way out, as it was on the way in."""
    names = [spreadsheets.COLUMNS[field][0] for field in FIELDS]
    plain = [[_as_typed(cell) for cell in row] for row in rows]
    kept = [row for row in plain if any(row)]
    content = spreadsheets.write(names, plain)
    if not kept:
        return
    assert [list(row.cells.values()) for row in read(content).rows] == kept


@pytest.mark.parametrize("cell", ["=1+1", "+55 11", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_no_cell_is_run_as_a_formula(cell: str) -> None:
    text = spreadsheets.write(["nome"], [[cell]]).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1] == ["'" + cell]


@pytest.mark.parametrize(
    ("typed", "iso"),
    [
        ("31/12/2026", "2026-12-31"),
        ("1/2/2026", "2026-02-01"),
        ("05.06.26", "2026-06-05"),
        ("2026-12-31", "2026-12-31"),
        ("12/31/2026", "2026-31-12"),
        ("tomorrow", "tomorrow"),
    ],
)
def test_days_come_before_months(typed: str, iso: str) -> None:
    assert spreadsheets.iso_date(typed) == iso


@pytest.mark.parametrize(
    ("typed", "method"),
    [("PIX", "pix"), ("Cartão de crédito", "card"), ("À escolha do cliente", "any"), ("cheque", "cheque")],
)
def test_ways_of_paying_have_names(typed: str, method: str) -> None:
    assert spreadsheets.method_named(typed) == method
