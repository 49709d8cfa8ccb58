"""Files of charges for tests, and the pages they go through."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from validate_docbr import CPF

from connections.models import Connection
from payments.models import ChargeBatch

HEAD = "nome;cpf;e-mail;valor;descrição;vencimento"
DUE = "31/12/2026"


def line(number: int, **cells: str) -> str:
    """A row that the rules let through, another customer for each number."""
    wanted = {
        "name": f"Cliente {number}",
        "document": document(number),
        "email": f"cliente{number}@example.com",
        "amount": f"{10 + number},50",
        "description": f"Pedido {number}",
        "due_date": DUE,
    }
    return ";".join({**wanted, **cells}.values())


def document(number: int) -> str:
    """The CPF of a customer with this number: right check digits."""
    base = f"{number + 1:09d}"
    digits = [int(digit) for digit in base]
    for _place in range(2):
        total = sum(digit * weight for digit, weight in zip(reversed(digits), range(2, 12), strict=False))
        digits.append((total * 10) % 11 % 10)
    found = "".join(map(str, digits))
    assert CPF().validate(found)
    return found


def file_of(*lines: str, name: str = "dezembro.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([HEAD, *lines]).encode(), content_type="text/csv")


def upload(client: Client, connection: Connection, *lines: str, **values: Any) -> ChargeBatch:
    """The batch of a file that was read."""
    form = {"file": file_of(*lines), "connection": connection.pk, "method": "pix", **values}
    answer = client.post("/charges/import/", form)
    assert answer.status_code == 302, answer.context["form"].errors
    return ChargeBatch.objects.get(public_id=answer["Location"].rstrip("/").rpartition("/")[2])


def create(client: Client, batch: ChargeBatch, **values: str) -> ChargeBatch:
    answer = client.post(f"{batch.get_absolute_url()}create/", values)
    assert answer.status_code == 302
    batch.refresh_from_db()
    return batch
