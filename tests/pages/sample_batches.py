"""Files of charges and an import, as their pages show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from config import clock
from connections.models import Connection
from payments.models import (
    BatchRow,
    BatchState,
    Cancellation,
    CancellationItem,
    Charge,
    ChargeBatch,
    ChargeImport,
    ImportedPayment,
    LeftBehind,
    RowState,
    RunState,
)

_PROBLEMS = [
    {"field": "document", "column": "CPF ou CNPJ", "value": "111.111.111-11", "text": "Confira os números."},
    {"field": "amount", "column": "Valor", "value": "mil", "text": "Digite um valor como 150,00."},
]
_FORBIDDEN = "O endereço IP não está autorizado."


def make_batches(charges: dict[str, Charge], operator: User) -> dict[str, str]:
    """One to be confirmed, with everything a preview can say, and one half made."""
    connection = charges["paid"].connection
    preview = _make(connection, operator, BatchState.PREVIEW)
    for number in range(2, 9):
        _row(preview, number, RowState.READY, looks_like=charges["paid"] if number == 8 else None)
    _row(preview, 9, RowState.READY, same_as_line=3)
    for number in (10, 11):
        _row(preview, number, RowState.INVALID, problems=_PROBLEMS)
    running = _make(connection, operator, BatchState.RUNNING)
    for number, name in enumerate(("paid", "pending", "overdue"), start=2):
        _row(running, number, RowState.MADE, charge=charges[name])
    for number in range(5, 12):
        _row(running, number, RowState.WAITING)
    held = _make(connection, operator, BatchState.RUNNING, held_for=_FORBIDDEN)
    for number in range(2, 9):
        _row(held, number, RowState.WAITING)
    _row(preview, 12, RowState.READY, looks_like_row=held.rows.first())
    return {
        "batch-preview": preview.get_absolute_url(),
        "batch-running": running.get_absolute_url(),
        "batch-held": held.get_absolute_url(),
    }


def _make(connection: Connection, operator: User, state: BatchState, **values: str) -> ChargeBatch:
    now = clock.now()
    is_begun = state != BatchState.PREVIEW
    return ChargeBatch.objects.create(
        connection=connection,
        method="pix",
        created_by=operator,
        created_at=now,
        file_name="mensalidades-dezembro.csv",
        content_hash="0" * 64,
        unused_columns=["observações"],
        checked_on=clock.today(connection.time_zone),
        state=state,
        confirmed_at=now - timedelta(minutes=2) if is_begun else None,
        confirmed_by=operator if is_begun else None,
        **values,
    )


def _row(batch: ChargeBatch, line: int, state: RowState, **values: Any) -> BatchRow:
    name = f"Cliente Número {line}"
    asked = {"customer": {"name": name}, "due_date": "2026-12-31", "method": "pix"}
    is_valid = state != RowState.INVALID
    return BatchRow.objects.create(
        batch=batch,
        line=line,
        state=state,
        typed={"name": name},
        asked=asked if is_valid else {},
        amount_cents=12_350 * line if is_valid else None,
        **values,
    )


def make_import(charges: dict[str, Charge], admin: User) -> dict[str, str]:
    """One under way that left something behind."""
    now, connection = clock.now(), charges["paid"].connection
    run = ChargeImport.objects.create(
        connection=connection,
        asked_by=admin,
        since=now - timedelta(days=365),
        state=RunState.RUNNING,
        requested_at=now,
        listed=4,
        matched=1,
    )
    for name in ("paid", "pending"):
        ImportedPayment.objects.create(run=run, gateway_id=f"pay_{name}", charge=charges[name])
    ImportedPayment.objects.create(run=run, gateway_id="pay_left", reason=LeftBehind.GONE)
    of_account = f"/imports/of/{connection.public_id}/"
    return {"import-account": of_account, "import-run": f"/imports/{run.public_id}/"}


def make_cancellation(charges: dict[str, Charge], operator: User) -> Cancellation:
    """Many cancelled at once: under way, and two that stay as they are."""
    made = Cancellation.objects.create(asked_by=operator, asked_at=clock.now(), total=6)
    told = {
        "paid": ("refused", "money_came"),
        "confirming": ("refused", "in_doubt"),
        "cancelled": ("cancelled", ""),
        "pending": ("asked", ""),
        "overdue": ("waiting", ""),
        "checkout": ("waiting", ""),
    }
    for name, (state, obstacle) in told.items():
        CancellationItem.objects.create(
            cancellation=made, charge=charges[name], state=state, obstacle=obstacle
        )
    return made
