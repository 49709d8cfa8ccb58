"""The part of the contract about who pays: for payments that were made without us.

A mixin of ``GatewayContract``, whose fixtures it uses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connections.gateways.base import CustomerDetails, Gateway
from connections.gateways.errors import NotFound, RequestRefused
from tests.gateways import sample
from tests.gateways.controls import Simulator

DOCUMENT = "52998224725"


def who_pays(adapter: Gateway, gateway_id: str) -> CustomerDetails | None:
    payment = adapter.fetch_payment(gateway_id)
    return adapter.fetch_customer(payment.customer_id) if payment.customer_id else payment.payer


class PayerContract:
    def test_tells_who_pays_what_was_made_elsewhere(
        self, simulator: Simulator, adapter: Gateway, account: dict[str, Any]
    ) -> None:
        wanted = {"name": "Ana Lima", "document": DOCUMENT, "description": "Pedido 9", "reference": "p-9"}
        made = simulator.control("POST", "panel_payment", {"account": account["id"], "amount": 20, **wanted})
        payment, payer = adapter.fetch_payment(str(made["id"])), who_pays(adapter, str(made["id"]))
        assert payer and (payer.name, payer.document, payer.document_type) == ("Ana Lima", DOCUMENT, "CPF")
        assert (payment.description, payment.reference) == ("Pedido 9", "p-9")
        assert "Ana" not in repr(payment) and DOCUMENT not in repr(payment)

    @pytest.mark.parametrize("gateway_id", ["", "cus_000000000001", "../payments"])
    def test_does_not_know_every_customer(self, adapter: Gateway, gateway_id: str) -> None:
        with pytest.raises(NotFound):
            adapter.fetch_customer(gateway_id)

    def test_takes_other_details_of_a_customer_it_keeps(self, adapter: Gateway) -> None:
        known = sample.customer()
        wanted = replace(known, name="Ana Lima Prado", email="ana.prado@example.com", phone="11912345678")
        if not adapter.keeps_customers:
            with pytest.raises(RequestRefused):
                adapter.update_customer("1", wanted)
            return
        gateway_id = adapter.create_customer(known)
        told = adapter.update_customer(gateway_id, wanted)
        assert told == adapter.fetch_customer(gateway_id)
        assert (told.name, told.email, told.phone) == (wanted.name, wanted.email, wanted.phone)
        assert (told.document, told.reference) == (known.document, known.reference)
        adapter.update_customer(gateway_id, replace(wanted, email=""))
        assert adapter.fetch_customer(gateway_id).email == wanted.email

    def test_changes_no_customer_it_does_not_know(self, adapter: Gateway) -> None:
        with pytest.raises((NotFound, RequestRefused)):
            adapter.update_customer("cus_000000000001", sample.customer())
