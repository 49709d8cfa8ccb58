"""Who pays, as a payment of Mercado Pago tells it: often with nothing but an id (mercadopago.md 3.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connections.gateways.mercadopago.mapping import to_payment
from tests.gateways import sample

NOBODY = {
    "id": "1505551234",
    "email": None,
    "identification": {"type": None, "number": None},
    "phone": {"area_code": None, "number": None},
    "first_name": None,
    "last_name": None,
}


def payer(**values: Any) -> Any:
    raw = json.loads(sample.raw("mercadopago", "payment_pix"))
    return to_payment({**raw, "payer": {**NOBODY, **values}}).payer


def test_an_id_alone_is_somebody() -> None:
    found = payer()
    assert found and (found.reference, found.name, found.document, found.email) == ("1505551234", "", "", "")


def test_reads_all_there_is() -> None:
    found = payer(
        first_name="Ana",
        last_name="Lima",
        email="ana@example.com",
        identification={"type": "CPF", "number": "529.982.247-25"},
        phone={"area_code": "11", "number": "987654321"},
    )
    assert (found.name, found.document, found.document_type) == ("Ana Lima", "52998224725", "CPF")
    assert (found.email, found.phone) == ("ana@example.com", "11987654321")


@pytest.mark.parametrize("value", [None, "x", [], 7, {}, {"id": None, "identification": "CPF"}])
def test_nothing_is_nobody(value: Any) -> None:
    raw = json.loads(sample.raw("mercadopago", "payment_pix"))
    assert to_payment({**raw, "payer": value}).payer is None
