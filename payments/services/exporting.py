"""Everything that is held about one customer, as plain values that go into a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import models

from config import clock
from payments.models import Customer
from payments.services.held import rows_of

# What names nothing of the person: our own keys, the secrets of links and forms, and who works here.
_LEFT_OUT = frozenset(
    {
        "id",
        "pay_token",
        "submission",
        "creation_token",
        "token",
        "lease_token",
        "idempotency_key",
        "mark",
        "dedupe_key",
    }
)


def export(customer: Customer) -> dict[str, Any]:
    """By table, every row with its columns; references are by the names that pages show."""
    found = {
        model.__name__: [*_rows(model, keys)]
        for model, keys in sorted(rows_of(customer).items(), key=lambda one: _rank(one[0]))
    }
    return {"exported_at": clock.now().isoformat(), **found}


def _rank(model: type[models.Model]) -> tuple[bool, str]:
    return model is not Customer, model.__name__


def _rows(model: type[models.Model], keys: set[int]) -> Iterator[dict[str, Any]]:
    fields = [field for field in model._meta.concrete_fields if _is_told(field)]
    led = [field.name for field in fields if field.is_relation]
    rows = model._base_manager.filter(pk__in=keys).order_by("pk").select_related(*led) if led else None
    for row in rows if rows is not None else model._base_manager.filter(pk__in=keys).order_by("pk"):
        yield {field.name: _plain(getattr(row, field.name)) for field in fields}


def _is_told(field: Any) -> bool:
    return field.name not in _LEFT_OUT and field.related_model is not User


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, models.Model | uuid.UUID):
        return str(value)
    return value if isinstance(value, int | bool | str | list | dict | None) else str(value)
