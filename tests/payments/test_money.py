from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from payments.money import NotAnAmount, format_cents, parse_amount


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("10", 1_000),
        ("10,5", 1_050),
        ("1.234,56", 123_456),
        ("1,234.56", 123_456),
        ("1234,56", 123_456),
        ("R$ 1.234,56", 123_456),
        ("1.234", 123_400),
        ("0,01", 1),
        (" 150,00 ", 15_000),
    ],
)
def test_reads_what_people_type(text: str, cents: int) -> None:
    assert parse_amount(text) == cents


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1,2345", "1.23.4", "1,,2", "--3", "1e5", "10,0 0,0", "1.234.56", "1,234", "1.234,567", "-5"],
)
def test_asks_again_rather_than_guess(text: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_amount(text)


@pytest.mark.parametrize("language", ["pt-br", "en", "es"])
@given(cents=st.integers(min_value=0, max_value=10**12))
def test_what_is_shown_can_be_typed_back(language: str, cents: int) -> None:
    with translation.override(language):
        shown = format_cents(cents, "BRL").replace("\u202f", "")
        assert parse_amount(shown) == cents


def test_shows_the_readers_separators() -> None:
    with translation.override("pt-br"):
        assert format_cents(123_456, "BRL") == "R$\u00a01.234,56"
    with translation.override("en"):
        assert format_cents(123_456, "BRL") == "R$\u00a01,234.56"
    with translation.override("es"):
        assert format_cents(123_456, "BRL") == "R$\u00a01.234,56"
        assert format_cents(123_456, "ARS") == "AR$\u00a01.234,56"
    with translation.override("pt-br"):
        assert format_cents(150_000, "CLP") == "CL$\u00a01.500"


def test_reads_a_lone_group_as_the_reader_does() -> None:
    with translation.override("en"):
        assert parse_amount("1,234") == 123_400
        with pytest.raises(NotAnAmount):
            parse_amount("1.234")
