"""Whatever Mercado Pago writes about subscriptions, plans and disputes, reading it never raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.mercadopago.disputes import to_chargeback, to_claim
from connections.gateways.mercadopago.plans import to_plan
from connections.gateways.mercadopago.subscriptions import to_subscription
from connections.gateways.mercadopago.turns import to_turn
from tests.gateways import sample

_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.decimals(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("name", ["subscription", "plan", "turn", "chargeback"])
@given(data=st.data())
def test_reading_never_raises(name: str, data: st.DataObject) -> None:
    body: dict[str, Any] = sample.body("mercadopago", name)
    nested = body.get("auto_recurring", {})
    spoilt = data.draw(st.dictionaries(st.sampled_from(sorted(body)), _VALUES))
    within = data.draw(st.dictionaries(st.sampled_from(sorted(nested) or ["x"]), _VALUES))
    raw = {**body, **({"auto_recurring": {**nested, **within}} if nested else {}), **spoilt}
    to_subscription(raw, now=sample.NOW)
    to_plan(raw)
    assert to_turn(raw).amount_cents >= 0 or "transaction_amount" in spoilt
    to_chargeback(raw)
    to_claim(raw, payment_ids=())
