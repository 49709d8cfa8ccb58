"""Identifiers in the shapes the gateways use (asaas.md 1.7, mercadopago.md 1.1)."""

import secrets
import string
import uuid

from django.db import connection

from simulator.models import write

_LOWER = string.ascii_lowercase + string.digits


def advance(name: str, start: int, step: int = 1) -> int:
    """The next value of a growing counter; must not go back, so it is kept in the database."""
    with write(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO simulator_counter (name, value) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET value = value + %s RETURNING value",
            [name, start + step, step],
        )
        return int(cursor.fetchone()[0])


def scattered(name: str, start: int) -> int:
    """Grows by an uneven step, as on a platform shared with strangers."""
    return advance(name, start, 1 + secrets.randbelow(40))


def lower_alphanumeric(length: int) -> str:
    return "".join(secrets.choice(_LOWER) for _ in range(length))


def alphanumeric(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def digits(length: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(length))


def fresh_uuid() -> str:
    return str(uuid.uuid4())
