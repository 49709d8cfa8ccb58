"""Whose charge a payment is that was collected without us."""

from __future__ import annotations

import pytest

from connections.gateways.base import CustomerDetails
from connections.models import Connection
from payments.models import Customer, CustomerAtGateway
from payments.services.customers import customer_of
from tests.factories import make_connection

pytestmark = pytest.mark.django_db
ANA, BEA = "52998224725", "11144477735"


def payer(connection: Connection, document: str, **values: str) -> Customer:
    details = {"reference": "", "name": "Ana Lima", "document_type": "CPF", **values}
    return customer_of(connection, "", CustomerDetails(document=document, **details))


@pytest.mark.parametrize("document", ["00000000000", "11111111111", "12345678900", "123"])
def test_a_document_of_nobody_makes_no_strangers_one(document: str) -> None:
    connection = make_connection()
    first = payer(connection, document, email="ana@example.com")
    second = payer(connection, document, email="bea@example.com")
    assert first != second and (first.document, second.document) == ("", "")
    assert payer(connection, document, email="bea@example.com") == second


def test_a_placeholder_of_a_country_without_check_digits() -> None:
    connection = make_connection(gateway="mercadopago", currency="ARS")
    assert payer(connection, "00000000", document_type="DNI").document == ""
    assert payer(connection, "30.123.456", document_type="DNI").document == "30123456"


def test_another_document_under_the_same_id_is_another_payer() -> None:
    connection = make_connection(gateway="mercadopago")
    ana = payer(connection, ANA, reference="900")
    bea = payer(connection, BEA, reference="900")
    assert (ana.document, bea.document) == (ANA, BEA)
    assert payer(connection, ANA, reference="900") == ana and payer(connection, "", reference="900") == ana
    assert CustomerAtGateway.objects.get(gateway_id="900").customer == ana


def test_one_known_by_id_alone_stays_the_same() -> None:
    connection = make_connection(gateway="mercadopago")
    nameless = payer(connection, "", reference="901", email="ana@example.com")
    assert payer(connection, ANA, reference="901") == nameless


def test_an_address_too_long_to_keep_is_left_out() -> None:
    found = payer(make_connection(), ANA, email="a" * 250 + "@example.com")
    assert (found.document, found.email) == (ANA, "")
