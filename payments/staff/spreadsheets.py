"""A CSV file of charges as rows of text, whatever program wrote it. No rule about charges is here."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

MOST_ROWS = 5_000
MOST_BYTES = 2 * 1024 * 1024
_DELIMITERS = ";,\t"
# A cell that a spreadsheet would take for a formula; the apostrophe before it is taken off again when read.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
_GUARDED = re.compile(r"^'(?=\s*[=+\-@])")
_ISO_OR_BRAZILIAN = re.compile(r"^(\d{1,2})[/.](\d{1,2})[/.](\d{2}|\d{4})$")

REQUIRED = ("name", "document", "email", "amount", "description", "due_date")
# Field of the form for a new charge: its names in the first line, the first two of them for the template.
COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("nome", "name", "nome do cliente", "cliente", "customer", "customer name", "razao social"),
    "document": ("cpf ou cnpj", "document", "documento", "cpf", "cnpj", "cpf cnpj", "tax id"),
    "document_type": ("tipo de documento", "document type", "kind of document"),
    "email": ("e mail", "email", "e mail do cliente", "customer email"),
    "phone": ("telefone", "phone", "celular", "whatsapp", "fone", "mobile"),
    "amount": ("valor", "amount", "value", "valor da cobranca"),
    "description": ("descricao", "description", "referente a", "historico"),
    "due_date": ("vencimento", "due date", "data de vencimento", "due"),
    "method": ("forma de pagamento", "method", "metodo", "way of paying", "meio de pagamento"),
    "discount": ("desconto", "discount"),
    "discount_days": ("dias de desconto", "discount days"),
    "fine": ("multa", "fine"),
    "interest": ("juros", "interest", "juros ao mes"),
    "zip_code": ("cep", "postal code", "zip code", "zip"),
    "street": ("rua", "street", "logradouro", "endereco", "address"),
    "street_number": ("numero", "number", "n"),
    "district": ("bairro", "district"),
    "city": ("cidade", "city", "municipio"),
    "state": ("uf", "state", "estado"),
}
_FIELDS = {name: field for field, names in COLUMNS.items() for name in names}
_METHODS = {
    "pix": "pix",
    "boleto": "boleto",
    "boleto bancario": "boleto",
    "cartao": "card",
    "cartao de credito": "card",
    "card": "card",
    "credit card": "card",
    "a escolha do cliente": "any",
    "escolha do cliente": "any",
    "cliente escolhe": "any",
    "customer s choice": "any",
    "any": "any",
}


class NotReadable(Exception):
    """The file as a whole cannot be used; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row: the number of its first line, its cells by field; ``surplus`` where it has too many."""

    line: int
    cells: dict[str, str]
    surplus: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """What was read. ``unused`` are the columns whose names we do not know, as they are written."""

    rows: list[Row]
    unused: list[str]


def read(content: bytes) -> Table:
    """Every row that has anything in it. Raises ``NotReadable``, and nothing else, for any bytes."""
    if len(content) > MOST_BYTES:
        raise NotReadable(_("The file is larger than 2 MB: divide it into several."))
    text = _decode(content)
    lines = _lines(text, delimiter=_delimiter(text))
    first = next(lines, None)
    if first is None:
        raise NotReadable(_("The file is empty."))
    fields, unused = _head(first[1])
    rows: list[Row] = []
    for number, cells in lines:
        if not any(cells):
            continue
        if len(rows) == MOST_ROWS:
            raise NotReadable(_("The file has more than 5,000 rows: divide it into several."))
        known = {field: cell for field, cell in zip(fields, cells, strict=False) if field}
        rows.append(Row(line=number, cells=known, surplus=any(cells[len(fields) :])))
    if not rows:
        raise NotReadable(_("The file has a first line with names but no rows below it."))
    return Table(rows=rows, unused=unused)


def _decode(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 by its mark, else Latin 1 as Windows writes it."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotReadable(_("This is a workbook, not a CSV file: save it as “CSV UTF-8” and upload that."))
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in [*encodings, "latin-1"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise NotReadable(_("This is not a text file: save the spreadsheet as “CSV UTF-8” and upload that."))


def _delimiter(text: str) -> str:
    """The separator that the first line has most of, outside of quotes."""
    lines = (line for line in text.splitlines() if line.strip())
    first = re.sub(r'"[^"]*"', "", next(lines, ""))
    return max(_DELIMITERS, key=first.count)


def _lines(text: str, *, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line, its cells without spaces around them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            text = _("Line %(number)s cannot be read: look for a quotation mark that is never closed.")
            raise NotReadable(text % {"number": number}) from None
        cleaned = [_GUARDED.sub("", _printable(cell).strip()) for cell in cells]
        if cleaned:
            yield number, cleaned


def _printable(cell: str) -> str:
    """Line breaks and other signs that control something become spaces."""
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in cell)


def _head(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The field of each column, empty for one we do not know."""
    fields = [_FIELDS.get(plain(name), "") for name in names]
    unused = [name[:60] for name, field in zip(names, fields, strict=True) if name and not field]
    missing = [COLUMNS[field][0] for field in REQUIRED if field not in fields]
    if missing:
        text = _("The first line must name the columns. Missing: %(names)s. Start from the template below.")
        raise NotReadable(text % {"names": ", ".join(title(name) for name in missing)})
    if twice := next((field for field in fields if field and fields.count(field) > 1), None):
        text = _("Two columns mean the same: %(name)s. Remove or rename one of them.")
        raise NotReadable(text % {"name": title(COLUMNS[twice][0])})
    return fields, unused[:20]


_ACCENTED = {
    "descricao": "descrição",
    "numero": "número",
    "e mail": "e-mail",
    "cpf ou cnpj": "CPF ou CNPJ",
    "cep": "CEP",
    "uf": "UF",
}


def title(name: str) -> str:
    """A column's name as a person would write it."""
    return _ACCENTED.get(name, name)


def plain(name: str) -> str:
    """Small letters without accents, and single spaces for everything else."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def method_named(text: str) -> str:
    """Our word for a way of paying; an unknown one stays as it is, for the form to refuse."""
    return _METHODS.get(plain(text), text)


def iso_date(text: str) -> str:
    """Day, month and year as the form reads them in every language; anything else as it is."""
    match = _ISO_OR_BRAZILIAN.fullmatch(text)
    if not match:
        return text
    day, month, year = match.groups()
    return f"{year if len(year) == 4 else '20' + year}-{month.zfill(2)}-{day.zfill(2)}"


def write(names: Sequence[str], rows: Sequence[Sequence[str]], *, delimiter: str = ";") -> bytes:
    """A CSV file that every spreadsheet opens; what would be run as a formula gets an apostrophe."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=delimiter)
    writer.writerow(names)
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
