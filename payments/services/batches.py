"""Many charges from one file: kept row by row, confirmed by a person, made by the workers.

The rows are the queue (``payments.services.batch_making``). A row names its charge before there is one, so
whatever is done twice makes one charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.utils.translation import get_language

from config import clock
from config.wakeup import wake
from connections.models import Connection
from payments.models import BatchRow, BatchState, Charge, ChargeBatch, ChargeStatus, RowState
from payments.services import likeness

MAKE = "payments.tasks.make_batches"
KEPT_FOR = timedelta(days=30)
_PORTION = 500
_NOTHING = likeness.Like()
_IN_DOUBT = (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)


@dataclass(frozen=True, kw_only=True)
class ReadRow:
    """A line of the file: as typed, and what the rules said. ``asked`` is empty where there are problems."""

    line: int
    typed: dict[str, str]
    asked: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)


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
        language=get_language() or "",
    )
    rows = file.rows
    wishes = [(row.line, row.asked) for row in rows if row.asked]
    twins = likeness.earlier_lines(wishes)
    alike = likeness.look_alikes(connection, wishes, but=batch)
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
                    looks_like_id=alike.get(row.line, _NOTHING).charge_id,
                    looks_like_row_id=alike.get(row.line, _NOTHING).row_id,
                )
                for row in rows[start : start + _PORTION]
            )
    ChargeBatch.objects.filter(pk=batch.pk).update(state=BatchState.PREVIEW)
    batch.state = BatchState.PREVIEW
    return batch


def earlier_uploads(batch: ChargeBatch, *, user: Any) -> QuerySet[ChargeBatch]:
    """Batches of the same bytes that were confirmed before, the newest first."""
    same = ChargeBatch.objects.visible_to(user).filter(content_hash=batch.content_hash)
    return same.exclude(pk=batch.pk).exclude(confirmed_at=None).order_by("-confirmed_at")


def check_again(batch: ChargeBatch, rows: Sequence[ReadRow]) -> bool:
    """Write down what the rules say today; whether any valid row became invalid."""
    said = {row.line: row.problems for row in rows if row.problems}
    worse = [row for row in batch.rows.filter(state=RowState.READY) if row.line in said]
    for row in worse:
        row.state, row.problems, row.asked = RowState.INVALID, said[row.line], {}
    likeness.write_in_portions(batch, worse, fields=["state", "problems", "asked"])
    ChargeBatch.objects.filter(pk=batch.pk).update(checked_on=clock.today(batch.connection.time_zone))
    return bool(worse)


class Outcome(Enum):
    """What became of a press on the button that has the valid rows made."""

    BEGUN = "begun"
    NOTHING = "nothing"
    LOOK_AGAIN = "look again"


def confirm(batch: ChargeBatch, *, actor: User, leave_marked_out: bool) -> Outcome:
    """Have the valid rows made; ``NOTHING`` where that was asked for before, or nothing is valid.

    ``LOOK_AGAIN`` where rows are like something that was not asked for yet when the person looked.
    """
    seen = _asked_for_on(batch.connection)
    if likeness.mark_again(batch):
        return Outcome.LOOK_AGAIN
    with transaction.atomic():
        # Two files of one account are confirmed one after the other: the second is held against the first.
        Connection.objects.filter(pk=batch.connection_id).update(is_active=F("is_active"))
        if is_alone := _asked_for_on(batch.connection) == seen:
            is_begun = _begin(batch, actor=actor, leave_marked_out=leave_marked_out)
    if not is_alone:
        return confirm(batch, actor=actor, leave_marked_out=leave_marked_out)
    if not is_begun:
        return Outcome.NOTHING
    wake(MAKE)
    return Outcome.BEGUN


def _asked_for_on(connection: Connection) -> int:
    """How many files of an account were ever confirmed."""
    return ChargeBatch.objects.filter(connection=connection).exclude(confirmed_at=None).count()


def _begin(batch: ChargeBatch, *, actor: User, leave_marked_out: bool) -> bool:
    """Within a transaction, which it marks for undoing where nothing is left to make."""
    ready = BatchRow.objects.filter(batch=batch, state=RowState.READY)
    own = ChargeBatch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW)
    now = clock.now()
    if not own.update(state=BatchState.RUNNING, confirmed_at=now, confirmed_by=actor, due_at=now):
        return False
    if leave_marked_out:
        ready.filter(_MARKED).update(state=RowState.LEFT_OUT)
    if not ready.update(state=RowState.WAITING):
        transaction.set_rollback(True)
        return False
    return True


_MARKED = Q(same_as_line__isnull=False) | Q(looks_like__isnull=False) | Q(looks_like_row__isnull=False)


def stop(batch: ChargeBatch, *, actor: User | None) -> int:
    """Cancel what has not begun; what is being made goes on to its end. Returns how many were cancelled."""
    now = clock.now()
    with transaction.atomic():
        stopped = not_begun(BatchRow.objects.filter(batch=batch)).update(state=RowState.CANCELLED)
        if stopped:
            running = ChargeBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
            running.update(
                state=BatchState.STOPPED, stopped_at=now, stopped_by=actor, due_at=now, held_for=""
            )
    return stopped


def hold(connection: Connection, *, sentence: str) -> None:
    """Make nothing more on an account until a person has seen what its gateway said, and goes on."""
    running = ChargeBatch.objects.filter(connection=connection, state=BatchState.RUNNING)
    running.update(due_at=None, held_for=sentence)


def go_on(batch: ChargeBatch) -> bool:
    """Take up again what was held, of all files of the account; False where nothing was."""
    held = ChargeBatch.objects.filter(connection=batch.connection, state=BatchState.RUNNING, due_at=None)
    if not held.update(due_at=clock.now(), held_for=""):
        return False
    wake(MAKE)
    return True


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
