"""Rows of a file held against the rules of the form for a new charge; there are no others."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.gateways.documents import bare
from connections.models import Connection
from payments.services.batches import ReadRow
from payments.staff.addresses import with_address
from payments.staff.forms import ChargeForm
from payments.staff.spreadsheets import Row, iso_date, method_named, plain

_SHOWN = 40
_PORTION = 500
_CPF_DIGITS, _CNPJ_DIGITS = 11, 14


class _Given(forms.Field):
    """The account chosen for the whole file: no row asks the database for it."""

    queryset: Sequence[Connection] = ()

    def clean(self, value: Any) -> Connection:
        return self.queryset[0]


class RowForm(ChargeForm):
    """The same form, for one row; ``connections`` is the one account of the file.

    ``at_home`` are the documents of the file's customers whose address is known.
    """

    connection = _Given(label=gettext_lazy("Account"))  # type: ignore[assignment]
    at_home: frozenset[str] = frozenset()

    def rebind(self, posted: dict[str, str]) -> None:
        """Hold another row against the same rules; a form for each would cost as much as the rules do."""
        self.data = posted
        self.full_clean()

    def is_address_known(self, document: str) -> bool:
        return document in self.at_home


def check(rows: Sequence[Row], *, connection: Connection, method: str) -> list[ReadRow]:
    """Each row with everything that is wrong with it, in the reader's words."""
    form = RowForm({"connection": str(connection.pk)}, connections=(connection,))
    posted = [_as_posted(row.cells, connection=connection, method=method) for row in rows]
    if connection.capabilities.needs_address:
        form.at_home = _at_home([bare(one["document"]) for one in posted if "document" in one])
    return [_check(row, form, one) for row, one in zip(rows, posted, strict=True)]


def _at_home(documents: Sequence[str]) -> frozenset[str]:
    """Those of customers whose address is known."""
    wanted, found = sorted(set(documents)), set[str]()
    for start in range(0, len(wanted), _PORTION):
        found |= set(with_address(wanted[start : start + _PORTION]))
    return frozenset(found)


def check_typed(
    rows: Sequence[tuple[int, dict[str, str]]], *, connection: Connection, method: str
) -> list[ReadRow]:
    """The same for rows that were stored: the rules of today may say something else."""
    read = [Row(line=line, cells=typed) for line, typed in rows]
    return check(read, connection=connection, method=method)


def _check(row: Row, form: RowForm, posted: dict[str, str]) -> ReadRow:
    form.rebind(posted)
    problems = [
        {
            "field": name,
            "column": str(form.fields[name].label or name),
            "value": row.cells.get(name, "")[:_SHOWN],
            "text": str(text),
        }
        for name, texts in form.errors.items()
        for text in texts
        if name in form.fields
    ]
    problems += [{"field": "", "column": "", "text": str(text)} for text in form.non_field_errors()]
    if row.surplus:
        text = _("This row has more cells than the first line: put a text with the separator in quotes.")
        problems.append({"field": "", "column": "", "text": text})
    if problems:
        return ReadRow(line=row.line, typed=row.cells, problems=problems)
    return ReadRow(line=row.line, typed=row.cells, asked=_asked(form))


def _as_posted(cells: dict[str, str], *, connection: Connection, method: str) -> dict[str, str]:
    """The cells as the form would get them from a browser."""
    posted = {name: cell for name, cell in cells.items() if cell}
    posted["method"] = method_named(posted["method"]) if "method" in posted else method
    posted["connection"] = str(connection.pk)
    posted["submission"] = str(uuid.UUID(int=0))
    if "document_type" in posted:
        code = _kind_named(posted["document_type"], connection)
        posted["document_type"] = f"{connection.country.code}-{code}"
    if "due_date" in posted:
        posted["due_date"] = iso_date(posted["due_date"])
    if "document" in posted and connection.currency == "BRL":
        posted["document"] = _with_lost_zeros(posted["document"])
    return posted


def _kind_named(text: str, connection: Connection) -> str:
    """The code of a kind of document, by code or name; an unknown one stays, for the form to refuse."""
    wanted = _letters(text)
    for kind in connection.market.documents:
        if wanted in (_letters(kind.code), _letters(kind.name), _letters(_(kind.name))):
            return kind.code
    return text


def _letters(text: str) -> str:
    return plain(text).replace(" ", "")


def _with_lost_zeros(document: str) -> str:
    """A spreadsheet takes the zeros off the front of a number; the check digits still guard it."""
    if not document.isascii() or not document.isdigit():
        return document
    whole = _CPF_DIGITS if len(document) <= _CPF_DIGITS else _CNPJ_DIGITS
    return document.zfill(whole) if whole - 3 <= len(document) else document


def _asked(form: RowForm) -> dict[str, Any]:
    """What a (valid) row asks for, ready to be kept as JSON. Amounts in hundredths of the currency."""
    typed, terms, address = form.cleaned_data, form.terms(), form.address()
    until = terms.discount_until
    return {
        "customer": {name: typed[name] for name in ("name", "country", "document_type", "email", "phone")},
        "document": typed["document"],
        "address": asdict(address) if address else None,
        "amount_cents": typed["amount"],
        "description": typed["description"],
        "due_date": typed["due_date"].isoformat(),
        "method": typed["method"],
        "terms": {**asdict(terms), "discount_until": until.isoformat() if until else None},
    }
