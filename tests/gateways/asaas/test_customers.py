"""A customer as Asaas tells of one (asaas.md 2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connections.gateways.base import Address, CustomerDetails
from connections.gateways.errors import UnreadableAnswer
from tests.gateways import sample
from tests.gateways.asaas.desk import add, gateway

CUSTOMER = "cus_000007410933"
PATH = f"/customers/{CUSTOMER}"


def body(**values: Any) -> dict[str, Any]:
    return {**json.loads(sample.raw("asaas", "customer")), **values}


def test_reads_a_customer(asaas: Any) -> None:
    add(asaas, "GET", PATH, body())
    found = gateway().fetch_customer(CUSTOMER)
    assert (found.name, found.document, found.document_type) == (
        "Padaria Aurora Ltda",
        "11222333000181",
        "CNPJ",
    )
    assert (found.email, found.phone, found.reference) == ("financeiro@example.com", "11987654321", "cust-42")


@pytest.mark.parametrize("document", [None, "", 7, "123", {"a": 1}])
def test_a_customer_may_have_no_document(asaas: Any, document: Any) -> None:
    add(asaas, "GET", PATH, {"id": CUSTOMER, "cpfCnpj": document})
    found = gateway().fetch_customer(CUSTOMER)
    assert (found.document_type, found.name, found.email, found.phone) == ("", "", "", "")


@pytest.mark.parametrize("other", [None, "", "cus_000000000001"])
def test_believes_no_other_customer(asaas: Any, other: Any) -> None:
    add(asaas, "GET", PATH, body(id=other))
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_customer(CUSTOMER)


def test_tells_only_what_there_is(asaas: Any) -> None:
    """What an empty value does is not documented (asaas.md 2); the answer says what was taken."""
    add(asaas, "PUT", PATH, body(name="Padaria Aurora"))
    home = Address(
        zip_code="01310100",
        street="Avenida Paulista",
        number="1",
        district="Bela Vista",
        city="x",
        state="SP",
    )
    wanted = CustomerDetails(
        reference="cust-42",
        name="Padaria Aurora",
        document="11222333000181",
        document_type="CNPJ",
        address=home,
    )
    assert gateway().update_customer(CUSTOMER, wanted).name == "Padaria Aurora"
    assert json.loads(asaas.calls[-1].request.body) == {
        "name": "Padaria Aurora",
        "postalCode": "01310100",
        "address": "Avenida Paulista",
        "addressNumber": "1",
        "province": "Bela Vista",
    }
