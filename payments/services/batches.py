"""Many charges from one file: kept row by row, confirmed by a person, made by the workers.

The rows are the queue (``payments.services.batch_making``). A row names its charge before there is one, so
whatever is done twice makes one charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Sum, When

from config import clock
from config.wakeup import wake
from connections.models import Connection
from payments.models import BatchRow, BatchState, Charge, ChargeBatch, ChargeStatus, RowState

MAKE = "payments.tasks.make_batches"
KEPT_FOR = timedelta(days=30)
_PORTION = 500
_LOOK_ALIKE = timedelta(minutes=10)
_DEAD = (ChargeStatus.FAILED, ChargeStatus.CANCELLED, ChargeStatus.EXPIRED)
_IN_DOUBT = (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)


@dataclass(frozen=True, kw_only=True)
class ReadRow:
    """A line of the file: as typed, and what the rules said. ``asked`` is empty where there are problems."""

    line: int
    typed: dict[str, str]
    asked: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)

    @property
    def likeness(self) -> tuple[Any, ...]:
        asked = self.asked
        return (asked["document"], asked["amount_cents"], asked["due_date"], asked["description"])


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """A file with its rows. ``content_hash`` is SHA-256 of its bytes, in hexadecimal digits."""

    name: str
    content_hash: str
    rows: Sequence[ReadRow]
    unused_columns: list[str]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many rows are in which state. ``failed`` and ``in_doubt`` are part of ``made``."""

    rows: int = 0
    invalid: int = 0
    ready: int = 0
    marked: int = 0
    left_out: int = 0
    waiting: int = 0
    cancelled: int = 0
    made: int = 0
    failed: int = 0
    in_doubt: int = 0
    ready_cents: int = 0
    marked_cents: int = 0
    made_cents: int = 0

    @property
    def asked_for(self) -> int:
        return self.waiting + self.cancelled + self.made

    @property
    def created(self) -> int:
        """Those the gateway holds."""
        return self.made - self.failed - self.in_doubt

    @property
    def is_over(self) -> bool:
        return not self.waiting and not self.in_doubt


def store(
    *,
    connection: Connection,
    method: str,
    actor: User,
    file: ReadFile,
) -> ChargeBatch:
    """Keep what was read of a file, in short transactions; nothing is made before ``confirm``."""
    batch = ChargeBatch.objects.create(
        connection=connection,
        method=method,
        created_by=actor,
        created_at=clock.now(),
        file_name=file.name[:120],
        content_hash=file.content_hash,
        unused_columns=file.unused_columns,
        checked_on=clock.today(connection.time_zone),
    )
    rows = file.rows
    twins, alike = _earlier_lines(rows), _look_alikes(connection, rows)
    for start in range(0, len(rows), _PORTION):
        with transaction.atomic():
            BatchRow.objects.bulk_create(
                BatchRow(
                    batch=batch,
                    line=row.line,
                    state=RowState.INVALID if row.problems else RowState.READY,
                    typed=row.typed,
                    asked=row.asked,
                    problems=row.problems,
                    amount_cents=row.asked.get("amount_cents"),
                    same_as_line=twins.get(row.line),
                    looks_like_id=alike.get(row.line),
                )
                for row in rows[start : start + _PORTION]
            )
    ChargeBatch.objects.filter(pk=batch.pk).update(state=BatchState.PREVIEW)
    batch.state = BatchState.PREVIEW
    return batch


def _earlier_lines(rows: Sequence[ReadRow]) -> dict[int, int]:
    """For each row that asks for the same as one before it: that one's line."""
    first: dict[tuple[Any, ...], int] = {}
    found: dict[int, int] = {}
    for row in rows:
        if row.asked and first.setdefault(row.likeness, row.line) != row.line:
            found[row.line] = first[row.likeness]
    return found


def _look_alikes(connection: Connection, rows: Sequence[ReadRow]) -> dict[int, int]:
    """For each row like a living charge: that charge. Same customer and amount, made just now or due then."""
    valid = [row for row in rows if row.asked]
    documents = sorted({row.asked["document"] for row in valid})
    known: dict[tuple[str, int], list[tuple[int, date, bool]]] = {}
    since = clock.now() - _LOOK_ALIKE
    for start in range(0, len(documents), _PORTION):
        part = documents[start : start + _PORTION]
        alive = Charge.objects.filter(connection=connection, customer__document__in=part)
        columns = ("pk", "customer__document", "amount_cents", "due_date", "created_at")
        for pk, document, cents, due, made_at in alive.exclude(status__in=_DEAD).values_list(*columns):
            known.setdefault((document, cents), []).append((pk, due, made_at >= since))
    found: dict[int, int] = {}
    for row in valid:
        day = date.fromisoformat(row.asked["due_date"])
        for pk, due, is_new in known.get((row.asked["document"], row.asked["amount_cents"]), ()):
            if is_new or due == day:
                found[row.line] = pk
    return found


def earlier_uploads(batch: ChargeBatch, *, user: Any) -> QuerySet[ChargeBatch]:
    """Batches of the same bytes that were confirmed before, the newest first."""
    same = ChargeBatch.objects.visible_to(user).filter(content_hash=batch.content_hash)
    return same.exclude(pk=batch.pk).exclude(confirmed_at=None).order_by("-confirmed_at")


def check_again(batch: ChargeBatch, rows: Sequence[ReadRow]) -> bool:
    """Write down what the rules say today; whether any valid row became invalid."""
    is_worse = False
    for row in rows:
        if row.problems:
            own = batch.rows.filter(line=row.line, state=RowState.READY)
            is_worse |= bool(own.update(state=RowState.INVALID, problems=row.problems, asked={}))
    ChargeBatch.objects.filter(pk=batch.pk).update(checked_on=clock.today(batch.connection.time_zone))
    return is_worse


def confirm(batch: ChargeBatch, *, leave_marked_out: bool) -> bool:
    """Have the valid rows made; False where that was asked for before, or nothing is valid."""
    with transaction.atomic():
        ready = BatchRow.objects.filter(batch=batch, state=RowState.READY)
        own = ChargeBatch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW)
        now = clock.now()
        if not own.update(state=BatchState.RUNNING, confirmed_at=now, due_at=now):
            return False
        if leave_marked_out:
            ready.filter(_MARKED).update(state=RowState.LEFT_OUT)
        if not ready.update(state=RowState.WAITING):
            transaction.set_rollback(True)
            return False
    wake(MAKE)
    return True


_MARKED = Q(same_as_line__isnull=False) | Q(looks_like__isnull=False)


def stop(batch: ChargeBatch) -> int:
    """Cancel what has not begun; what is being made goes on to its end. Returns how many were cancelled."""
    with transaction.atomic():
        stopped = not_begun(BatchRow.objects.filter(batch=batch)).update(state=RowState.CANCELLED)
        if stopped:
            running = ChargeBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
            running.update(state=BatchState.STOPPED, due_at=clock.now())
    return stopped


def not_begun(rows: QuerySet[BatchRow]) -> QuerySet[BatchRow]:
    """Those that wait, with nobody at them, and whose charge no worker stored before it died."""
    free = Q(lease_until=None) | Q(lease_until__lte=clock.now())
    is_stored = Exists(Charge.objects.filter(submission=OuterRef("submission")))
    return rows.filter(free, ~is_stored, state=RowState.WAITING)


def tally(batch: ChargeBatch) -> Tally:
    """One query over the rows and their charges."""
    rows = BatchRow.objects.filter(batch=batch).order_by()
    state = {state.value: Count("pk", filter=Q(state=state)) for state in RowState}
    ready, made = Q(state=RowState.READY), Q(state=RowState.MADE)
    in_doubt, failed = Q(charge__status__in=_IN_DOUBT), Q(charge__status=ChargeStatus.FAILED)
    found = rows.aggregate(
        **state,
        rows=Count("pk"),
        marked=Count("pk", filter=ready & _MARKED),
        failed=Count("pk", filter=made & failed),
        in_doubt=Count("pk", filter=made & in_doubt),
        ready_cents=Sum("amount_cents", filter=ready, default=0),
        marked_cents=Sum("amount_cents", filter=ready & _MARKED, default=0),
        made_cents=Sum("amount_cents", filter=made & ~in_doubt & ~failed, default=0),
    )
    return Tally(**found)


def results(batch: ChargeBatch) -> QuerySet[BatchRow]:
    """Rows with a charge, what was refused first."""
    made = BatchRow.objects.filter(batch=batch, state=RowState.MADE).select_related("charge__customer")
    is_refused = When(charge__status=ChargeStatus.FAILED, then=0)
    return made.order_by(Case(is_refused, default=1), "line")


def not_made(batch: ChargeBatch) -> QuerySet[BatchRow]:
    """Rows a person may correct and upload again: invalid, refused by the gateway, cancelled or left out."""
    is_over = Q(state__in=(RowState.INVALID, RowState.CANCELLED, RowState.LEFT_OUT))
    is_refused = Q(state=RowState.MADE, charge__status=ChargeStatus.FAILED)
    rows = BatchRow.objects.filter(is_over | is_refused, batch=batch).exclude(typed={})
    return rows.select_related("charge").order_by("line")
