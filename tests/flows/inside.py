"""What a test does inside the product's own process: many charges at once, rows to compare."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.db import connection as database

from config import clock
from connections.gateways.base import Method
from connections.models import Connection
from payments.models import Charge
from payments.services.creation import NewCharge, create_charge
from payments.services.customers import save_customer


def make_charges(names: list[str], count: int, method: str = "pix") -> list[str]:
    """References of so many charges, in turns on these connections, four at a time."""
    connections = [Connection.objects.get(name=name) for name in names]
    customer = save_customer(
        name="Maria da Silva", document_type="CPF", document="52998224725", email="maria@example.com"
    )

    def make(number: int) -> str:
        connection = connections[number % len(connections)]
        try:
            charge = create_charge(
                NewCharge(
                    connection=connection,
                    customer=customer,
                    amount_cents=10_000 + number,
                    description=f"Pedido {number}",
                    due_date=clock.today(connection.time_zone) + timedelta(days=3),
                    submission=uuid.uuid4(),
                    method=Method(method),
                )
            )
        finally:
            database.close()
        return charge.reference

    first = make(0)  # the customer is made at the gateway once
    second = make(1)
    with ThreadPoolExecutor(4) as pool:
        return [first, second, *pool.map(make, range(2, count))]


def money(references: list[str]) -> dict[str, Any]:
    """Status, review reason and cents of charges, as stored."""
    rows = Charge.objects.filter(reference__in=references).values_list(
        "reference", "status", "review_reason", "received_cents", "refunded_cents", "revision"
    )
    return {row[0]: list(row[1:]) for row in rows}
