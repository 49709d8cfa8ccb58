from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.gateways.money import encode, from_cents, to_cents


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        (Decimal("150.0"), 15000),
        (100, 10000),
        ("149.90", 14990),
        (Decimal("0.005"), 1),
        (Decimal("-40.00"), -4000),
        (0, 0),
    ],
)
def test_reads_amounts_as_hundredths(written: object, cents: int) -> None:
    assert to_cents(written) == cents


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        "",
        "cento",
        "1,50",
        [],
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1e999999999"),
        "9" * 40,
    ],
)
def test_reads_nothing_from_what_is_no_amount(written: object) -> None:
    assert to_cents(written) is None


def test_never_takes_a_float() -> None:
    assert to_cents(149.9) is None


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**12))
def test_writes_every_amount_with_two_places_and_reads_it_back(cents: int) -> None:
    written = encode({"value": from_cents(cents)})
    whole, _point, places = written.removeprefix('{"value":').removesuffix("}").partition(".")
    assert (int(whole) * 100 + int(places), len(places)) == (cents, 2)
    assert to_cents(json.loads(written, parse_float=Decimal)["value"]) == cents


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    )
)
def test_writes_the_json_that_json_reads(value: object) -> None:
    assert json.loads(encode(value)) == value


def test_keeps_the_order_of_keys() -> None:
    assert encode({"b": 1, "a": "ção"}) == '{"b":1,"a":"ção"}'


def test_writes_a_lone_surrogate_as_something_that_can_be_sent() -> None:
    assert encode("a\ud800b").encode() == b'"a?b"'
