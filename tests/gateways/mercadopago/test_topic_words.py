"""What Mercado Pago announces is said in words."""

from __future__ import annotations

import pytest

from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.gateways.mercadopago.notifications import KINDS

ACTIONS = ("payment.created", "payment.updated", "application.authorized", "application.deauthorized")


@pytest.mark.parametrize("word", [*KINDS, *ACTIONS, "mp-connect"])
def test_what_is_ticked_in_the_panel_has_words(word: str) -> None:
    assert MercadoPagoGateway.topic_words[word] != word
