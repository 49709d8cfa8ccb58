"""Seal the stored secrets again with the newest master key, row by row, while everything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connections.models import Connection
from connections.sealed import CannotOpen, SealedField, key_ring

COLUMNS = tuple(column.name for column in Connection._meta.fields if isinstance(column, SealedField))

_WALKS = 3  # what a process that still seals with the old key stored meanwhile gets another chance


@dataclass
class Resealed:
    """What one walk over all sealed values found and did. ``left`` are not sealed with the newest key."""

    values: int = 0
    resealed: int = 0
    changed_meanwhile: int = 0
    left: int = 0
    unreadable: list[str] = field(default_factory=list)


def reseal() -> Resealed:
    """Seal every value again that is not on the newest key; what others change meanwhile is theirs.

    Compare-and-set on the sealed bytes: a value stored while we worked is never overwritten.
    """
    result = Resealed()
    for _walk in range(_WALKS):
        for column, connection in _outdated():
            _reseal(connection, column, result)
        counted = count()
        if counted.left == len(counted.unreadable):
            break
    result.values, result.left, result.unreadable = counted.values, counted.left, counted.unreadable
    return result


def count() -> Resealed:
    """How many values there are, how many are not on the newest key, and which no key opens."""
    result = Resealed()
    for column in COLUMNS:
        result.values += Connection.objects.filter(**{f"{column}__isnull": False}).count()
    for column, connection in _outdated():
        result.left += 1
        try:
            connection.reseal(column)
        except CannotOpen:
            result.unreadable.append(f"{connection.name}: {column}")
    return result


def _outdated() -> Iterator[tuple[str, Connection]]:
    for column in COLUMNS:
        rows = Connection.objects.filter(**{f"{column}__isnull": False}).order_by("pk")
        for connection in rows.only("public_id", "name", column):
            if not key_ring().is_current(bytes(getattr(connection, column))):
                yield column, connection


def _reseal(connection: Connection, column: str, result: Resealed) -> None:
    before = bytes(getattr(connection, column))
    try:
        sealed = connection.reseal(column)
    except CannotOpen:
        return
    same = Connection.objects.filter(**{"pk": connection.pk, column: before})
    if same.update(**{column: sealed}):
        result.resealed += 1
    else:
        result.changed_meanwhile += 1
