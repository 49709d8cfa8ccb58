"""The topics people tick in Mercado Pago's panel are announced in words."""

from __future__ import annotations

import pytest

from connections.gateways.mercadopago.client import MercadoPagoGateway


@pytest.mark.parametrize(
    "word",
    [
        "payment",
        "payment.created",
        "payment.updated",
        "topic_chargebacks_wh",
        "stop_delivery_op_wh",
        "mp-connect",
    ],
)
def test_what_is_ticked_in_the_panel_has_words(word: str) -> None:
    assert MercadoPagoGateway.topic_words[word] != word
