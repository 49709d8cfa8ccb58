"""The workers' side of files of charges: one row after the other, each at most once, operators first.

A row is claimed by one committed UPDATE. A worker that dies leaves a lease that ends, and the row's
``submission`` leads whoever takes over to the charge that was stored already.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Coalesce

from config import clock
from connections import waiting
from connections.gateways.base import Address, Method, Terms
from connections.gateways.errors import CredentialsRefused
from connections.models import Connection
from connections.services import WEB_DEADLINE_SECONDS, patience, pausing
from payments.models import BatchRow, BatchState, Charge, ChargeBatch, ChargeStatus, RowState
from payments.services import batches, row_problems
from payments.services.batches import KEPT_FOR, stop
from payments.services.creation import LOOK_AFTER, Patience, submit
from payments.services.customers import save_customer
from payments.services.intents import NewCharge, store_intent
from payments.services.queues import in_turns

logger = logging.getLogger(__name__)

_LEASE = timedelta(seconds=60)
# A gateway that gave no answer, or an account that is not ready, is looked at again after this.
_PAUSE = timedelta(seconds=15)
# While charges whose creation is in doubt are settled by others, a batch only waits for its end.
_SETTLING = (timedelta(seconds=5), timedelta(minutes=10))
_PASS_SECONDS = 30.0
_AT_ONCE = 200
_CLEAR_EVERY = timedelta(minutes=10)
_PORTION = 500
# At most one thread of a worker makes rows: the others stay free for what somebody waits for.
_passes = waiting.WaitingRoom(1)
_cleared = {"at": datetime.min.replace(tzinfo=UTC)}
_UNDER_WAY = (BatchState.RUNNING, BatchState.STOPPED)
_IN_DOUBT = (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)


def make_due() -> int:
    """Make rows for a while, of all connections in turns; returns how many were tried."""
    left = patience(_PASS_SECONDS)
    made = 0
    with _passes.seat() as is_seated:
        if not is_seated:
            return 0
        _finish_over()
        held = _not_ready()
        for row_id, connection_id in _waiting_rows():
            if left() <= 0:
                break
            if connection_id in held | pausing.away():
                continue
            made += 1
            if not _goes_on(row_id, connection_id):
                held.add(connection_id)
                _put_off(connection_id)
        _clear_old()
        _finish_over()
    return made


def _goes_on(row_id: int, connection_id: int) -> bool:
    """Make one row; whether the account's next one may follow at once."""
    try:
        status = make(row_id)
    except Exception:
        logger.exception("a row (%s) of a file of charges could not be made", row_id)
        return False
    if status == ChargeStatus.FAILED:
        return connection_id not in _not_ready() and _is_running(row_id)
    return status not in _IN_DOUBT


def _is_running(row_id: int) -> bool:
    """Whether its file was not held because of it."""
    return BatchRow.objects.filter(pk=row_id, batch__due_at__isnull=False).exists()


def make(row_id: int) -> str:
    """Make the charge of one row, and say what became of it; nothing while somebody else is at it."""
    until = clock.now() + _LEASE
    row = _claim(row_id, until)
    if row is None:
        return ""
    charge = _store(row, until)
    if charge is None:
        return ""
    error = submit(charge, Patience(WEB_DEADLINE_SECONDS), is_background=True)
    charge.refresh_from_db(fields=["status"])
    if charge.status == ChargeStatus.FAILED and isinstance(error, CredentialsRefused):
        _hold_after(row, error)
    if charge.status not in _IN_DOUBT:
        _clear(BatchRow.objects.filter(pk=row_id))
    return charge.status


def _claim(row_id: int, until: datetime) -> BatchRow | None:
    free = Q(lease_until=None) | Q(lease_until__lte=clock.now())
    mine = BatchRow.objects.filter(free, pk=row_id, state=RowState.WAITING)
    if not mine.update(lease_until=until):
        return None
    people = ("batch__connection", "batch__confirmed_by")
    return BatchRow.objects.select_related(*people).get(pk=row_id)


def _store(row: BatchRow, until: datetime) -> Charge | None:
    """The new charge of a row we hold; None where it is not ours any more, or has something wrong.

    Raises what says something of the database rather than of the row.
    """
    mine = BatchRow.objects.filter(pk=row.pk, state=RowState.WAITING, lease_until=until)
    try:
        if problem := row_problems.of_today(row):
            _put_aside(mine, problem)
            return None
        with transaction.atomic():
            if not mine.update(state=RowState.MADE, lease_until=None):
                return None
            charge, is_new = store_intent(_new_charge(row), next_look=LOOK_AFTER[0])
            BatchRow.objects.filter(pk=row.pk).update(charge=charge)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("a row (%s) of a file of charges cannot be stored", row.pk)
        _put_aside(mine, row_problems.of_nobody_knows_what(row))
        return None
    # Stored by a worker that died, its creation is gone on with like any other.
    return charge if is_new else None


def _put_aside(mine: Any, problem: dict[str, str]) -> None:
    """For a person to correct, with the rows that were wrong from the start."""
    mine.update(state=RowState.INVALID, problems=[problem], asked={}, lease_until=None)


def _hold_after(row: BatchRow, error: CredentialsRefused) -> None:
    """The key works and yet may not do this: the next rows would fare alike, and a person must mend it."""
    connection = row.batch.connection
    if Connection.objects.usable().filter(pk=connection.pk).exists():
        batches.hold(connection, sentence=error.text or error.code)


def _new_charge(row: BatchRow) -> NewCharge:
    asked: dict[str, Any] = row.asked
    address = Address(**asked["address"]) if asked["address"] else None
    customer = save_customer(**asked["customer"], document=asked["document"], address=address)
    terms = asked["terms"]
    until = terms["discount_until"]
    return NewCharge(
        connection=row.batch.connection,
        customer=customer,
        amount_cents=asked["amount_cents"],
        description=asked["description"],
        due_date=date.fromisoformat(asked["due_date"]),
        submission=row.submission,
        method=Method(asked["method"]),
        terms=Terms(**{**terms, "discount_until": date.fromisoformat(until) if until else None}),
        actor=row.batch.confirmed_by,
    )


def _waiting_rows() -> list[tuple[int, int]]:
    """Row and connection: in the order of the file, the connections in turns.

    One that was tried before, and not brought to an end, comes after all others.
    """
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = BatchRow.objects.filter(free, state=RowState.WAITING, batch__due_at__lte=now)
    found: list[tuple[int, int]] = []
    order = (F("lease_until").asc(nulls_first=True), "batch__confirmed_at", "line")
    for (connection_id,) in due.order_by().values_list("batch__connection").distinct():
        own = due.filter(batch__connection=connection_id).order_by(*order)
        found += [(pk, connection_id) for pk in own.values_list("pk", flat=True)[:_AT_ONCE]]
    return in_turns(found)


def _not_ready() -> set[int]:
    """Accounts nobody may charge on now: a key that was refused must not cost every row its charge."""
    under_way = ChargeBatch.objects.filter(state=BatchState.RUNNING).values_list("connection_id", flat=True)
    wanted = set(under_way)
    if not wanted:
        return set()
    usable = Connection.objects.usable().filter(pk__in=wanted).values_list("pk", flat=True)
    return wanted - set(usable)


def _put_off(connection_id: int) -> None:
    """Also those that were stopped, while a row of theirs is still being made; what is held stays so."""
    under_way = ChargeBatch.objects.filter(connection=connection_id, state__in=_UNDER_WAY)
    under_way.exclude(due_at=None).update(due_at=clock.now() + _PAUSE)


def _finish_over() -> None:
    """A batch is over when nothing of it waits and the gateway's word about every charge is known."""
    now = clock.now()
    rows = BatchRow.objects.filter(batch=OuterRef("pk"))
    is_waiting = Exists(rows.filter(state=RowState.WAITING))
    due = ChargeBatch.objects.filter(state__in=_UNDER_WAY, due_at__lte=now).exclude(is_waiting)
    for batch_id in list(due.values_list("pk", flat=True)):
        made = BatchRow.objects.filter(batch=batch_id, state=RowState.MADE)
        _clear(made.exclude(charge__status__in=(*_IN_DOUBT, ChargeStatus.FAILED)))
        own = due.filter(pk=batch_id)
        doubtful = made.filter(charge__status__in=_IN_DOUBT)
        newest = doubtful.aggregate(newest=Max("charge__created_at"))["newest"]
        if newest is not None:
            own.update(due_at=now + _look_after(now - newest))
            continue
        own.filter(state=BatchState.RUNNING).update(state=BatchState.DONE, due_at=None, finished_at=now)
        own.filter(state=BatchState.STOPPED).update(due_at=None, finished_at=now)


def _look_after(age: timedelta) -> timedelta:
    """The longer a charge has been in doubt, the rarer its batch is looked at."""
    return min(max(age / 4, _SETTLING[0]), _SETTLING[1])


def _clear(rows: Any) -> None:
    """What a row held of a person is with its charge now. What the gateway refused may be corrected first."""
    rows.exclude(charge__status=ChargeStatus.FAILED).exclude(typed={}).update(typed={}, asked={})


def _clear_old() -> None:
    """A month after the last thing that happened to it, nothing of a file is kept but lines and charges.

    Rows that waited so long are cancelled first, and can be downloaded for as long again.
    """
    now = clock.now()
    if abs(now - _cleared["at"]) < _CLEAR_EVERY:
        return
    _cleared["at"] = now
    last = Coalesce("finished_at", "stopped_at", "confirmed_at", "created_at")
    old = ChargeBatch.objects.annotate(last=last).filter(last__lte=now - KEPT_FOR, is_cleared=False)
    for batch in list(old[:_PORTION]):
        if batch.state == BatchState.RUNNING and stop(batch, actor=None):
            continue
        rows = BatchRow.objects.filter(batch=batch)
        rows.filter(state=RowState.READY).update(state=RowState.LEFT_OUT)
        if not rows.filter(state=RowState.WAITING).exists():
            rows.update(typed={}, asked={}, problems=[])
            ChargeBatch.objects.filter(pk=batch.pk).update(is_cleared=True)


def is_held(batch: ChargeBatch) -> bool:
    """Whether its rows wait for the account or for its gateway."""
    is_usable = Connection.objects.usable().filter(pk=batch.connection_id).exists()
    return batch.state == BatchState.RUNNING and (not is_usable or batch.connection_id in pausing.away())
