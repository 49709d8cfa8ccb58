"""Rows of a file that ask for what was asked for already: by an earlier line, a charge, another file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q

from config import clock
from connections.models import Connection
from payments.models import BatchRow, BatchState, Charge, ChargeBatch, ChargeStatus, RowState

_Item = TypeVar("_Item")
_PORTION = 500
_JUST_NOW = timedelta(minutes=10)
_DEAD = (ChargeStatus.FAILED, ChargeStatus.CANCELLED, ChargeStatus.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class Like:
    """The charge, or the row of another file that still waits, which asks for the same."""

    charge_id: int | None = None
    row_id: int | None = None


# Document and hundredths of the currency: who else was asked for it, due when, and whether just now.
_Known = dict[tuple[str, int], list[tuple[Like, date, bool]]]


def earlier_lines(wishes: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[int, int]:
    """For each line that asks for the same as one before it: that one."""
    first: dict[tuple[Any, ...], int] = {}
    found: dict[int, int] = {}
    for line, asked in wishes:
        same = (asked["document"], asked["amount_cents"], asked["due_date"], asked["description"])
        if first.setdefault(same, line) != line:
            found[line] = first[same]
    return found


def look_alikes(
    connection: Connection, wishes: Sequence[tuple[int, Mapping[str, Any]]], *, but: ChargeBatch
) -> dict[int, Like]:
    """For each line the newest that is like it. Same customer and amount, asked for just now or due then."""
    known: _Known = {}
    # Rows first: one that becomes a charge meanwhile is found as that.
    _add_waiting(known, connection, but=but)
    _add_charges(known, connection, wishes)
    found: dict[int, Like] = {}
    for line, asked in wishes:
        day = date.fromisoformat(asked["due_date"])
        for like, due, is_new in known.get((asked["document"], asked["amount_cents"]), ()):
            if is_new or due == day:
                found[line] = like
    return found


def _add_waiting(known: _Known, connection: Connection, *, but: ChargeBatch) -> None:
    """Rows that other files of the account have asked the workers for."""
    since = clock.now() - _JUST_NOW
    waiting = BatchRow.objects.filter(batch__connection=connection, state=RowState.WAITING)
    others = waiting.exclude(batch=but).order_by("pk").exclude(asked={})
    columns = ("pk", "asked", "batch__confirmed_at")
    for pk, asked, asked_at in others.values_list(*columns).iterator(chunk_size=_PORTION):
        like = Like(row_id=pk)
        due = date.fromisoformat(asked["due_date"])
        is_new = asked_at is not None and asked_at >= since
        known.setdefault((asked["document"], asked["amount_cents"]), []).append((like, due, is_new))


def _add_charges(
    known: _Known, connection: Connection, wishes: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    since = clock.now() - _JUST_NOW
    days = {date.fromisoformat(asked["due_date"]) for _line, asked in wishes}
    documents = sorted({asked["document"] for _line, asked in wishes})
    near = Q(created_at__gte=since) | Q(due_date__in=days)
    alive = Charge.objects.filter(near, connection=connection).exclude(status__in=_DEAD).order_by("pk")
    columns = ("pk", "customer__document", "amount_cents", "due_date", "created_at")
    for part in _portions(documents):
        same = alive.filter(customer__document__in=part)
        for pk, document, cents, due, made_at in same.values_list(*columns):
            like = Like(charge_id=pk)
            known.setdefault((document, cents), []).append((like, due, made_at >= since))


def mark_again(batch: ChargeBatch) -> bool:
    """Mark the valid rows once more; whether one is like another that was not there when it was read.

    Marks are only added: what somebody looked at stays as it was.
    """
    ready = list(batch.rows.filter(state=RowState.READY))
    found = look_alikes(batch.connection, [(row.line, row.asked) for row in ready], but=batch)
    new = [row for row in ready if row.line in found and not (row.looks_like_id or row.looks_like_row_id)]
    for row in new:
        row.looks_like_id, row.looks_like_row_id = found[row.line].charge_id, found[row.line].row_id
    write_in_portions(batch, new, fields=["looks_like", "looks_like_row"])
    return bool(new)


def write_in_portions(batch: ChargeBatch, rows: Sequence[BatchRow], *, fields: list[str]) -> None:
    """Keep what was found out about rows, in short transactions, while nobody has confirmed them."""
    for part in _portions(rows):
        with transaction.atomic():
            # Held until this portion is written: who confirms the file meanwhile waits for it.
            own = ChargeBatch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW)
            if own.update(state=BatchState.PREVIEW):
                # The rows are there: five times as fast as ``bulk_update``.
                BatchRow.objects.bulk_create(
                    part, update_conflicts=True, unique_fields=["pk"], update_fields=fields
                )


def _portions(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _PORTION):
        yield items[start : start + _PORTION]
