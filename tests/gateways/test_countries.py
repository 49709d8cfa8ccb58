"""Documents and telephones of each country."""

from __future__ import annotations

import pytest

from connections.gateways.base import DocumentRule, Market
from connections.gateways.countries import ARGENTINA, CHILE, COUNTRIES, MEXICO, Country, with_currency
from connections.gateways.documents import DocumentKind, bare

GOOD = [(country, kind) for country in COUNTRIES.values() for kind in country.documents if kind.example]
WRONG = [(country, kind) for country, kind in GOOD if kind.is_checked and kind.code not in ("RFC", "NIT")]


def kind_of(country: Country, code: str) -> DocumentKind:
    return next(kind for kind in country.documents if kind.code == code)


@pytest.mark.parametrize(("country", "kind"), GOOD, ids=lambda one: one.code)
def test_takes_the_example_of_each_kind(country: Country, kind: DocumentKind) -> None:
    assert kind.fits(bare(kind.example))


@pytest.mark.parametrize(("country", "kind"), WRONG, ids=lambda one: one.code)
def test_finds_a_wrong_digit_anywhere(country: Country, kind: DocumentKind) -> None:
    good = bare(kind.example)
    places = [place for place, letter in enumerate(good) if letter.isdigit()]
    for place in places:
        wrong = good[:place] + str((int(good[place]) + 1) % 10) + good[place + 1 :]
        assert not kind.fits(wrong), wrong


@pytest.mark.parametrize(
    ("country", "code", "number", "fits"),
    [
        ("CL", "RUT", "76516950K", True),
        ("CL", "RUT", "765169500", False),
        ("CL", "RUT", "111111111", False),
        ("AR", "CUIT", "30703088534", True),
        ("AR", "DNI", "123456", False),
        ("AR", "DNI", "3012345A", False),
        ("CO", "NIT", "890903938", True),
        ("CO", "NIT", "8909039387", False),
        ("PE", "RUC", "99131312955", False),
        ("UY", "CI", "1234560", False),
        ("MX", "RFC", "GOD561231GR8", True),
        ("MX", "RFC", "GODE561331GR8", False),
        ("MX", "CURP", "HEGG560427MVZRRL05", False),
    ],
)
def test_knows_the_check_digits(country: str, code: str, number: str, fits: bool) -> None:
    assert kind_of(COUNTRIES[country], code).fits(number) is fits


def test_never_raises_for_any_letters() -> None:
    for country in COUNTRIES.values():
        for kind in country.documents:
            for letter in ("Ñ", "K", "²", "٣", "0"):
                kind.fits(letter * kind.shortest)
                kind.fits(letter * kind.longest)


@pytest.mark.parametrize(
    ("currency", "typed", "national", "international"),
    [
        ("BRL", "+55 (11) 98765-4321", "11987654321", "5511987654321"),
        ("BRL", "011 98765-4321", "11987654321", "5511987654321"),
        ("BRL", "(55) 99876-5432", "55998765432", "5555998765432"),
        ("ARS", "+54 9 11 2345-6789", "1123456789", "5491123456789"),
        ("ARS", "011 2345-6789", "1123456789", "5491123456789"),
        ("CLP", "+56 9 8765 4321", "987654321", "56987654321"),
        ("ARS", "011 15 2345-6789", "1123456789", "5491123456789"),
        ("ARS", "0351 15 234-5678", "3512345678", "5493512345678"),
        ("ARS", "02966 15 42-1234", "2966421234", "5492966421234"),
        ("MXN", "+52 1 55 1234 5678", "5512345678", "525512345678"),
        ("MXN", "+52 55 1234 5678", "5512345678", "525512345678"),
        ("MXN", "044 55 1234 5678", "5512345678", "525512345678"),
        ("MXN", "01 55 1234 5678", "5512345678", "525512345678"),
        ("MXN", "55 1234 5678", "5512345678", "525512345678"),
        ("COP", "57 300 123 4567", "3001234567", "573001234567"),
        ("PEN", "987 654 321", "987654321", "51987654321"),
        ("UYU", "094 231 234", "94231234", "59894231234"),
        ("CLP", "11 98765-4321", "", ""),
        ("BRL", "11111111111", "", ""),
        ("USD", "11 98765-4321", "11987654321", "5511987654321"),
    ],
)
def test_reads_telephones(currency: str, typed: str, national: str, international: str) -> None:
    country = with_currency(currency)
    assert country.phone(typed) == national
    assert country.international(national) == international


def rule(code: str, shortest: int = 7, longest: int = 8, *, is_numeric: bool = True) -> DocumentRule:
    return DocumentRule(code=code, name=code, shortest=shortest, longest=longest, is_numeric=is_numeric)


def test_what_the_gateway_lists_is_what_is_asked_for() -> None:
    market = Market(country=ARGENTINA, rules=(rule("D.N.I", 6, 9), rule("PAS", 5, 9, is_numeric=False)))
    identity, passport = market.documents
    assert (identity.code, identity.shortest, identity.longest) == ("D.N.I", 6, 9)
    assert passport.fits("AB12345") and not passport.fits("AB12")


def test_a_check_digit_is_kept_whatever_the_list_says() -> None:
    (rut,) = Market(country=CHILE, rules=(rule("RUT", 7, 20, is_numeric=False),)).documents
    assert rut.fits("123456785") and not rut.fits("123456784")


def test_without_a_list_the_country_decides() -> None:
    assert Market(country=MEXICO).documents == MEXICO.documents
