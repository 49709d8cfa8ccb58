"""Every reason Mercado Pago's documents list is said in words (mercadopago.md 3.7)."""

from __future__ import annotations

import pytest

from connections.gateways.mercadopago.client import MercadoPagoGateway

REJECTED = [
    "cc_rejected_insufficient_amount",
    "cc_rejected_call_for_authorize",
    "cc_rejected_bad_filled_card_number",
    "cc_rejected_bad_filled_date",
    "cc_rejected_bad_filled_security_code",
    "cc_rejected_bad_filled_other",
    "cc_rejected_card_disabled",
    "cc_rejected_card_error",
    "cc_rejected_duplicated_payment",
    "cc_rejected_invalid_installments",
    "cc_rejected_max_attempts",
    "cc_rejected_card_type_not_allowed",
    "cc_rejected_time_out",
    "cc_rejected_other_reason",
    "cc_rejected_high_risk",
    "cc_rejected_blacklist",
    "cc_rejected_3ds_challenge",
    "cc_rejected_3ds_mandatory",
    "cc_amount_rate_limit_exceeded",
    "bank_error",
    "rejected_by_bank",
    "rejected_by_regulations",
    "rejected_high_risk",
    "rejected_insufficient_data",
    "rejected_other_reason",
    "insufficient_amount",
]


@pytest.mark.parametrize("word", REJECTED)
def test_explains_every_refusal(word: str) -> None:
    assert MercadoPagoGateway.status_reasons[word].endswith(".")


def test_plain_states_need_no_reason() -> None:
    assert not {"accredited", "pending_waiting_transfer"} & set(MercadoPagoGateway.status_reasons)


def test_blacklists_are_not_named_to_people() -> None:
    """Who reads it may stand beside the customer: a listed card is told like any other risk."""
    reasons = MercadoPagoGateway.status_reasons
    assert reasons["cc_rejected_blacklist"] == reasons["cc_rejected_high_risk"]
