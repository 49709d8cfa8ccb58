"""Files of charges whose rows wait to be made."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User

from payments.models import BatchRow, ChargeBatch
from payments.services import batches
from payments.services.batches import Outcome, ReadFile
from payments.staff.row_forms import check
from payments.staff.spreadsheets import Row
from tests.payments.files import document
from tests.payments.simulated import World


def read(world: World, *, rows: int = 3, key: str = "asaas", amount: str = "10,00") -> ChargeBatch:
    """A file that was read and waits to be confirmed, each row for another customer."""
    connection = world.connection(key)
    actor, _is_new = User.objects.get_or_create(username="carla")
    due = (world.today() + timedelta(days=5)).isoformat()
    lines = [
        Row(
            line=number + 2,
            cells={
                "name": f"Cliente {number}",
                "document": document(number),
                "email": "a@example.com",
                "amount": amount,
                "description": f"Pedido {number}",
                "due_date": due,
            },
        )
        for number in range(rows)
    ]
    checked = check(lines, connection=connection, method="pix")
    file = ReadFile(name="x.csv", content_hash="0" * 64, rows=checked, unused_columns=[])
    return batches.store(connection=connection, method="pix", actor=actor, file=file)


def confirmed(world: World, **values: int | str) -> ChargeBatch:
    """A file whose rows wait to be made."""
    batch = read(world, **values)  # type: ignore[arg-type]
    assert batches.confirm(batch, actor=batch.created_by, leave_marked_out=False) == Outcome.BEGUN
    return batch


def rows_of(batch: ChargeBatch) -> list[BatchRow]:
    return list(batch.rows.select_related("charge").all())


def at_gateway(world: World, batch: ChargeBatch) -> list[int]:
    """How many payments the gateway holds for each charge of the file."""
    return [len(world.books(row.charge)) for row in rows_of(batch) if row.charge]
