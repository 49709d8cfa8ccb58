"""Discount, fine and interest: what we send, and what we read back."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.asaas.mapping import to_payment
from connections.gateways.base import Method, Terms
from connections.gateways.errors import RequestRefused
from tests.gateways import sample
from tests.gateways.asaas.desk import gateway

KEYS = ("discount", "fine", "interest")
NONE = {
    "discount": {"value": 0, "limitDate": None, "dueDateLimitDays": 0, "type": "FIXED"},
    "fine": {"value": 0, "type": "FIXED"},
    "interest": {"value": 0, "type": "PERCENTAGE"},
}


def sent(terms: Terms, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(gateway().prepare_charge(sample.order(terms=terms, **changes)).body)
    return {key: body[key] for key in KEYS if key in body}


def read(**changes: object) -> Terms | None:
    raw = sample.body("asaas", "payment_pix", **{**NONE, **changes})
    return to_payment(raw, account_id="").terms


def test_writes_a_discount_a_fine_and_interest() -> None:
    terms = Terms(discount_cents=500, discount_until=date(2026, 9, 3), fine_cents=300, interest_bp=133)
    assert sent(terms) == {
        "discount": {"value": 5.0, "dueDateLimitDays": 2, "type": "FIXED"},
        "fine": {"value": 3.0, "type": "FIXED"},
        "interest": {"value": 1.33},
    }


def test_writes_cents_digit_by_digit() -> None:
    prepared = gateway().prepare_charge(sample.order(terms=Terms(fine_cents=30)))
    assert prepared.body.endswith('"externalReference":"chg-1007","fine":{"value":0.30,"type":"FIXED"}}')


@pytest.mark.parametrize(
    ("terms", "keys"),
    [
        (Terms(), []),
        (Terms(discount_cents=100, discount_until=date(2026, 9, 5)), ["discount"]),
        (Terms(fine_cents=100), ["fine"]),
        (Terms(interest_bp=100), ["interest"]),
    ],
)
@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_leaves_out_what_is_empty(terms: Terms, keys: list[str], method: Method) -> None:
    assert list(sent(terms, method=method)) == keys


@pytest.mark.parametrize(
    "terms",
    [
        Terms(discount_cents=500, discount_until=date(2026, 9, 6)),
        Terms(discount_cents=500),
        Terms(discount_cents=14_501, discount_until=date(2026, 9, 5)),
    ],
)
def test_refuses_a_discount_that_asaas_could_not_grant(terms: Terms) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().prepare_charge(sample.order(terms=terms))
    assert (caught.value.field, bool(caught.value.text)) == ("terms", True)


def test_five_reais_may_be_left_after_the_discount() -> None:
    terms = Terms(discount_cents=14_500, discount_until=date(2026, 9, 5))
    assert sent(terms)["discount"]["value"] == 145.0


def test_zeros_are_plain_terms() -> None:
    assert read() == Terms()


@pytest.mark.parametrize("missing", KEYS)
@pytest.mark.parametrize("instead", [None, {}, "x"])
def test_does_not_guess_what_is_left_out(missing: str, instead: object) -> None:
    assert read(**{missing: instead}) is None


def test_some_card_events_tell_no_terms_at_all() -> None:
    raw = sample.body("asaas", "event_payment_refunded_card")["payment"]
    assert to_payment(raw, account_id="").terms is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fine": {"value": Decimal("3.00"), "type": "FIXED"}}, Terms(fine_cents=300)),
        ({"fine": {"value": 2, "type": "PERCENTAGE"}}, Terms(fine_cents=300)),
        ({"fine": {"value": Decimal("0.33"), "type": "PERCENTAGE"}}, Terms(fine_cents=50)),
        ({"interest": {"value": Decimal("1.5"), "type": "PERCENTAGE"}}, Terms(interest_bp=150)),
        ({"interest": {"value": 1}}, Terms(interest_bp=100)),
        (
            {"discount": {"value": 5, "dueDateLimitDays": Decimal("2.0"), "type": "FIXED"}},
            Terms(discount_cents=500, discount_until=date(2026, 9, 3)),
        ),
        (
            {"discount": {"value": 10, "limitDate": "2026-09-01", "type": "PERCENTAGE"}},
            Terms(discount_cents=1500, discount_until=date(2026, 9, 1)),
        ),
        ({"interest": {"value": 1, "type": "FIXED"}}, None),
        ({"interest": {"value": -1, "type": "PERCENTAGE"}}, None),
        ({"fine": {"value": -1, "type": "FIXED"}}, None),
        ({"discount": {"value": 5, "type": "FIXED"}, "dueDate": None}, None),
        ({"discount": {"value": 5, "type": "FIXED", "dueDateLimitDays": 9}, "dueDate": "0001-01-01"}, None),
    ],
)
def test_reads_terms_in_cents_of_the_amount(changes: dict[str, object], expected: Terms | None) -> None:
    """Over 150.00, due on 5 September."""
    assert read(**changes) == expected


def test_percentages_are_of_what_was_asked_not_of_what_was_paid() -> None:
    raw = sample.body("asaas", "event_payment_received")["payment"]
    paid = {"value": Decimal("153.00"), "originalValue": Decimal("150.00"), **NONE}
    fine = {"fine": {"value": 2, "type": "PERCENTAGE"}}
    assert to_payment({**raw, **paid, **fine}, account_id="").terms == Terms(fine_cents=300)
