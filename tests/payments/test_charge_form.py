"""What a gateway would refuse later is said at the field, in the reader's words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from connections.models import Connection
from payments.models import DocumentType
from payments.staff.forms import ChargeForm
from tests.factories import make_connection

pytestmark = pytest.mark.django_db
# Half past ten in the evening of 30 November in São Paulo; already December in UTC.
LATE_EVENING = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)


def fill(connection: Connection, **values: str) -> ChargeForm:
    data: dict[str, Any] = {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "(11) 98765-4321",
        "amount": "150,00",
        "description": "Pedido 77",
        "due_date": "2026-12-10",
    }
    return ChargeForm({**data, **values}, connections=Connection.objects.all())


@pytest.fixture(autouse=True)
def evening() -> Any:
    with time_machine.travel(LATE_EVENING, tick=False):
        yield


def test_takes_a_good_form() -> None:
    form = fill(make_connection())
    assert form.is_valid(), form.errors
    typed = form.cleaned_data
    assert (typed["amount"], typed["document"], typed["phone"]) == (15_000, "52998224725", "11987654321")
    assert typed["document_type"] == DocumentType.CPF


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("11.222.333/0001-81", DocumentType.CNPJ),
        ("12.ABC.345/01DE-35", DocumentType.CNPJ),
        ("12abc34501de35", DocumentType.CNPJ),
    ],
)
def test_takes_cnpj_with_letters_too(document: str, kind: str) -> None:
    form = fill(make_connection(), document=document)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["document_type"] == kind


@pytest.mark.parametrize(
    "document", ["529.982.247-24", "111.111.111-11", "123", "12.ABC.345/01DE-36", "00000000000", "x" * 14]
)
def test_refuses_wrong_check_digits(document: str) -> None:
    assert "document" in fill(make_connection(), document=document).errors


@pytest.mark.parametrize(
    ("amount", "is_good"), [("4,99", False), ("5,00", True), ("0", False), ("-5", False)]
)
def test_knows_asaas_minimum(amount: str, is_good: bool) -> None:
    assert fill(make_connection(), amount=amount).is_valid() is is_good


def test_today_is_sao_paulos(settings: Any) -> None:
    assert fill(make_connection(), due_date="2026-11-30").is_valid()
    assert "due_date" in fill(make_connection(), due_date="2026-11-29").errors


def test_mercado_pago_takes_no_code_beyond_30_days() -> None:
    connection = make_connection(gateway="mercadopago")
    assert fill(connection, due_date="2026-12-29").is_valid()
    assert "due_date" in fill(connection, due_date="2026-12-31").errors
    assert fill(make_connection(), due_date="2026-12-31").is_valid()


@pytest.mark.parametrize("phone", ["123", "11 1111-1111", "+1 415 555 2671 99"])
def test_refuses_a_phone_no_gateway_takes(phone: str) -> None:
    assert "phone" in fill(make_connection(), phone=phone).errors


@pytest.mark.parametrize("phone", ["", "+55 11 98765-4321", "1132654321"])
def test_takes_usual_phones(phone: str) -> None:
    assert fill(make_connection(), phone=phone).is_valid()


def test_a_connection_that_is_not_offered_is_refused() -> None:
    offered = fill(make_connection())
    assert "connection" in ChargeForm(offered.data, connections=Connection.objects.none()).errors
