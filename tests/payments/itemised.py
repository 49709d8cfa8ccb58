"""The form for a new charge with items and discounts, as a browser sends it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import QueryDict

from config import clock
from connections.models import Connection
from payments.amounts import Line
from payments.money import as_typed
from payments.staff.forms import ChargeForm

Row = tuple[str, str, str, str]


def rows(*items: Row) -> dict[str, str]:
    """Each item as description, quantity, price each, discount."""
    sent = {"items-TOTAL_FORMS": str(len(items)), "items-INITIAL_FORMS": "0"}
    for number, item in enumerate(items):
        for name, value in zip(("description", "quantity", "unit", "discount"), item, strict=True):
            sent[f"items-{number}-{name}"] = value
    return sent


def typed(connection: Connection, lines: Sequence[Line | Row] = (), **values: str) -> dict[str, str]:
    """A good form over 150,00, or over these items."""
    given = [line if isinstance(line, tuple) else _row(line) for line in lines]
    return {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "" if given else "150,00",
        "description": "Pedido 77",
        "due_date": (clock.today("America/Sao_Paulo") + timedelta(days=3)).isoformat(),
        **rows(*given),
        **values,
    }


def _row(line: Line) -> Row:
    unit, off = (as_typed(cents, "BRL") for cents in (line.unit_cents, line.discount_cents))
    return line.description, str(line.quantity), unit, off


def query(values: dict[str, str]) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update(values)
    return data


def read(connection: Connection, values: dict[str, str], **options: Any) -> ChargeForm:
    return ChargeForm(query(values), connections=Connection.objects.filter(pk=connection.pk), **options)
