"""What a connection can do follows what its account was found to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connections.gateways.base import Method
from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.models import Connection

OXXO = {
    "code": "oxxo",
    "name": "OXXO",
    "method": "ticket",
    "least_cents": 500,
    "most_cents": 0,
    "is_active": True,
}


def connection(currency: str = "BRL") -> Connection:
    return Connection(gateway="mercadopago", currency=currency)


def test_what_it_can_is_worked_out_once() -> None:
    one = connection("MXN")
    assert one.market is one.market and one.capabilities is one.capabilities


def test_what_a_check_finds_counts_at_once() -> None:
    one = connection()
    assert Method.PIX in one.capabilities.methods
    one.currency = "MXN"
    assert Method.PIX not in one.capabilities.methods and one.country.code == "MX"
    assert one.capabilities.least_cents("any") == 1
    one.ways = [OXXO]
    assert one.capabilities.least_cents("any") == 500
    one.document_rules = [{"code": "RFC", "name": "RFC", "shortest": 12, "longest": 13, "is_numeric": False}]
    assert [kind.code for kind in one.market.documents] == ["RFC"]


def test_what_the_adapter_declares_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = connection()
    assert one.capabilities.minimum_cents == 1
    more = replace(MercadoPagoGateway.capabilities, minimum_cents=7)
    monkeypatch.setattr(MercadoPagoGateway, "capabilities", more)
    assert one.capabilities.minimum_cents == 7


def test_asaas_is_the_same_everywhere() -> None:
    assert Connection(gateway="asaas").capabilities.methods >= {Method.PIX, Method.BOLETO}
